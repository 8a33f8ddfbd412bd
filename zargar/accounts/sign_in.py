"""How many attempts to sign in are too many. Pure: the attempts and `now` in, the wait out.

Three limits hold at the same time. The pair stops guessing at one account from one address; the address stops trying
one password on many accounts; the account stops guessing from many addresses, and is wide, so that a stranger cannot
lock an operator out cheaply. A refused attempt is not counted, so waiting is never longer than the window.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

WINDOW: Final = timedelta(minutes=15)
"""How long an attempt counts."""


class Limit(StrEnum):
    """What attempts are counted by."""

    PAIR = "pair"
    ADDRESS = "address"
    ACCOUNT = "account"


MOST: Final[Mapping[Limit, int]] = {Limit.PAIR: 5, Limit.ADDRESS: 20, Limit.ACCOUNT: 50}
"""How many unsuccessful attempts each limit takes in one window."""


def wait(past: Mapping[Limit, Sequence[datetime]], *, now: datetime) -> timedelta | None:
    """Return how long to wait before another attempt, or None when it may be made now.

    `past` holds the attempts that each limit counts, in any order; what is older than the window does not matter.
    """
    waits = [
        sorted(times, reverse=True)[MOST[limit] - 1] + WINDOW - now
        for limit, times in past.items()
        if len(times) >= MOST[limit]
    ]
    longest = max(waits, default=timedelta())
    return longest if longest > timedelta() else None
