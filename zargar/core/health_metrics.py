"""The mission's HEALTH_METRIC lines: when a run of a counted task has closed, its family's last hour is logged.

Beside the updates of prices stands the health of their sources: of all askings of the hour, how many gave a price.
After the hourly check of the sources follows a line for each of them.

Not at every close: a process says each line at most once a minute, so that a thousand messages do not cost a thousand
counts. A price is due every five minutes, so each of its closes is followed by a line. The figures are the
ledger's and the stored ticks', not this process's, so it does not matter which process says them. See
docs/decisions/0008-health.md.
"""

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.db import InterfaceError, OperationalError

from zargar import clock, names
from zargar.engine.task import run_closed
from zargar.monitoring import families, sources, store
from zargar.names import Family

log = logging.getLogger(__name__)

WINDOW: Final = timedelta(hours=1)
AT_MOST_EVERY: Final = 60.0
"""Seconds."""

_said_at: dict[str, float] = {}


@run_closed.connect  # type: ignore[untyped-decorator]  # celery is not typed
def say(*, task: str, **_: object) -> None:
    """Log the lines that follow this task's close, if they are due. A database that is away is left alone."""
    try:
        for told in _lines(task):
            log.info(told)
    except (OperationalError, InterfaceError) as error:
        log.warning("no health line: the database is out of reach: %s", type(error).__name__)


def _lines(task: str) -> Iterator[str]:
    since = clock.now() - WINDOW
    if task == names.VALIDATE_GOLD_PRICE_APIS and _is_due(task):
        yield from sources.each(store.by_source(since=since))
    found = families.metric_of(task)
    if found is None or not _is_due(found[1].name):
        return
    family, metric = found
    told = [families.line(metric, store.of_tasks(metric.tasks, since=since))]
    if family is Family.PRICES:
        told.append(sources.overall(store.by_source(since=since)))
    yield from (one for one in told if one is not None)


def _is_due(metric: str) -> bool:
    now = time.monotonic()
    if now - _said_at.get(metric, -AT_MOST_EVERY) < AT_MOST_EVERY:
        return False
    _said_at[metric] = now
    return True
