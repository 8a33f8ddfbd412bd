"""How long a run's row stays, purely: a run may go when it has ended, and has been so for its state's period.

A run that is due or running has not ended, and no period names it. The period is counted from the end of the run, and
it is never short: a message that came after its row had gone would open the run anew (engine/task.py), and messages
live for ten minutes, or where a worker died with one in its hands, for a visibility timeout of two hours.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SHORTEST: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long runs stay after their end: those that succeeded or were superseded, and dead letters.

    Raises `ValueError` for a period under `SHORTEST`.
    """

    runs: timedelta
    dead_letters: timedelta

    def __post_init__(self) -> None:
        """Refuse what would let a late message do finished work again."""
        if min(self.runs, self.dead_letters) < SHORTEST:
            message = f"runs stay for {SHORTEST} at least; got {self.runs} and {self.dead_letters}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedBefore:
    """A run may go that succeeded or was superseded before `done`, or that died before `dead`; no other may."""

    done: datetime
    dead: datetime


def may_go(keep: Keep, *, now: datetime) -> EndedBefore:
    """Say which runs may go."""
    return EndedBefore(done=now - keep.runs, dead=now - keep.dead_letters)
