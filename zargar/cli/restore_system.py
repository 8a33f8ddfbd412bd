"""`zargar restore system` and `release`: everything out of a backup into a new database, at rest until it is opened."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from zargar.cli import start
from zargar.cli.output import AsJson, Reason, actor, emit
from zargar.cli.restored_domains import unwound
from zargar.outcomes import JSON, Summary

EVERY = 50
"""Of so many schemas one line of progress is written."""


def system(
    backup: Annotated[UUID, typer.Option("--from", help="The backup's id.")],
    database: Annotated[str, typer.Option(help="The new, empty database on the server of DATABASE_OWNER_URL.")],
    reason: Reason,
    vault: Annotated[str | None, typer.Option(help="This vault alone; all in their order without.")] = None,
    files: Annotated[
        Path | None, typer.Option(help="The folder for packs of files; they are left out without.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Restore everything into a new database, which starts paused. Needs a vault and the key; no catalogue.

    `zargar database prepare` makes the empty database and the two roles.
    """
    start.django(as_owner=True, database=database)
    from zargar import clock  # noqa: PLC0415 -- as below
    from zargar.backups import everything, wiring  # noqa: PLC0415 -- needs Django
    from zargar.schedules.wiring import entries  # noqa: PLC0415 -- as above

    places = wiring.vaults_named(vault)
    done = everything.restore(
        wiring.connector(start.owner_url(database)), vaults=places, backup=str(backup), identity=wiring.identity(),
        files=files, progress=_progress,
    )  # fmt: skip
    rest = everything.pause(
        done, vaults=places, unwound=unwound(), entries=entries(), actor=actor(), reason=reason, now=clock.now()
    )
    vaults = sorted(set(done.vaults.values()))
    folders: list[JSON] = list(done.files)
    told: Summary = {
        "backup": str(backup), "database": database, "schemas": len(done.vaults) - len(folders), "rows": done.rows,
        "vaults": list(vaults), "files": folders, "erased": list(done.erased), "without": list(done.without),
        "migrated": len(rest.migrated),
        "closed": len(rest.closed), "paused": len(rest.entries), "runs_laid_aside": rest.runs,
    }  # fmt: skip
    emit(
        told, as_json=as_json,
        human=(
            f"{told['schemas']} schemas, {done.rows} rows, are in {database}, proven, out of {' and '.join(vaults)}.\n"
            f"{_without(done.erased)}{_lacks(done.without)}"
            f"It is at rest: {len(rest.closed)} shops are closed, {len(rest.entries)} entries paused. Look at it, then "
            "`zargar restore release`, and `zargar backups catalogue rebuild`."
        ),
    )  # fmt: skip


def release(
    reason: Reason,
    slug: Annotated[str | None, typer.Argument(help="One shop; all, and the schedule, without.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Open what `restore system` left at rest."""
    start.django()
    from zargar.backups import everything  # noqa: PLC0415 -- needs Django
    from zargar.schedules.wiring import entries  # noqa: PLC0415 -- as above

    opened = everything.release(entries=entries(), slug=slug, actor=actor(), reason=reason)
    emit(
        {name: list(names) for name, names in opened.items()},
        as_json=as_json, human=f"{len(opened['shops'])} shops are open, {len(opened['entries'])} entries run again",
    )  # fmt: skip


def _without(erased: Sequence[str]) -> str:
    return f"Not in it, since their keys were destroyed: {', '.join(erased)}.\n" if erased else ""


def _lacks(names: Sequence[str]) -> str:
    return f"Extensions that nothing leans on and that cannot be made here: {', '.join(names)}.\n" if names else ""


def _progress(done: int, total: int) -> None:
    if done % EVERY == 0 or done == total:
        typer.echo(f"{done} of {total} schemas", err=True)
