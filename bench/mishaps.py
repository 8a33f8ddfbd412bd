"""Each way of going wrong on one, on two and on half of the boards: what is accepted, held, stale, and what is wrong.

A line is a morning in the sandbox, every five minutes from 09:30 to 14:30 Tehran; the boards drawn for it go wrong at
10:00 and are well again at 13:30. The sandbox's clock stands at each slot; the rest is real: HTTP, the judgement,
PostgreSQL, the cache. Every board is asked that ticks ask; the union, which takes its time, is the hourly check's.
Wrong is an accepted price that is farther from the honest market than boards may differ among each other.

A price that is not accepted is not a fault by itself: with half of the boards wrong nobody can say which half is.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bench.machine import report
from bench.parts import parts
from zargar.clock import TEHRAN
from zargar.sandbox.misbehaviour import How

if TYPE_CHECKING:
    from tests.support.boards import BoardServer
    from zargar.pricing.market import Market
    from zargar.pricing.operations import Ticked

SEED: Final = 7
BEGINS: Final = datetime(2026, 11, 22, 9, 30, tzinfo=TEHRAN)
GOES_WRONG: Final = BEGINS.replace(hour=10, minute=0)
HEALS: Final = BEGINS.replace(hour=13, minute=30)
ENDS: Final = BEGINS.replace(hour=14, minute=30)
EVERY: Final = timedelta(minutes=5)
DEADLINE: Final = timedelta(seconds=0.3)
FARTHEST: Final = Decimal("0.01")
SECONDS: Final = {How.DELAY: 0.1, How.CLOCK: -4 * 3600.0}
"""How long a slow board takes, and by how much a board's clock is behind."""


@dataclass
class Score:
    """What came of the ticks of one morning."""

    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    farthest: Decimal = Decimal(0)


def main() -> None:
    """Start the parts and print a line for each way and share."""
    with parts():
        from tests.support.boards import BoardServer, market_at  # noqa: PLC0415 -- needs Django

        with BoardServer("--seed", str(SEED)) as server:
            market = market_at(server, deadline=DEADLINE)
            rng = random.Random(SEED)  # noqa: S311 -- which boards; nothing secret
            scores = [_line(server, market, how, share, rng) for how in How for share in _shares(market)]
    wrong = sum(score.wrong for score in scores)
    report(
        "mishaps",
        lines=len(scores),
        seed=SEED,
        wrong=wrong,
        farthest_per_mille=_per_mille(max(s.farthest for s in scores)),
    )
    assert wrong == 0, f"{wrong} accepted prices were farther than {FARTHEST:.0%} from the market"


def _shares(market: "Market") -> tuple[int, int, int]:
    return 1, 2, (len(_asked(market)) + 1) // 2


def _asked(market: "Market") -> list[str]:
    return [source.board.name for source in market.sources if source.board.patience is None]


def _line(server: "BoardServer", market: "Market", how: How, share: int, rng: random.Random) -> Score:
    _forget()
    boards = sorted(rng.sample(_asked(market), share))
    score = Score()
    for moment in _moments():
        server.stand_at(moment)
        if moment == GOES_WRONG:
            for board in boards:
                server.misbehave(board, how, **({"seconds": SECONDS[how]} if how in SECONDS else {}))
        if moment == HEALS:
            server.heal(*boards)
        _tick(server, market, moment, score)
    report(
        "mishaps.line", way=how.value, boards=len(boards), of=len(_asked(market)), wrong=score.wrong,
        **{state: score.states[state] for state in ("accepted", "held", "stale")},
        farthest_per_mille=_per_mille(score.farthest), named=dict(score.reasons.most_common(3)),
    )  # fmt: skip
    return score


def _tick(server: "BoardServer", market: "Market", moment: datetime, score: Score) -> None:
    from zargar.pricing import operations  # noqa: PLC0415 -- needs Django

    ticked = operations.update_prices(market=market, now=moment)
    decision = ticked.decision
    assert decision is not None
    score.states[type(decision).__name__.lower()] += 1
    score.reasons.update({refused.why.value for refused in decision.rejected})
    off = _off(ticked, server.honest())
    score.farthest = max(score.farthest, off)
    score.wrong += off > FARTHEST


def _off(ticked: "Ticked", honest: Decimal) -> Decimal:
    """Return how far an accepted price is from the market, as a ratio; zero where none was accepted."""
    from zargar.pricing.readings import Accepted  # noqa: PLC0415 -- needs Django

    if not isinstance(ticked.decision, Accepted):
        return Decimal(0)
    return abs(ticked.decision.price - honest) / honest


def _moments() -> Iterator[datetime]:
    moment = BEGINS
    while moment <= ENDS:
        yield moment
        moment += EVERY


def _forget() -> None:
    """Begin a line with no price and no past."""
    from zargar.pricing.models import BoardStanding, Tick  # noqa: PLC0415 -- needs Django

    Tick.objects.all().delete()
    BoardStanding.objects.all().delete()


def _per_mille(ratio: Decimal) -> str:
    return str(round(ratio * 1000, 2))
