"""Who looks whether backups need a person, and tells: the worker, after each run of a task of backups that has closed.

The minute's look for scheduled backups is such a run, so that what a command or another process brought about is seen
within a minute, and what could not be told is told again. When no worker closes anything, nobody looks: that is told by
`zargar status` and the web's health answer, which ask the heartbeats (docs/runbook.md, "Alarms about backups").
"""

import logging
from typing import Final

from django.db import InterfaceError, OperationalError

from zargar import clock, names
from zargar.engine.task import run_closed
from zargar.monitoring import backup_alarms

log = logging.getLogger(__name__)

BACKUPS: Final = (
    names.PROCESS_SCHEDULED_BACKUPS.removesuffix("process_scheduled_backups"),
    names.CONSOLE_START_BACKUP_JOB,
    names.CONSOLE_CLEANUP_OLD_BACKUPS,
)
"""What the names of the tasks of backups begin with."""


@run_closed.connect  # type: ignore[untyped-decorator]  # celery is not typed
def look(*, task: str, **_: object) -> None:
    """Look, then tell. A database that is away is left to the next look; what was not told stays to be told."""
    if not task.startswith(BACKUPS):
        return
    try:
        backup_alarms.look(now=clock.now())
        backup_alarms.tell(now=clock.now())
    except (OperationalError, InterfaceError) as error:
        log.warning("nobody looked at the backups: the database is out of reach: %s", type(error).__name__)
