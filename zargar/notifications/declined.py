"""What customers declined, by the shop's consents and by the platform's list of opt-outs at once.

The list outlives every restore, so it knows a customer by what the shop cannot give out anew as it does its numbers: by
the mobile number, and for e-mail by the address. Push and inbox are the customer's own, whatever device they have
today, and go by the mobile number too.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from zargar.customers import operations as customers
from zargar.customers.people import Person
from zargar.notifications import optout_store, recipients
from zargar.notifications.values import Channel, Purpose


def known_by(person: Person, channel: Channel) -> str:
    """Return by what the shared list knows a customer on a channel; "" where it cannot know them."""
    return person.email if channel is Channel.EMAIL else person.mobile


def names(people: Iterable[Person], *, key: bytes) -> set[bytes]:
    """Return every digest under which the shared list may have these customers."""
    return {digest for person in people for _, digest in _digests(person, key)}


def heeding(person: Person, refused: Collection[tuple[bytes, Channel, Purpose]], *, key: bytes) -> Person:
    """Return a customer who agrees to nothing that the shared list has as declined."""
    ways = {
        (channel.value, purpose.value)
        for channel, digest in _digests(person, key)
        for purpose in Purpose
        if (digest, channel, purpose) in refused
    }
    return replace(person, given=person.given - ways, declined=person.declined | ways) if ways else person


def people(shop_id: int, ids: Collection[int], *, key: bytes) -> Mapping[int, Person]:
    """Return customers of the shop that is entered by id, with what they agreed to and did not decline anywhere.

    Those that are gone are left out. Three statements.
    """
    found = customers.people(ids=ids)
    refused = optout_store.opted_out(shop_id, names(found.values(), key=key)) if found else frozenset()
    return {identity: heeding(person, refused, key=key) for identity, person in found.items()}


def _digests(person: Person, key: bytes) -> Iterator[tuple[Channel, bytes]]:
    for channel in Channel:
        if to := known_by(person, channel):
            yield channel, recipients.digest(key, to)
