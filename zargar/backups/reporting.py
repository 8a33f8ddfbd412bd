"""The operations of reports on backups: make those that are owed, keep them, and have them reach the operators.

A report is kept first and handed over afterwards, with no transaction open meanwhile; what could not be handed over
goes with a later one, for two days.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.template.loader import render_to_string

from zargar.backups import report_store as store
from zargar.backups.files_back import pack_name
from zargar.backups.report_words import plain_text, story
from zargar.backups.reports import Body, Period, Span, compose, lately, owed
from zargar.backups.store import SHARED
from zargar.mail import Letter, Postbox
from zargar.outcomes import JSON, Outcome, Permanent, Retryable, Summary
from zargar.shops import operations as shops

SEND_WITHIN: Final = timedelta(days=2)
"""How long a report that could not be sent is sent with a later one."""


def generate(
    *, kind: str, now: datetime, vaults: Sequence[str], postbox: Postbox | None, to: tuple[str, ...]
) -> Summary:
    """Make the reports of a kind that are owed, keep them, and mail what was not mailed yet.

    `vaults` are the names of those that are configured. Without `postbox` reports are kept and not mailed, which the
    summary says. Raises `Permanent` for an unknown kind; `Retryable` when a database or mail server goes away (what was
    kept stays), `Permanent` when the mail server refuses for good.
    """
    period = _period(kind)
    try:
        made: list[JSON] = [_make(span, vaults, now=now) for span in owed(period, last=store.newest(period), now=now)]
        mailed = _mail_unsent(period, postbox=postbox, to=to, now=now)
    except (OperationalError, InterfaceError) as error:
        message = f"the report was not made to its end: {type(error).__name__}"
        raise Retryable(message) from error
    return {
        "kind": period.value,
        "reports": made,
        "mailed": [*mailed],
        "not_mailed_because": None if postbox else "no mail is configured, or nobody to write to",
    }


def as_of_now(*, kind: str, now: datetime, vaults: Sequence[str]) -> Body:
    """Say how backups stand, and what the day or week up to now brought; nothing is kept or mailed.

    Raises `Permanent` for an unknown kind.
    """
    return _composed(lately(_period(kind), now=now), vaults, now=now)


def letter(body: Body, *, to: tuple[str, ...]) -> Letter:
    """Write the letter of a report; its key is the period, so that a second copy is known as one."""
    said = story(body)
    return Letter(
        to=to,
        subject=f"زرگر | {said.title}",
        text=plain_text(said),
        html=render_to_string("backups/report_letter.html", {"story": said, "worried": bool(body["worries"])}),
        key=f"backup report {body['period']} {body['until']}",
    )


def _period(kind: str) -> Period:
    if kind not in set(Period):
        message = f"unknown kind of report {kind!r}: one of {', '.join(Period)}"
        raise Permanent(message)
    return Period(kind)


def _make(span: Span, vaults: Sequence[str], *, now: datetime) -> JSON:
    body = _composed(span, vaults, now=now)
    new = store.keep(span, body, now=now)
    return {"until": body["until"], "made": new, "backups": len(body["made"]), "worries": [*body["worries"]]}


def _composed(span: Span, vaults: Sequence[str], *, now: datetime) -> Body:
    standing = store.vaults(vaults)
    files = {*store.others(), *(pack_name(name) for name in settings.BACKUP_FILES)}
    named = {name: name for name in (SHARED, *sorted(files))}
    everything = {**named, **{str(shop.id): shop.schema_name for shop in shops.listed()}}
    return compose(
        span,
        made=store.made(span),
        vaults=standing,
        shops=store.shops(everything, in_vaults=[one["vault"] for one in standing]),
        sizes=store.sizes(until=span.until),
        now=now,
        drills=settings.DRILL_PERIOD or None,
    )


def _mail_unsent(period: Period, *, postbox: Postbox | None, to: tuple[str, ...], now: datetime) -> list[int]:
    sent: list[int] = []
    if postbox is None:
        return sent
    for report in store.unsent(period, made_since=now - SEND_WITHIN):
        if (body := store.claim(report, now=now)) is None:
            continue
        try:
            postbox.send(letter(body, to=to))
        except Outcome:
            store.not_mailed(report)
            raise
        store.mailed(report, now=now)
        sent.append(report)
    if store.unsent(period, made_since=now - SEND_WITHIN):
        message = "a report is being mailed by another process, or was by one that died: it is looked at again"
        raise Retryable(message)
    return sent
