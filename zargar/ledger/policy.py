"""What the ledger decides, purely: when a bell rings again, what a lost claim means, whether to try again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

LONGEST_GRACE: Final = timedelta(minutes=10)
MESSAGE_LIFE: Final = LONGEST_GRACE
"""How long a message is worth delivering. Longer than the first graces, since a backlog of some minutes is no loss;
no run then has more than six messages alive."""

MOST_LOSSES: Final = 5
"""Claims whose process died under them before the work itself is suspected (a poison pill) and put aside."""


def grace(first: timedelta, *, rings: int) -> timedelta:
    """How long a ring may stay unanswered before the next one.

    It doubles, because a long queue is not a lost message: a backup's hour must not fill the broker with echoes.
    """
    doublings: int = 2 ** min(rings, 16)
    return min(first * doublings, LONGEST_GRACE)


@dataclass(frozen=True, slots=True)
class TryAt:
    """Due again at `at`."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Bury:
    """A dead letter: it waits for a person to look at it and replay it."""


@dataclass(frozen=True, slots=True)
class Supersede:
    """Given up in favour of the next slot, which is due before another attempt would be."""


Verdict: TypeAlias = TryAt | Bury | Supersede


def after_loss(*, losses: int, now: datetime) -> TryAt | Bury:
    """Judge a claim whose lease ran out; `losses` counts this one. It is no fault of the work until it repeats."""
    return Bury() if losses >= MOST_LOSSES else TryAt(now)


def after_failure(*, wait: timedelta | None, stop_at: datetime | None, now: datetime) -> Verdict:
    """Judge an attempt that failed; `wait` is the family's answer, None when its attempts are used up."""
    if wait is None:
        return Bury()
    if stop_at is not None and now + wait >= stop_at:
        return Supersede()
    return TryAt(now + wait)
