"""The mission's HEALTH_METRIC lines: when a run of a counted task has closed, its family's last hour is logged.

Not at every close: a process says each line at most once a minute, so that a thousand messages do not cost a thousand
counts. A price is due every five minutes, so each of its closes is followed by a line. The figures are the
ledger's, not this process's, so it does not matter which process says them. See docs/decisions/0008-health.md.
"""

import logging
import time
from datetime import timedelta
from typing import Final

from django.db import InterfaceError, OperationalError

from zargar import clock
from zargar.engine.task import run_closed
from zargar.monitoring import families, store

log = logging.getLogger(__name__)

WINDOW: Final = timedelta(hours=1)
AT_MOST_EVERY: Final = 60.0
"""Seconds."""

_said_at: dict[str, float] = {}


@run_closed.connect  # type: ignore[untyped-decorator]  # celery is not typed
def say(*, task: str, **_: object) -> None:
    """Log the line of the family whose work has just closed, if it is due. A ledger that is away is left alone."""
    found = families.metric_of(task)
    if found is None or not _is_due(found[1].name):
        return
    metric = found[1]
    try:
        record = store.of_tasks(metric.tasks, since=clock.now() - WINDOW)
    except (OperationalError, InterfaceError) as error:
        log.warning("no health line: the ledger is out of reach: %s", type(error).__name__)
        return
    told = families.line(metric, record)
    if told is not None:
        log.info(told)


def _is_due(metric: str) -> bool:
    now = time.monotonic()
    if now - _said_at.get(metric, -AT_MOST_EVERY) < AT_MOST_EVERY:
        return False
    _said_at[metric] = now
    return True
