"""Tlyn's `/api/v1/price`, as recorded on 2026-08-06: thousands of Toman, two sides, a clock for each row.

The coins' Jalali date is corrupt in the real answer (converted twice, year 2647), and so it is here.
"""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import jdatetime

from zargar.sandbox.misbehaviour import How, Scene
from zargar.sandbox.wire import Call, Reply, Route, tehran

NAME: Final = "tlyn"
HALF_SPREAD: Final = Decimal("0.004")
GRAMS_PER_MESGHAL: Final = Decimal("4.3318")
COINS: Final = {"SEKEH_E": ("سکه تمام", Decimal("9.93")), "SEKEH_NIM": ("نیم سکه", Decimal("5.10")),
                "SEKEH_ROB": ("ربع سکه", Decimal("2.83"))}  # fmt: skip
WIDGETS: Final = ["NOTIFICATION-EXPAND", "WIDGET-DARK-4x2", "WIDGET-LIGHT-4x2", "WIDGET-DARK-4x3", "WIDGET-LIGHT-4x3"]


def price(scene: Scene, _: Call) -> Reply:
    """Answer gold, the mesghal, three coins and the ounce."""
    gold, seen = scene.gold(scene.at), scene.clock - timedelta(seconds=40)
    mesghal = None if gold is None else gold * GRAMS_PER_MESGHAL
    status = "disabled" if scene.has(How.SUSPENDED) else "enabled"
    rows = [
        _row("GOLD18", "گرم طلا عیار ۱۸", _sides(gold, HALF_SPREAD), seen, status=status, range_of=gold),
        _row(
            "GOLD_MITHQAL17",
            "مظنه - مثقال عیار ۱۷",
            _sides(mesghal, HALF_SPREAD),
            seen,
            status=status,
            range_of=mesghal,
        ),
    ]
    for symbol, (title, grams) in COINS.items():
        sides = _sides(None if gold is None else gold * grams, Decimal(0))
        rows.append(_row(symbol, title, sides, seen, status=status, corrupt=True))
    dollars = int(scene.market.ounce(scene.at))
    rows.append(
        {
            "id": "7c1e0e5a-6a58-4d43-9a54-3f1f4f9a2b10",
            **_row("XAU", "انس جهانی طلا", {"sell": dollars, "buy": dollars}, seen),
            "quote_currency": "USD",
        }
    )
    return Reply(json.dumps({"prices": rows}, ensure_ascii=False, separators=(",", ":")))


ROUTES: Final = (Route("GET", "/api/v1/price", price),)


def _sides(toman: Decimal | None, half_spread: Decimal) -> dict[str, int | None]:
    if toman is None:
        return {"sell": None, "buy": None}
    return {"sell": int(toman * (1 + half_spread) / 1000), "buy": int(toman * (1 - half_spread) / 1000)}


def _row(
    symbol: str,
    title: str,
    sides: dict[str, int | None],
    seen: datetime,
    *,
    status: str | None = None,
    range_of: Decimal | None = None,
    corrupt: bool = False,
) -> dict[str, Any]:
    day = {} if range_of is None else {"highest": int(range_of * Decimal("0.00101")), "lowest": int(range_of / 1010)}
    return {
        "symbol": symbol,
        "title": title,
        **({} if status is None else {"status": status}),
        "price": {**sides, **day},
        "direction": "down",
        "date": _date(seen, corrupt=corrupt),
        "visibility": WIDGETS,
    }


def _date(seen: datetime, *, corrupt: bool) -> dict[str, str]:
    local = tehran(seen)
    jalali = _twice(local.date()) if corrupt else jdatetime.date.fromgregorian(date=local.date()).isoformat()
    return {
        "utc_timestamp": f"{seen:%Y-%m-%dT%H:%M:%S.%fZ}",
        "datetime": f"{local:%Y-%m-%d %H:%M:%S}",
        "datetime_full": f"{local:%Y-%m-%dT%H:%M:%S.%f}+0330",
        "iran_timestamp": f"{local:%Y-%m-%dT%H:%M:%S.%f}+03:30",
        "jdatetime": f"{jalali} {local:%H:%M:%S}",
        "jdatetime_short": f"{local:%H:%M}",
        "date_description": "اکنون",
    }


def _twice(day: date) -> str:
    """Return the Gregorian date read as if it were a Jalali one, as the real board does."""
    taken_for_jalali = jdatetime.date(day.year, day.month, min(day.day, 29))
    found: date = taken_for_jalali.togregorian()
    return found.isoformat()
