"""The tasks of backups: one domain call each. Contract: docs/architecture.md, "Names"."""

from zargar import clock, names
from zargar.backups import jobs, scheduled
from zargar.backups.retention import Kind
from zargar.engine.limits import current_run, time_is_spent, time_is_up
from zargar.engine.task import task
from zargar.names import Family, Queue
from zargar.outcomes import Summary


@task(names.CREATE_DAILY_BACKUP, family=Family.BACKUPS, queue=Queue.BACKUPS)
def create_daily_backup(**_: object) -> Summary:
    """Back up the shared schema and every shop."""
    return jobs.back_up_all(
        kind=Kind.DAILY, reason="the schedule", job=current_run(), stop=time_is_up, spent=time_is_spent
    )


@task(names.CREATE_WEEKLY_BACKUP, family=Family.BACKUPS, queue=Queue.BACKUPS)
def create_weekly_backup(**_: object) -> Summary:
    """Back up the shared schema and every shop, to be kept for longer."""
    return jobs.back_up_all(
        kind=Kind.WEEKLY, reason="the schedule", job=current_run(), stop=time_is_up, spent=time_is_spent
    )


@task(names.BACKUP_ALL_TENANTS, family=Family.BACKUPS, queue=Queue.BACKUPS)
def backup_all_tenants(**_: object) -> Summary:
    """Back up every shop in one job, on request."""
    return jobs.back_up_all(
        kind=Kind.DAILY, reason="backup_all_tenants", job=current_run(), stop=time_is_up, spent=time_is_spent
    )


@task(names.CREATE_TENANT_BACKUP, family=Family.BACKUPS, queue=Queue.BACKUPS)
def create_tenant_backup(*, shop_id: int, **_: object) -> Summary:
    """Back up one shop."""
    return jobs.back_up_shop(
        shop_id=shop_id, kind=Kind.SHOP, reason="create_tenant_backup", job=current_run(), spent=time_is_spent
    )


@task(names.CREATE_SNAPSHOT_BACKUP, family=Family.BACKUPS, queue=Queue.BACKUPS)
def create_snapshot_backup(*, shop_id: int, operation: str, **_: object) -> Summary:
    """Back up one shop before a risky operation; the snapshot goes by itself."""
    return jobs.back_up_shop(
        shop_id=shop_id, kind=Kind.SNAPSHOT, reason=operation, job=current_run(), spent=time_is_spent
    )


@task(names.PROCESS_SCHEDULED_BACKUPS, family=Family.BACKUPS, queue=Queue.MAINTENANCE)
def process_scheduled_backups(**_: object) -> Summary:
    """Open a run for each backup that people have scheduled and whose time has come."""
    return scheduled.process(now=clock.now())


@task(names.VERIFY_BACKUP_INTEGRITY, family=Family.BACKUPS, queue=Queue.BACKUPS)
def verify_backup_integrity(*, backup: str | None = None, drill: bool = False, **_: object) -> Summary:
    """Read back one backup, or those whose turn it is, in as many sittings as that takes; complete what a vault lacks.

    With `drill` it restores on trial what is due by the rota; only the worker of the queue `drills` has a key for that.
    """
    return jobs.drill(spent=time_is_spent) if drill else jobs.verify(backup=backup, now=clock.now(), stop=time_is_up)


@task(names.CLEANUP_OLD_BACKUPS, family=Family.BACKUPS, queue=Queue.BACKUPS)
def cleanup_old_backups(**_: object) -> Summary:
    """Condemn what retention lets go, and remove what has been condemned for the whole grace; ring for drills.

    Drills have no entry of their own: this one comes daily, an hour after the backup, and rings on their queue. It is
    on the queue of backups: what it needs (vaults, and the owner's login) the workers of other queues are not given.
    """
    return jobs.clean_up(
        now=clock.now(),
        ring_drills=lambda: verify_backup_integrity.apply_async(kwargs={"drill": True}, queue=Queue.DRILLS),
        ring_reading=verify_backup_integrity.apply_async,
        stop=time_is_up,
    )


@task(names.GENERATE_BACKUP_REPORT, family=Family.BACKUPS, queue=Queue.MAINTENANCE)
def generate_backup_report(*, period: str, **_: object) -> Summary:
    """Make, keep and mail the reports on backups that are owed of a `period`: daily or weekly."""
    return jobs.report(kind=period, now=clock.now())
