"""What people do with messages at a command or a page: look, write to one customer, send to many, mend.

A shop is named by its slug; `PLATFORM_NAME` names the platform's own messages to operators. Answers are JSON. A number
or an address is shown by its end alone: who may look at messages need not learn whom a shop knows.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from zargar import names
from zargar.customers import operations as customers
from zargar.ledger import store as ledger
from zargar.ledger.values import Work
from zargar.names import Family, Queue
from zargar.notifications import declined, message_store, operations, policy_store, rates, texts, ways, wiring
from zargar.notifications.audiences.reach import best
from zargar.notifications.audiences.telling import Shop, tokens_of
from zargar.notifications.kinds import SPECS, Kind
from zargar.notifications.manners import Policy
from zargar.notifications.models import JournalEntry
from zargar.notifications.outbox import State
from zargar.notifications.rows import PLATFORM
from zargar.notifications.template_operations import Preview, preview
from zargar.notifications.values import Channel, Draft
from zargar.outcomes import JSON, Summary
from zargar.refusals import InvalidError, NotFoundError
from zargar.shops import operations as shops
from zargar.tenancy import in_tenant

PLATFORM_NAME: Final = "platform"
_SHOWN: Final = 4
"""Characters of a recipient that are shown."""


class NoSuchMessageError(NotFoundError):
    """There is no such message; `zargar notify list` shows them."""


class NoWayError(InvalidError):
    """No way leads to the customer that the shop uses and they agreed to; give a consent, or an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One message that a person writes to one customer; `event` names it, so that doing it twice sends once."""

    customer_id: int
    kind: Kind
    values: Mapping[str, str]
    event: str
    channel: Channel | None = None
    good_for: timedelta = timedelta(hours=24)


@contextmanager
def entered(name: str) -> Iterator[Shop]:
    """Be in a shop, or in the shared schema for the platform. Raises `NoSuchShopError`, and as `in_tenant`."""
    if name == PLATFORM_NAME:
        yield Shop(PLATFORM, PLATFORM_NAME, Policy())
        return
    with entered_by_id(shops.named(name).id) as shop:
        yield shop


@contextmanager
def entered_by_id(shop_id: int) -> Iterator[Shop]:
    """Be in a shop by its id. Raises as `in_tenant`."""
    with in_tenant(shop_id) as shop:
        yield Shop(shop.id, shop.name, policy_store.current())


def number_of(name: str) -> int:
    """Return the id that a shop's messages are kept under, 0 for the platform. Raises `NoSuchShopError`."""
    return PLATFORM if name == PLATFORM_NAME else shops.named(name).id


def listed(*, shop: str, state: State | None = None, kind: Kind | None = None, limit: int = 50) -> Summary:
    """Return the newest messages of a shop, and how many there are by state."""
    with entered(shop) as here:
        rows = message_store.listed(here.id, state=state, kind=kind, limit=limit)
        counts: dict[str, JSON] = {**message_store.counts(here.id)}
    return {"shop": shop, "counts": counts, "messages": [_brief(row) for row in rows]}


def of_customer(*, shop: str, customer_id: int, limit: int = 50) -> list[Summary]:
    """Return the newest messages to one customer."""
    with entered(shop) as here:
        return [_brief(row) for row in message_store.of_customer(here.id, customer_id, limit=limit)]


def shown(*, shop: str, message_id: int) -> Summary:
    """Return one message with every attempt at it. Raises `NoSuchMessageError`."""
    with entered(shop) as here:
        row = message_store.found(here.id, message_id)
        if row is None:
            message = f"{shop} has no message {message_id}"
            raise NoSuchMessageError(message)
        attempts = message_store.attempts(here.id, message_id)
    return {
        **_brief(row),
        "template": row.template, "purpose": row.purpose, "attempts": row.attempts, "losses": row.losses,
        "expires_at": _iso(row.expires_at), "provider_id": row.provider_id, "cost_rial": row.cost, "parts": row.parts,
        "customer": row.customer_id, "tried": [_attempt(one) for one in attempts],
    }  # fmt: skip


