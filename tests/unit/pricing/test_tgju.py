"""Reading TGJU."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from zargar.pricing.answers import Answer
from zargar.pricing.board import Said
from zargar.pricing.quotes import Instrument, Unit, Why
from zargar.pricing.sources import named

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def row(price: object, stamp: object = "2026-11-22 15:29:40") -> dict[str, Any]:
    return {"p": price, "h": "0", "l": "0", "d": "99,000", "dp": 0.31, "dt": "low", "t": "۱۵:۲۹:۴۰", "ts": stamp}


def read(current: object) -> Said:
    return named("tgju").read(Answer(200, "application/json", json.dumps({"current": current}).encode(), AT))


def rejections(said: Said) -> list[tuple[str, Why]]:
    return [(one.field, one.why) for one in said.rejections]


def test_its_price_is_rial_with_commas_and_its_clock_is_tehrans() -> None:
    (quote,) = read({"geram18": row("180,421,000")}).quotes
    assert quote.instrument is Instrument.GOLD_750
    assert quote.bid == quote.ask == 18_042_100
    assert (quote.raw, quote.unit) == ("180421000", Unit.RIAL)
    assert quote.source_time == datetime(2026, 11, 22, 11, 59, 40, tzinfo=UTC)


def test_the_other_keys_are_read_where_they_are() -> None:
    said = read(
        {
            "geram18": row("180,421,000"),
            "gold_740k": row("178,016,000"),
            "geram24": row("240,560,000"),
            "mesghal": row("781,547,000"),
            "sekee": row("1,840,000,000"),
            "ons": row("4,258.49"),
            "price_dollar_rl": row("1,874,000"),
            "nim": row("junk"),
        }
    )
    assert said.rejections == ()
    assert {quote.instrument: quote.bid for quote in said.quotes} == {
        Instrument.GOLD_750: 18_042_100,
        Instrument.GOLD_740: 17_801_600,
        Instrument.GOLD_1000: 24_056_000,
        Instrument.MESGHAL: 78_154_700,
        Instrument.EMAMI: 184_000_000,
        Instrument.OUNCE: Decimal("4258.49"),
        Instrument.USD: 187_400,
    }
    per_gram = {quote.instrument: quote.toman_per_gram_18k for quote in said.quotes}
    for derived in (Instrument.GOLD_740, Instrument.GOLD_1000, Instrument.MESGHAL):
        price = per_gram[derived]
        assert price is not None
        assert abs(price - 18_042_100) <= 100
    assert [per_gram[other] for other in (Instrument.EMAMI, Instrument.OUNCE, Instrument.USD)] == [None] * 3


def test_a_key_that_is_bad_is_rejected_and_the_others_are_read() -> None:
    said = read({"geram18": row("180,421,000"), "mesghal": row("-123"), "ons": "4258"})
    assert [quote.instrument for quote in said.quotes] == [Instrument.GOLD_750]
    assert rejections(said) == [("current.mesghal.p", Why.NOT_POSITIVE), ("current.ons", Why.WRONG_TYPE)]


def test_without_geram18_something_is_missing() -> None:
    assert rejections(read({"ons": row("4,258.49")})) == [("current.geram18", Why.MISSING)]


@pytest.mark.parametrize(
    ("price", "why"),
    [
        ("-123", Why.NOT_POSITIVE),
        ("0", Why.NOT_POSITIVE),
        ("", Why.NOT_A_NUMBER),
        ("-", Why.NOT_A_NUMBER),
        ("180,42,1000", Why.NOT_A_NUMBER),
        ("۱۸۰,۴۲۱,۰۰۰", Why.NOT_A_NUMBER),
        ("180.421.000", Why.NOT_A_NUMBER),
        (None, Why.MISSING),
    ],
)
def test_junk_in_the_price_is_rejected(price: object, why: Why) -> None:
    said = read({"geram18": row(price)})
    assert (said.quotes, rejections(said)) == ((), [("current.geram18.p", why)])


@pytest.mark.parametrize(
    ("stamp", "why"),
    [
        (None, Why.MISSING),
        ("", Why.MISSING),
        ("0000-00-00 00:00:00", Why.NOT_A_TIME),
        ("2026-11-22T15:29:40", Why.NOT_A_TIME),
        ("2026-11-22 15:29", Why.NOT_A_TIME),
        ("2026-1-2 15:29:40", Why.NOT_A_TIME),
        ("۲۰۲۶-۱۱-۲۲ ۱۵:۲۹:۴۰", Why.NOT_A_TIME),
        ("1405-13-01 15:29:40", Why.NOT_A_TIME),
        (1795175380, Why.WRONG_TYPE),
    ],
)
def test_a_price_without_its_clock_is_not_believed(stamp: object, why: Why) -> None:
    said = read({"geram18": row("180,421,000", stamp)})
    assert (said.quotes, rejections(said)) == ((), [("current.geram18.ts", why)])


@pytest.mark.parametrize(
    ("current", "why"), [(None, Why.MISSING), ([], Why.WRONG_TYPE), ("access denied", Why.WRONG_TYPE)]
)
def test_an_answer_without_its_table_is_rejected(current: object, why: Why) -> None:
    assert rejections(read(current)) == [("current", why)]
