"""The operations of reports: make those that are owed, keep them, and have them reach the people who run the system."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import InterfaceError, OperationalError
from django.template.loader import render_to_string

from zargar.mail import Letter, Postbox
from zargar.outcomes import JSON, Permanent, Retryable, Summary
from zargar.pricing import charts, history, history_store
from zargar.pricing import report_store as store
from zargar.pricing.bars import Period, chosen
from zargar.pricing.karats import STANDARD, Fineness
from zargar.pricing.periods import Kind, Span, owed
from zargar.pricing.quotes import plain
from zargar.pricing.report_json import as_json, from_json
from zargar.pricing.report_store import Kept
from zargar.pricing.report_words import Story, Words, plain_text, story
from zargar.pricing.reports import REACH_BACK_DAYS, Report, compose
from zargar.refusals import NotFoundError

SEND_WITHIN: Final = timedelta(days=2)
"""How long a report that could not be sent is sent with a later one; older ones are read in the console."""

CHART: Final = "chart"
"""The Content-ID of the picture."""


class NoSuchReportError(NotFoundError):
    """There is no report with this number."""


@dataclass(frozen=True, slots=True)
class Post:
    """Where letters are handed over, and the operators' addresses."""

    postbox: Postbox
    to: tuple[str, ...]


def generate_report(
    *, kind: str, now: datetime, post: Post | None, words: Words, fineness: Fineness = STANDARD
) -> Summary:
    """Make the reports of a kind that are owed, keep them, and mail what was not mailed yet.

    Owed is the newest period whose report's time has come, and those since the last report there is. One that was made
    when its period was over is not made again; an earlier one is, and is not mailed twice. Without `post` reports are
    kept and not mailed, which the summary says. Raises `Permanent` for an unknown kind; `Retryable` when a database or
    mail server goes away (what was kept stays), `Permanent` when the mail server refuses for good.
    """
    wanted = _kind(kind)
    try:
        history.roll_up(now=now)
        made: list[JSON] = [
            _make(span, fineness=fineness, now=now) for span in owed(wanted, last=store.newest(wanted), now=now)
        ]
        mailed = mail_unsent(wanted, post=post, words=words, now=now)
    except (OperationalError, InterfaceError) as error:
        message = f"the report was not made to its end: {type(error).__name__}"
        raise Retryable(message) from error
    return {
        "kind": wanted.value,
        "reports": made,
        "mailed": [*mailed],
        "not_mailed_because": None if post else "no mail is configured, or nobody to write to",
    }


def mail_unsent(kind: Kind, *, post: Post | None, words: Words, now: datetime) -> list[int]:
    """Hand over the reports of a kind that were made lately and not mailed yet; return their ids. Raises as `Postbox`.

    What somebody else is about is left to him.
    """
    sent: list[int] = []
    if post is None:
        return sent
    for id_ in store.unsent(kind, made_since=now - SEND_WITHIN):
        with store.sending(id_, now=now) as kept:
            if kept:
                post.postbox.send(letter(kept, to=post.to, words=words))
                sent.append(id_)
    return sent


def report(id_: int) -> Kept:
    """Return a stored report. Raises `NoSuchReportError`."""
    found = store.by_id(id_)
    if found is None:
        message = f"no report {id_}"
        raise NoSuchReportError(message)
    return found


def told(kept: Kept, *, words: Words) -> Story:
    """Say a stored report in Persian."""
    return story(from_json(kept.body), words=words)


def letter(kept: Kept, *, to: tuple[str, ...], words: Words) -> Letter:
    """Write the letter of a stored report; its key is the period, so that a second copy is known as one."""
    said = told(kept, words=words)
    page = render_to_string("pricing/report_letter.html", {"story": said, "chart": CHART if kept.chart else None})
    return Letter(
        to=to,
        subject=said.title,
        text=plain_text(said),
        html=page,
        images={CHART: kept.chart} if kept.chart else {},
        key=f"price report {kept.kind.value} {kept.start.isoformat()}",
    )


def _kind(kind: str) -> Kind:
    if kind not in set(Kind):
        message = f"unknown kind of report {kind!r}: one of {', '.join(Kind)}"
        raise Permanent(message)
    return Kind(kind)


def _make(span: Span, *, fineness: Fineness, now: datetime) -> JSON:
    """Compose and keep the report of a period, unless it is there and was made when the period was over."""
    known = store.of_span(span)
    if known and known.over:
        return {"id": known.id, "start": span.start.isoformat(), "made": False}
    through = min(now, span.end)
    found = _compose(span, through=through, fineness=fineness)
    chart = _draw(span, found)
    id_ = store.keep(span, body=as_json(found), chart=chart, over=found.over, now=now)
    close = found.prices.close if found.prices else None
    return {
        "id": id_,
        "start": span.start.isoformat(),
        "made": True,
        "close": None if close is None else plain(close),
    }


def _compose(span: Span, *, through: datetime, fineness: Fineness) -> Report:
    days = history.days(since=span.start - timedelta(days=REACH_BACK_DAYS), until=through)
    hours = history_store.bars(Period.HOUR, since=span.start, until=through)
    return compose(
        span,
        through=through,
        days=days,
        facts=store.facts(since=span.start, until=through),
        gaps=store.asked_in(history.missing(hours, Period.HOUR, since=span.start, until=through)),
        fineness=fineness,
    )


def _draw(span: Span, found: Report) -> bytes | None:
    """Draw hours, or days where the period is a month or was back-filled in part."""
    backfilled = found.prices is not None and found.prices.backfilled
    period = Period.DAY if span.kind is Kind.MONTHLY or backfilled else Period.HOUR
    bars = chosen(history_store.bars(period, since=span.start, until=found.through))
    missing = [one.gap for one in found.gaps]
    if period is Period.DAY:
        missing = [*history.missing(bars, period, since=span.start, until=found.through)]
    return charts.draw(bars, gaps=missing, since=span.start, until=span.end)
