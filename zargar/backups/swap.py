"""Put a restored copy in the live schema's place, in one short transaction, and keep what was live for undo.

ALTER SCHEMA ... RENAME waits for nobody: a transaction that wrote its first payment into the old schema would write its
second into the restored one. So every table of both copies is locked ACCESS EXCLUSIVE first. That waits for all who are
inside to end, no longer than a lock time-out; those who come meanwhile wait, and then find the restored tables, since
PostgreSQL looks a name up again after it waited for its lock.

Function bodies are text: in the schema that is kept, a body which names the shop reads the restored shop from now on.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Composed, Identifier, Literal

from zargar.backups.catalogue import NoSuchSchemaError, qualified
from zargar.backups.restore import TargetTakenError
from zargar.outcomes import Retryable

_TABLES: Final = """
SELECT c.relname::text, n.nspname::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p') ORDER BY c.relname, n.nspname
"""
_BEHIND: Final = """
SELECT here.sequencename::text, there.last_value
FROM pg_catalog.pg_sequences here JOIN pg_catalog.pg_sequences there USING (sequencename)
WHERE here.schemaname = %s AND there.schemaname = %s AND here.increment_by > 0 AND NOT here.cycle
  AND there.last_value <= here.max_value AND (here.last_value IS NULL OR here.last_value < there.last_value)
"""
_SCHEMAS: Final = "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY(%s)"
_HELD: Final = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected, psycopg.errors.UndefinedTable)


class SwapBusyError(Retryable):
    """Somebody held a table for longer than the time-out, or changed a schema meanwhile; nothing was swapped."""


@dataclass(frozen=True, slots=True)
class Swapped:
    """What was done: the schema `live` is the one that was `restored`, and what was live before is `kept`."""

    live: str
    restored: str
    kept: str


def swap(
    connection: psycopg.Connection[Any], *, live: str, restored: str, kept: str, wait: timedelta = timedelta(seconds=5)
) -> Swapped:
    """Rename `live` to `kept` and `restored` to `live`, at once for everybody, as the owner of both.

    `wait` is how long each table's holders are waited for. The caller keeps new work away (suspends the shop)
    where writers shall not wait as long. Raises `NoSuchSchemaError`, `TargetTakenError` and `SwapBusyError`; nothing
    was changed then.
    """
    try:
        with connection.transaction():
            _check(connection, live=live, restored=restored, kept=kept)
            connection.execute(_lock_timeout(wait))
            _lock_all(connection, live, restored)
            for old, new in ((live, kept), (restored, live)):
                connection.execute(SQL("ALTER SCHEMA {} RENAME TO {}").format(Identifier(old), Identifier(new)))
    except _HELD as held:
        message = f"{live} was not swapped: {str(held).splitlines()[0]}"
        raise SwapBusyError(message) from held
    return Swapped(live, restored, kept)


def number_on(connection: psycopg.Connection[Any], *, live: str, kept: str) -> None:
    """Have the sequences of `live` go on after those of `kept`, in the caller's transaction, where these are ahead.

    A number that was given after the backup is on paper, in the audit and in what customers were sent: it is not given
    to something else. Sequences that count down or around are left as they are.
    """
    for name, last in connection.execute(_BEHIND, [live, kept]).fetchall():
        connection.execute(
            SQL("SELECT setval({}::regclass, %s)").format(Literal(qualified(live, name).as_string(connection))), [last]
        )


def hold_still(connection: psycopg.Connection[Any], schema: str, *, wait: timedelta = timedelta(seconds=5)) -> None:
    """Keep everybody from writing to a schema until the caller's transaction ends; whoever reads goes on.

    So what is compared and copied meanwhile is what a `swap` in the same transaction then puts aside, also where
    somebody writes past the shop's suspension. Raises `SwapBusyError` when a writer does not end within `wait`.
    """
    if connection.info.transaction_status == TransactionStatus.IDLE:
        message = "a schema is held still inside a transaction"
        raise RuntimeError(message)
    connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    try:
        connection.execute(_lock_timeout(wait))
        for name, in_schema in _tables(connection, schema):
            connection.execute(SQL("LOCK TABLE ONLY {} IN EXCLUSIVE MODE").format(qualified(in_schema, name)))
    except _HELD as held:
        message = f"{schema} does not hold still: {str(held).splitlines()[0]}"
        raise SwapBusyError(message) from held


def drop(connection: psycopg.Connection[Any], schema: str, *, wait: timedelta = timedelta(seconds=5)) -> bool:
    """Drop a schema that is nobody's any more, with all in it; return False if it is not there.

    Raises `SwapBusyError` when somebody holds one of its tables for longer than `wait`.
    """
    if not there(connection, schema):
        return False
    try:
        with connection.transaction():
            connection.execute(_lock_timeout(wait))
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(schema)))
    except _HELD as held:
        message = f"{schema} was not dropped: {str(held).splitlines()[0]}"
        raise SwapBusyError(message) from held
    return True


def there(connection: psycopg.Connection[Any], schema: str) -> bool:
    """Say whether the database has a schema of that name."""
    with connection.transaction():
        return connection.execute(_SCHEMAS, [[schema]]).fetchone() is not None


def undo(connection: psycopg.Connection[Any], done: Swapped, *, wait: timedelta = timedelta(seconds=5)) -> Swapped:
    """Put back what was live before; what was restored has its name from before the swap again. Raises as `swap`."""
    return swap(connection, live=done.live, restored=done.kept, kept=done.restored, wait=wait)


def _check(connection: psycopg.Connection[Any], *, live: str, restored: str, kept: str) -> None:
    there = {str(name) for (name,) in connection.execute(_SCHEMAS, [[live, restored, kept]])}
    for schema in (live, restored):
        if schema not in there:
            message = f"the database has no schema {schema!r}"
            raise NoSuchSchemaError(message)
    if kept in there:
        message = f"there is a schema {kept!r}: name another place for what is live now"
        raise TargetTakenError(message)


def _lock_all(connection: psycopg.Connection[Any], live: str, restored: str) -> None:
    """Lock every table of both; a table that was made meanwhile would not be locked, so they are listed again."""
    tables = _tables(connection, live, restored)
    for name, schema in tables:
        connection.execute(SQL("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE").format(qualified(schema, name)))
    if _tables(connection, live, restored) != tables:
        message = f"{live} was not swapped: its tables changed meanwhile"
        raise SwapBusyError(message)


def _tables(connection: psycopg.Connection[Any], *schemas: str) -> list[tuple[str, str]]:
    """Return the tables of these schemas, each with its schema, in one order for everybody."""
    return connection.execute(_TABLES, [list(schemas)]).fetchall()


def _lock_timeout(wait: timedelta) -> Composed:
    return SQL("SET LOCAL lock_timeout = {}").format(Literal(round(wait.total_seconds() * 1000)))
