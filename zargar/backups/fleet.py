"""Read many shops with set-based catalogue queries: the cost of a shop is its own rows, not the database's catalogue.

Shops are taken in groups. One session exports a snapshot for a group and reads in it the content, the states and the
shapes of all its schemas; pg_dump runs once for each shape that is new. Then each shop is copied in a short
transaction of its own that imports the snapshot, without locking anything beforehand: a lock table of default size
would not hold all tables, and one waiting TRUNCATE would hang every reader. After a batch of shops the states are
asked again, now. A shop whose state is the snapshot's was read exactly; any other is read again by
`snapshot.read_shop`, its tables locked first. Until that is known a shop's members are held in memory; one that is
too large for that is read by `read_shop` at once.
"""

from collections.abc import Generator, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import psycopg
from psycopg.sql import SQL, Literal

from zargar.backups import catalogue, changes, fingerprint
from zargar.backups.catalogue import Catalogue, NoSuchSchemaError
from zargar.backups.ddl import Ddl, DdlSource, DumpFailedError
from zargar.backups.facts import ShopFacts
from zargar.backups.fingerprint import Shape
from zargar.backups.members import Member
from zargar.backups.snapshot import (
    LOCK_WAIT,
    Connect,
    Connection,
    Moment,
    ShopChangingError,
    ShopReading,
    held_reading,
    prepare,
    read_shop,
)

GROUP: Final = 500
"""Shops that share a snapshot: so long is the oldest row version kept."""

BATCH: Final = 250
"""Shops whose states are asked again together."""

LARGE: Final = 4 << 20
"""Bytes of a shop that are held in memory at most; a batch holds at most `BATCH_BYTES`."""

BATCH_BYTES: Final = 32 << 20


_CHANGED: Final = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName)


@dataclass(slots=True)
class _Group:
    """What is known of a group of schemas at its snapshot."""

    snapshot: str
    taken: datetime
    contents: dict[str, Catalogue]
    states: dict[str, str]
    shapes: dict[str, Shape]


@dataclass(slots=True)
class _Held:
    """A shop that was read, whose state has still to be asked again; no members where it must be read otherwise."""

    schema: str
    members: list[Member] = field(default_factory=list)
    facts: ShopFacts | None = None
    why: str = ""


