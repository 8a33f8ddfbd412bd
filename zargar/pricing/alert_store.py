"""Alerts in PostgreSQL: the facts that are judged, the alerts and their notices, and the lock under which one looks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from zargar.outcomes import Permanent, Summary
from zargar.pricing.alarms import SEVERITIES, Alarm, Kept, Kind, SourceHealth
from zargar.pricing.alert_changes import NoticeKind, Open, Transition
from zargar.pricing.current import Priced
from zargar.pricing.models import Alert, AlertNotice, Tick
from zargar.pricing.quotes import Toman
from zargar.pricing.readings import State
from zargar.pricing.sources import WORLD_FAMILY

LOCK_OF_LOOK: Final = 0x5A41_5250_414C  # "ZARPAL"


@dataclass(frozen=True, kw_only=True)
class Told:
    """An alert and its notices, for those who list them: how many there are and how many wait to be sent."""

    alert: Alert
    notices: int
    unsent: int


@contextmanager
def looking() -> Iterator[None]:
    """Hold the lock under which alerts change, in one transaction: two who look see each other's outcome."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_OF_LOOK])
        yield


# -- facts ------------------------------------------------------------------------------------------------------------


def health(*, since: datetime, now: datetime) -> list[SourceHealth]:
    """Return how each source of gold did in the ticks of a time; the feeds of the world give other prices."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH said AS (
                SELECT quote.source, max(quote.family) AS family, tick.at, tick.id,
                       bool_or(quote.instrument = 'gold_750' AND quote.bid IS NOT NULL) AS priced
                FROM pricing_tick AS tick JOIN pricing_quoterecord AS quote ON quote.tick_id = tick.id
                WHERE tick.at >= %s AND tick.at <= %s AND quote.family <> %s
                GROUP BY quote.source, tick.at, tick.id
            ), last AS (
                SELECT source, max((at, id)) FILTER (WHERE priced) AS priced_in FROM said GROUP BY source
            )
            SELECT source, max(family), count(*), count(*) FILTER (WHERE priced),
                   count(*) FILTER (WHERE priced_in IS NULL OR (at, id) > priced_in)
            FROM said JOIN last USING (source) GROUP BY source ORDER BY source
            """,
            [since, now, WORLD_FAMILY],
        )
        return [
            SourceHealth(source=source, family=family, asked=asked, priced=priced, silent=silent)
            for source, family, asked, priced, silent in cursor.fetchall()
        ]


def kept() -> Kept | None:
    """Return what the ticks since the last accepted one say; None when there are none."""
    ticks = Tick.objects.order_by("at", "id")
    last = Tick.objects.filter(state=State.ACCEPTED).order_by("-at", "-id").first()
    after = ticks.filter(Q(at__gt=last.at) | Q(at=last.at, id__gt=last.pk)) if last else ticks
    first, newest = after.first(), after.last()
    if first is None or newest is None:
        return None
    candidate = None if newest.candidate is None else Toman(newest.candidate)
    return Kept(since=first.at, newest=newest.at, state=State(newest.state), candidate=candidate, reason=newest.reason)


def accepted(*, since: datetime) -> list[Priced]:
    """Return the prices accepted since a moment and the one before, oldest first."""
    ticks = Tick.objects.filter(state=State.ACCEPTED)
    before = ticks.filter(at__lt=since).order_by("-at", "-id")[:1]
    found = [*before, *ticks.filter(at__gte=since).order_by("at", "id")]
    return [Priced(Toman(one.toman_per_gram_18k), one.at) for one in found if one.toman_per_gram_18k is not None]


# -- alerts -----------------------------------------------------------------------------------------------------------


def open_alerts() -> list[Open]:
    """Return the alerts that are open."""
    rows = Alert.objects.filter(closed_at__isnull=True).prefetch_related("notices")
    found = []
    for row in rows:
        notices = list(row.notices.all())
        found.append(
            Open(
                kind=Kind(row.kind),
                subject=row.subject,
                told_at=max(notice.made_at for notice in notices),
                gone_since=row.gone_since,
                untold=any(notice.sent_at is None for notice in notices),
            )
        )
    return found


def happened(subjects: Sequence[str]) -> set[str]:
    """Return which of these events are alerts already."""
    known = Alert.objects.filter(kind=Kind.JUMP, subject__in=subjects)
    return set(known.values_list("subject", flat=True))


