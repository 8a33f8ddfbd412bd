"""Backups that people have scheduled: the tick that opens their runs, and how schedules are made and unmade.

The tick opens runs, it makes no backup: the ledger rings for them, retries them and keeps what came of each. Opening
and moving a row on are one transaction, and a row is held meanwhile, so that two ticks at once open a time's run once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import InterfaceError, OperationalError, transaction

from zargar import names
from zargar.audit import operations as audit
from zargar.backups import schedule_store as store
from zargar.backups import timetable
from zargar.backups.models import BackupSchedule
from zargar.backups.retention import Kind
from zargar.backups.timetable import BadCronError
from zargar.ledger import store as ledger
from zargar.ledger.values import Work
from zargar.names import Family, Queue
from zargar.outcomes import JSON, Retryable, Summary
from zargar.refusals import InvalidError, NotFoundError, RefusedError
from zargar.shops import operations as shops

AT_MOST: Final = 500
"""Schedules that one tick settles; the next takes the rest, the longest due first."""

TASKS: Final = {
    Kind.SHOP: names.CREATE_TENANT_BACKUP,
    Kind.DAILY: names.BACKUP_ALL_TENANTS,
    Kind.WEEKLY: names.CREATE_WEEKLY_BACKUP,
}

_AT_ONCE: Final = timedelta()


class NoSuchScheduleError(NotFoundError):
    """There is no backup schedule of that number; `zargar backups schedule list` shows them."""


class ScheduleKindError(InvalidError):
    """Only a backup of everything can be kept as a weekly one; a shop's copies have their own period."""


class ScheduleStateError(RefusedError):
    """The schedule is paused already, or was not paused."""


def process(*, now: datetime) -> Summary:
    """Open a run for each scheduled backup whose time has come, once. Raises `Retryable` when the database is away.

    A schedule whose line cannot be read (it is data) is named and holds up no other.
    """
    try:
        with transaction.atomic():
            return _process(store.to_settle(now=now, at_most=AT_MOST), now=now)
    except (OperationalError, InterfaceError) as error:
        message = f"the schedules could not be settled: {type(error).__name__}"
        raise Retryable(message) from error


def add(*, shop: str | None, cron: str, weekly: bool = False, by: str, reason: str, now: datetime) -> BackupSchedule:
    """Schedule backups of a shop, or of everything (kept as a daily or a weekly one), from the next time on. Audited.

    Raises `BadCronError`, `ScheduleKindError`, `zargar.shops.operations.NoSuchShopError`, and `InvalidError` without a
    reason.
    """
    if shop is not None and weekly:
        raise ScheduleKindError(ScheduleKindError.__doc__)
    kind = Kind.SHOP if shop else Kind.WEEKLY if weekly else Kind.DAILY
    of = shops.named(shop).id if shop else None
    with transaction.atomic():
        audit.record(
            actor=by, action="backup_schedule.add", subject=shop or "everything", reason=reason,
            after={"cron": cron, "kind": kind.value},
        )  # fmt: skip
        made = store.add(
            shop=of, kind=kind, cron=cron, reason=reason, by=by, next_due=timetable.first(cron, now=now), now=now
        )
        return _held(made)


def listed() -> Sequence[BackupSchedule]:
    """Return all schedules, in the order in which they were made."""
    return store.listed()


def remove(schedule: int, *, by: str, reason: str) -> None:
    """Remove a schedule; what it has made stays as long as retention says. Audited. Raises `NoSuchScheduleError`."""
    with transaction.atomic():
        row = _held(schedule)
        audit.record(
            actor=by, action="backup_schedule.remove", subject=str(schedule), reason=reason,
            before={"shop": row.shop_id, "cron": row.cron, "kind": row.kind},
        )  # fmt: skip
        row.delete()


def switch(schedule: int, *, enabled: bool, by: str, reason: str, now: datetime) -> None:
    """Pause a schedule, or take it up again from its next time on. Audited.

    Raises `NoSuchScheduleError`, `ScheduleStateError`.
    """
    with transaction.atomic():
        row = _held(schedule)
        if row.enabled == enabled:
            message = f"schedule {schedule} is {'not paused' if enabled else 'paused already'}"
            raise ScheduleStateError(message)
        store.switch(row, enabled=enabled, next_due=timetable.first(row.cron, now=now), now=now)
        audit.record(
            actor=by, action="backup_schedule.resume" if enabled else "backup_schedule.pause", subject=str(schedule),
            reason=reason, before={"enabled": row.enabled}, after={"enabled": enabled},
        )  # fmt: skip


def _process(rows: Sequence[BackupSchedule], *, now: datetime) -> Summary:
    opened: list[Work] = []
    unreadable: list[JSON] = []
    for row in rows:
        try:
            turn = timetable.turn(row.cron, next_due=row.next_due, settled_at=row.settled_at, now=now)
        except BadCronError as bad:
            unreadable.append({"schedule": row.pk, "fault": str(bad)})
            continue
        if turn is None:
            continue
        if turn.owed is not None:
            opened.append(_work(row, turn.owed))
        store.move_on(row, next_due=turn.next_due, now=now)
    ledger.open_runs(opened, ring_in=_AT_ONCE)
    return {"opened": [str(work.id) for work in opened], "unreadable": unreadable}


def _work(row: BackupSchedule, owed: datetime) -> Work:
    return Work(
        id=timetable.run_id(row.pk, owed),
        task=TASKS[Kind(row.kind)],
        family=Family.BACKUPS,
        queue=Queue.BACKUPS,
        origin=f"backup schedule {row.pk} {owed.isoformat()}",
        kwargs={} if row.shop_id is None else {"shop_id": row.shop_id},
    )


def _held(schedule: int) -> BackupSchedule:
    row = store.locked(schedule)
    if row is None:
        message = f"there is no backup schedule {schedule}; `zargar backups schedule list` shows them"
        raise NoSuchScheduleError(message)
    return row
