"""What there is to tell a customer, before it is a message, and how it becomes one. Pure.

A reminder is an event with a name of its own: whoever finds the same event again, in a second run or tomorrow, finds
the same name, and it is told once. Its message is named by the day, too: one that could not leave on its day stays what
it is, and another one tells the event tomorrow. Where a shop wishes it, several reminders of one customer that leave
together are told in one message (kind `digest`), at most `MOST_LINES` of them in full.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from zargar.clock import TEHRAN
from zargar.customers.people import Person
from zargar.notifications.audiences.reach import Address
from zargar.notifications.kinds import SPECS, Kind
from zargar.notifications.values import Draft
from zargar.persian import number

MOST_LINES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One event to tell one customer. `values` lack the names of shop and customer; `line` tells it in a digest."""

    event_key: str
    kind: Kind
    customer_id: int
    values: Mapping[str, str]
    line: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A reminder with whom it is for and the way to them."""

    reminder: Reminder
    person: Person
    address: Address


def drafts(found: Sequence[Told], *, shop: str, digest: bool, now: datetime) -> Iterator[Draft]:
    """Yield the messages that tell these reminders; with `digest` one for each customer and way."""
    for several in _grouped(found, digest=digest):
        yield _alone(several[0], shop, now) if len(several) == 1 else _together(several, shop, now)


def told_in(found: Sequence[Told], *, digest: bool, now: datetime) -> Mapping[str, str]:
    """Return by the name of each event the name of the message that `drafts` tells it in."""
    return {
        one.reminder.event_key: _name(several, now) for several in _grouped(found, digest=digest) for one in several
    }  # fmt: skip


def end_of_day(day: date) -> datetime:
    """Return the midnight that ends a day of Tehran, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(0), TEHRAN).astimezone(UTC)


def _grouped(found: Sequence[Told], *, digest: bool) -> Iterable[Sequence[Told]]:
    if not digest:
        return [[one] for one in found]
    together: dict[tuple[int, Address], list[Told]] = defaultdict(list)
    for one in found:
        together[one.person.id, one.address].append(one)
    return together.values()


def _name(several: Sequence[Told], now: datetime) -> str:
    """Name a message by what it tells and the day, so that the same reminders together are the same message."""
    today = now.astimezone(TEHRAN).date().isoformat()
    if len(several) == 1:
        return f"{several[0].reminder.event_key}@{today}"
    keys = "\n".join(sorted(one.reminder.event_key for one in several))
    return f"digest:{several[0].person.id}:{hashlib.sha256(keys.encode()).hexdigest()[:32]}@{today}"


def _alone(one: Told, shop: str, now: datetime) -> Draft:
    values = {**one.reminder.values, "shop": shop, "name": one.person.full_name}
    return _draft(one, one.reminder.kind, _name([one], now), values, one.reminder.expires_at, now)


def _together(several: Sequence[Told], shop: str, now: datetime) -> Draft:
    lines = [one.reminder.line for one in several[:MOST_LINES]]
    if rest := len(several) - MOST_LINES:
        lines += [f"و {number(rest)} یادآوری دیگر"] if rest > 0 else []
    lines += _price(several[:MOST_LINES])
    values = {
        "shop": shop, "name": several[0].person.full_name, "count": number(len(several)), "items": "\n".join(lines),
    }  # fmt: skip
    expires_at = min(one.reminder.expires_at for one in several)
    return _draft(several[0], Kind.DIGEST, _name(several, now), values, expires_at, now)


def _price(shown: Sequence[Told]) -> list[str]:
    """Say once for all lines of a digest how old the gold price is by which their grams were counted."""
    ages = [age for one in shown if (age := one.reminder.values.get("price_age"))]
    return [f"گرم طلای ۱۸ عیار به قیمت {ages[0]}"] if ages else []


def _draft(  # noqa: PLR0917 -- one for each part of a message
    one: Told, kind: Kind, event_key: str, values: Mapping[str, str], expires_at: datetime, now: datetime
) -> Draft:
    return Draft(
        kind=kind, event_key=event_key, to=one.address.to, channel=one.address.channel, purpose=SPECS[kind].purpose,
        values=values, due_at=now, expires_at=expires_at, customer_id=one.person.id,
    )  # fmt: skip
