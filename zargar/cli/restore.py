"""`zargar restore`: bring a shop back out of a backup."""

from typing import Annotated
from uuid import UUID

import typer

from zargar.cli import start
from zargar.cli.output import AsJson, Reason, actor, emit

app = typer.Typer(name="restore", help="Bring shops back out of backups.", no_args_is_help=True)


@app.callback()
def nouns() -> None:
    """Bring shops back out of backups."""


@app.command()
def shop(
    slug: Annotated[str, typer.Argument(help="The shop, as it was called when the backup was made.")],
    backup: Annotated[UUID, typer.Option("--from", help="The backup's id.")],
    reason: Reason,
    beside: Annotated[str | None, typer.Option(help="The schema to restore into; SHOP_restored without.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Restore a shop beside the live one, proven by its facts before it is kept; the live shop is not touched.

    Needs the key of operations (or escrow) in ZARGAR_BACKUP_IDENTITY or ZARGAR_BACKUP_IDENTITY_FILE.
    """
    start.django(as_owner=True)
    from zargar.audit import operations as audit  # noqa: PLC0415 -- needs Django
    from zargar.backups import restoring, wiring  # noqa: PLC0415 -- as above

    to = beside or f"{slug}_restored"
    with wiring.connector(wiring.database_url())() as connection:
        done = restoring.beside(
            connection, vaults=wiring.vaults(), backup=str(backup), slug=slug, to=to, identity=wiring.identity()
        )
    rows = sum(table.rows for table in done.facts.tables)
    audit.record(
        actor=actor(), action="backup.restore_beside", subject=slug, reason=reason,
        after={"backup": str(backup), "schema": to, "vault": done.vault, "rows": rows},
    )  # fmt: skip
    tables = len(done.facts.tables)
    emit(
        {
            "shop": slug, "backup": str(backup), "vault": done.vault, "schema": to, "tables": tables, "rows": rows,
        },
        as_json=as_json, human=f"{slug} is back as the schema {to}: {tables} tables, {rows} rows, proven",
    )  # fmt: skip
