"""When a child that ended is started again: at once would burn the machine, never would be a dead system.

The waits double from one second to half a minute while the child keeps ending soon after its start; a child that lived
for a minute has recovered, and its next end is a first one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

FIRST_WAIT: Final = timedelta(seconds=1)
LONGEST_WAIT: Final = timedelta(seconds=30)
RECOVERED_AFTER: Final = timedelta(seconds=60)


@dataclass(frozen=True)
class Standing:
    """How one child stands: running since `started_at` or, when `start_at` is set, ended and to be started then."""

    started_at: datetime
    early_ends: int = 0
    start_at: datetime | None = None

    def ended(self, now: datetime) -> "Standing":
        """Say when to start it again, after it ended at `now`."""
        early_ends = 1 if now - self.started_at >= RECOVERED_AFTER else self.early_ends + 1
        return replace(self, early_ends=early_ends, start_at=now + wait(early_ends))

    def started(self, now: datetime) -> "Standing":
        """It was started (again) at `now`."""
        return replace(self, started_at=now, start_at=None)


def wait(early_ends: int) -> timedelta:
    """Give the pause before the start after the n-th early end in a row: 1, 2, 4, 8, 16, 30, 30, … seconds."""
    doublings = min(early_ends - 1, 5)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def due(standings: Mapping[str, Standing], now: datetime) -> Iterable[str]:
    """Name the ended children whose time has come, longest waiting first."""
    waiting = [(standing.start_at, name) for name, standing in standings.items() if standing.start_at is not None]
    return [name for start_at, name in sorted(waiting) if start_at <= now]
