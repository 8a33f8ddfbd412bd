"""What goes around a written message on its way out: the shop's name on a letter, the address by which one leaves."""

from collections.abc import Sequence
from typing import Final

from zargar.notifications import device_store, unsubscribe
from zargar.notifications.channels.push import fcm, webpush
from zargar.notifications.rows import PLATFORM, Claimed
from zargar.notifications.templates.sources import Rendered
from zargar.notifications.unsubscribe import Leaving
from zargar.notifications.values import Channel, Outgoing, Purpose, Refusal, Refused, Verdict

_GONE: Final = webpush.GONE | fcm.GONE


def outgoing(message: Claimed, rendered: Rendered, *, shop_id: int, recipient: bytes, public_url: str) -> Outgoing:
    """Return a message as a provider is given it. `recipient` is its digest; `public_url` "" leaves the link out."""
    letter = message.channel is Channel.EMAIL
    promotes = letter and message.purpose is Purpose.PROMOTION
    leaving = Leaving(shop_id, message.channel, recipient)
    return Outgoing(
        reference=message.reference,
        to=message.to,
        text=rendered.text,
        subject=rendered.subject,
        html=rendered.html,
        sender=message.values.get("shop", "") if letter else "",
        unsubscribe=unsubscribe.address(leaving, base=public_url) if promotes else "",
    )


def forget_gone(shop_id: int, channel: Channel, messages: Sequence[Claimed], verdicts: Sequence[Verdict]) -> int:
    """Remove the devices that their push service says are gone for ever; return how many there were.

    What we refuse ourselves removes none: a host that the configuration lost would take every browser with it.
    """
    if channel is not Channel.PUSH or shop_id == PLATFORM:
        return 0
    gone = [
        message.to
        for message, verdict in zip(messages, verdicts, strict=True)
        if isinstance(verdict, Refused) and verdict.why is Refusal.RECIPIENT and verdict.code in _GONE
    ]
    return device_store.forget(gone)
