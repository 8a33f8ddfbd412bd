"""Digikala's prices, as recorded on 2026-08-06: hundreds of Toman, and how long a page may keep them."""

import json
from decimal import Decimal
from typing import Final

from zargar.sandbox.misbehaviour import Scene
from zargar.sandbox.wire import Call, Reply, Route

NAME: Final = "digikala"
ABOVE_MEDIAN: Final = Decimal("1.0035")
TTL: Final = 60
SILVER: Final = 4106


def prices(scene: Scene, _: Call) -> Reply:
    """Answer gold and silver."""
    gold = scene.gold(scene.at)
    price = None if gold is None else int(gold * ABOVE_MEDIAN / 100)
    body = {"gold18": {"price": price, "ttl": TTL}, "silver999": {"price": SILVER, "ttl": TTL}}
    return Reply(json.dumps(body, separators=(",", ":")))


ROUTES: Final = (Route("GET", "/non-inventory/v1/prices/", prices),)
