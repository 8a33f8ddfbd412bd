"""A report says what its bars and ticks say, in figures that can be followed back, and invents nothing."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.clock import TEHRAN
from zargar.pricing import charts
from zargar.pricing.bars import Bar, Gap, Period, Provenance, Shown, midnight
from zargar.pricing.karats import Fineness, five_karats
from zargar.pricing.periods import Kind, span_of
from zargar.pricing.quotes import Toman
from zargar.pricing.report_json import as_json, from_json
from zargar.pricing.report_words import per_mille, plain_text, story
from zargar.pricing.reports import AskedGap, Report, SourceFacts, TickFacts, compose

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=TEHRAN).astimezone(UTC)
NOTHING = TickFacts(accepted=0, held=0, stale=0, reasons=(), with_quotes=0, sources=())
SOME = TickFacts(
    accepted=110, held=6, stale=4, reasons=(("held", "the market is moving", 6), ("stale", "1 family of 2", 4)),
    with_quotes=118, sources=(
        SourceFacts(source="milli", asked=118, answered=118, used=110, rejected=()),
        SourceFacts(source="tgju", asked=118, answered=100, used=90, rejected=(("timeout", 18), ("frozen", 10))),
    ),
)  # fmt: skip
GAP = AskedGap(Gap(NOON, NOON + timedelta(hours=2), timedelta(hours=2)), 7)


def days(*closes: int, last: date = DAY, backfilled: int = 0) -> list[Bar]:
    """Bars of the days up to `last`; the first so many are back-filled. The ids of ticks tell the day."""
    first = last - timedelta(days=len(closes) - 1)
    return [
        Bar(
            period=Period.DAY, start=midnight(first + timedelta(days=n)), open=Toman(Decimal(close - 10)),
            high=Toman(Decimal(close + 20)), low=Toman(Decimal(close - 30)), close=Toman(Decimal(close)),
            ticks=0 if n < backfilled else 120,
            provenance=Provenance.TGJU if n < backfilled else Provenance.TICKS,
            shown=None if n < backfilled else Shown(open=10 * n, high=10 * n + 1, low=10 * n + 2, close=10 * n + 3),
        )
        for n, close in enumerate(closes)
    ]  # fmt: skip


def made(kind: Kind, bars: Sequence[Bar], *, facts: TickFacts = SOME, through: datetime | None = None) -> Report:
    span = span_of(kind, NOON)
    return compose(span, through=through or span.end, days=bars, facts=facts, gaps=[GAP])


def test_a_day_s_figures_are_those_of_its_bar_and_name_its_ticks() -> None:
    report = made(Kind.DAILY, days(18_500_000, 18_685_000))
    assert report.prices is not None
    prices = [report.prices.open, report.prices.high, report.prices.low, report.prices.close]
    assert prices == [Decimal(n) for n in (18_684_990, 18_685_020, 18_684_970, 18_685_000)]
    assert report.prices.shown == Shown(open=10, high=11, low=12, close=13)
    assert report.change is not None
    change = [report.change.from_close, report.change.toman, report.change.per_mille]
    assert change == [Decimal(n) for n in (18_500_000, 185_000, 10)]
    assert report.karats == five_karats(Toman(Decimal(18_685_000)))


def test_a_week_takes_its_first_and_last_price_from_its_first_and_last_day() -> None:
    span = span_of(Kind.WEEKLY, NOON)  # Saturday 21 to Friday 27 November
    report = compose(
        span,
        through=span.end,
        days=days(*range(100_000, 200_000, 10_000), last=date(2026, 11, 27)),
        facts=SOME,
        gaps=[],
    )
    assert report.prices is not None
    assert [report.prices.open, report.prices.close] == [Decimal(129_990), Decimal(190_000)]
    assert report.prices.ticks == 840
    assert report.prices.shown == Shown(open=30, high=91, low=32, close=93)
    assert report.change is not None
    assert report.change.from_close == 120_000


def test_the_period_before_without_a_price_leaves_no_change() -> None:
    report = made(Kind.DAILY, [*days(18_500_000, last=date(2026, 11, 20)), *days(18_685_000)])
    assert (report.prices is not None, report.change) == (True, None)


def test_a_period_without_a_price_has_no_figure_made_of_one() -> None:
    report = made(Kind.DAILY, days(18_500_000, last=date(2026, 11, 21)), facts=replace(SOME, accepted=0))
    assert (report.prices, report.change, report.volatility, report.karats) == (None, None, None, {})
    assert set(report.trends.values()) == {None}
    text = plain_text(story(report, words=str))
    assert "هیچ قیمتی پذیرفته نشد" in text
    assert re.search(r"[۰-۹]٬[۰-۹]{3}", text) is None, "an amount is written where there is no price"


def test_a_period_in_which_nobody_asked_says_so() -> None:
    assert "از هیچ منبعی پرسیده نشد" in story(made(Kind.DAILY, [], facts=NOTHING), words=str).lead


def test_what_comes_after_the_moment_of_the_report_is_not_in_it() -> None:
    bars = days(18_500_000, 18_685_000)
    report = made(Kind.DAILY, bars, through=bars[-1].start)
    assert (report.prices, report.over) == (None, False)


def test_back_filled_days_are_named_and_have_no_tick() -> None:
    whole_month = span_of(Kind.MONTHLY, datetime(2026, 11, 10, tzinfo=UTC))
    report = compose(
        whole_month, through=whole_month.end, days=days(*[18_500_000] * 10, last=date(2026, 11, 21), backfilled=2),
        facts=SOME, gaps=[],
    )  # fmt: skip
    assert report.prices is not None
    assert (report.prices.backfilled, report.prices.shown) == ((date(2026, 11, 12), date(2026, 11, 13)), None)
    assert "۱۴۰۵/۰۸/۲۱" in " ".join(story(report, words=str).notes)


def test_the_karats_are_at_the_fineness_that_the_deployment_means() -> None:
    span = span_of(Kind.DAILY, NOON)
    report = compose(
        span, through=span.end, days=days(18_500_000), facts=SOME, gaps=[], fineness=Fineness(of_24=Decimal(995))
    )
    assert report.karats[24] == round(Decimal(18_500_000) / 750 * 995)


@given(
    closes=st.lists(st.integers(10_000_000, 30_000_000), max_size=45),
    kind=st.sampled_from(Kind),
    backfilled=st.integers(0, 45),
    gaps=st.lists(st.just(GAP), max_size=2),
)
def test_a_report_is_read_back_from_json_as_it_was(
    closes: list[int], kind: Kind, backfilled: int, gaps: list[AskedGap]
) -> None:
    span = span_of(kind, NOON)
    report = compose(span, through=NOON, days=days(*closes, backfilled=backfilled), facts=SOME, gaps=gaps)
    body = json.dumps(as_json(report), allow_nan=False)
    assert from_json(json.loads(body, parse_float=refuse)) == report


def test_a_stored_report_of_another_format_is_not_guessed_at() -> None:
    body = as_json(made(Kind.DAILY, days(18_500_000)))
    with pytest.raises(ValueError, match="format 2"):
        from_json({**body, "format": 2})


def refuse(number: str) -> float:
    raise AssertionError(number)


@pytest.mark.parametrize(
    ("value", "words"),
    [("12.5", "۱٫۲۵٪ افزایش"), ("-7", "۰٫۷٪ کاهش"), ("0", "بدون تغییر"), ("333.33", "۳۳٫۳۳۳٪ افزایش")],
)
def test_a_change_is_said_in_per_cent_with_its_direction_as_a_word(value: str, words: str) -> None:
    assert per_mille(Decimal(value)) == words


def test_a_report_is_told_in_persian_with_jalali_days_and_persian_digits() -> None:
    report = made(Kind.DAILY, days(18_500_000, 18_685_000))
    told = story(report, words=lambda why: f"«{why}»")
    text = plain_text(told)
    assert told.title == "گزارش روزانه قیمت طلا، یکشنبه ۱ آذر ۱۴۰۵"
    assert "۱۸٬۶۸۵٬۰۰۰ تومان" in told.lead
    assert "۱٪ افزایش" in told.lead
    assert "«timeout» ۱۸ بار" in text
    assert "۱۴۰۵/۰۹/۰۱ ۱۲:۰۰" in text
    assert "۷، هیچ‌یک پذیرفته نشد" in text
    assert not re.search(r"[0-9]", text.replace("1 family of 2", "").replace("TGJU", "")), "a digit is not Persian"


@pytest.mark.parametrize(
    ("kind", "name"), [(Kind.WEEKLY, "شنبه ۳۰ آبان ۱۴۰۵ تا جمعه ۶ آذر ۱۴۰۵"), (Kind.MONTHLY, "آذر ۱۴۰۵")]
)
def test_a_period_has_a_name(kind: Kind, name: str) -> None:
    assert name in story(made(kind, days(18_500_000)), words=str).title


def test_a_report_of_a_period_that_goes_on_says_until_when_it_reaches() -> None:
    report = made(Kind.DAILY, days(18_500_000), through=NOON)
    assert any("۱۲:۰۰:۰۰" in note for note in story(report, words=str).notes)


def test_of_many_gaps_the_rest_is_counted() -> None:
    span = span_of(Kind.DAILY, NOON)
    report = compose(span, through=span.end, days=days(18_500_000), facts=SOME, gaps=[GAP] * 15)
    assert "و ۳ جای دیگر" in plain_text(story(report, words=str))


def test_a_chart_is_drawn_where_there_are_bars_and_a_gap_changes_it() -> None:
    span = span_of(Kind.WEEKLY, NOON)
    bars = days(*range(18_000_000, 18_700_000, 100_000), last=date(2026, 11, 27))
    drawn = charts.draw(bars, gaps=[], since=span.start, until=span.end)
    holed = charts.draw([*bars[:3], *bars[4:]], gaps=[], since=span.start, until=span.end)
    shaded = charts.draw(bars, gaps=[GAP.gap], since=span.start, until=span.end)
    assert drawn is not None
    assert drawn.startswith(b"\x89PNG")
    assert len({drawn, holed, shaded}) == 3
    assert charts.draw([], gaps=[GAP.gap], since=span.start, until=span.end) is None


def test_a_chart_of_one_hour_can_be_drawn() -> None:
    span = span_of(Kind.DAILY, NOON)
    (day,) = days(18_500_000)
    one = replace(day, period=Period.HOUR, start=NOON)
    assert charts.draw([one], gaps=[], since=span.start, until=span.end) is not None
