"""Goldika's version 2, as recorded on 2026-08-06: Rial, a middle made from a mesghal, and the older shape beside it."""

import json
from datetime import UTC
from decimal import Decimal
from typing import Final

from zargar.sandbox.misbehaviour import Scene
from zargar.sandbox.wire import Call, Reply, Route

NAME: Final = "goldika"
ABOVE_MEDIAN: Final = Decimal("0.9991")
RIALS_PER_TOMAN: Final = 10
GRAMS_PER_MESGHAL: Final = Decimal("4.6083") * 705 / 750
COMMISSION: Final = Decimal("0.012")


def price(scene: Scene, _: Call) -> Reply:
    """Answer the price of now; the mesghal moves in steps of 10,000 Rial."""
    gold = scene.gold(scene.at)
    base = None if gold is None else int(gold * ABOVE_MEDIAN * RIALS_PER_TOMAN * GRAMS_PER_MESGHAL / 10_000) * 10_000
    mid = None if base is None else round(base / GRAMS_PER_MESGHAL)
    sides = {
        "buy": None if mid is None else round(mid * (1 + COMMISSION)),
        "sell": None if mid is None else round(mid * (1 - COMMISSION)),
    }
    percents = ("trade_buy_percent", "trade_sell_percent", "conditional_buy_percent", "conditional_sell_percent")
    data = {
        "id": int(scene.at.timestamp()) // 60,
        "base_price": base,
        "mid_price": mid,
        "commission": dict.fromkeys(percents, 1.2),
        "old_price": {
            "id": int(scene.at.timestamp()) // 60 + 150_000,
            "base_price": base,
            **sides,
            "created_at": f"{scene.clock.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000000Z",
        },
        "daily_change_percent": 1.09,
    }
    return Reply(json.dumps({"data": data}, separators=(",", ":")))


ROUTES: Final = (Route("GET", "/api/v2/public/price", price),)