def send(*, shop: str, note: Note, run: UUID, now: datetime) -> Summary:
    """Queue a message to one customer and have it sent at once by a run of this id; return its number.

    Raises `NoSuchCustomerError`, `NoWayError`, `MissingValuesError`, `InvalidError` for values that the kind has not.
    """
    spec = SPECS[note.kind]
    if not spec.to_customers or set(note.values) - spec.names:
        message = f"{note.kind} is not written to customers, or has no {sorted(set(note.values) - spec.names)}"
        raise InvalidError(message)
    with entered(shop) as here:
        draft = _draft(here, note, now)
        with transaction.atomic():
            done = operations.enqueue([draft], now=now)
            ids = message_store.ids_of(here.id, draft.event_key)
            if done.queued:
                ledger.open_runs([_work(here.id, ids[0], run)], ring_in=timedelta())
    return {"messages": [*ids], "queued": done.queued, "known": done.known, "channel": draft.channel.value}


def part_of(*, shop: str) -> int:
    """Return how many units each of several parts of a Persian text holds on the shop's lines, on the shortest."""
    return rates.of_shop(number_of(shop)).part


def look(*, shop: str, kind: Kind, channel: Channel, values: Mapping[str, str] | None = None) -> Preview:
    """Return what the shop's current template of a kind makes of values, or of real ones, or of samples."""
    with entered(shop) as here:
        return preview(texts.current(here.id, [kind], channel)[kind], values)


def _draft(here: Shop, note: Note, now: datetime) -> Draft:
    person = declined.people(here.id, [note.customer_id], key=wiring.recipients_key()).get(note.customer_id)
    if person is None:
        message = f"the shop has no customer {note.customer_id}"
        raise customers.NoSuchCustomerError(message)
    purpose = SPECS[note.kind].purpose
    channels = (note.channel,) if note.channel else ways.working_first(here.id, here.policy.channels)
    address = best(person, purpose, channels=channels, devices=tokens_of([person.id], channels))
    if address is None:
        raise NoWayError(NoWayError.__doc__)
    return Draft(
        kind=note.kind, event_key=f"single:{note.event}", to=address.to, channel=address.channel, purpose=purpose,
        values={**note.values, "shop": here.name, "name": person.full_name}, due_at=now,
        expires_at=now + note.good_for, customer_id=person.id,
    )  # fmt: skip


def _work(shop_id: int, message_id: int, run: UUID) -> Work:
    return Work(
        id=run, task=names.SEND_SINGLE_NOTIFICATION, family=Family.NOTIFICATIONS, queue=Queue.REALTIME,
        origin="desk", kwargs={"shop_id": shop_id, "message_id": message_id},
    )  # fmt: skip


def masked(to: str) -> str:
    """Return the end of a number or address: enough to recognise, too little to use."""
    return f"…{to[-_SHOWN:]}"


def _brief(row: message_store.Row) -> Summary:
    return {
        "id": row.pk, "kind": row.kind, "event": row.event_key, "to": masked(row.to), "channel": row.channel,
        "state": row.state, "why": row.why, "due_at": _iso(row.due_at), "sent_at": _iso(row.sent_at),
        "account": row.account, "delivery": row.delivery,
    }  # fmt: skip


def _attempt(entry: JournalEntry) -> Summary:
    return {
        "reference": str(entry.reference), "account": entry.account, "state": entry.state, "calls": entry.tries,
        "tried_at": _iso(entry.tried_at), "answered_at": _iso(entry.answered_at), "provider_id": entry.provider_id,
        "cost_rial": entry.cost, "why": entry.why, "delivery": entry.delivery, "delivered_at": _iso(entry.delivered_at),
    }  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def read_values(values: Sequence[str]) -> Mapping[str, str]:
    """Read `name=value` pairs as a person types them. Raises `InvalidError` for one without a name."""
    found: dict[str, str] = {}
    for one in values:
        name, sign, value = one.partition("=")
        if not sign or not name.strip():
            message = f"a value is written NAME=VALUE, as text=…; got {one!r}"
            raise InvalidError(message)
        found[name.strip()] = value
    return found
