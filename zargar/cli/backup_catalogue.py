"""`zargar backups catalogue`: make the catalogue again from what the vaults hold."""

from typing import Annotated, Final

import typer

from zargar.cli import start
from zargar.cli.output import AsJson, emit

app = typer.Typer(name="catalogue", help="The rows that say which backups there are.", no_args_is_help=True)

EVERY: Final = 200
"""Of so many manifests one line of progress is written."""


@app.callback()
def nouns() -> None:
    """The rows that say which backups there are."""


@app.command()
def rebuild(
    vault: Annotated[str | None, typer.Option(help="This vault alone; all of them without.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Fill the catalogue from the manifests in the vaults; exit 1 when something is damaged, or a vault is silent.

    Needs no key. What is found counts for nothing in retention until `zargar backups verify` has read it back.
    """
    start.django()
    from zargar import clock  # noqa: PLC0415 -- as below
    from zargar.backups import rebuilding, wiring  # noqa: PLC0415 -- needs Django

    asked = wiring.vaults_named(vault)
    done = rebuilding.rebuild(asked, configured=wiring.vaults(), now=clock.now(), progress=_progress)
    lines = [f"{done.backups} backups, of which the catalogue did not know {done.added}"]
    emit(done.summary(), as_json=as_json, human="\n".join([*lines, *done.faults, *done.silent]))
    if done.faults or done.silent:
        raise typer.Exit(1)


def _progress(done: int, total: int) -> None:
    if done % EVERY == 0:
        typer.echo(f"{done} of {total} manifests", err=True)
