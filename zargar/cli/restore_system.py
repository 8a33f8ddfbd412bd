"""`zargar restore system` and `release`: everything out of a backup into a new database, at rest until it is opened."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from zargar.cli import start
from zargar.cli.output import AsJson, Reason, actor, emit
from zargar.cli.restored_domains import unwound
from zargar.outcomes import Summary

if TYPE_CHECKING:
    from zargar.backups.at_rest import Finished
    from zargar.backups.everything import Everything

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
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Shops that the backup does not hold may be lacking.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Restore everything into a new database, which starts paused. Needs a vault and the key; no catalogue.

    `zargar database prepare` makes the empty database and the two roles. Exit code 1 where a shop is lacking, or could
    not be brought up to now: it is named, and stays suspended.
    """
    start.django(as_owner=True, database=database)
    from zargar import clock  # noqa: PLC0415 -- as below
    from zargar.backups import at_rest, everything, wiring  # noqa: PLC0415 -- needs Django
    from zargar.schedules.wiring import entries  # noqa: PLC0415 -- as above

    places, identity, who = wiring.vaults_named(vault), wiring.identity(), actor()
    done = everything.restore(
        wiring.connector(start.owner_url(database)), vaults=places, backup=str(backup), identity=identity,
        rest=at_rest.Rest([entry.name for entry in entries()], who, reason, clock.now()), incomplete=incomplete,
        progress=_progress,
    )  # fmt: skip
    end = at_rest.finish(
        done.manifest, erased=done.erased, vaults=places, unwound=unwound(), actor=who, reason=reason, now=clock.now()
    )  # fmt: skip
    folders = everything.restore_files(done.manifest, vaults=places, identity=identity, into=files) if files else {}
    vaults = sorted({*done.vaults.values(), *folders.values()})
    told: Summary = {
        "backup": str(backup), "database": database, "schemas": len(done.vaults), "rows": done.rows,
        "vaults": list(vaults), "files": list(folders), "erased": list(done.erased), "without": list(done.without),
        "excluded": list(done.manifest.excluded), "absent": list(end.absent), "failed": dict(end.failed),
        "migrated": len(end.migrated), "closed": len(done.rest.closed), "paused": len(done.rest.entries),
        "runs_laid_aside": done.rest.runs,
    }  # fmt: skip
    emit(
        told, as_json=as_json,
        human=(
            f"{told['schemas']} schemas, {done.rows} rows, are in {database}, proven, out of {' and '.join(vaults)}.\n"
            f"{_lines(done, end)}"
            f"It is at rest: {len(done.rest.closed)} shops were closed, {len(done.rest.entries)} entries paused. Look "
            "at it, then `zargar restore release`, and `zargar backups catalogue rebuild`."
        ),
    )  # fmt: skip
    if end.failed or set(end.absent) - set(done.erased):
        raise typer.Exit(1)


def release(
    reason: Reason,
    slug: Annotated[str | None, typer.Argument(help="One shop; all, and the schedule, without.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Open what `restore system` left at rest."""
    start.django()
    from zargar.backups import at_rest  # noqa: PLC0415 -- needs Django
    from zargar.schedules.wiring import entries  # noqa: PLC0415 -- as above

    opened = at_rest.release(entries=entries(), slug=slug, actor=actor(), reason=reason)
    emit(
        {name: list(names) for name, names in opened.items()},
        as_json=as_json,
        human=(
            f"{len(opened['shops'])} shops are open, {len(opened['entries'])} entries run again"
            f"{_unfinished(opened['unfinished'])}"
        ),
    )  # fmt: skip


def _unfinished(names: Sequence[str]) -> str:
    return f"; a restore has closed and not finished {', '.join(names)}: `zargar restore undo`" if names else ""


def _lines(done: "Everything", end: "Finished") -> str:
    """Say what is not as it was, a line each."""
    gone = [name for name in end.absent if name not in done.erased]
    said = {
        "Not in it, since their keys were destroyed": ", ".join(done.erased),
        "Extensions that nothing leans on and that cannot be made here": ", ".join(done.without),
        "The backup does not hold": "; ".join(done.manifest.excluded),
        "Shops without a schema, suspended": ", ".join(gone),
        "Suspended": "; ".join(f"{name}: {why}" for name, why in end.failed.items()),
    }
    return "".join(f"{what}: {names}.\n" for what, names in said.items() if names)


def _progress(done: int, total: int) -> None:
    if done % EVERY == 0 or done == total:
        typer.echo(f"{done} of {total} schemas", err=True)
