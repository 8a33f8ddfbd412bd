"""Whether a message may leave now, must wait, or must not leave at all: the manners of messaging. Pure.

Hours and days are Tehran's, moments aware. The rules, in the order in which they are asked:

- What has outlived itself is dropped: a reminder of yesterday is noise.
- What its reader has declined, by this channel and for this purpose, is dropped. Promotion also needs a consent that
  stands; a message about the customer's own business needs none.
- Promotion beyond the cap waits until tomorrow, when it is counted anew.
- Promotion waits while its day is one of mourning, and is judged again each midnight: a decree can be lifted, a day
  moved. A message about the customer's own business never waits for it.
- Each purpose keeps to its window, if it has one: promotion from 09:00 to 21:00, which lies inside the hours of every
  operator and provider that was found (08-23, 09-21, 07-22), since what one of them drops it also charges.
- A customer's own quiet hours hold everything that makes a sound. What a customer must know and would not outlive
  those hours goes at once.

Days of mourning are handed in as far as they are known; a message is judged again whenever its wait ends.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from zargar.clock import TEHRAN
from zargar.notifications.values import Channel, Purpose

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The hours of [opens, closes) of each day in Tehran; one that closes before it opens passes midnight.

    Raises `ValueError` when they are equal: leave the window out where there is none.
    """

    opens: time
    closes: time

    def __post_init__(self) -> None:
        """Refuse hours that mean all day or none of it."""
        if self.opens == self.closes:
            message = "a window opens and closes at two different hours"
            raise ValueError(message)

    def holds(self, clock: time) -> bool:
        """Say whether it is open at an hour of Tehran."""
        if self.opens < self.closes:
            return self.opens <= clock < self.closes
        return clock >= self.opens or clock < self.closes


Quiet: TypeAlias = Window
"""A customer's hours in which nothing may make a sound: they begin at `opens` and end at `closes`."""

PROMOTION_HOURS: Final = Window(time(9), time(21))
DEFAULT_WINDOWS: Final[Mapping[Purpose, Window]] = MappingProxyType({Purpose.PROMOTION: PROMOTION_HOURS})
"""A purpose that is not in here may leave at any hour."""


