"""goldprice.org's `dbXRates/USD`, as recorded on 2025-04-24: gold and silver in one row, two clocks in milliseconds.

Who does not say from which page he comes is turned away.
"""

import json
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from zargar.sandbox.misbehaviour import Scene
from zargar.sandbox.wire import Call, Reply, Route

NAME: Final = "goldprice"
NEW_YORK: Final = ZoneInfo("America/New_York")
SILVER_PER_GOLD: Final = 0.01002
CLOSED_LOWER: Final = 0.986
"""The close of the day before, as a ratio of the price: it was 1.4 % lower in the recorded answer."""


def rates(scene: Scene, call: Call) -> Reply:
    """Answer the row of the dollar."""
    if not call.headers.get("Referer", "").startswith("https://goldprice.org/"):
        return Reply("Forbidden", content_type="text/html", status=403)
    seen = scene.clock - timedelta(seconds=6)
    gold = scene.ounce(scene.at)
    row = {"curr": "USD", "xauPrice": gold, "xagPrice": None, "chgXau": None, "chgXag": None,
           "pcXau": None, "pcXag": None, "xauClose": None, "xagClose": None}  # fmt: skip
    if gold is not None:
        close = round(gold * CLOSED_LOWER, 4)
        silver, silver_close = round(gold * SILVER_PER_GOLD, 4), round(close * SILVER_PER_GOLD, 5)
        changes = [round(gold - close, 4), round(silver - silver_close, 4)]
        per_cent = [
            round(100 * change / of, 4) if of else 0 for change, of in zip(changes, (close, silver_close), strict=True)
        ]
        row |= {"xagPrice": silver, "chgXau": changes[0], "chgXag": changes[1], "pcXau": per_cent[0],
                "pcXag": per_cent[1], "xauClose": close, "xagClose": silver_close}  # fmt: skip
    local = seen.astimezone(NEW_YORK)
    body = {
        "ts": int(scene.clock.timestamp() * 1000),
        "tsj": int(seen.timestamp() * 1000),
        "date": f"{local:%b} {_ordinal(local.day)} {local:%Y, %I:%M:%S} {f'{local:%p}'.lower()} NY",
        "items": [row],
    }
    return Reply(json.dumps(body))


ROUTES: Final = (Route("GET", "/dbXRates/USD", rates),)


def _ordinal(day: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
    return f"{day}{endings.get(day, 'th')}"
