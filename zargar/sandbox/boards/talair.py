"""tala.ir's board, as recorded on 2026-08-06: strings with commas and in Persian digits, one clock for the page.

What was broken then is broken here: the dollar is 0, the ounce 5 % off, the official dollar years old.
"""

import json
from decimal import Decimal
from typing import Final

import jdatetime

from zargar.sandbox.misbehaviour import Scene
from zargar.sandbox.wire import Call, Reply, Route, persian, tehran

NAME: Final = "talair"
ABOVE_MEDIAN: Final = Decimal("1.0016")
GRAMS: Final = {
    "gold_18k": Decimal(1), "gold_24k": Decimal("1.3332"), "gold_bazaruser": Decimal("4.3318"),
}  # fmt: skip
COIN: Final = Decimal("9.97")


def board(scene: Scene, _: Call) -> Reply:
    """Answer the whole board."""
    gold = scene.gold(scene.at)
    level = None if gold is None else gold * ABOVE_MEDIAN
    amounts = {key: None if level is None else f"{int(level * grams / 100) * 100:,}" for key, grams in GRAMS.items()}
    coin = None if level is None else f"{int(level * COIN / 500_000) * 500_000:,}"
    body = {
        "arz": {"arz_dolar": _item(scene, "0")},
        "sekke": {"sekke-jad": _item(scene, coin)},
        "gold": {
            "gold_ounce": _item(scene, f"{scene.market.ounce(scene.at) * Decimal('0.95'):.2f}"),
            **{key: _item(scene, amount) for key, amount in amounts.items()},
            "gold_bazarstatus": _item(scene, "بازار باز"),
        },
        "cbi": {"cbi_usd": _item(scene, "4,200/0")},
        "news": None,
    }
    return Reply(json.dumps(body, separators=(",", ":")))


ROUTES: Final = (Route("GET", "/ajax/price/talair", board),)


def _item(scene: Scene, text: str | None) -> dict[str, object]:
    local = tehran(scene.clock)
    jalali = jdatetime.date.fromgregorian(date=local.date())
    return {
        "m": int(scene.clock.timestamp()),
        "jdate": f"{local:%H:%M} {jalali.year}/{jalali.month:02}/{jalali.day:02}",
        "v_fa": None if text is None else persian(text),
        "v": text,
        "min": "-923",
        "max": "22,853,548",
        "d": "11,543 (0.06%)",
    }
