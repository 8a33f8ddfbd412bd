"""The union's page for screens, in the shape that public readers take apart: Persian digits, U+066B in two meanings."""

from decimal import Decimal
from typing import Final

import jdatetime

from zargar.sandbox.misbehaviour import How, Scene
from zargar.sandbox.wire import Call, Reply, Route, persian, tehran

NAME: Final = "union"
ABOVE_MEDIAN: Final = Decimal("1.0015")
GRAMS: Final = {"IRG18": Decimal(1), "IRG24": Decimal("1.3332"), "IRG17": Decimal("4.3318"), "IRCNEW": Decimal("9.97")}
CARD: Final = (
    '<div class="tt-price-card"><span data-field="{key}">{price}</span>'
    ' <span data-field-delta="{key}">▲ ۱٫۵۹٪</span></div>'
)
PAGE: Final = """<!doctype html><html lang="fa" dir="rtl"><head><meta charset="utf-8"></head><body>
<span id="tt-price-date">آخرین بروزرسانی قیمت: {stamp}</span>
{cards}
<span data-field="GOLD">$ {ounce}</span>
</body></html>"""


def screen(scene: Scene, _: Call) -> Reply:
    """Answer the page; a clock that is off shows a Jalali day that no calendar has."""
    gold = scene.gold(scene.at)
    local = tehran(scene.clock)
    day = jdatetime.date.fromgregorian(date=local.date())
    date = "1405/13/45" if scene.has(How.CLOCK) else f"{day.year}/{day.month:02}/{day.day:02}"
    cards = [CARD.format(key=key, price=_price(gold, grams)) for key, grams in GRAMS.items()]
    ounce = persian(f"{scene.market.ounce(scene.at):.0f}")
    page = PAGE.format(stamp=persian(f"{date} - {local:%H:%M}"), cards="\n".join(cards), ounce=ounce)
    return Reply(page, content_type="text/html")


ROUTES: Final = (Route("GET", "/tv/", screen),)


def _price(gold: Decimal | None, grams: Decimal) -> str:
    if gold is None:
        return "-"
    return persian(f"{int(gold * ABOVE_MEDIAN * grams / 100) * 100:,}").replace(",", "٫")
