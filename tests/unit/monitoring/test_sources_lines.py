"""The mission's lines of the sources' health."""

from zargar.monitoring.sources import SourceRecord, each, overall

RECORDS = {"tgju": SourceRecord(asked=12, priced=11, used=11), "milli": SourceRecord(asked=12, priced=0)}


def test_all_sources_together_are_one_line_of_askings() -> None:
    assert overall(RECORDS) == "HEALTH_METRIC: gold_price_sources success_rate=45.8% successful=11 failed=13"


def test_each_source_has_its_line_and_one_that_was_not_asked_has_none() -> None:
    assert [*each({**RECORDS, "tlyn": SourceRecord()})] == [
        "HEALTH_METRIC: gold_price_source.milli success_rate=0.0% successful=0 failed=12",
        "HEALTH_METRIC: gold_price_source.tgju success_rate=91.6% successful=11 failed=1",
    ]


def test_where_nobody_was_asked_no_rate_is_made_up() -> None:
    assert overall({}) is None
