"""The newest stored tick with its prices, for `zargar.pricing.venues`."""

from typing import Final

from zargar.pricing.models import Tick, Verdict
from zargar.pricing.quotes import Instrument, Toman
from zargar.pricing.readings import State
from zargar.pricing.venues import Shown, ShownTick

_LOOKED_AT: Final = (Instrument.GOLD_750, Instrument.EMAMI)


def newest() -> ShownTick | None:
    """Return the newest tick, however it ended; None when the boards were never asked."""
    tick = Tick.objects.order_by("-at", "-id").first()
    if tick is None:
        return None
    rows = tick.quotes.filter(bid__isnull=False, instrument__in=_LOOKED_AT).order_by("id")
    quotes = [
        Shown(
            source=row.source, family=row.family, instrument=Instrument(row.instrument), bid=row.bid, ask=row.ask,
            source_time=row.source_time, used=row.verdict == Verdict.USED, why=row.why,
        )
        for row in rows
        if row.bid is not None and row.ask is not None
    ]  # fmt: skip
    price = None if tick.toman_per_gram_18k is None else Toman(tick.toman_per_gram_18k)
    return ShownTick(tick.at, State(tick.state), price, quotes)
