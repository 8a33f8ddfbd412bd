"""What a shop has decided about its messages, as plain values, with what holds where it has decided nothing. Pure.

Days are whole days, hours Tehran's. `policy_store.current()` reads the shop's row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from typing import Final

from zargar.calendars.anniversaries import Missing
from zargar.notifications.decency import PROMOTION_HOURS, Quiet, Rules, Window
from zargar.notifications.kinds import Tone
from zargar.notifications.values import Channel, Purpose


class Ambiguous(StrEnum):
    """What is done with a message of which nobody can tell whether it left. The words are stored."""

    LEAVE = "leave"
    """It stays as it is: rather not told than told twice."""
    ASK = "ask"
    """A person says whether it is sent again."""
    RESEND = "resend"
    """It is sent again: rather told twice than not told."""


DEFAULT_CHANNELS: Final = (Channel.SMS, Channel.PUSH, Channel.EMAIL, Channel.INBOX)
"""A text reaches everybody in Iran; push is unreliable there."""
DEFAULT_STAGES: Final = (1, 7, 15, 30)
"""Days late at which an instalment is reminded of, each once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A shop's decisions. The defaults are those of a shop that never decided anything."""

    tone: Tone = Tone.WARM
    ambiguous: Ambiguous = Ambiguous.ASK
    leap_birthdays: Missing = Missing.BACKWARD
    """What becomes of a birthday on 30 Esfand in a year without one."""
    promotion_hours: Window = PROMOTION_HOURS
    quiet: Quiet | None = None
    """The quiet hours of customers who named none of their own."""
    promotion_cap: int = 3
    promotion_cap_days: int = 7
    digest: bool = True
    """Whether several reminders of one customer are told in one message."""
    first_days_of_muharram: bool = False
    """Whether promotion rests from 1 to 12 Muharram, and not on 9 and 10 alone."""
    remind_days_before: int = 3
    """How many days before it is due an instalment is reminded of; 0: not beforehand."""
    overdue_stages: tuple[int, ...] = DEFAULT_STAGES
    channels: tuple[Channel, ...] = DEFAULT_CHANNELS
    """By which ways customers are written to about their own business, the first that reaches them."""

    @property
    def cap_period(self) -> timedelta:
        """How far back promotions are counted for the cap."""
        return timedelta(days=self.promotion_cap_days)

    def rules(self, *, mourning: frozenset[date]) -> Rules:
        """Return the manners that the shop's messages are judged by."""
        windows: Mapping[Purpose, Window] = {Purpose.PROMOTION: self.promotion_hours}
        return Rules(windows=windows, mourning=mourning, cap=self.promotion_cap)


def hours(opens: time | None, closes: time | None) -> Window | None:
    """Return the hours between two stored ends; None where none are stored."""
    return None if opens is None or closes is None else Window(opens, closes)
