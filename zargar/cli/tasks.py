"""`zargar tasks`: the contract's 29 names, and which of them are registered."""

import typer

from zargar.cli import start
from zargar.cli.output import AsJson, emit, table

app = typer.Typer(name="tasks", help="The registered tasks.", no_args_is_help=True)


@app.command("list")
def list_tasks(*, as_json: AsJson = False) -> None:
    """List the contract's task names; a task is registered when it works."""
    start.django()
    from zargar.celery import app as celery  # noqa: PLC0415 -- needs Django
    from zargar.names import CONTRACT  # noqa: PLC0415 -- as above

    rows = [(name, name in celery.tasks) for name in sorted(CONTRACT)]
    emit(
        [{"task": name, "registered": registered} for name, registered in rows],
        as_json=as_json,
        human=table(
            ("task", "registered"), [(name, "yes" if registered else "not built") for name, registered in rows]
        ),
    )
