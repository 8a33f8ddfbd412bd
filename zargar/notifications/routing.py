"""Which account takes a message, and how an account's share moves with its failures. Pure.

The way is GOV.UK Notify's (`app/dao/provider_details_dao.py`), which has sent through two providers for years by it.

A share is what the shop (or the platform) gives an account, times the account's own weight of 0 to 100. The weight
falls by ten when a minute has brought more than a twentieth of failures, and comes back by ten for every quarter of an
hour without. A stopped account takes nothing until a person starts it again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from zargar.notifications.values import Channel

WINDOW: Final = timedelta(minutes=1)
STEP: Final = 10
LEAST: Final = 10
"""An account that fails is still asked now and then, or nobody would learn that it is well again."""
FULL: Final = 100
TOO_MANY: Final = 20
"""One failure in so many calls is borne."""
AT_LEAST: Final = 3
"""Fewer failures than these in a minute say nothing."""
RECOVERY: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One account as it can be chosen: its channel, what it is given (`share`), its weight, and why it is stopped."""

    name: str
    channel: Channel
    share: int = FULL
    weight: int = FULL
    stopped: str = ""

    @property
    def usable(self) -> bool:
        """Whether it can take anything."""
        return not self.stopped and self.share > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An account's weight and what has befallen it since `window_at`; `moved_at` is when its weight last moved."""

    weight: int
    calls: int
    failures: int
    window_at: datetime
    moved_at: datetime


def choose(
    standings: Sequence[Standing], channel: Channel, *, chance: float, tried: Collection[str] = ()
) -> Standing | None:
    """Choose by chance (in [0, 1)) among the usable accounts of a channel, by their shares; None: there is none.

    Those in `tried` are taken only where nothing else is left.
    """
    usable = [one for one in standings if one.channel is channel and one.usable]
    fresh = [one for one in usable if one.name not in tried] or usable
    left = chance * sum(one.share * one.weight for one in fresh)
    for one in fresh:
        left -= one.share * one.weight
        if left < 0:
            return one
    return fresh[-1] if fresh else None


def after_calls(record: Record, *, calls: int, failures: int, now: datetime) -> Record:
    """Return what an account's record becomes by so many messages handed to it, of which so many failed in passing."""
    if now - record.window_at >= WINDOW or now < record.window_at:
        record = Record(weight=record.weight, calls=0, failures=0, window_at=now, moved_at=record.moved_at)
    calls, failures = record.calls + calls, record.failures + failures
    weight, moved_at, window_at = record.weight, record.moved_at, record.window_at
    if failures >= AT_LEAST and failures * TOO_MANY > calls:
        weight, moved_at, window_at, calls, failures = max(weight - STEP, LEAST), now, now, 0, 0
    elif not failures and weight < FULL and now - moved_at >= RECOVERY:
        weight, moved_at = min(weight + STEP, FULL), now
    return Record(weight=weight, calls=calls, failures=failures, window_at=window_at, moved_at=moved_at)
