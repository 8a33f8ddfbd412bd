"""What a mail company tells by its webhook, as anymail reads it, in the words of messaging. Pure.

A "delivered" is what the recipient's server said, not what a person saw. A complaint (the button "spam") is a delivery
that must never be repeated, of whatever kind the letter was: whoever goes on writing to complainers is soon delivered
to nobody. Who unsubscribes at the company declines promotion, as by our own link.

An address is dead where the company says that trying again is of no use; anymail's "bounced" alone does not say so
(Brevo and Postmark tell soft bounces by it), so the company's own word is read: Postal's status `HardFail` or a bounce
message, Postmark's `HardBounce` and `BadEmailAddress`, Brevo's `hard_bounce` and `invalid_email`, Resend's `Permanent`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Protocol

from anymail.signals import EventType  # type: ignore[import-untyped]  # ships no types

from zargar.notifications.values import Delivery, Purpose, Receipt


class Event(Protocol):
    """What is read of anymail's `AnymailTrackingEvent`."""

    event_type: str
    message_id: object
    timestamp: object
    esp_event: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one event says of one message, by the company's id; `at` is the company's time, aware, where it gives one.

    `declines` is what the recipient is not written to any more, and `why` in words of ours.
    """

    provider_id: str
    at: datetime | None
    state: Delivery | None = None
    declines: frozenset[Purpose] = frozenset()
    why: str = ""

    @property
    def receipt(self) -> Receipt | None:
        """The receipt in it."""
        return Receipt(self.provider_id, self.state, self.at) if self.state else None


COMPLAINED: Final = "شکایت در صندوق ایمیل"
UNSUBSCRIBED: Final = "لغو نزد شرکت ایمیل"
DEAD: Final = "این نشانی ایمیل نمی‌گیرد"

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
_BOTH: Final = frozenset(Purpose)


def told(event: Event, *, company: str) -> Told | None:
    """Return what an event says; None: nothing that is kept (opened, clicked), or of no message.

    `company` is anymail's name of it, in any letters.
    """
    identity = str(event.message_id or "")
    declines, why = _declines(event, company.lower())
    state = _STATES.get(event.event_type)
    if not identity or (state is None and not declines):
        return None
    at = event.timestamp if isinstance(event.timestamp, datetime) and event.timestamp.tzinfo else None
    return Told(provider_id=identity, at=at, state=state, declines=declines, why=why)


def _declines(event: Event, company: str) -> tuple[frozenset[Purpose], str]:
    if event.event_type == EventType.COMPLAINED:
        return _BOTH, COMPLAINED
    if _is_dead(event.esp_event, company):
        return _BOTH, DEAD
    if event.event_type == EventType.UNSUBSCRIBED:
        return frozenset({Purpose.PROMOTION}), UNSUBSCRIBED
    return frozenset(), ""


def _is_dead(said: object, company: str) -> bool:
    reader = _DEAD.get(company)
    return reader is not None and isinstance(said, Mapping) and reader(said)


def _within(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, Mapping) else {}


def _postal(said: Mapping[str, Any]) -> bool:
    payload = _within(said, "payload")
    return payload.get("status") == "HardFail" or "bounce" in payload


def _postmark(said: Mapping[str, Any]) -> bool:
    hard = {"HardBounce", "BadEmailAddress"}
    return said.get("Type") in hard or (said.get("SuppressSending") is True and said.get("SuppressionReason") in hard)


def _brevo(said: Mapping[str, Any]) -> bool:
    return said.get("event") in {"hard_bounce", "invalid_email"}


def _resend(said: Mapping[str, Any]) -> bool:
    return _within(_within(said, "data"), "bounce").get("type") == "Permanent"


_DEAD: Final[Mapping[str, Callable[[Mapping[str, Any]], bool]]] = MappingProxyType({
    "postal": _postal, "postmark": _postmark, "brevo": _brevo, "resend": _resend,
})  # fmt: skip
