"""By which way a customer is written to: the first of the shop's ways that reaches them and that they allow. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zargar.customers.people import Person
from zargar.notifications.values import Channel, Purpose


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes: E.164, an e-mail address, a device's token, or the id of the customer whose inbox it is."""

    channel: Channel
    to: str = field(repr=False)


def best(
    person: Person, purpose: Purpose, *, channels: Sequence[Channel], devices: Mapping[int, Sequence[str]]
) -> Address | None:
    """Return the best way to a customer, None where there is none.

    Their own business needs no consent, but is not sent by a way that they took back for it; promotion goes only where
    a consent stands. `devices` holds the tokens by customer, the newest first.
    """
    for channel in channels:
        way = (channel.value, purpose.value)
        allowed = way in person.given if purpose is Purpose.PROMOTION else way not in person.declined
        if allowed and (to := _address(person, channel, devices)):
            return Address(channel, to)
    return None


def _address(person: Person, channel: Channel, devices: Mapping[int, Sequence[str]]) -> str:
    match channel:
        case Channel.SMS:
            return person.mobile
        case Channel.EMAIL:
            return person.email
        case Channel.PUSH:
            return next(iter(devices.get(person.id, ())), "")
        case Channel.INBOX:
            return str(person.id)
