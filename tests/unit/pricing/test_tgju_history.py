"""TGJU's daily history is read by its columns or not at all, and a day that stands alone is not believed."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import jdatetime
import pytest

from zargar.pricing.answers import Answer, BadAnswer
from zargar.pricing.backfill import FEWEST_NEIGHBOURS, NEIGHBOURS, believed
from zargar.pricing.bars import Bar, Period, Provenance, midnight
from zargar.pricing.quotes import Rejection, Toman, Why
from zargar.pricing.sources import tgju_history
from zargar.sandbox.boards import ROUTES
from zargar.sandbox.boards import tgju_history as sandbox
from zargar.sandbox.market import Market
from zargar.sandbox.misbehaviour import How, Quirk, Scene
from zargar.sandbox.wire import Call

TODAY = date(2026, 11, 22)
ROW = [
    "185,300,000", "184,000,000", "186,250,000", "185,900,000",
    '<span class="high" dir="ltr">600000</span>', '<span class="high" dir="ltr">0.32%</span>',
    "2026/11/21", "1405/08/30",
]  # fmt: skip


def answer(body: Any) -> Answer:  # noqa: ANN401 -- JSON
    return Answer(200, "application/json", json.dumps(body).encode(), datetime(2026, 11, 22, tzinfo=UTC))


def said(*rows: Any) -> list[Bar | Rejection]:  # noqa: ANN401 -- JSON
    return list(tgju_history.read(answer({"draw": 0, "data": list(rows)}), today=TODAY))


def changed(**columns: Any) -> list[Any]:  # noqa: ANN401 -- JSON
    places = {"open": 0, "low": 1, "high": 2, "close": 3, "day": 6, "jalali": 7}
    row: list[Any] = list(ROW)
    for name, value in columns.items():
        row[places[name]] = value
    return row


def days(*closes: int | str, first: date = date(2026, 1, 1)) -> list[Bar]:
    return [
        Bar(
            period=Period.DAY, start=midnight(first + timedelta(days=n)), open=Toman(Decimal(close)),
            high=Toman(Decimal(close)), low=Toman(Decimal(close)), close=Toman(Decimal(close)), ticks=0,
            provenance=Provenance.TGJU,
        )
        for n, close in enumerate(closes)
    ]  # fmt: skip


def test_a_row_is_open_low_high_close_in_rial() -> None:
    (bar,) = said(ROW)
    assert isinstance(bar, Bar)
    assert [bar.open, bar.low, bar.high, bar.close] == [
        Decimal(n) for n in (18_530_000, 18_400_000, 18_625_000, 18_590_000)
    ]
    assert (bar.day, bar.ticks, bar.provenance, bar.shown) == (date(2026, 11, 21), 0, Provenance.TGJU, None)


@pytest.mark.parametrize(
    ("row", "field", "why"),
    [
        (changed(close=185_900_000), "data[0][3]", Why.WRONG_TYPE),
        (changed(close="-"), "data[0][3]", Why.NOT_A_NUMBER),
        (changed(low="0"), "data[0][1]", Why.NOT_POSITIVE),
        (changed(low="185,800,000"), "data[0]", Why.INCONSISTENT),
        (changed(high="185,000,000"), "data[0]", Why.INCONSISTENT),
        (changed(day="21/11/2026"), "data[0][6]", Why.NOT_A_TIME),
        (changed(day=None), "data[0][6]", Why.WRONG_TYPE),
        (changed(jalali="1405/08/29"), "data[0][6]", Why.INCONSISTENT),
        (changed(jalali="soon"), "data[0][6]", Why.NOT_A_TIME),
        (changed(day="2026/11/22", jalali="1405/09/01"), "data[0][6]", Why.FUTURE),
        (ROW[:7], "data[0]", Why.WRONG_TYPE),
        ("nothing", "data[0]", Why.WRONG_TYPE),
    ],
)
def test_a_row_that_is_not_as_documented_is_refused_and_the_next_is_read(row: Any, field: str, why: Why) -> None:  # noqa: ANN401 -- JSON
    refused, fine = said(row, changed(day="2026/11/20", jalali="1405/08/29"))
    assert isinstance(refused, Rejection)
    assert (refused.field, refused.why) == (field, why)
    assert isinstance(fine, Bar)


def test_a_day_that_comes_twice_is_refused_the_second_time() -> None:
    first, second = said(ROW, ROW)
    assert isinstance(first, Bar)
    assert isinstance(second, Rejection)
    assert second.why is Why.INCONSISTENT


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": None}])
def test_an_answer_without_rows_is_none(body: dict[str, Any]) -> None:
    with pytest.raises(BadAnswer):
        list(tgju_history.read(answer(body), today=TODAY))


@pytest.mark.parametrize("factor", ["10", "0.1", "1.61", "0.62"])
def test_a_day_far_from_the_median_of_its_neighbours_is_refused_by_name(factor: str) -> None:
    closes = [1000 + n for n in range(15)]
    junk = days(*closes[:7], str(1007 * Decimal(factor)), *closes[8:])
    kept, refused = believed(junk)
    assert [one.day for one in refused] == [date(2026, 1, 8)]
    assert refused[0].why is Why.FAR_FROM_OTHERS
    assert len(kept) == 14


def test_a_market_that_moves_by_half_within_a_week_is_believed() -> None:
    kept, refused = believed(days(*(1000 + 40 * n for n in range(30))))
    assert (len(kept), refused) == (30, ())


def test_two_junk_days_in_a_row_are_both_refused() -> None:
    _, refused = believed(days(*[1000] * 7, 10_000, 10_100, *[1000] * 7))
    assert [one.day.day for one in refused] == [8, 9]


def test_a_day_without_neighbours_is_not_believed() -> None:
    kept, refused = believed(days(*[1000] * FEWEST_NEIGHBOURS))
    assert kept == ()
    assert {one.why for one in refused} == {Why.MISSING}


def test_the_first_and_last_days_are_judged_by_the_neighbours_that_they_have() -> None:
    _, refused = believed(days(9000, *[1000] * (2 * NEIGHBOURS), 100))
    assert [one.day.day for one in refused] == [1, 16]


def test_the_sandbox_answers_in_the_recorded_shape_with_a_market_of_its_own() -> None:
    board = tgju_history.board(rows=20)
    (route,) = [one for one in ROUTES["tgju"] if one.path in board.url]
    at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    body = json.loads(route.answer(Scene(Market(7), at, None), Call(query={"length": "20"})).body)
    assert set(body) == {"draw", "recordsTotal", "recordsFiltered", "data"}
    bars = [one for one in tgju_history.read(answer(body), today=TODAY) if isinstance(one, Bar)]
    assert [bar.day for bar in bars] == [TODAY - timedelta(days=n) for n in range(1, 21)]
    assert len({bar.close for bar in bars}) == 20
    assert body["data"][0][7] == f"{jdatetime.date.fromgregorian(date=date(2026, 11, 21)):%Y/%m/%d}"
    assert believed(bars)[1] == ()


def test_a_board_that_shows_zero_gives_no_day() -> None:
    at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    body = json.loads(sandbox.table(Scene(Market(7), at, Quirk(How.ZERO, at)), Call(query={"length": "5"})).body)
    assert {type(one) for one in tgju_history.read(answer(body), today=TODAY)} == {Rejection}
