"""TGJU's `ajax.json`, as recorded: Rial strings with commas, Tehran local stamps, Persian digits in `t`, unsigned `d`.

The other prices of gold are made from `geram18` by the board's own construction: 24 karat x 4/3, mesghal x 4.3318. It
looks at the market once a minute, and its stamp says when.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from zargar.sandbox.boards import tgju_history
from zargar.sandbox.misbehaviour import Scene
from zargar.sandbox.wire import Call, Reply, Route, persian, tehran

NAME: Final = "tgju"
ABOVE_MEDIAN: Final = Decimal("1.0015")
RIALS_PER_TOMAN: Final = 10
GOLD: Final = {
    "geram18": Decimal(1),
    "gold_740k": Decimal(740) / 750,
    "geram24": Decimal(4) / 3,
    "mesghal": Decimal("4.3318"),
    "sekee": Decimal("9.93"),
}
"""How many grams of 750 each is priced as; the coin (9.76 g of 750 in gold) with the premium it had on 2026-08-06."""


def ajax(scene: Scene, _: Call) -> Reply:
    """Answer all keys with the stamp of the last full minute."""
    seen = scene.at.replace(second=0, microsecond=0)
    stamp = scene.clock.replace(second=0, microsecond=0)
    current = {key: _row(_gold(scene, grams), seen, stamp, step=1000) for key, grams in GOLD.items()}
    current["ons"] = _row(scene.market.ounce, seen, stamp, step=None)
    current["price_dollar_rl"] = _row(lambda at: scene.market.dollar(at) * RIALS_PER_TOMAN, seen, stamp, step=50)
    return Reply(json.dumps({"current": current}, ensure_ascii=False))


ROUTES: Final = (Route("GET", "/ajax.json", ajax), tgju_history.ROUTE)


def _gold(scene: Scene, grams: Decimal) -> Callable[[datetime], Decimal | None]:
    def rials(at: datetime) -> Decimal | None:
        gold = scene.gold(at)
        return None if gold is None else gold * ABOVE_MEDIAN * RIALS_PER_TOMAN * grams

    return rials


def _row(
    price: Callable[[datetime], Decimal | None], seen: datetime, stamp: datetime, *, step: int | None
) -> dict[str, Any]:
    day = tehran(seen).replace(hour=0, minute=0)
    hours = [day + timedelta(minutes=30 * n) for n in range(48) if day + timedelta(minutes=30 * n) < seen]
    now, opened = price(seen), price(day)
    known = [value for value in (now, *map(price, hours)) if value is not None]
    local = tehran(stamp)
    if now is None or opened is None:
        amounts: dict[str, Any] = {"p": None, "h": None, "l": None, "d": None, "dp": None, "dt": ""}
    else:
        change = now - opened
        amounts = {
            "p": _grouped(now, step),
            "h": _grouped(max(known), step),
            "l": _grouped(min(known), step),
            "d": _grouped(abs(change), step),
            "dp": round(float(abs(change) / opened * 100), 2) if opened else 0,
            "dt": "high" if change > 0 else "low",
        }
    return {
        **amounts,
        "t": persian(f"{local:%H:%M:%S}"),
        "t_en": f"{local:%H:%M:%S}",
        "t-g": persian(f"{local:%H:%M:%S}"),
        "ts": f"{local:%Y-%m-%d %H:%M:%S}",
    }


def _grouped(amount: Decimal, step: int | None) -> str:
    return f"{amount:,.2f}" if step is None else f"{int(amount / step) * step:,}"
