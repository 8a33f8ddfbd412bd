"""Which copies are drilled next, and what a drill says: every shop of every vault has its turn within a period. Pure.

A target is a shop in a vault, whichever backup it comes from. A drill counts whatever came of it: a shop that is red
again and again must not keep the others from their turn; what was found of it stands in the catalogue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

DAY: Final = timedelta(days=1)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """A shop (or the shared schema) in a vault, by what the catalogue says it holds."""

    holds: str
    vault: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A target, and when it was drilled last (aware); None: never."""

    target: Target
    drilled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a drill found of one schema in one vault: proven, if there are no faults. `milliseconds` from key to end.

    `undecided`: why there is no verdict (its shop was erased; the drill's login may not make roles), else empty.
    """

    vault: str
    backup: str
    schema: str
    faults: tuple[str, ...]
    milliseconds: int
    undecided: str = ""

    @property
    def proven(self) -> bool:
        """Whether it came back as it was."""
        return not self.faults and not self.undecided


def share(targets: int, *, period: timedelta) -> int:
    """Return how many a day are needed for all of them to have been drilled within `period` (a day at least)."""
    return -(-targets * DAY // max(period, DAY))


def due(turns: Sequence[Turn], *, period: timedelta, now: datetime) -> tuple[Target, ...]:
    """Choose what to drill now, the one drilled longest ago first.

    It is a day's share, and with it whatever would be older than `period` by the next day: after days without drills
    that may be more than a share, and whoever drills may stop at a deadline and go on the next day.
    """
    waiting = sorted(turns, key=lambda turn: (turn.drilled_at or _NEVER, turn.target))
    sample = share(len(waiting), period=period)
    late = now - (max(period, DAY) - DAY)
    return tuple(
        turn.target
        for place, turn in enumerate(waiting)
        if place < sample or (turn.drilled_at is not None and turn.drilled_at < late)
    )
