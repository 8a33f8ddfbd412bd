"""How long one judgement takes: sixteen boards in fifteen families, a memory of 240 ticks, every value flat for hours.

The slowest case that a tick meets: each board is looked up in the tick in which its value began, and compared with
all others. Nothing is asked or stored.
"""

import statistics
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from bench.machine import facts, report
from zargar.calendars.sessions import session_at
from zargar.pricing.consensus import decide
from zargar.pricing.quotes import Instrument, Quote, Toman, Unit
from zargar.pricing.readings import Accepted, PastTick, Reading, Reference, State
from zargar.pricing.rules import Rules
from zargar.pricing.sources import CATALOGUE

NOW: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LEVEL: Final = 18_530_000
ROUNDS: Final = 500
LIMIT_MS: Final = 1.0


def main() -> None:
    """Judge the same tick again and again."""
    changed = NOW - timedelta(hours=2)
    readings = [
        _reading(source.board.name, source.board.family, number, changed) for number, source in enumerate(CATALOGUE)
    ]
    families = {reading.family: Toman(Decimal(LEVEL)) for reading in readings}
    recent = [
        PastTick(NOW - n * timedelta(minutes=5), State.ACCEPTED, Toman(Decimal(LEVEL)), {}) for n in range(1, 240)
    ]
    began = PastTick(changed, State.ACCEPTED, Toman(Decimal(LEVEL)), families)
    last = Reference(Toman(Decimal(LEVEL)), NOW - timedelta(minutes=5), families=families)
    took = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        decision = decide(readings, last=last, recent=[*recent, began], session=session_at(NOW), now=NOW, rules=Rules())
        took.append((time.perf_counter() - start) * 1000)
        assert isinstance(decision, Accepted)
    report(
        "decide",
        sources=len(readings),
        rounds=ROUNDS,
        ms_median=round(statistics.median(took), 3),
        ms_p99=round(statistics.quantiles(took, n=100)[98], 3),
        limit_ms=LIMIT_MS,
        within=statistics.median(took) < LIMIT_MS,
    )


def _reading(name: str, family: str, number: int, changed: datetime) -> Reading:
    price = Decimal(LEVEL + 5_000 * (number - len(CATALOGUE) // 2))
    return Reading(
        name, family, (Quote.one_sided(Instrument.GOLD_750, price, Unit.TOMAN, source_time=NOW),), (), changed
    )


if __name__ == "__main__":
    report("machine", **facts())
    main()
