"""What the work in hand may ask of its task: which run it is, and whether its time is nearly up.

Celery's soft limit interrupts wherever it finds the work. What can end in good order asks `time_is_up` at places where
it can, and ends before that (docs/architecture.md, "Leases, grace and time limits").
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final
from uuid import UUID

SHARE: Final = 0.8
"""Of the soft limit: 20 of its 25 minutes. What is left is for ending, and the hard limit comes 5 minutes after."""


LAST_SHARE: Final = 0.92
"""Of the soft limit: 23 of its 25 minutes. What is still under way then has to be given up to end in good order."""


@dataclass(frozen=True, slots=True)
class _InHand:
    run: UUID
    began: float
    limit: float

    def is_over(self, share: float) -> bool:
        return time.monotonic() >= self.began + share * self.limit


_in_hand: ContextVar[_InHand | None] = ContextVar("in_hand", default=None)


@contextmanager
def working(run: UUID, *, soft_limit: float | None) -> Iterator[None]:
    """Have the block know its run and its limit (seconds from now; None: there is none)."""
    limit = float("inf") if soft_limit is None else soft_limit
    token = _in_hand.set(_InHand(run, time.monotonic(), limit))
    try:
        yield
    finally:
        _in_hand.reset(token)


def current_run() -> UUID | None:
    """Return the run that is worked on; None outside of a task."""
    found = _in_hand.get()
    return found.run if found else None


def time_is_up() -> bool:
    """Say whether the work in hand should end; never outside of a task."""
    found = _in_hand.get()
    return found is not None and found.is_over(SHARE)


def time_is_spent() -> bool:
    """Say whether what is under way has to be given up now; never outside of a task."""
    found = _in_hand.get()
    return found is not None and found.is_over(LAST_SHARE)
