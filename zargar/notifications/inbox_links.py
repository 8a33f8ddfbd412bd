"""The address at which one customer reads their inbox: a key to that inbox alone, good for `LIFE`.

It holds the shop and the customer's number, signed with the deployment's SECRET_KEY; whoever has it can read the inbox,
as whoever has a telephone can read its messages. A shop's app or site asks for a new one when it needs one.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.core import signing

from zargar.refusals import NotFoundError

PATH: Final = "/inbox/"
"""Where the web process answers; the token follows, then `/` for the page or `.json`."""
LIFE: Final = timedelta(days=90)
_SALT: Final = "zargar.notifications.inbox"


class BadInboxLinkError(NotFoundError):
    """The address of an inbox was cut or changed, is older than 90 days, or is not one of ours."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose inbox it is."""

    shop_id: int
    customer_id: int


def token(reader: Reader) -> str:
    """Return the token for an inbox."""
    return signing.dumps([reader.shop_id, reader.customer_id], salt=_SALT)


def read(text: str) -> Reader:
    """Return whose inbox a token opens. Raises `BadInboxLinkError`."""
    try:
        shop_id, customer_id = signing.loads(text, salt=_SALT, max_age=LIFE)
        return Reader(int(shop_id), int(customer_id))
    except (signing.BadSignature, ValueError, TypeError):
        raise BadInboxLinkError(BadInboxLinkError.__doc__) from None