class Fleet:
    """Many shops to be read once, one after the other: exhaust the members of each before the next is asked for.

    `left_out` says in words why a shop could not be read: it was dropped meanwhile, or changed in every attempt.
    """

    def __init__(
        self, connect: Connect, schemas: Sequence[str], *, pg_dump: DdlSource,
        known: MutableMapping[str, Ddl] | None = None,
    ) -> None:  # fmt: skip
        self._connect = connect
        self._schemas = list(schemas)
        self._pg_dump = pg_dump
        self._known = known if known is not None else {}
        self.left_out: dict[str, str] = {}

    def __iter__(self) -> Iterator[ShopReading]:
        """Give the shops in their order, each exact, with nothing left that may fail for its sake.

        Raises `OldClientError` and `DumpFailedError`, and what psycopg raises when the server is lost.
        """
        for start in range(0, len(self._schemas), GROUP):
            with self._connect() as exporter, self._connect() as reader:
                prepare(exporter)
                prepare(reader)
                group = self._survey(exporter, self._schemas[start : start + GROUP])
                yield from self._read(reader, group)
                exporter.execute("COMMIT")

    def _survey(self, exporter: Connection, schemas: Sequence[str]) -> _Group:
        exporter.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        [(snapshot, taken)] = exporter.execute("SELECT pg_export_snapshot(), clock_timestamp()").fetchall()
        states = changes.states(exporter, schemas)
        for schema in schemas:
            if schema not in states:
                self.left_out[schema] = "the database has no such schema"
        there = [schema for schema in schemas if schema in states]
        contents = catalogue.catalogues(exporter, there)
        shapes = fingerprint.shapes(exporter, there)
        exporter.execute("SET LOCAL search_path = ''")  # the shapes moved it
        return _Group(str(snapshot), taken, contents, states, shapes)

    def _read(self, reader: Connection, group: _Group) -> Iterator[ShopReading]:
        batch: list[_Held] = []
        held_bytes = 0
        for schema in group.contents:
            held = self._held(reader, group, schema)
            batch.append(held)
            held_bytes += sum(len(member.data) for member in held.members)
            if len(batch) >= BATCH or held_bytes >= BATCH_BYTES:
                yield from self._checked(reader, group, batch)
                batch, held_bytes = [], 0
        yield from self._checked(reader, group, batch)

    def _held(self, reader: Connection, group: _Group, schema: str) -> _Held:
        """Read one shop in the group's snapshot into memory, or say why not."""
        held = _Held(schema)
        content, shape = group.contents[schema], group.shapes.get(schema)
        if sum(table.bytes for table in content.tables) > LARGE:
            return held
        if shape is None:
            held.why = "its schema was dropped or renamed meanwhile"
            return held
        ddl = self._ddl(reader, group, schema, shape)
        if ddl is None:
            held.why = "its schema was changed while its DDL was dumped"
            return held
        reading = ShopReading(
            schema, lambda own: own.pack(Moment(reader, content, ddl, shape.fingerprint, group.taken))
        )
        try:
            with _imported(reader, group.snapshot):
                members = _bounded(reading.members())
        except (
            psycopg.errors.UndefinedTable,
            psycopg.errors.UndefinedColumn,
            psycopg.errors.InvalidSchemaName,
        ) as gone:
            held.why = f"its schema was changed meanwhile: {str(gone).splitlines()[0]}"
        except psycopg.errors.LockNotAvailable:
            held.why = f"a table of it was held for more than {LOCK_WAIT}"
        else:
            if members:
                held.members, held.facts = members, reading.facts
        return held

    def _ddl(self, reader: Connection, group: _Group, schema: str, shape: Shape) -> Ddl | None:
        """The DDL of a shape; None where the schema that it was to be dumped from is no longer what it was."""
        if shape.exact in self._known:
            return self._known[shape.exact]
        try:
            ddl = self._pg_dump.dump(reader, schema)
        except DumpFailedError:
            if _moved(reader, group, schema):
                return None
            raise
        if _moved(reader, group, schema):
            return None
        self._known[shape.exact] = ddl
        return ddl

    def _checked(self, reader: Connection, group: _Group, batch: Sequence[_Held]) -> Iterator[ShopReading]:
        """Hand out what was read exactly; read the others again."""
        now = changes.states(reader, [held.schema for held in batch])
        for held in batch:
            if now.get(held.schema) != group.states[held.schema]:
                held.why = held.why or "its schema was changed, or a table of it truncated or rewritten, meanwhile"
                held.facts = None
            if held.facts is not None:
                yield held_reading(held.schema, held.members, held.facts)
            else:
                yield from self._again(held)
            held.members = []

    def _again(self, held: _Held) -> Iterator[ShopReading]:
        reading = read_shop(self._connect, held.schema, pg_dump=self._pg_dump, known=self._known)
        if held.why:
            reading.redone.append(held.why)
        try:
            reading.begin()
        except (NoSuchSchemaError, ShopChangingError) as why:
            self.left_out[held.schema] = str(why)
            return
        yield reading


def _moved(reader: Connection, group: _Group, schema: str) -> bool:
    return changes.states(reader, [schema]).get(schema) != group.states[schema]


@contextmanager
def _imported(reader: Connection, snapshot: str) -> Iterator[None]:
    reader.execute(
        SQL(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}; SET LOCAL lock_timeout = {}"
        ).format(Literal(snapshot), Literal(LOCK_WAIT))
    )
    try:
        yield
    except psycopg.Error:
        if not reader.broken:
            reader.execute("ROLLBACK")
        raise
    reader.execute("COMMIT")


def _bounded(members: Generator[Member, None, None]) -> list[Member]:
    """Take all members if they fit; nothing of a shop that grew past the estimate, whose COPY is ended."""
    kept: list[Member] = []
    size = 0
    for member in members:
        size += len(member.data)
        if size > 2 * LARGE:
            members.close()
            return []
        kept.append(member)
    return kept
