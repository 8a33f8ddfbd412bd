"""What the web process asks the engine.

The Celery app is imported at the first question, not at the top of a module: as it loads it has Django check its
addresses, and so imports the views that would import it.
"""

from datetime import timedelta
from uuid import UUID

from zargar.engine import beat, health
from zargar.outcomes import Summary
from zargar.schedules.catalogue import Entry


def live_entries() -> tuple[Entry, ...]:
    """Return the entries of the schedule whose task is registered."""
    from zargar.celery import app  # noqa: PLC0415 -- see above

    return beat.live_entries(app)


def start(task: str, arguments: Summary) -> UUID:
    """Open a run of a task, by its registered name, and ring for it; return the run's id."""
    from zargar.celery import app  # noqa: PLC0415 -- see above

    return UUID(app.tasks[task].apply_async(kwargs=arguments).id)


def broker_answers(*, within: timedelta) -> bool:
    """Say whether the broker answers; see `zargar.engine.health`."""
    from zargar.celery import app  # noqa: PLC0415 -- see above

    return health.broker_answers(app, within=within)