def apply(change: Transition, *, now: datetime) -> None:
    """Open, remind of, keep and close, each with its notice. Call it while `looking`."""
    for alarm in change.opened:
        closed_at = now if alarm.kind.is_event else None
        alert = Alert.objects.create(
            kind=alarm.kind, subject=alarm.subject, severity=SEVERITIES[alarm.kind], opened_at=now,
            closed_at=closed_at, figures=alarm.figures,
        )  # fmt: skip
        _notice(alert, NoticeKind.OPENED, now)
    for alarm in change.reminded:
        _notice(_renewed(alarm), NoticeKind.REMINDER, now)
    for alarm in change.kept:
        _renewed(alarm)
    for leaving in change.leaving:
        _of(leaving).update(gone_since=now)
    for over in change.closed:
        alert = _of(over).get()
        alert.closed_at = now
        alert.save(update_fields=["closed_at"])
        _notice(alert, NoticeKind.RECOVERED, now)


def listed(*, limit: int) -> list[Told]:
    """Return so many alerts: the open ones, then those that are closed, each with the newest first."""
    rows = Alert.objects.order_by("-opened_at", "-id").prefetch_related("notices")
    shown = [*rows.filter(closed_at__isnull=True), *rows.filter(closed_at__isnull=False)[:limit]]
    return [_told(alert) for alert in shown[:limit]]


# -- notices ----------------------------------------------------------------------------------------------------------


def ring(*, made_since: datetime, rung_before: datetime, now: datetime) -> list[int]:
    """Note that the unsent notices that nobody has rung for lately are rung for now; return their ids, oldest first."""
    waiting = AlertNotice.objects.filter(sent_at__isnull=True, made_at__gte=made_since)
    due = waiting.filter(Q(rung_at__isnull=True) | Q(rung_at__lte=rung_before)).order_by("made_at", "id")
    found = list(due.values_list("id", flat=True))
    AlertNotice.objects.filter(id__in=found).update(rung_at=now)
    return found


def unsent(*, made_since: datetime, made_before: datetime) -> int:
    """Count the notices made between two moments that wait to be sent."""
    waiting = AlertNotice.objects.filter(sent_at__isnull=True, made_at__gte=made_since, made_at__lte=made_before)
    return waiting.count()


def standing() -> dict[str, datetime]:
    """Return the kinds of the alerts that are open, and since when."""
    return dict(Alert.objects.filter(closed_at__isnull=True).values_list("kind", "opened_at"))


def claim(notice: int) -> AlertNotice | None:
    """Return a notice with its alert, locked; None while somebody else sends it. Call it in a transaction.

    Raises `Permanent` where there is no such notice.
    """
    found = AlertNotice.objects.filter(id=notice).select_for_update(skip_locked=True, of=("self",))
    claimed = found.select_related("alert").first()
    if claimed is None and not AlertNotice.objects.filter(id=notice).exists():
        message = f"there is no notice {notice}"
        raise Permanent(message)
    return claimed


def notice(notice_id: int) -> AlertNotice:
    """Return a notice with its alert. Raises `Permanent` where there is none."""
    found = AlertNotice.objects.filter(id=notice_id).select_related("alert").first()
    if found is None:
        message = f"there is no notice {notice_id}"
        raise Permanent(message)
    return found


def sent(notice: AlertNotice, *, now: datetime) -> None:
    """Note that a notice was sent."""
    notice.sent_at = now
    notice.save(update_fields=["sent_at"])


def remove(*, before: datetime, at_most: int) -> int:
    """Remove alerts that were closed before a moment, with their notices; return how many alerts."""
    old = Alert.objects.filter(closed_at__lt=before)
    ids = list(old.order_by("opened_at").values_list("id", flat=True)[:at_most])
    Alert.objects.filter(id__in=ids).delete()
    return len(ids)


def _of(alert: Open) -> QuerySet[Alert]:
    return Alert.objects.filter(kind=alert.kind, subject=alert.subject, closed_at__isnull=True)


def _renewed(alarm: Alarm) -> Alert:
    alert = Alert.objects.get(kind=alarm.kind, subject=alarm.subject, closed_at__isnull=True)
    alert.figures, alert.gone_since = alarm.figures, None
    alert.save(update_fields=["figures", "gone_since"])
    return alert


def _notice(alert: Alert, what: NoticeKind, now: datetime) -> None:
    figures: Summary = dict(alert.figures)
    AlertNotice.objects.create(alert=alert, what=what, made_at=now, figures=figures)


def _told(alert: Alert) -> Told:
    notices = list(alert.notices.all())
    return Told(alert=alert, notices=len(notices), unsent=sum(notice.sent_at is None for notice in notices))
