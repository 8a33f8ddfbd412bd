"""`zargar database`: make the two roles and the database, and bring the shared schema to the newest migration."""

from typing import Final
from urllib.parse import unquote, urlsplit

import typer

from zargar.cli import start
from zargar.cli.output import AsJson, emit
from zargar.refusals import InvalidError

app = typer.Typer(name="database", help="The database, its two roles and the shared schema.", no_args_is_help=True)

ROLES: Final = {"DATABASE_OWNER_URL": "zargar_owner", "DATABASE_URL": "zargar_app"}


class RoleURLError(InvalidError):
    """DATABASE_URL must name zargar_app and DATABASE_OWNER_URL zargar_owner, each with a password, and one database.

    The message never repeats a URL, which holds a password.
    """


@app.command()
def prepare(*, as_json: AsJson = False) -> None:
    """Make the two roles and the database on a server of your own; repeatable, and it sets both passwords anew.

    DATABASE_ADMIN_URL is a superuser's. What it makes is what DATABASE_OWNER_URL and DATABASE_URL name.
    """
    import psycopg  # noqa: PLC0415 -- `--help` need not wait for it
    from django.db import OperationalError  # noqa: PLC0415 -- as above

    from zargar.embedded import databases  # noqa: PLC0415 -- as above
    from zargar.settings.environment import env  # noqa: PLC0415 -- as above

    database, passwords = _named({variable: env.str(variable) for variable in ROLES})
    made = databases.Passwords(owner=passwords["zargar_owner"], app=passwords["zargar_app"])
    try:
        databases.prepare(env.str("DATABASE_ADMIN_URL"), name=database, passwords=made)
    except psycopg.OperationalError as away:
        raise OperationalError(str(away)) from away
    emit(
        {"database": database, "roles": [*ROLES.values()], "state": "ready"},
        as_json=as_json,
        human=f"database {database} is ready for zargar_owner and zargar_app; next: zargar database migrate",
    )


@app.command()
def migrate(*, as_json: AsJson = False) -> None:
    """Migrate the shared schema, as the database's owner. Shops: `zargar shops migrate`."""
    start.django(as_owner=True)
    from zargar.shops.schemas import migrate_schema  # noqa: PLC0415 -- needs Django

    migrate_schema("public")
    emit(
        {"schema": "public", "state": "migrated"}, as_json=as_json, human="the shared schema is at the newest migration"
    )


def _named(urls: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return the database that both URLs name, and the password of each role. Raises `RoleURLError`."""
    passwords: dict[str, str] = {}
    names: set[str] = set()
    for variable, role in ROLES.items():
        parts = urlsplit(urls[variable])
        if unquote(parts.username or "") != role or not parts.password:
            message = f"{variable} must be postgresql://{role}:PASSWORD@HOST/NAME"
            raise RoleURLError(message)
        passwords[role] = unquote(parts.password)
        names.add(unquote(parts.path.strip("/")))
    if len(names) != 1 or "" in names:
        message = f"{' and '.join(ROLES)} must name one and the same database"
        raise RoleURLError(message)
    return names.pop(), passwords
