"""The rows of alarms about backups, the lock under which one looks, and what is to be told of them.

What the alarms are judged by is read in `alarm_facts_store`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from zargar.backups.alarms import OLD_NEWS, REMIND, TRY_AGAIN, Alarm, Change, Kind, News, Open, news
from zargar.backups.models import BackupAlarm

LOCK_OF_LOOK: Final = 0x5A41_5242_414C  # "ZARBAL"


@dataclass(frozen=True, slots=True)
class Tiding:
    """An alarm of which something is to be told."""

    row: BackupAlarm
    what: News


@contextmanager
def looking() -> Iterator[None]:
    """Hold the lock under which alarms change, in one transaction: two who look see each other's outcome."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_OF_LOOK])
        yield


# -- alarms -----------------------------------------------------------------------------------------------------------


def opened() -> list[Open]:
    """Return the alarms that are open."""
    rows = BackupAlarm.objects.filter(closed_at=None).order_by("opened_at", "id")
    return [Open(alarm=_alarm(row), opened_at=row.opened_at) for row in rows]


def apply(changed: Change, *, now: datetime) -> None:
    """Open, renew and close. Call it while `looking`."""
    BackupAlarm.objects.bulk_create(
        BackupAlarm(kind=alarm.kind, subject=alarm.subject, opened_at=now, figures=alarm.figures)
        for alarm in changed.opened
    )
    for alarm in changed.renewed:
        _of(alarm.key).update(figures=alarm.figures)
    for key in changed.closed:
        _of(key).update(closed_at=now)


def listed(*, limit: int) -> list[BackupAlarm]:
    """Return so many alarms: the open ones, then those that are over, each with the newest first."""
    rows = BackupAlarm.objects.order_by("-opened_at", "-id")
    return [*rows.filter(closed_at=None), *rows.filter(closed_at__isnull=False)[:limit]][:limit]


def standing() -> Mapping[str, int]:
    """Count the open alarms by kind."""
    found: dict[str, int] = {}
    for kind in BackupAlarm.objects.filter(closed_at=None).values_list("kind", flat=True):
        found[kind] = found.get(kind, 0) + 1
    return found


def remove(*, before: datetime) -> int:
    """Remove alarms that were over before a moment; return how many."""
    gone, _ = BackupAlarm.objects.filter(closed_at__lt=before).delete()
    return gone


# -- telling ----------------------------------------------------------------------------------------------------------


def unsent(*, made_before: datetime, now: datetime) -> int:
    """Count the alarms of which something has waited to be told since before a moment."""
    rows = _to_tell(now=now).filter(Q(closed_at=None, opened_at__lt=made_before) | Q(closed_at__lt=made_before))
    return sum(_news(row, now=now) is not None for row in rows)


def anything_to_tell(*, now: datetime) -> bool:
    """Say whether something is to be told now; cheap, since it is asked every minute."""
    return _due(now=now).exists()


def claim(*, now: datetime, at_most: int) -> list[Tiding]:
    """Take what is to be told now, the oldest first, so that nobody else tells it for `TRY_AGAIN`; nothing of others'.

    It is committed when this returns: nothing is locked while a message is on its way. What is then neither `told` nor
    `not_told`, because the process died, is due again after that time.
    """
    with transaction.atomic():
        rows = list(_due(now=now).select_for_update(skip_locked=True).order_by("opened_at", "id")[:at_most])
        found = [(row, what) for row in rows if (what := _news(row, now=now)) is not None]
        BackupAlarm.objects.filter(pk__in=[row.pk for row, _ in found]).update(tried_at=now)
    return [Tiding(row, what) for row, what in found]


def told(tidings: Sequence[Tiding], *, now: datetime) -> None:
    """Keep that these, claimed at `now`, were told; whoever has claimed one since then keeps it."""
    with transaction.atomic():
        over = [one.row.pk for one in tidings if one.what is News.OVER]
        BackupAlarm.objects.filter(pk__in=over).update(over_told_at=now)
        others = [one.row.pk for one in tidings if one.what is not News.OVER]
        BackupAlarm.objects.filter(pk__in=others).update(told_at=now)
        BackupAlarm.objects.filter(pk__in=[*over, *others], tried_at=now).update(tried_at=None)


def _to_tell(*, now: datetime) -> QuerySet[BackupAlarm]:
    open_ones = Q(closed_at=None) & (Q(told_at=None) | Q(told_at__lte=now - REMIND))
    return BackupAlarm.objects.filter(open_ones | Q(closed_at__gt=now - OLD_NEWS, over_told_at=None))


def _due(*, now: datetime) -> QuerySet[BackupAlarm]:
    return _to_tell(now=now).filter(Q(tried_at=None) | Q(tried_at__lte=now - TRY_AGAIN))


def _news(row: BackupAlarm, *, now: datetime) -> News | None:
    return news(told_at=row.told_at, closed_at=row.closed_at, over_told_at=row.over_told_at, now=now)


def _of(key: tuple[Kind, str]) -> QuerySet[BackupAlarm]:
    return BackupAlarm.objects.filter(kind=key[0], subject=key[1], closed_at=None)


def _alarm(row: BackupAlarm) -> Alarm:
    return Alarm(kind=Kind(row.kind), subject=row.subject, figures=dict(row.figures))
