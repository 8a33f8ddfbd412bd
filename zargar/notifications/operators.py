"""Alerts to those who run the system, by text message and push, through the platform's own outbox.

Who they are is the deployment's configuration: `ZARGAR_OPERATORS_MOBILES` and `ZARGAR_OPERATORS_DEVICES`. Letters go
by `zargar.mail`, which has none of the outbox's parts: an alert by mail still leaves when sending is paused.
"""

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from zargar.calendars import jalali
from zargar.customers.phones import NotAMobileError, to_e164
from zargar.mail import Brief
from zargar.notifications import account_store, operations, wiring
from zargar.notifications.kinds import SPECS, Kind
from zargar.notifications.rows import PLATFORM
from zargar.notifications.sendable import Post
from zargar.notifications.values import Channel, Draft
from zargar.refusals import InvalidError

log = logging.getLogger(__name__)

GOOD_FOR: Final = timedelta(hours=12)
"""An alert that could not leave for so long is no news."""


class OperatorSettingError(InvalidError):
    """ZARGAR_OPERATORS_MOBILES holds something that is no mobile number."""


def reachable() -> bool:
    """Say whether an alert would have a way: somebody to tell, and an account that carries it."""
    carried = {provider.channel for provider in wiring.providers().values()}
    return any(channel in carried for channel, _ in addresses())


def reach(kind: Kind, brief: Brief, *, post: Post) -> bool:
    """Queue an alert for the operators whom an account that is not stopped can reach now; say whether there is any.

    A setting that holds no number is in the log: what is wrong with it must not keep messages from leaving.
    """
    try:
        ways = {channel for channel, _ in addresses()}
    except OperatorSettingError as error:
        log.error("operators cannot be told by telephone: %s", error)  # noqa: TRY400 -- the message is all there is to it
        return False
    standings = account_store.standings(PLATFORM, post.named)
    if not ways & {one.channel for one in standings if one.usable}:
        return False
    tell(kind, brief, now=post.clock())
    return True


def addresses() -> Sequence[tuple[Channel, str]]:
    """Return whom alerts go to, by which way. Raises `OperatorSettingError`, naming the place and not the number."""
    found = []
    for place, text in enumerate(settings.OPERATORS_MOBILES, start=1):
        try:
            found.append((Channel.SMS, to_e164(text)))
        except NotAMobileError as bad:
            message = f"{OperatorSettingError.__doc__} It is the {place}. of them."
            raise OperatorSettingError(message) from bad
    return [*found, *((Channel.PUSH, one) for one in settings.OPERATORS_DEVICES)]


def tell(kind: Kind, brief: Brief, *, now: datetime) -> int:
    """Queue an alert to every operator; return to how many it is new. One transaction.

    Its key names the alert: told again, it is not sent again.
    """
    values = {"title": brief.title, "detail": brief.sentence, "at": jalali.write_moment(now)}
    event = f"alert:{hashlib.sha256(brief.key.encode()).hexdigest()[:32]}"
    drafts = [
        Draft(
            kind=kind, event_key=event, to=to, channel=channel, purpose=SPECS[kind].purpose,
            values=values, due_at=now, expires_at=now + GOOD_FOR,
        )
        for channel, to in addresses()
    ]  # fmt: skip
    with transaction.atomic():
        return operations.enqueue_platform(drafts, now=now).queued
