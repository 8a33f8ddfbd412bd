"""TGJU's daily history of the gram of 750: `data`, a list of rows, newest first; the days before today, never today.

A row is `[open, low, high, close, change, change in per cent, day, Jalali day]`: prices in Rial as strings with
thousands separators, both changes as HTML (not read), the day as `2026/11/21` and `1405/08/30`. Public programs are
often wrong about the columns (three of four read the first or second as "the price"), so that nothing is taken on
trust: the low and high must enclose the others and both days must be the same day, or the row is refused.

The whole history is 646 kB; `length` bounds it. The owner throttles bursts, and copying needs his written consent: see
`tgju`. One request brings as many days as are asked for. Read 2026-10; 15 public readers.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from zargar.calendars import jalali
from zargar.calendars.jalali import NotJalaliError
from zargar.pricing.answers import Answer, BadAnswer
from zargar.pricing.bars import Bar, Period, Provenance, midnight
from zargar.pricing.board import Board
from zargar.pricing.figures import BadFigure, positive, shown
from zargar.pricing.quotes import Rejection, Rial, Why, toman_of
from zargar.pricing.sources import tgju

_COLUMNS: Final = 8
_PRICES: Final = {"open": 0, "low": 1, "high": 2, "close": 3}
_DAY, _JALALI_DAY = 6, 7


def board(*, rows: int) -> Board:
    """Return the board to ask for the newest so many days. It is TGJU: its name, its owner, its pace."""
    url = f"https://api.tgju.org/v1/market/indicator/summary-table-data/geram18?lang=fa&length={rows}&convert_to_ad=1"
    return replace(tgju.BOARD, url=url, at_most_every=timedelta(minutes=1))


def read(answer: Answer, *, today: date) -> Iterator[Bar | Rejection]:
    """Read a bar for each row, or why it is none; a day that is not past is refused, and so is one that comes twice.

    Raises `BadAnswer` when `data` itself is not as documented.
    """
    body = answer.json_object()
    rows = body.values.get("data")
    if not isinstance(rows, list):
        raise BadAnswer(Why.MISSING if rows is None else Why.WRONG_TYPE, "data", shown(rows))
    seen: set[date] = set()
    for number, row in enumerate(rows):
        try:
            bar = _bar(row, f"data[{number}]")
            _check_day(bar.day, f"data[{number}][{_DAY}]", today=today, seen=seen)
        except BadAnswer as bad:
            yield bad.rejection
            continue
        seen.add(bar.day)
        yield bar


def _bar(row: object, path: str) -> Bar:
    if not isinstance(row, list) or len(row) != _COLUMNS:
        raise BadAnswer(Why.WRONG_TYPE, path, shown(row))
    prices = {name: _price(row[column], f"{path}[{column}]") for name, column in _PRICES.items()}
    low, high = prices["low"], prices["high"]
    if not low <= min(prices["open"], prices["close"]) <= max(prices["open"], prices["close"]) <= high:
        raise BadAnswer(Why.INCONSISTENT, path, "its low and high do not enclose its open and close")
    return Bar(
        period=Period.DAY, start=midnight(_day(row, path)), ticks=0, provenance=Provenance.TGJU,
        open=toman_of(Rial(prices["open"])), high=toman_of(Rial(high)), low=toman_of(Rial(low)),
        close=toman_of(Rial(prices["close"])),
    )  # fmt: skip


def _price(value: object, field: str) -> Decimal:
    if not isinstance(value, str):
        raise BadAnswer(Why.WRONG_TYPE, field, shown(value))
    try:
        return positive(value, grouped=True)
    except BadFigure as bad:
        raise BadAnswer(bad.why, field, shown(value)) from bad


def _day(row: list[object], path: str) -> date:
    told, jalali_told = row[_DAY], row[_JALALI_DAY]
    field = f"{path}[{_DAY}]"
    if not isinstance(told, str) or not isinstance(jalali_told, str):
        raise BadAnswer(Why.WRONG_TYPE, field, shown(told))
    try:
        day = datetime.strptime(told, "%Y/%m/%d").date()  # noqa: DTZ007 -- a day, which has no zone
        same = day == jalali.read_date(jalali_told)
    except (ValueError, NotJalaliError) as bad:
        raise BadAnswer(Why.NOT_A_TIME, field, shown(told)) from bad
    if not same:
        raise BadAnswer(Why.INCONSISTENT, field, f"{told} is not {jalali_told}")
    return day


def _check_day(day: date, field: str, *, today: date, seen: set[date]) -> None:
    if day >= today:
        raise BadAnswer(Why.FUTURE, field, day.isoformat())
    if day in seen:
        raise BadAnswer(Why.INCONSISTENT, field, f"{day.isoformat()} comes twice")
