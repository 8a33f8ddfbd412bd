"""Daric's book: the best bid and offer in Toman, as known from public readers; where nobody offers, null."""

import json
from decimal import Decimal
from typing import Final

from zargar.sandbox.misbehaviour import How, Scene
from zargar.sandbox.wire import Call, Reply, Route

NAME: Final = "daric"
BID: Final = Decimal("0.9943")
ASK: Final = Decimal("1.0027")


def top_price(scene: Scene, _: Call) -> Reply:
    """Answer the top of the book; a venue that does not trade has no offer."""
    gold = scene.gold(scene.at)
    offer = None if scene.has(How.SUSPENDED) else _side(gold, ASK)
    return Reply(json.dumps({"bestBuy": _side(gold, BID), "bestSell": offer}))


ROUTES: Final = (Route("GET", "/public/general/topprice/GOLD18TMN", top_price),)


def _side(gold: Decimal | None, of_median: Decimal) -> dict[str, int] | None:
    return None if gold is None else {"price": int(gold * of_median)}
