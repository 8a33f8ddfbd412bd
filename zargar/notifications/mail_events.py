"""What mail companies tell by themselves, kept: receipts in the journal, and who is not written to any more.

Whom an event is about is looked up by the company's id of the letter: the journal has the shop and the digest of the
address, so that no address is read, kept or logged. An event that comes twice changes nothing the second time.

An event may be faster than our own note of the company's id: a batch of letters is stored when the last is handed over.
So an event about a letter that nobody knows is put off while it is young (`YOUNG`): the company tells it again, and all
of them do so for hours. An older one is about somebody else's letter, and is let go.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from zargar.notifications import hearing, optout_store, receipt_store
from zargar.notifications.channels.email.bounces import Told

log = logging.getLogger(__name__)

YOUNG: Final = timedelta(minutes=15)
"""How long an event may wait for our own note: longer than any turn lasts, shorter than any company repeats."""


class NotKnownYetError(LookupError):
    """An event about a letter that is not in the journal: it may be one that is being sent at this moment."""


def take(account: str, told: Told, *, now: datetime) -> bool:
    """Keep what an event says; False where nothing was new, or the letter is not ours. Raises `NotKnownYetError`."""
    whose = receipt_store.whose(account, told.provider_id)
    if whose is None:
        if told.at is None or told.at > now - YOUNG:
            raise NotKnownYetError(NotKnownYetError.__doc__)
        log.info("%s told of a letter that is not ours", account)
        return False
    with transaction.atomic():
        declined = [
            optout_store.opt_out(
                whose.shop_id, whose.recipient, whose.channel, purpose, source=told.why, now=told.at or now
            )
            for purpose in sorted(told.declines)
        ]
    changed = hearing.receive(account, [told.receipt], now=now) if told.receipt else 0
    return bool(changed) or any(declined)
