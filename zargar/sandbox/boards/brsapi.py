"""BrsApi, as recorded on 2025-07-24: rows with their own unit and clock, for whoever brings a key."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import jdatetime

from zargar.sandbox.misbehaviour import How, Scene
from zargar.sandbox.wire import Call, Reply, Route, tehran

NAME: Final = "brsapi"
ABOVE_MEDIAN: Final = Decimal("1.0012")
GRAMS: Final = {
    "IR_GOLD_18K": Decimal(1), "IR_GOLD_24K": Decimal(4) / 3, "IR_GOLD_MELTED": Decimal("4.3318"),
    "IR_COIN_EMAMI": Decimal("9.93"),
}  # fmt: skip
STEP: Final = 100


def gold_currency(scene: Scene, call: Call) -> Reply:
    """Answer all rows, or that the key is none."""
    if scene.has(How.TOKEN_STALE) or not call.query.get("key"):
        return Reply(json.dumps({"successful": False, "message_error": "کلید نامعتبر است"}))
    gold = scene.gold(scene.at)
    rows = [
        _row(symbol, None if gold is None else int(gold * ABOVE_MEDIAN * grams / STEP) * STEP, "تومان", scene.clock)
        for symbol, grams in GRAMS.items()
    ]
    ounce = _row("XAUUSD", int(scene.market.ounce(scene.at)), "دلار", scene.clock)
    old = _row("IR_COIN_1G", 27_000_000, "تومان", scene.clock - timedelta(hours=4))
    bitcoin = {**_row("BTC", None, "دلار", scene.clock), "price": "118590"}
    return Reply(json.dumps({"gold": [*rows, ounce, old], "currency": [], "cryptocurrency": [bitcoin]}))


ROUTES: Final = (Route("GET", "/Market/Gold_Currency.php", gold_currency),)


def _row(symbol: str, price: int | None, unit: str, at: datetime) -> dict[str, object]:
    local = tehran(at)
    jalali = jdatetime.date.fromgregorian(date=local.date())
    return {
        "date": f"{jalali.year}/{jalali.month:02}/{jalali.day:02}",
        "time": f"{local:%H:%M}",
        "time_unix": int(at.timestamp()) // 60 * 60,
        "symbol": symbol,
        "price": price,
        "change_value": -25600,
        "change_percent": -0.36,
        "unit": unit,
    }
