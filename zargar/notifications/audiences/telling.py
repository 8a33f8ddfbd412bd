"""Making messages of reminders, in the shop that is entered: each event once, each by the best way. No clock.

Note [An event is told in the transaction that queues it]
---------------------------------------------------------
`told_store` says which of the events are new, in the shared schema, and `enqueue` writes the messages in the shop's.
Both commit together or not at all. So a run that was cut short has told whole pages, the next one finds them told and
goes on, and a shop that was put back from a backup tells nothing again. The outbox's own uniqueness would not do: two
reminders that left in one digest would leave again beside a third one tomorrow.

An event whose message outlived its day without leaving (no credit, paused, buried) has told nobody. Nothing has to be
written for it when that happens: `told_store.tell` sees what became of the message, and the event is told again while
it is due.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from zargar.notifications import declined, operations, reach_store, told_store, ways, wiring
from zargar.notifications.audiences.reach import best
from zargar.notifications.audiences.reminders import Reminder, Told, drafts, told_in
from zargar.notifications.kinds import SPECS
from zargar.notifications.manners import Policy
from zargar.notifications.values import Channel

PAGE: Final = 500
"""Customers of one transaction."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What came of the reminders of a shop. `unreached`: no way is open, or none is agreed to."""

    found: int = 0
    unreached: int = 0
    told_before: int = 0
    queued: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Add up two pages or shops."""
        return Counts(
            self.found + other.found, self.unreached + other.unreached,
            self.told_before + other.told_before, self.queued + other.queued,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop that is entered, as its messages name it, and what it has decided."""

    id: int
    name: str
    policy: Policy


def tell(reminders: Iterable[Reminder], *, shop: Shop, now: datetime) -> Counts:
    """Queue the reminders of one page that were not told yet. One transaction, a fixed number of statements."""
    found = list(reminders)
    if not found:
        return Counts()
    with transaction.atomic():
        reached = _reached(found, shop)
        new = told_store.tell(shop.id, [one.reminder.event_key for one in reached], now=now)
        fresh = [one for one in reached if one.reminder.event_key in new]
        messages = list(drafts(fresh, shop=shop.name, digest=shop.policy.digest, now=now))
        told_store.told_in(shop.id, told_in(fresh, digest=shop.policy.digest, now=now))
        done = operations.enqueue(messages, now=now) if messages else None
    return Counts(
        found=len(found),
        unreached=len(found) - len(reached),
        told_before=len(reached) - len(fresh),
        queued=done.queued if done else 0,
    )


def _reached(found: Sequence[Reminder], shop: Shop) -> list[Told]:
    """Return those whom a way leads to. An event that nobody could be told is not told: consent may still come."""
    who = sorted({one.customer_id for one in found})
    people = declined.people(shop.id, who, key=wiring.recipients_key())
    channels = ways.working_first(shop.id, shop.policy.channels)
    tokens = tokens_of(who, channels)
    reached: list[Told] = []
    for one in found:
        person = people.get(one.customer_id)
        if person is None:
            continue
        address = best(person, SPECS[one.kind].purpose, channels=channels, devices=tokens)
        if address is not None:
            reached.append(Told(one, person, address))
    return reached


def tokens_of(who: Sequence[int], channels: Sequence[Channel]) -> Mapping[int, Sequence[str]]:
    """Return the devices of customers, asked for only where the shop sends to devices at all."""
    return reach_store.tokens(who) if Channel.PUSH in channels else {}
