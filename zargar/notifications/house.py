"""Whether anything may leave at all: the switch, and the two signs of a database that is not where it was.

A restored or copied database holds messages that the other one has sent since. It is known by its name (the cluster's
identifier and the database's number, which no copy has) and begins paused, until a person has looked and says go on. A
database under another key of recipients recognises nobody who opted out, and nothing that has left: it is paused too.
"""

import logging
from datetime import datetime

from django.db import transaction

from zargar.audit import operations as audit
from zargar.notifications import account_store, recipients
from zargar.notifications.account_store import Sending
from zargar.notifications.sendable import Post

log = logging.getLogger(__name__)

RESTORED = "this database was restored or copied: what it holds may have been sent by the other one"
OTHER_KEY = "ZARGAR_RECIPIENTS_KEY (or SECRET_KEY) is not the one that recipients were kept under"


def may_send(post: Post) -> bool:
    """Say whether messages may leave; a strange house is paused first, and people are told. Two statements."""
    here, mark = account_store.home(), recipients.mark(post.key)
    found = account_store.sending()
    if found is None:
        account_store.open_sending(mark)
        return True
    if found.paused:
        return False
    why = strangeness(found, home=here, key_mark=mark)
    if why:
        account_store.pause(why=why, now=post.clock())
        log.error("sending is paused: %s", why)
        tell_paused(post)
    return not why


def tell_paused(post: Post) -> bool:
    """Tell the operators that this house paused itself, unless they know; say whether they know it now.

    By mail alone: no text message leaves a paused house. What no mail server took is told by the next hourly run.
    """
    found = account_store.sending()
    if found is None or not found.paused or found.told:
        return True
    told = post.tell_operators("ارسال پیام متوقف شد", found.paused, f"sending paused {account_store.home()}")
    if told:
        account_store.pause_told(now=post.clock())
    return told


def strangeness(found: Sending, *, home: str, key_mark: str) -> str:
    """Say what is strange about where a database is; "": nothing. Pure."""
    if found.home != home:
        return RESTORED
    return OTHER_KEY if found.key_mark != key_mark else ""


def pause(*, actor: str, reason: str, key: bytes, now: datetime) -> None:
    """Let nothing leave until `resume`. Audited; raises `InvalidError` for a blank reason."""
    with transaction.atomic():
        account_store.open_sending(recipients.mark(key))
        account_store.pause(why=f"{actor}: {reason}", now=now, told=True)
        audit.record(actor=actor, action="sending.pause", subject="all", reason=reason)


def resume(*, actor: str, reason: str, key: bytes) -> None:
    """Let messages leave from this database, under this key. Audited; raises `InvalidError` for a blank reason."""
    with transaction.atomic():
        account_store.resume(account_store.home(), recipients.mark(key))
        audit.record(actor=actor, action="sending.resume", subject="all", reason=reason)
