"""One message for many customers of the shop that is entered: who is meant, a page at a time, and what each is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from zargar.customers import operations as customers
from zargar.customers.people import Person
from zargar.gold_installments import operations as contracts
from zargar.notifications.audiences.reach import best
from zargar.notifications.audiences.telling import PAGE, tokens_of
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
    shop: str
    channels: Sequence[Channel]
    """The ways, the preferred one first."""


@dataclass(frozen=True, slots=True)
class Page:
    """The next customers, and how to go on: `last` is None after the last page."""

    people: Mapping[int, Person]
    last: int | None


def page_of(audience: Audience, *, after: int) -> Page:
    """Return the next page of an audience, whether or not they agreed to anything; 0 to begin."""
    who = customers.ids_after(after=after, at_most=PAGE)
    meant = who
    if audience is not Audience.EVERYBODY:
        meant = sorted(contracts.with_contracts(customers=who, settled=audience is Audience.SETTLED))
    return Page(customers.people(ids=meant), who[-1] if len(who) == PAGE else None)


def drafts(batch: Batch, people: Mapping[int, Person], *, now: datetime) -> Sequence[Draft]:
    """Return one message for each of those to whom a way leads that they agreed to."""
    purpose = SPECS[batch.kind].purpose
    devices = tokens_of(list(people), batch.channels)
    found: list[Draft] = []
    for person in people.values():
        address = best(person, purpose, channels=batch.channels, devices=devices)
        if address is not None:
            found.append(
                Draft(
                    kind=batch.kind, event_key=batch.event_key, to=address.to, channel=address.channel,
                    purpose=purpose, values={**batch.values, "shop": batch.shop, "name": person.full_name},
                    due_at=now, expires_at=batch.expires_at, customer_id=person.id,
                )
            )  # fmt: skip
    return found
