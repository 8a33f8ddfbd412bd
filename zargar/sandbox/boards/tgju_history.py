"""TGJU's daily history, as recorded: rows of strings, newest first, the days before today; `length` bounds them.

A row is open, low, high, close (Rial with thousands separators), the change to the day before and the same in per cent
(HTML, unsigned, the sign in its class), and the day in both calendars. The prices are those of this sandbox's market.
"""

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

import jdatetime

from zargar.sandbox.misbehaviour import Scene
from zargar.sandbox.wire import TEHRAN, Call, Reply, Route, tehran

PATH: Final = "/v1/market/indicator/summary-table-data/geram18"
ABOVE_MEDIAN: Final = Decimal("1.0015")
RIALS_PER_TOMAN: Final = 10
STEP: Final = 1000
RECORDS: Final = 5_300
"""How many days the board says that it has."""

HOURS: Final = tuple(time(hour) for hour in (9, 11, 13, 15, 17, 19, 21, 22))
"""When the day's market is looked at; the first is its open, the last its close."""


def table(scene: Scene, call: Call) -> Reply:
    """Answer the newest so many days; without `length` all of them."""
    wanted = call.query.get("length", "")
    count = min(int(wanted), RECORDS) if wanted.isdecimal() else RECORDS
    yesterday = tehran(scene.at).date() - timedelta(days=1)
    rows = [_row(scene, yesterday - timedelta(days=back)) for back in range(count)]
    body = {"draw": 0, "recordsTotal": RECORDS, "recordsFiltered": RECORDS, "data": rows}
    return Reply(json.dumps(body, ensure_ascii=False))


ROUTE: Final = Route("GET", PATH, table)


def _row(scene: Scene, day: date) -> list[str]:
    prices = [_rials(scene, datetime.combine(day, hour, TEHRAN)) for hour in HOURS]
    before = _rials(scene, datetime.combine(day - timedelta(days=1), HOURS[-1], TEHRAN))
    change = prices[-1] - before
    per_cent = abs(change) * 100 / Decimal(before or 1)
    span = f'<span class="{"high" if change > 0 else "low"}" dir="ltr">'
    jalali = jdatetime.date.fromgregorian(date=day)
    return [
        f"{prices[0]:,}", f"{min(prices):,}", f"{max(prices):,}", f"{prices[-1]:,}",
        f"{span}{abs(change)}</span>", f"{span}{per_cent:.2f}%</span>",
        f"{day:%Y/%m/%d}", f"{jalali.year:04}/{jalali.month:02}/{jalali.day:02}",
    ]  # fmt: skip


def _rials(scene: Scene, at: datetime) -> int:
    gold = scene.gold(at)
    return 0 if gold is None else int(gold * ABOVE_MEDIAN * RIALS_PER_TOMAN / STEP) * STEP
