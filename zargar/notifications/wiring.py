"""The real parts of messaging from the settings, built once in a process: tasks, commands and pages share them.

Providers keep connections open, so they are built after a fork, when they are asked for first.
"""

import logging
import random
from datetime import timedelta
from functools import cache

from django.conf import settings

from zargar import clock, mail
from zargar.mail import Letter
from zargar.notifications import accounts, recipients
from zargar.notifications.accounts import Account, BadAccountError
from zargar.notifications.channels.catalogue import build
from zargar.notifications.channels.push import webpush
from zargar.notifications.devices import Services
from zargar.notifications.ports import Provider
from zargar.notifications.sendable import Post, Wait
from zargar.outcomes import Outcome

log = logging.getLogger(__name__)


@cache
def recipients_key() -> bytes:
    """Return the key under which recipients are kept: `ZARGAR_RECIPIENTS_KEY`, or one that SECRET_KEY stands for."""
    return recipients.derived_key(settings.RECIPIENTS_KEY or settings.SECRET_KEY)


@cache
def configured() -> tuple[Account, ...]:
    """Return the accounts, in the order of the setting. Raises `BadAccountError`."""
    return accounts.read(settings.PROVIDERS, keys=settings.PROVIDER_KEYS)


@cache
def providers() -> dict[str, Provider]:
    """Return the provider of each account. Raises `BadAccountError` and as `channels.catalogue.build`."""
    return {account.name: build(account) for account in configured()}


def push_services() -> Services:
    """Return which devices can be written to; no private key is needed for it. The first account for Web Push counts.

    An account that is none is told in the log and offers nothing: an inbox is read all the same.
    """
    try:
        found = configured()
        web = [account for account in found if account.adapter == "webpush"]
        key = next(filter(None, map(webpush.public_key_of, web)), "")
    except BadAccountError as error:
        log.error("no devices can be registered: %s", error)  # noqa: TRY400 -- the message is all there is to it
        return Services()
    hosts = frozenset[str]().union(*map(webpush.hosts_of, web))
    return Services(web_key=key, hosts=hosts, apps=any(account.adapter == "fcm" for account in found))


def post(*, wait: Wait) -> Post:
    """Return what sends; `wait` is the retry policy of the family, which the engine has."""
    return Post(
        providers=providers(),
        accounts={account.name: account for account in configured()},
        key=recipients_key(),
        wait=wait,
        clock=clock.now,
        chance=random.random,
        tell_operators=tell_operators,
        public_url=settings.PUBLIC_URL,
    )


def keep_messages() -> timedelta:
    """Return how long messages that have ended stay in an outbox."""
    found: timedelta = settings.KEEP_MESSAGES
    return found


def keep_journal() -> timedelta:
    """Return how long the journal stays."""
    found: timedelta = settings.KEEP_JOURNAL
    return found


def keep_inbox() -> timedelta:
    """Return how long messages stay in the inbox of a customer."""
    found: timedelta = settings.KEEP_INBOX
    return found


def keep_unseen_devices() -> timedelta:
    """Return how long a device stays that is not seen again."""
    found: timedelta = settings.KEEP_UNSEEN_DEVICES
    return found


def tell_operators(title: str, text: str, key: str) -> bool:
    """Write to the operators by mail; say whether the server took it. What it did not take is in the log."""
    log.error("%s: %s", title, text)
    if not mail.configured():
        return False
    page = f'<html lang="fa" dir="rtl"><body dir="rtl"><p>{title}</p><p dir="auto">{text}</p></body></html>'
    try:
        mail.postbox().send(Letter(to=mail.operators(), subject=title, text=f"{title}\n\n{text}\n", html=page, key=key))
    except Outcome as refused:
        log.warning("operators were not told by mail: %s", refused.reason)
        return False
    return True
