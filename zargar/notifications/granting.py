"""What people ask for by text message: 11 takes back the consent for promotion, 12 gives it again.

A company is asked for the answers of a day, again and again: what it tells only once would be lost by whoever dies
before he has stored it. So each answer is granted once, by the company's number of it, and in the order in which they
were written: the last word of somebody stands, whatever order a company tells them in, until he says another, or a
person at the shop does.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from zargar.customers import operations as customers
from zargar.customers.models import Channel as Way
from zargar.customers.models import Purpose as Reason
from zargar.notifications import heard_store, journal_store, optout_store, recipients
from zargar.notifications.channels.sms.wishes import Wish, wish
from zargar.notifications.ports import Provider
from zargar.notifications.rows import PLATFORM
from zargar.notifications.sendable import Post
from zargar.notifications.values import Channel, Inbound, Purpose
from zargar.tenancy import ShopGoneError, ShopNotReadyError, ShopSuspendedError, in_tenant

log = logging.getLogger(__name__)

ANSWERS_FOR: Final = timedelta(days=90)
"""How long after a shop's last message an 11 or 12 to a line that several shops use is taken to be for it."""
GOOD_FOR: Final = timedelta(days=30)
"""How old an answer may be when it is heard first: some companies tell their newest hundred, however old they are."""


def grant(post: Post, provider: Provider) -> int:
    """Ask an account what people wrote, and do what is new; return how many changed something. Raises `Unanswered`."""
    now = post.clock()
    asked = [
        (one, wanted)
        for one in provider.inbound()
        if (wanted := wish(one.text)) and (one.at is None or one.at > now - GOOD_FOR)
    ]
    known = heard_store.known(provider.name, [one.id for one, _ in asked]) if asked else set()
    fresh = sorted((pair for pair in asked if pair[0].id not in known), key=lambda pair: _place(pair[0], now))
    return sum(_granted(post, provider.name, one, wanted) for one, wanted in fresh)


def _place(said: Inbound, now: datetime) -> tuple[datetime, int, str]:
    """Return where an answer stands in the order of writing; those of one second go by the company's number."""
    return said.at or now, len(said.id), said.id


def _granted(post: Post, account: str, said: Inbound, wanted: Wish) -> bool:
    """Grant one: in the shared schema, where it outlives any restore, and at the shop's own consents.

    One that is for no shop is not kept as heard: under another key of recipients nobody is recognised, and when the
    right one is back it shall be heard.
    """
    now = post.clock()
    digest = recipients.digest(post.key, said.sender)
    shop_id = journal_store.last_shop_of(digest, Channel.SMS, account=account, since=now - ANSWERS_FOR)
    if shop_id is None:
        return False
    answer = _Answer(account=account, said=said, digest=digest, out=wanted is Wish.OPT_OUT, now=now)
    if shop_id == PLATFORM:
        return _shared(shop_id, answer)
    try:
        with in_tenant(shop_id), transaction.atomic():
            return _shared(shop_id, answer) and _consent(answer)
    except (ShopGoneError, ShopSuspendedError, ShopNotReadyError) as closed:
        log.info("a wish at shop %d stays in the shared list alone: %s", shop_id, closed.reason)
        return _shared(shop_id, answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    account: str
    said: Inbound
    digest: bytes
    out: bool
    now: datetime


def _shared(shop_id: int, one: _Answer) -> bool:
    """Keep it in the shared list, and that it was heard; False where that is how it stood."""
    with transaction.atomic():
        heard_store.keep(one.account, one.said.id, now=one.now)
        if one.out:
            at = one.said.at or one.now
            return optout_store.opt_out(shop_id, one.digest, Channel.SMS, Purpose.PROMOTION, source="لغو۱۱", now=at)
        return optout_store.opt_in(shop_id, one.digest, Channel.SMS, Purpose.PROMOTION)


def _consent(one: _Answer) -> bool:
    """Keep it at the consents of the shop that is entered."""
    mobile = one.said.sender
    if one.out:
        customers.withdraw_by_mobile(mobile=mobile, channel=Way.SMS, purpose=Reason.PROMOTION, now=one.now)
    else:
        customers.give_by_mobile(mobile=mobile, channel=Way.SMS, purpose=Reason.PROMOTION, source="۱۲", now=one.now)
    return True
