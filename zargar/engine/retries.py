"""When a family's failed work is tried again. The figures are the mission's, counted after the first attempt."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from zargar.names import Family


@dataclass(frozen=True, slots=True)
class Policy:
    """Try `most` times more: after `first`, then `factor` times longer each time, never longer than `longest`.

    `jitter` is the share of each wait that chance decides, so that what failed together does not return together.
    """

    most: int
    first: timedelta
    factor: int = 1
    longest: timedelta = timedelta(hours=1)
    jitter: float = 0.0


POLICIES: Final = {
    Family.PRICES: Policy(most=3, first=timedelta(seconds=60), factor=2),
    Family.BACKUPS: Policy(most=3, first=timedelta(minutes=5)),
    Family.NOTIFICATIONS: Policy(most=5, first=timedelta(seconds=60), factor=2, jitter=0.5),
}


def wait_before_retry(family: Family, *, failures: int, chance: float) -> timedelta | None:
    """Return how long to wait after the `failures`-th failed attempt, or None when the attempts are used up.

    `chance` is in [0, 1) and is drawn by the caller.
    """
    policy = POLICIES[family]
    if failures > policy.most:
        return None
    growth: int = policy.factor ** (failures - 1)
    wait = min(policy.first * growth, policy.longest)
    return wait * (1 - policy.jitter * chance)
