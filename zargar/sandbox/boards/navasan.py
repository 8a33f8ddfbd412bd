"""Navasan's `latest`, in the shape recorded in 2022: a string and a clock, for whoever brings a key.

Its clock says when it last looked, also while its value stands still. Without a key it answers 200 and a line of text.
"""

import json
from decimal import Decimal
from typing import Final

import jdatetime

from zargar.sandbox.misbehaviour import How, Scene
from zargar.sandbox.wire import Call, Reply, Route, tehran

NAME: Final = "navasan"
ABOVE_MEDIAN: Final = Decimal("1.0014")
STEP: Final = 10


def latest(scene: Scene, call: Call) -> Reply:
    """Answer the one item."""
    if scene.has(How.TOKEN_STALE) or not call.query.get("api_key"):
        return Reply("error 789", content_type="text/html")
    gold = scene.gold(scene.at)
    local = tehran(scene.clock)
    jalali = jdatetime.date.fromgregorian(date=local.date())
    item = {
        "value": None if gold is None else str(int(gold * ABOVE_MEDIAN / STEP) * STEP),
        "change": -12_300,
        "timestamp": int(scene.clock.timestamp()),
        "date": f"{jalali.year}-{jalali.month:02}-{jalali.day:02} {local:%H:%M:%S}",
    }
    return Reply(json.dumps({"18ayar": item}))


ROUTES: Final = (Route("GET", "/latest/", latest),)
