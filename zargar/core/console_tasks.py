"""The tasks that the console starts: one domain call each, under the names that the contract gives them."""

from zargar import clock, names
from zargar.backups import jobs
from zargar.core.backup_tasks import verify_backup_integrity
from zargar.engine.limits import current_run, time_is_spent, time_is_up
from zargar.engine.task import task
from zargar.names import Family, Queue
from zargar.outcomes import Summary


@task(names.CONSOLE_START_BACKUP_JOB, family=Family.BACKUPS, queue=Queue.BACKUPS)
def start_backup_job(*, shop_id: int | None = None, operator_id: int | None = None, **_: object) -> Summary:
    """Back up one shop, or everything; the backup says which operator asked."""
    return jobs.start(shop_id=shop_id, operator_id=operator_id, job=current_run(), stop=time_is_up, spent=time_is_spent)


@task(names.CONSOLE_CLEANUP_OLD_BACKUPS, family=Family.BACKUPS, queue=Queue.BACKUPS)
def cleanup_old_backups(**_: object) -> Summary:
    """Do now what the nightly clean-up does, but ring for drills."""
    return jobs.clean_up(now=clock.now(), ring_reading=verify_backup_integrity.apply_async, stop=time_is_up)
