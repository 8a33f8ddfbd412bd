"""`zargar database`: bring the shared schema to the newest migration."""

import typer

from zargar.cli import start
from zargar.cli.output import AsJson, emit

app = typer.Typer(name="database", help="The shared schema.", no_args_is_help=True)


@app.command()
def migrate(*, as_json: AsJson = False) -> None:
    """Migrate the shared schema, as the database's owner. Shops: `zargar shops migrate`."""
    start.django(as_owner=True)
    from zargar.shops.schemas import migrate_schema  # noqa: PLC0415 -- needs Django

    migrate_schema("public")
    emit(
        {"schema": "public", "state": "migrated"}, as_json=as_json, human="the shared schema is at the newest migration"
    )
