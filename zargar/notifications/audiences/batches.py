"""One message for many customers of the shop that is entered: who is meant, a page at a time, and what each is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from zargar.customers import operations as customers
from zargar.customers.people import Person
from zargar.gold_installments import operations as contracts
from zargar.notifications import declined, ways, wiring
from zargar.notifications.audiences.reach import best
from zargar.notifications.audiences.telling import PAGE, Shop, tokens_of
from zargar.notifications.kinds import SPECS, Kind
from zargar.notifications.shop.models import Audience
from zargar.notifications.values import Channel, Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is sent: the kind, its values without the names of shop and customer, the event, until when it is good."""

    kind: Kind
    values: Mapping[str, str]
    event_key: str
    expires_at: datetime
    shop: Shop
    channels: Sequence[Channel]
    """The ways, the preferred one first; those that no account carries are passed over."""
    templates: Mapping[str, str] = field(default_factory=dict)
    """The version by channel that each is written by; without one the version that counts when it is queued."""


@dataclass(frozen=True, slots=True)
class Page:
    """The next customers, and how to go on: `last` is None after the last page."""

    people: Mapping[int, Person]
    """With what they agreed to, and declined nowhere."""
    last: int | None


def page_of(audience: Audience, *, shop_id: int, after: int) -> Page:
    """Return the next page of an audience, whether or not they agreed to anything; 0 to begin."""
    who = customers.ids_after(after=after, at_most=PAGE)
    meant = who
    if audience is not Audience.EVERYBODY:
        meant = sorted(contracts.with_contracts(customers=who, settled=audience is Audience.SETTLED))
    return Page(declined.people(shop_id, meant, key=wiring.recipients_key()), who[-1] if len(who) == PAGE else None)


def drafts(batch: Batch, people: Mapping[int, Person], *, now: datetime) -> Sequence[Draft]:
    """Return one message for each of those to whom a way leads that they agreed to."""
    purpose = SPECS[batch.kind].purpose
    channels = ways.carried(batch.shop.id, batch.channels)
    devices = tokens_of(list(people), channels)
    found: list[Draft] = []
    for person in people.values():
        address = best(person, purpose, channels=channels, devices=devices)
        if address is not None:
            found.append(
                Draft(
                    kind=batch.kind, event_key=batch.event_key, to=address.to, channel=address.channel,
                    purpose=purpose, values={**batch.values, "shop": batch.shop.name, "name": person.full_name},
                    due_at=now, expires_at=batch.expires_at, customer_id=person.id,
                    template=batch.templates.get(address.channel, ""),
                )
            )  # fmt: skip
    return found
