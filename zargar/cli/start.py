"""Start Django for one command, as the app's role or the owner's."""

import os


def django(*, as_owner: bool = False, database: str | None = None) -> None:
    """Set Django up. With `as_owner` this process connects as `zargar_owner`, for commands that change schemas.

    `database` names another database of the same server: a restored one, while the usual one may be gone.
    """
    if as_owner:
        os.environ["ZARGAR_DATABASE_ROLE"] = "owner"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zargar.settings.embedded")

    import django as framework  # noqa: PLC0415 -- the role above must be known first

    framework.setup()

    from django.conf import settings  # noqa: PLC0415 -- as above

    from zargar import logs  # noqa: PLC0415 -- `--help` need not wait for it

    logs.configure(as_json=settings.LOG_JSON, level="WARNING")
    if database is not None:
        from django.db import connection  # noqa: PLC0415 -- as above

        connection.settings_dict["NAME"] = database


def owner_url(database: str) -> str:
    """Return the owner's URL of another database of the server. Raises `environs.EnvError` where none is set."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 -- `--help` need not wait for it

    from zargar.settings.environment import env  # noqa: PLC0415 -- as above

    return make_conninfo(env.str("DATABASE_OWNER_URL"), dbname=database)
