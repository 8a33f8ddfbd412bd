"""What a mail company tells by its webhook, as anymail reads it, in the words of receipts. Pure.

A "delivered" is what the recipient's server said, not what a person saw. A complaint (the button "spam") is a delivery
that must never be repeated: `declined` tells of it, so that the caller keeps it as an opt-out.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol

from anymail.signals import EventType  # type: ignore[import-untyped]  # ships no types

from zargar.notifications.values import Delivery, Receipt


class Event(Protocol):
    """What is read of anymail's `AnymailTrackingEvent`."""

    event_type: str
    message_id: object
    timestamp: object
    recipient: str | None


_STATES: Final[Mapping[str, Delivery]] = MappingProxyType({
    EventType.QUEUED: Delivery.QUEUED,
    EventType.SENT: Delivery.AT_OPERATOR,
    EventType.DEFERRED: Delivery.AT_OPERATOR,
    EventType.DELIVERED: Delivery.DELIVERED,
    EventType.BOUNCED: Delivery.UNDELIVERED,
    EventType.REJECTED: Delivery.BLACKLISTED,
    EventType.FAILED: Delivery.FAILED,
    EventType.COMPLAINED: Delivery.DELIVERED,
})  # fmt: skip


def receipts(events: Iterable[Event]) -> Sequence[Receipt]:
    """Return what events say of deliveries; other things (opened, clicked) are left out."""
    return [
        Receipt(
            str(one.message_id), _STATES[one.event_type], one.timestamp if isinstance(one.timestamp, datetime) else None
        )
        for one in events
        if one.event_type in _STATES and one.message_id
    ]


def declined(events: Iterable[Event]) -> frozenset[str]:
    """Return the addresses whose owners complained or unsubscribed at the company."""
    said = {EventType.COMPLAINED, EventType.UNSUBSCRIBED}
    return frozenset(one.recipient for one in events if one.event_type in said and one.recipient)
