"""The rows of scheduled backups."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from zargar.backups.models import BackupSchedule
from zargar.backups.retention import Kind


def add(*, shop: int | None, kind: Kind, cron: str, reason: str, by: str, next_due: datetime, now: datetime) -> int:
    """Keep a new schedule and return its number."""
    return BackupSchedule.objects.create(
        shop_id=shop, kind=kind, cron=cron, reason=reason, made_by=by, made_at=now, next_due=next_due, settled_at=now
    ).pk


def listed() -> Sequence[BackupSchedule]:
    """Return all schedules with their shops, in the order in which they were made."""
    return list(BackupSchedule.objects.select_related("shop").order_by("pk"))


def locked(schedule: int) -> BackupSchedule | None:
    """Return a schedule, held until the transaction ends."""
    return BackupSchedule.objects.select_for_update().filter(pk=schedule).first()


def to_settle(*, now: datetime, at_most: int) -> Sequence[BackupSchedule]:
    """Return schedules whose time has come or whose clock was set back, held until the transaction ends.

    What somebody else holds is left to him.
    """
    rows = BackupSchedule.objects.select_for_update(skip_locked=True).filter(enabled=True)
    return list(rows.filter(Q(next_due__lte=now) | Q(settled_at__gt=now)).order_by("next_due", "pk")[:at_most])


def move_on(schedule: BackupSchedule, *, next_due: datetime, now: datetime) -> None:
    """Keep the next time that a schedule owes."""
    BackupSchedule.objects.filter(pk=schedule.pk).update(next_due=next_due, settled_at=now)


def switch(schedule: BackupSchedule, *, enabled: bool, next_due: datetime, now: datetime) -> None:
    """Turn a schedule on or off; what went by while it was off is not owed."""
    BackupSchedule.objects.filter(pk=schedule.pk).update(enabled=enabled, next_due=next_due, settled_at=now)
