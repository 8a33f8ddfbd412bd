"""What people and the engine ask of the ledger beside claiming: look at runs, and give a dead one another chance."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from zargar.audit import operations as audit
from zargar.ledger import store
from zargar.ledger.models import Run, State
from zargar.ledger.retention import Keep, may_go
from zargar.refusals import NotFoundError, RefusedError


class NoSuchRunError(NotFoundError):
    """No run has that id. `zargar runs list` shows the ids."""


class NotReplayableError(RefusedError):
    """Only a dead or superseded run can be retried by hand; one that is due or running is in the engine's care."""


def show(run: UUID) -> Run:
    """Return one run. Raises `NoSuchRunError`."""
    try:
        return Run.objects.get(id=run)
    except Run.DoesNotExist as missing:
        message = f"no run has the id {run}; `zargar runs list` shows the ids"
        raise NoSuchRunError(message) from missing


def recent(*, state: State | None = None, task: str | None = None, limit: int = 50) -> Sequence[Run]:
    """Return the newest runs, newest first, narrowed to a state and a task name (whole, or its last part)."""
    runs = Run.objects.order_by("-created_at")
    if state:
        runs = runs.filter(state=state)
    if task:
        runs = runs.filter(task=task) if "." in task else runs.filter(task__endswith=f".{task}")
    return list(runs[:limit])


def retry(*, run: UUID, actor: str, reason: str) -> Run:
    """Make a dead or superseded run due again, with its attempts forgiven and its errors kept. Audited.

    Raises `NoSuchRunError`, `NotReplayableError`, and `ValueError` for a blank reason; then nothing has changed.
    """
    with transaction.atomic():
        found = show(run)
        if not store.replay(run):
            message = f"run {run} is {found.state}: only a dead or superseded run can be retried by hand"
            raise NotReplayableError(message)
        audit.record(
            actor=actor, action="run.retry", subject=str(run), reason=reason,
            before={"state": found.state, "attempts": found.attempts}, after={"state": State.DUE.value},
        )  # fmt: skip
    return show(run)


def counts() -> dict[str, int]:
    """Count the runs in each state, zeros included."""
    found: dict[str, int] = dict(store.query("SELECT state, count(*) FROM ledger_run GROUP BY state"))
    return {state.value: found.get(state.value, 0) for state in State}


def retain(*, keep: Keep, now: datetime, at_most: int) -> dict[str, int]:
    """Remove at most so many runs that have outlived their period, in one transaction; return how many, by kind.

    Never one that is due or running, and never a dead letter before its own period. Call it again until nothing goes.
    """
    return {"runs": store.remove(may_go(keep, now=now), at_most=at_most)}
