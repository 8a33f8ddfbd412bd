"""Milli's `milli-price/external`, as recorded on 2026-08-06: hundreds of Toman, a Tehran stamp that does not say so."""

import json
from decimal import Decimal
from typing import Final

from zargar.sandbox.misbehaviour import Scene
from zargar.sandbox.wire import Call, Reply, Route, tehran

NAME: Final = "milli"
ABOVE_MEDIAN: Final = Decimal("1.0004")


def external(scene: Scene, _: Call) -> Reply:
    """Answer the price of now."""
    gold = scene.gold(scene.at)
    body = {
        "code": 0,
        "message": "عملیات با موفقیت انجام شد.",
        "data": {
            "price18": None if gold is None else int(gold * ABOVE_MEDIAN / 100),
            "date": f"{tehran(scene.clock):%Y-%m-%dT%H:%M:%S}",
        },
    }
    return Reply(json.dumps(body, ensure_ascii=False, separators=(",", ":")))


ROUTES: Final = (Route("GET", "/api/v1/public/milli-price/external", external),)
