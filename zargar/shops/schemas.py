"""The schemas of shops as PostgreSQL has them: made, migrated, renamed and dropped by the owner's role.

A change of a schema holds its shop exclusively; whoever works in the shop holds it shared (`zargar.tenancy`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from zargar.outcomes import Retryable

SHOP_LOCK: Final = 0x5348_4F50
"""The first half of the advisory key ("SHOP"); the second is the shop's id."""

MAKING_LOCK: Final = 0x4D41_4B45
"""The first half of the advisory key ("MAKE") that is held by who makes a shop; the second is the shop's id."""

_EXCLUSIVE_WAIT: Final = "10s"


class ShopInsideError(Retryable):
    """Work inside a shop did not end in time, so that it could not be held exclusively; nothing was changed."""


@contextmanager
def exclusively(shop_id: int) -> Iterator[None]:
    """Hold a shop for a change of its schema, inside the caller's transaction: nobody works in it meanwhile.

    Raises `django.db.OperationalError` when work in the shop does not end within ten seconds.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{_EXCLUSIVE_WAIT}'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SHOP_LOCK, shop_id])
        yield


@contextmanager
def held(shop_id: int, *, wait: timedelta = timedelta(seconds=10)) -> Iterator[None]:
    """Hold a shop over several transactions: nobody works in it but `zargar.tenancy.in_closed_tenant` of this session.

    The lock is the session's: it goes when the block ends, or the session does. Raises `ShopInsideError` when work in
    the shop does not end within `wait`.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{round(wait.total_seconds() * 1000)}ms"])
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [SHOP_LOCK, shop_id])
    except OperationalError as late:
        if not isinstance(late.__cause__, LockNotAvailable):
            raise
        message = f"work inside shop {shop_id} did not end within {wait.total_seconds():.0f} s"
        raise ShopInsideError(message) from late
    session = connection.connection
    try:
        yield
    finally:
        # A session that was lost has lost its locks with it.
        if connection.connection is session and not session.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [SHOP_LOCK, shop_id])


@contextmanager
def being_made(shop_id: int) -> Iterator[None]:
    """Hold a shop while it is made, on a session of its own: migrations close the one that they run on."""
    session = connection.copy()
    try:
        with session.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [MAKING_LOCK, shop_id])
        yield
    finally:
        session.close()


def await_maker(shop_id: int) -> None:
    """Wait until nobody makes a shop any more, within `exclusively`, and as long: raises as that."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [MAKING_LOCK, shop_id])


def schema_exists(schema: str) -> bool:
    """Say whether the database has a schema of that name, a shop's or not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema])
        return cursor.fetchone() is not None


def create_schema(schema: str) -> None:
    """Create a shop's schema and its tables by migrations. Needs the owner's role; see `zargar shops create`."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {_quoted(schema)}")
    migrate_schema(schema)


def migrate_schema(schema: str) -> None:
    """Bring one schema, a shop's or `public`, to the newest migration. Needs the owner's role.

    Django's connection stands in the shared schema afterwards, whatever a migration raises.
    """
    try:
        call_command("migrate_schemas", schema_name=schema, interactive=False, verbosity=0)
    finally:
        tenants: Any = connection  # django-tenants' executor leaves it in the schema whose migration fails
        tenants.set_schema_to_public()


def rename_schema(old: str, new: str) -> None:
    """Rename a schema; the caller holds the shop exclusively."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SCHEMA {_quoted(old)} RENAME TO {_quoted(new)}")


def drop_schema_if_there(schema: str) -> None:
    """Drop a schema and all in it, or what an unfinished `create_schema` left; the caller holds the shop."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {_quoted(schema)} CASCADE")


def _quoted(schema: str) -> str:
    return connection.ops.quote_name(schema)
