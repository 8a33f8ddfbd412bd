"""The inbox: messages that lie in the shop's own database until their reader comes. `ZARGAR_PROVIDERS="own=inbox"`.

The one channel that needs nobody in between, which in Iran is the one push that surely arrives. It puts a row where
`Outgoing.to` is a customer's number, under the attempt's reference, which is unique: handing over again changes
nothing, and after a crash the rows say what has arrived. It works in the shop that is entered; the platform has no
inbox.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from zargar.notifications import inbox_store
from zargar.notifications.accounts import Account
from zargar.notifications.templates.orthography import one_line
from zargar.notifications.values import (
    Accepted,
    Channel,
    Delivery,
    Inbound,
    Limits,
    Outgoing,
    Receipt,
    Refusal,
    Refused,
    Verdict,
)
from zargar.tenancy import entered_shop

_ID: Final = "inbox:"
_LONGEST_TITLE: Final = 300
_DIGITS_OF_BIGINT: Final = 18


class Inboxes:
    """The inboxes of the shop that is entered; see `zargar.notifications.ports.Provider` for what it guarantees."""

    channel: Final = Channel.INBOX
    limits: Final = Limits(most=500, can_be_asked=True, most_ids=500)

    def __init__(self, *, name: str) -> None:
        self.name = name

    @classmethod
    def of(cls, account: Account) -> "Inboxes":
        """Return the provider of an account."""
        return cls(name=account.name)

    def __repr__(self) -> str:
        """Name the account."""
        return f"Inboxes({self.name!r})"

    def send(self, messages: Sequence[Outgoing]) -> list[Verdict]:
        """Put at most `limits.most` messages into their inboxes, in one statement."""
        if len(messages) > self.limits.most:
            message = f"{len(messages)} messages in one call, {self.limits.most} at most"
            raise ValueError(message)
        faults = [_fault(one) for one in messages]
        sound = [
            (one.reference, int(one.to), one_line(one.subject)[:_LONGEST_TITLE], one.text)
            for one, fault in zip(messages, faults, strict=True)
            if fault is None
        ]
        found = inbox_store.put(sound) if sound else {}
        return [fault or _verdict(one, found) for one, fault in zip(messages, faults, strict=True)]

    def look_up(self, references: Sequence[int]) -> Mapping[int, Accepted | None]:
        """Say which lie in an inbox."""
        found = inbox_store.lying(references)
        return {one: Accepted(one, _ID + str(one), cost=0) if one in found else None for one in references}

    def receipts(self, provider_ids: Sequence[str]) -> Sequence[Receipt]:
        """Say that what was put is delivered: it lies where its reader looks."""
        return [Receipt(one, Delivery.DELIVERED) for one in provider_ids if one.startswith(_ID)]

    def inbound(self) -> Sequence[Inbound]:
        """Read nothing: nobody answers here."""
        return ()

    def credit(self) -> int | None:
        """Return None: it costs nothing."""
        return None


def _fault(message: Outgoing) -> Refused | None:
    if entered_shop() is None:
        return Refused(message.reference, Refusal.SENDER, "platform", "there are inboxes in shops alone")
    if not (message.to.isascii() and message.to.isdigit() and len(message.to) <= _DIGITS_OF_BIGINT):
        return Refused(message.reference, Refusal.RECIPIENT, "customer", "this is no customer's number")
    if not message.text.strip() or "\x00" in message.text + message.subject:
        return Refused(message.reference, Refusal.CONTENT, "empty", "a message needs a text that can be read")
    return None


def _verdict(message: Outgoing, found: Mapping[int, int]) -> Verdict:
    if message.reference in found:
        return Accepted(message.reference, _ID + str(message.reference), cost=0)
    return Refused(message.reference, Refusal.RECIPIENT, "customer", "there is no such customer any more")
