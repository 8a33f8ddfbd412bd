"""Talasea's `getGoldPrice`, as recorded on 2026-08-06: the price a string in Toman per milligram, the rest numbers."""

import json
from typing import Final

from zargar.sandbox.misbehaviour import How, Scene
from zargar.sandbox.wire import Call, Reply, Route

NAME: Final = "talasea"
MILLIGRAMS_PER_GRAM: Final = 1000


def gold_price(scene: Scene, _: Call) -> Reply:
    """Answer the price with the venue's limits and flags."""
    gold = scene.gold(scene.at)
    body = {
        "price": None if gold is None else str(int(gold / MILLIGRAMS_PER_GRAM)),
        "minOrderValue": 100000,
        "minSellOrderValue": 100000,
        "feeTable": [{"min": 0, "fee": 0.01}],
        "totalOrder30dayValues": 0,
        "minDeposit": 5000,
        "maxDeposit": 400000000,
        "maxOrderValue": 1000000000,
        "fee": 0.01,
        "percentageCreditLoan": 40,
        "goldInstallmentPercent": 0.055,
        "change24h": "0.41",
        "disableBuyMessage": "",
        "disableSellMessage": "",
        "disableSell": scene.has(How.SUSPENDED),
        "disableBuy": scene.has(How.SUSPENDED),
        "disableMargin": False,
        "disableMarginMessage": "",
        "disableLimit": False,
        "disableLimitMessage": "",
    }
    return Reply(json.dumps(body, separators=(",", ":")))


ROUTES: Final = (Route("GET", "/api/market/getGoldPrice", gold_price),)