class Why(StrEnum):
    """Why a message waits or is dropped. The words are stored."""

    EXPIRED = "expired"
    OPTED_OUT = "opted_out"
    NO_CONSENT = "no_consent"
    NO_HOUR = "no_hour"
    """The window lies within the customer's quiet hours: there is no such hour on any day."""
    CAP = "cap"
    MOURNING = "mourning"
    WINDOW = "window"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a message and of its reader."""

    purpose: Purpose
    channel: Channel
    consented: bool
    """Whether a consent stands for this channel and purpose."""
    opted_out: bool
    """Whether this purpose was declined by this channel; «لغو۱۱» to a line of promotion declines promotion alone."""
    quiet: Quiet | None = None
    promotions_lately: int = 0
    """How many promotions have reached the reader in the period of the cap."""
    expires_at: datetime | None = None
    """Aware; from this moment on it is dropped. None: it never is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The manners of a shop and of a line. Raises `ValueError` for a cap below one."""

    windows: Mapping[Purpose, Window] = field(default_factory=lambda: DEFAULT_WINDOWS)
    mourning: frozenset[date] = frozenset()
    """Days of Tehran, from today on as far as they are known."""
    cap: int
    """How many promotions one reader is sent at most in its period."""

    def __post_init__(self) -> None:
        """Refuse a cap that would hold everything for ever."""
        if self.cap < 1:
            message = "the cap of promotions is one or more: a shop that wants none sends none"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Send:
    """It may leave now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Judge it again at `until` (aware UTC, later than now)."""

    until: datetime
    why: Why


@dataclass(frozen=True, slots=True)
class Drop:
    """It will never leave."""

    why: Why


Decency: TypeAlias = Send | Wait | Drop


def decide(facts: Facts, *, now: datetime, rules: Rules) -> Decency:
    """Say what is to be done with a message at `now` (aware)."""
    if facts.expires_at is not None and facts.expires_at <= now:
        return Drop(Why.EXPIRED)
    if facts.opted_out:
        return Drop(Why.OPTED_OUT)
    if facts.purpose is Purpose.PROMOTION:
        return _promotion(facts, now=now, rules=rules)
    return _own_business(facts, now=now, rules=rules)


def _promotion(facts: Facts, *, now: datetime, rules: Rules) -> Decency:
    if not facts.consented:
        return Drop(Why.NO_CONSENT)
    hours = _hours(facts, rules)
    midnight = _midnight(_day(now) + _DAY)
    beyond = facts.promotions_lately >= rules.cap
    since = midnight if beyond else now
    free, until = _first(since, hours, frozenset()), _first(since, hours, rules.mourning)
    if free is None or until is None:
        return Drop(Why.NO_HOUR)
    if until == now:
        return Send()
    if until != free:  # only mourning is in the way, and that may be over before its last day
        return Wait(min(until, midnight), Why.CAP if beyond else Why.MOURNING)
    return Wait(until, Why.CAP if beyond else _reason(now, hours))


def _own_business(facts: Facts, *, now: datetime, rules: Rules) -> Decency:
    """A window that leaves no hour beside the quiet ones counts for nothing, and no hour outweighs the expiry."""
    hours = _hours(facts, rules)
    until = _first(now, hours, frozenset())
    if until is None:
        hours = _Hours(None, facts.quiet)
        until = _first(now, hours, frozenset())
    if until is None or until == now or (facts.expires_at is not None and until >= facts.expires_at):
        return Send()
    return Wait(until, _reason(now, hours))


@dataclass(frozen=True, slots=True)
class _Hours:
    window: Window | None
    quiet: Quiet | None

    def hold(self, clock: time) -> bool:
        """Say whether a message may leave at this hour."""
        return (self.window is None or self.window.holds(clock)) and not (self.quiet and self.quiet.holds(clock))

    def turns(self) -> tuple[time, ...]:
        """Return the hours at which it may begin to be allowed, in order; 00:00 ends a day of mourning."""
        turns = {time(0)}
        if self.window:
            turns.add(self.window.opens)
        if self.quiet:
            turns.add(self.quiet.closes)
        return tuple(sorted(turn for turn in turns if self.hold(turn)))


def _hours(facts: Facts, rules: Rules) -> _Hours:
    """What only lies in an inbox makes no sound, and so keeps no quiet hours."""
    return _Hours(rules.windows.get(facts.purpose), None if facts.channel is Channel.INBOX else facts.quiet)


def _first(since: datetime, hours: _Hours, mourning: frozenset[date]) -> datetime | None:
    """Return the first moment from `since` on that is allowed; None when no hour of any day is."""
    local = since.astimezone(TEHRAN)
    if local.date() not in mourning and hours.hold(local.time()):
        return since
    turns = hours.turns()
    if not turns:
        return None
    return next(moment for moment in _moments(local.date(), turns, mourning) if moment > since)


def _moments(first: date, turns: tuple[time, ...], mourning: frozenset[date]) -> Iterator[datetime]:
    """Yield the turns of `first` and the days after it, in UTC. The days of mourning are finite, so there is one."""
    day = first
    while True:
        if day not in mourning:
            for turn in turns:
                yield datetime.combine(day, turn, TEHRAN).astimezone(UTC)
        day += _DAY


def _reason(now: datetime, hours: _Hours) -> Why:
    local = now.astimezone(TEHRAN)
    if hours.window is not None and not hours.window.holds(local.time()):
        return Why.WINDOW
    return Why.QUIET


def _day(moment: datetime) -> date:
    return moment.astimezone(TEHRAN).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), TEHRAN).astimezone(UTC)
