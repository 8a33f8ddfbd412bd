"""Ecogold's `otc`, as recorded on 2026-08-06: strings with eight decimals, silver first, a signature for each price."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from zargar.sandbox.misbehaviour import Scene
from zargar.sandbox.wire import Call, Reply, Route

NAME: Final = "ecogold"
SELL: Final = Decimal("0.9981")
BUY: Final = Decimal("1.0002")
SILVER: Final = (409_000, 414_000)
STEP: Final = 1000
GOOD_FOR: Final = timedelta(minutes=2)


def otc(scene: Scene, _: Call) -> Reply:
    """Answer both rows with the clock of their making, a few seconds ago."""
    gold = scene.gold(scene.at)
    sides = None if gold is None else (_stepped(gold * SELL), _stepped(gold * BUY))
    made = scene.clock.astimezone(UTC) - timedelta(seconds=8)
    rows = [_row("SILVER999-IRT", SILVER, made), _row("GOLD18-IRT", sides, made)]
    return Reply(json.dumps({"data": rows}))


ROUTES: Final = (Route("GET", "/api/prices/otc", otc),)


def _stepped(amount: Decimal) -> int:
    return int(amount / STEP) * STEP


def _row(symbol: str, sides: tuple[int, int] | None, made: datetime) -> dict[str, object]:
    return {
        "symbol": symbol,
        "sell_price": None if sides is None else f"{sides[0]}.00000000",
        "buy_price": None if sides is None else f"{sides[1]}.00000000",
        "change": "1.04",
        "signature": hashlib.blake2b(f"{symbol} {sides} {made}".encode(), digest_size=24).hexdigest(),
        "valid_at": _stamp(made + GOOD_FOR),
        "created_at": _stamp(made),
    }


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"
