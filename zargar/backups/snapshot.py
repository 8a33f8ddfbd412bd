"""Read one shop exactly as it was at one moment, as the members of a pack, with its facts.

Note [Nothing of a moving schema is handed out]
-----------------------------------------------
Rows come out of a REPEATABLE READ snapshot, but DDL does not obey snapshots (`changes`), and pg_dump reads in a session
of its own. So the schema's state is taken first, then its fingerprint and, if that is new, its DDL; then every table is
locked ACCESS SHARE, which stops TRUNCATE and rewrites, and only then the snapshot begins. If the state in the snapshot
is the first one, DDL and rows belong together; if not, all is thrown away and done again. This is over before the first
member is handed out: a pack that was begun is never taken back because of a change. Sequences do not obey snapshots
either; they are read after the last row, so that none is behind what it numbered.
"""

from collections.abc import Callable, Generator, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

import psycopg
from psycopg.sql import SQL, Literal

from zargar.backups import catalogue, changes, fingerprint
from zargar.backups.catalogue import Catalogue, NoSuchSchemaError, qualified
from zargar.backups.copying import TableReader
from zargar.backups.ddl import Ddl, DdlSource, DumpFailedError
from zargar.backups.facts import SequenceFacts, ShopFacts, TableFacts
from zargar.backups.members import Member
from zargar.backups.packing import closing, opening
from zargar.outcomes import Retryable

Connection: TypeAlias = psycopg.Connection[Any]
Connect: TypeAlias = Callable[[], Connection]
"""Opens a new session as the schemas' owner; who opens it closes it."""

ATTEMPTS: Final = 4
LOCK_WAIT: Final = "5s"


class ShopChangingError(Retryable):
    """The schema was changed, or its tables were held, during each attempt to read it: come back later."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A schema in an open transaction, with the DDL and the fingerprint that belong to that snapshot."""

    connection: Connection
    content: Catalogue
    ddl: Ddl
    fingerprint: str
    taken: datetime


class ShopReading:
    """One shop to be read once. `redone` says in words why attempts were thrown away; `facts` are there at the end."""

    def __init__(self, schema: str, read: Callable[["ShopReading"], Iterator[Member]]) -> None:
        self.schema = schema
        self.redone: list[str] = []
        self._members = read(self)
        self._first: Member | None = None
        self._handed_out = False
        self._facts: ShopFacts | None = None

    def begin(self) -> None:
        """Do all that may fail for the shop's sake, before anything is handed out; `members()` does it otherwise.

        Raises `ShopChangingError`, `NoSuchSchemaError`, `OldClientError` and `DumpFailedError`.
        """
        if self._first is None:
            self._first = next(self._members)

    def members(self) -> Generator[Member, None, None]:
        """Give the members of the pack in their order, once. Raises as `begin`, and what psycopg raises at any time.

        A second call raises `RuntimeError`.
        """
        self.begin()
        if self._first is None or self._handed_out:
            message = "a shop is read once"
            raise RuntimeError(message)
        self._handed_out = True
        yield self._first
        yield from self._members

    @property
    def facts(self) -> ShopFacts:
        """What was true of the shop. Raises `RuntimeError` while the members have not been exhausted."""
        if self._facts is None:
            message = "the facts of a shop are known when its last member was read"
            raise RuntimeError(message)
        return self._facts

    def pack(self, moment: Moment) -> Iterator[Member]:
        """Give the members of an open moment, then know the facts."""
        content, ddl = moment.content, moment.ddl
        pack, first = opening(content, ddl)
        yield from first
        tables: list[TableFacts] = []
        for table, place in zip(content.tables, pack.tables, strict=True):
            reader = TableReader(moment.connection, content.schema, table, place.folder)
            yield from reader.members()
            tables.append(reader.facts)
        facts = ShopFacts(
            schema=content.schema, moment=moment.taken, postgres=moment.connection.info.server_version,
            fingerprint=moment.fingerprint, tables=tuple(tables),
            sequences=tuple(positions(moment.connection, content)), migrations=applied(moment.connection, content),
        )  # fmt: skip
        yield from closing(content, ddl, pack, facts)
        self._facts = facts


