"""What messaging speaks of: plain values that the outbox, the channels and the audiences hand to each other. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias


class Channel(StrEnum):
    """A way to reach somebody; the values are those of `customers.models.Channel`."""

    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"
    INBOX = "inbox"


class Purpose(StrEnum):
    """Why somebody is written to: about their own business with the shop, or to sell."""

    TRANSACTIONAL = "transactional"
    PROMOTION = "promotion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message that a shop wants sent; `(event_key, to, channel)` names it for ever, and it is sent at most once.

    `kind` is the template's name, as `payment_reminder`; `values` are what it is filled with, already in the words
    people read. `to` is E.164, an address, or a device's token. `due_at` and `expires_at` are aware UTC; what has not
    left by `expires_at` is dropped, since a reminder of yesterday is noise.
    """

    kind: str
    event_key: str
    to: str
    channel: Channel
    purpose: Purpose
    values: Mapping[str, str]
    due_at: datetime
    expires_at: datetime | None = None
    customer_id: int | None = None
    digest_key: str = ""
    """Drafts of one recipient with the same non-empty key may be told in one message."""
    template: str = ""
    """The version of a template to write it by, in place of the current one: how one is tried before it counts."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text that the provider approved beforehand, by its code there, and what fills it, in order."""

    code: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message as a channel is given it. `reference` is our own number of the attempt, unique for ever (63 bits)."""

    reference: int
    to: str
    text: str
    subject: str = ""
    html: str = ""
    sender: str = ""
    pattern: Pattern | None = None
    unsubscribe: str = ""
    """An https address that takes the recipient off by one click; empty for what is not promotion."""
    extra: Mapping[str, str] = field(default_factory=dict)


class Refusal(StrEnum):
    """Why a provider did not take a message; each proves that nothing was sent."""

    BUSY = "busy"
    """It may pass: too many calls, maintenance, an operator that is down."""
    RECIPIENT = "recipient"
    """This number or address will never take it: wrong, blacklisted, gone."""
    CONTENT = "content"
    """This text will never be taken."""
    SENDER = "sender"
    """The line or the pattern is not set up."""
    ACCOUNT = "account"
    """Nothing leaves by this account until a person acts: credit, key, address, plan."""
    OURS = "ours"
    """We asked wrongly: a bug of the adapter."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it, under its own id; `cost` in Rial where it says so."""

    reference: int
    provider_id: str
    cost: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider answered that it did not take it, by its own `code`; `words` hold no number, key or text."""

    reference: int
    why: Refusal
    code: str
    words: str
    retry_after: timedelta | None = None
    tried: bool = True
    """Whether the provider was asked at all: False for what was not handed over, since a call before it failed."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether it left: the answer was lost, cut, or made no sense."""

    reference: int
    words: str


Verdict: TypeAlias = Accepted | Refused | Unknown


class Delivery(StrEnum):
    """What became of a message that a provider took (the canonical set of `reference/notifications.md`, 1.4)."""

    QUEUED = "queued"
    AT_OPERATOR = "at_operator"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    BLACKLISTED = "blacklisted"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider says of one message, by its id; `at` is the provider's own time where it gives one."""

    provider_id: str
    state: Delivery
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """What somebody wrote to a line of ours; `sender` is E.164, `id` the provider's, by which it is read once."""

    id: str
    sender: str
    line: str
    text: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a provider takes in one call."""

    most: int
    """Messages in one call of `send`; the caller never hands in more."""
    can_be_asked: bool
    """Whether `look_up` tells, for some hours, which references have arrived. Never those of a message by a pattern:
    what it says of them, None included, means nothing."""
    asked_within: timedelta | None = None
    """How long after the call `look_up` can be believed."""
    most_ids: int = 100
    """References or ids in one call of `look_up` and `receipts`."""
    longest: timedelta = timedelta(seconds=90)
    """How long one call of `send` goes on at most, whatever it meets."""
