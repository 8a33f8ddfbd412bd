"""gold-api.com's `price/XAU`, as its readers know it: a number in dollars, and when it was updated, in UTC."""

import json
from datetime import UTC
from typing import Final

from zargar.sandbox.misbehaviour import How, Scene
from zargar.sandbox.wire import Call, Reply, Route

NAME: Final = "goldapi"


def ounce(scene: Scene, _: Call) -> Reply:
    """Answer the ounce."""
    seen = scene.clock.astimezone(UTC)
    body = {
        "name": "Gold",
        "price": scene.ounce(scene.at),
        "symbol": "XAU",
        "updatedAt": f"{seen:%Y-%m-%dT%H:%M:%SZ}",
        "updatedAtReadable": "a few seconds ago",
    }
    if scene.has(How.SUSPENDED):
        del body["price"]
    return Reply(json.dumps(body))


ROUTES: Final = (Route("GET", "/price/XAU", ounce),)
