"""`zargar restore files`: put uploads, configuration or roles out of a backup into a new folder."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from zargar.cli import places, start
from zargar.cli.output import AsJson, Reason, actor, emit


def files(
    name: Annotated[str, typer.Argument(help="As ZARGAR_BACKUP_FILES names it; `roles`: the roles as SQL.")],
    backup: Annotated[UUID, typer.Option("--from", help="The backup's id.")],
    into: Annotated[Path, typer.Option(help="A folder that is not there yet.")],
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Put files of a backup into a new folder, proven by the manifest before it has its name; nothing is written over.

    Needs the key of operations (or escrow) in ZARGAR_BACKUP_IDENTITY or ZARGAR_BACKUP_IDENTITY_FILE.
    """
    start.django()
    from zargar.audit import operations as audit  # noqa: PLC0415 -- needs Django
    from zargar.backups import copied, files_back, wiring  # noqa: PLC0415 -- as above

    sha256, vaults = copied.as_known(wiring.vaults(), backup)
    identity = wiring.identity()
    with places.written(into):
        done = files_back.restore(
            vaults=vaults, backup=str(backup), name=name, into=into.absolute(), identity=identity,
            sha256=sha256,
        )  # fmt: skip
    audit.record(
        actor=actor(), action="backup.restore_files", subject=done.pack, reason=reason,
        after={"backup": str(backup), "vault": done.vault, "entries": done.facts.entries},
    )  # fmt: skip
    emit(
        {
            "pack": done.pack, "backup": str(backup), "vault": done.vault, "folder": str(into),
            "entries": done.facts.entries, "bytes": done.facts.bytes,
        },
        as_json=as_json, human=f"{done.pack} is back in {into}: {done.facts.entries} entries, {done.facts.bytes} bytes",
    )  # fmt: skip
