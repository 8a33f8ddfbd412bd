"""Technogold's `only-price`, as recorded on 2026-08-06: two integers in Toman and a message in Persian."""

import json
from decimal import Decimal
from typing import Final

from zargar.sandbox.misbehaviour import How, Scene
from zargar.sandbox.wire import Call, Reply, Route

NAME: Final = "technogold"
SELL: Final = Decimal("0.9921")
BUY: Final = Decimal("1.0046")


def only_price(scene: Scene, _: Call) -> Reply:
    """Answer both sides, or that there is nothing."""
    if scene.has(How.SUSPENDED):
        return Reply(json.dumps({"succeed": False, "message": "در حال حاضر امکان معامله وجود ندارد.", "results": None}))
    gold = scene.gold(scene.at)
    results = {
        "sell_price": None if gold is None else int(gold * SELL),
        "buy_price": None if gold is None else int(gold * BUY),
    }
    return Reply(json.dumps({"succeed": True, "message": "درخواست شما با موفقیت انجام شد.", "results": results}))


ROUTES: Final = (Route("GET", "/customer/tradeables/only-price/1", only_price),)
