"""What the console's page of messages shows: the accounts that carry them, and what the last day brought.

What was written to whom is the shops' own, and is shown in each shop's admin alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from zargar.calendars import operations as calendars
from zargar.clock import TEHRAN
from zargar.notifications import account_desk, desk
from zargar.notifications.account_desk import Day
from zargar.notifications.desk import PLATFORM_NAME
from zargar.outcomes import JSON, Summary

AHEAD: Final = timedelta(days=30)
"""How far ahead days of mourning are shown."""
LINES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePage:
    """One look at how messages leave, at `now` (aware UTC). `paused` says why none does ("": they do)."""

    now: datetime
    paused: str
    waiting: int
    accounts: Sequence[Summary]
    days: Sequence[Day]
    operators: Sequence[JSON]
    mourning: Sequence[date]


def page(*, now: datetime) -> MessagePage:
    """Read what the page shows."""
    today = now.astimezone(TEHRAN).date()
    told = desk.listed(shop=PLATFORM_NAME, limit=LINES)["messages"]
    return MessagePage(
        now=now,
        paused=account_desk.paused(),
        waiting=account_desk.waiting(now=now),
        accounts=account_desk.listed(now=now),
        days=account_desk.last_day(now=now),
        operators=told if isinstance(told, list) else [],
        mourning=sorted(calendars.mourning_days(since=today, until=today + AHEAD)),
    )
