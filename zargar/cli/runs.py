"""`zargar runs`: what was done, what waits, what died, and another chance for it."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from zargar.cli import start
from zargar.cli.output import AsJson, Reason, actor, emit, iso, table, tehran
from zargar.outcomes import Summary

if TYPE_CHECKING:
    from zargar.ledger.models import Run

app = typer.Typer(name="runs", help="The ledger of work.", no_args_is_help=True)


@app.command("list")
def list_runs(
    state: Annotated[str | None, typer.Option(help="due, running, succeeded, dead or superseded.")] = None,
    task: Annotated[str | None, typer.Option(help="A task's name, whole or its last part.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, newest first.")] = 50,
    *,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    start.django()
    from zargar.ledger import operations  # noqa: PLC0415 -- needs Django
    from zargar.ledger.models import State  # noqa: PLC0415 -- needs Django

    if state is not None and state not in State.values:
        message = f"--state {state!r} is not one of {', '.join(State.values)}"
        raise typer.BadParameter(message)
    runs = operations.recent(state=State(state) if state else None, task=task, limit=limit)
    emit(
        [_facts(run) for run in runs],
        as_json=as_json,
        human=table(
            ("run", "task", "state", "attempts", "created", "origin"),
            [
                (run.id, run.task.rpartition(".")[2], run.state, run.attempts, tehran(run.created_at), run.origin)
                for run in runs
            ],
        ),
    )


@app.command()
def show(run: UUID, *, as_json: AsJson = False) -> None:
    """Show one run with its summary and its errors."""
    start.django()
    from zargar.ledger import operations  # noqa: PLC0415 -- needs Django

    facts = _facts(operations.show(run))
    emit(facts, as_json=as_json, human="\n".join(f"{name}: {value}" for name, value in facts.items()))


@app.command()
def retry(run: UUID, reason: Reason, *, as_json: AsJson = False) -> None:
    """Make a dead or superseded run due again."""
    start.django()
    from zargar.ledger import operations  # noqa: PLC0415 -- needs Django

    found = operations.retry(run=run, actor=actor(), reason=reason)
    emit(_facts(found), as_json=as_json, human=f"run {found.id} is {found.state} again; a beat rings for it")


def _facts(run: "Run") -> Summary:
    return {
        "run": str(run.id),
        "task": run.task,
        "family": run.family,
        "queue": run.queue,
        "origin": run.origin,
        "state": run.state,
        "kwargs": run.kwargs,
        "attempts": run.attempts,
        "losses": run.losses,
        "worker": run.worker,
        "created_at": iso(run.created_at),
        "due_at": iso(run.due_at),
        "started_at": iso(run.started_at),
        "finished_at": iso(run.finished_at),
        "summary": run.summary,
        "errors": run.errors,
    }
