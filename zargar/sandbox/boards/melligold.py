"""Melligold, as known from public readers: two equal sides in Toman, behind a guard that wants its cookie back.

Whoever comes without the cookie is sent to where he came from, with one.
"""

import hashlib
import json
from decimal import Decimal
from typing import Final

from zargar.sandbox.misbehaviour import Scene
from zargar.sandbox.wire import Call, Reply, Route

NAME: Final = "melligold"
ABOVE_MEDIAN: Final = Decimal("0.9987")
PATH: Final = "/api/v1/exchange/buy-sell-price/"
COOKIE: Final = "__arcsco"


def buy_sell_price(scene: Scene, call: Call) -> Reply:
    """Answer both sides to whoever brings the cookie."""
    cookie = hashlib.blake2b(f"{scene.market.seed} guard".encode(), digest_size=16).hexdigest()
    if call.cookies.get(COOKIE) != cookie:
        return Reply(
            "", content_type="text/html", cookies={COOKIE: cookie}, status=307, headers={"Location": PATH}
        )  # fmt: skip
    gold = scene.gold(scene.at)
    price = None if gold is None else int(gold * ABOVE_MEDIAN)
    data = {"price_buy": price, "price_sell": price, "timestamp": int(scene.clock.timestamp())}
    return Reply(json.dumps({"data": data}))


ROUTES: Final = (Route("GET", PATH, buy_sell_price),)
