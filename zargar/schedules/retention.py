"""How long what became of the schedule stays, purely.

A slot goes after its run, never before it: it says when the run was due, and while the run is there a person may replay
it. The newest slot of an entry stays for ever, since it is what `zargar schedule list` shows of an entry that is due
once a week, or that nobody has rung for long. Filling goes by `EntryState.looked_until`, so that a slot that has gone
is not filled again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SHORTEST: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long slots stay after they were due, and missed ranges after their last slot was.

    Raises `ValueError` for a period under `SHORTEST`.
    """

    slots: timedelta
    missed: timedelta

    def __post_init__(self) -> None:
        """Refuse a period in which beats may still be about to look at what would go."""
        if min(self.slots, self.missed) < SHORTEST:
            message = f"slots stay for {SHORTEST} at least; got {self.slots} and {self.missed}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """Slots due before `slots`, without a run and not in `newest` (ids), may go, and gaps ended before `missed`."""

    slots: datetime
    newest: frozenset[int]
    missed: datetime


def may_go(keep: Keep, *, newest: Sequence[int], now: datetime) -> Going:
    """Say what may go; `newest` holds the id of the newest slot of each entry."""
    return Going(slots=now - keep.slots, newest=frozenset(newest), missed=now - keep.missed)