def read_shop(
    connect: Connect, schema: str, *, pg_dump: DdlSource, known: MutableMapping[str, Ddl] | None = None
) -> ShopReading:
    """Read `schema` in a session of its own that ends with the last member, or when the iterator is closed.

    `known` holds the DDL by exact shape; what is dumped is put into it, so that shops of one shape share one dump.
    """
    ddl = known if known is not None else {}

    def read(reading: ShopReading) -> Iterator[Member]:
        with connect() as connection:
            prepare(connection)
            moment = _moment(connection, schema, pg_dump=pg_dump, known=ddl, redone=reading.redone)
            yield from reading.pack(moment)
            connection.execute("COMMIT")

    return ShopReading(schema, read)


def prepare(connection: Connection) -> None:
    """Make a fresh session one that reads text forms as backups hold them. Transactions are then begun by hand."""
    connection.autocommit = True
    connection.execute(catalogue.SETTINGS)


def positions(connection: Connection, content: Catalogue) -> list[SequenceFacts]:
    """Read where the sequences of a schema stand."""
    if not content.sequences:
        return []
    one = SQL("SELECT {}, last_value, is_called FROM {}")
    query = SQL(" UNION ALL ").join(
        one.format(Literal(name), qualified(content.schema, name)) for name in content.sequences
    )
    return sorted(
        (SequenceFacts(str(name), int(last), bool(called)) for name, last, called in connection.execute(query)),
        key=lambda position: position.name,
    )


def applied(connection: Connection, content: Catalogue) -> tuple[str, ...]:
    """Read which Django migrations the schema says it has; none where it keeps no such table."""
    if not any(t.name == "django_migrations" and {"app", "name"} <= set(t.columns) for t in content.tables):
        return ()
    query = SQL("SELECT app || '.' || name FROM {}").format(qualified(content.schema, "django_migrations"))
    return tuple(sorted(str(name) for (name,) in connection.execute(query)))


def _moment(
    connection: Connection, schema: str, *, pg_dump: DdlSource, known: MutableMapping[str, Ddl], redone: list[str]
) -> Moment:
    for _ in range(ATTEMPTS):
        before = _state(connection, schema)
        shape = fingerprint.shapes(connection, [schema]).get(schema)
        if shape is None:
            continue  # dropped in between: the next attempt says so
        try:
            fresh = None if shape.exact in known else pg_dump.dump(connection, schema)
        except DumpFailedError as failed:
            if _state(connection, schema) == before:
                raise
            redone.append(f"its schema was changed while its DDL was dumped: {failed}")
            continue
        try:
            taken = _begin_locked(connection, catalogue.catalogues(connection, [schema])[schema])
        except (psycopg.errors.LockNotAvailable, psycopg.errors.UndefinedTable) as held:
            connection.execute("ROLLBACK")
            redone.append(f"its tables could not be locked: {str(held).splitlines()[0]}")
            continue
        if changes.states(connection, [schema]).get(schema) == before:
            if fresh is not None:
                known[shape.exact] = fresh
            content = catalogue.catalogues(connection, [schema])[schema]
            return Moment(connection, content, known[shape.exact], shape.fingerprint, taken)
        connection.execute("ROLLBACK")
        redone.append("its schema was changed, or a table of it truncated or rewritten, meanwhile")
    message = f"{schema} could not be read in {ATTEMPTS} attempts: {'; '.join(redone)}"
    raise ShopChangingError(message)


def _state(connection: Connection, schema: str) -> str:
    state = changes.states(connection, [schema]).get(schema)
    if state is None:
        message = f"the database has no schema {schema!r}"
        raise NoSuchSchemaError(message)
    return state


def _begin_locked(connection: Connection, content: Catalogue) -> datetime:
    """Begin the transaction, lock its tables, and only then fix the snapshot by the first query; return its time."""
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    connection.execute(SQL("SET LOCAL lock_timeout = {}").format(Literal(LOCK_WAIT)))
    for names in _batches([table.name for table in content.tables]):
        tables = SQL(", ").join(SQL("ONLY {}").format(qualified(content.schema, name)) for name in names)
        connection.execute(SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(tables))
    [(taken,)] = connection.execute("SELECT clock_timestamp()").fetchall()
    return taken if isinstance(taken, datetime) else datetime.fromisoformat(str(taken))


def _batches(names: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]
