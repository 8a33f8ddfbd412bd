"""The address by which whoever reads a promotion leaves, with one click, no sign-in and no question (RFC 8058).

The address holds the shop, the channel and the keyed digest of the recipient (never the recipient: addresses end up in
logs), signed with the deployment's SECRET_KEY so that nobody can take another one off. It does not expire: a letter is
read when it is read. What it writes is the shared list of opt-outs, which no restore of a shop rewinds.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core import signing

from zargar.notifications import optout_store
from zargar.notifications.recipients import DIGEST_BYTES
from zargar.notifications.values import Channel, Purpose
from zargar.refusals import NotFoundError

PATH: Final = "/leave/"
"""Where the web process answers; the token follows."""
SOURCE: Final = "یک کلیک"
_SALT: Final = "zargar.notifications.unsubscribe"


class BadLeavingLinkError(NotFoundError):
    """The address by which somebody wanted to leave was cut or changed on its way, or is not one of ours."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """Who leaves what: a shop, a channel, and the digest of a recipient."""

    shop_id: int
    channel: Channel
    recipient: bytes


def address(leaving: Leaving, *, base: str) -> str:
    """Return the address for a message; empty where `base` is: nobody could reach it."""
    if not base:
        return ""
    held = [leaving.shop_id, leaving.channel.value, leaving.recipient.hex()]
    return f"{base.rstrip('/')}{PATH}{signing.dumps(held, salt=_SALT)}"


def read(token: str) -> Leaving:
    """Return what a token stands for. Raises `BadLeavingLinkError`."""
    try:
        shop_id, channel, digest = signing.loads(token, salt=_SALT)
        found = Leaving(int(shop_id), Channel(channel), bytes.fromhex(digest))
    except (signing.BadSignature, ValueError, TypeError):
        raise BadLeavingLinkError(BadLeavingLinkError.__doc__) from None
    if len(found.recipient) != DIGEST_BYTES:
        raise BadLeavingLinkError(BadLeavingLinkError.__doc__)
    return found


def leave(leaving: Leaving, *, now: datetime) -> bool:
    """Keep that they want no more promotion by this way; False where they had said so."""
    return optout_store.opt_out(
        leaving.shop_id, leaving.recipient, leaving.channel, Purpose.PROMOTION, source=SOURCE, now=now
    )
