"""Read many shops with set-based catalogue queries: the cost of a shop is its own rows, not the database's catalogue.

Shops are taken in groups. One session exports a snapshot for a group, and with another that shares it reads in it the
content, the states and the shapes of all its schemas; pg_dump runs once for each shape that is new. Then readers
(`reading`, `crew`) copy and seal each shop in a short transaction of its own that imports the snapshot, without locking
anything beforehand: a lock table of default size would not hold all tables, and one waiting TRUNCATE would hang every
reader. After a batch of shops it is asked, while the next ones are read, whether anything has changed in the catalogues
(`standstill`) and, if so, for the states again. A shop whose state is the snapshot's was read exactly, and only then is
its pack handed out; any other is read again by itself, its tables locked first. Until that is known its sealed pack is
held in memory; what is too large for that is read by itself at once.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, TypeAlias

from psycopg.sql import SQL, Literal

from zargar.backups import catalogue, changes, fingerprint, standstill
from zargar.backups.catalogue import Catalogue
from zargar.backups.crew import Crew
from zargar.backups.ddl import Ddl, DdlSource, DumpFailedError
from zargar.backups.facts import ShopFacts
from zargar.backups.fingerprint import Seen, Shape
from zargar.backups.packs import Sealed
from zargar.backups.readers import AtSnapshot, ByItself, Gone, Moved, Packed, Readers, Whole, Write
from zargar.backups.reading import Reader
from zargar.backups.snapshot import Connect, Connection, prepare
from zargar.backups.standstill import Mark

GROUP: Final = 2000
"""Shops that share a snapshot: so long is the oldest row version kept."""

BATCH: Final = 1000
"""Shops that are held together until it is known whether they moved."""

LARGE: Final = 4 << 20
"""A shop that had more bytes when it was last analysed is read by itself."""

BATCH_BYTES: Final = 16 << 20
"""Bytes of sealed packs that are held, at most, for one asking; there are two at a time."""

FEW: Final = 20
"""Up to so many shops are read in this process: others take longer to start than that."""

DUMPS: Final = 50
"""Unknown shapes that one pg_dump is run for."""

KNOWN: Final = 128
"""Shapes whose DDL is kept in memory, the last used ones: shops whose functions name them have one each."""

FAILURES: Final = 5
"""Shops in a row that pg_dump fails for, until it is asked whether it is the shops, or pg_dump."""

HEAVY: Final = 64 << 20
"""A shop that had more bytes when it was last analysed may take its time: whoever has little left begins it later."""

MOVED: Final = "its schema was changed, or a table of it truncated or rewritten, meanwhile"


@dataclass(slots=True)
class _Group:
    """What is known of a group of schemas at its snapshot, and what must be read by itself, with why (or for size)."""

    snapshot: str
    taken: datetime
    contents: dict[str, Catalogue] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    again: list[tuple[str, str]] = field(default_factory=list)
    undumped: dict[str, str] = field(default_factory=dict)

    def size(self, schema: str) -> int:
        """How many bytes a schema had when it was last analysed; 0 for one that is not there."""
        return sum(table.bytes for table in self.contents[schema].tables) if schema in self.contents else 0


_Batch: TypeAlias = list[tuple[str, Whole]]


class Fleet:
    """Many shops to be read once, one after the other: write each before the next is asked for.

    `recipient` says for which key (age1...) a schema's pack is sealed. `known` holds DDL by exact shape, and is added
    to. `readers` is in how many processes to read; none: in this one. A schema in the state of its `believed` has that
    shape, and is not asked for it; `met` is what was found so, or asked (`recognising`). `left_out` says
    in words why a shop could not be read: it was dropped meanwhile, changed in every attempt, or has something that its
    owner may not read. Whoever writes a pack may meet that too (`readers.UnreadableError`) and goes on with the next.
    """

    def __init__(
        self, connect: Connect, schemas: Sequence[str], *, pg_dump: DdlSource, recipient: Callable[[str], str],
        known: MutableMapping[str, Ddl] | None = None, readers: int = 0, believed: Mapping[str, Seen] | None = None,
    ) -> None:  # fmt: skip
        self._connect = connect
        self._schemas = list(schemas)
        self._pg_dump = pg_dump
        self._recipient = recipient
        self._known = known if known is not None else {}
        self._count = readers
        self._believed = believed if believed is not None else {}
        self._failures = 0
        self.left_out: dict[str, str] = {}
        self.met: dict[str, Seen] = {}

    def __iter__(self) -> Generator[Packed, None, None]:
        """Give the shops, each exact, those to be redone and large ones last.

        Raises `OldClientError`, `ReaderLostError`, what psycopg raises when the server is lost, and `DumpFailedError`
        where pg_dump fails for every shop.
        """
        if len(self._schemas) == 1:
            yield from self._alone()
            return
        with ExitStack() as stack:
            readers: Readers | None = None
            for start in range(0, len(self._schemas), GROUP):
                with self._connect() as exporter, self._connect() as asker:
                    prepare(exporter)
                    prepare(asker)
                    readers = readers or self._readers(stack, exporter)
                    group = self._survey(exporter, asker, self._schemas[start : start + GROUP])
                    yield from self._at_snapshot(readers, exporter, asker, group)
                    exporter.execute("COMMIT")
                for schema, why in group.again:
                    for packed in self._by_itself(readers, schema, group.shapes.get(schema), why):
                        packed.heavy = group.size(schema) > HEAVY
                        yield packed

    def _readers(self, stack: ExitStack, session: Connection) -> Readers:
        if self._count and len(self._schemas) > FEW:
            return stack.enter_context(Crew(session, self._pg_dump, self._count))
        reader = Reader(self._connect, self._pg_dump)
        stack.callback(reader.close)
        return reader

    def _alone(self) -> Iterator[Packed]:
        [schema] = self._schemas
        yield from self._by_itself(Reader(self._connect, self._pg_dump, self._known), schema, None, "")

    def _survey(self, exporter: Connection, asker: Connection, schemas: Sequence[str]) -> _Group:
        """Learn of all schemas what their readers must know, in two sessions of one snapshot: each does one half."""
        exporter.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        [(snapshot, taken)] = exporter.execute("SELECT pg_export_snapshot(), clock_timestamp()").fetchall()
        group = _Group(str(snapshot), taken)
        asker.execute(
            SQL("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}").format(
                Literal(str(snapshot))
            )
        )
        half = (len(schemas) + 1) // 2
        with ThreadPoolExecutor(1) as pool:
            theirs = pool.submit(_half, asker, schemas[half:], self._believed)
            for states, contents, shapes in (_half(exporter, schemas[:half], self._believed), theirs.result()):
                group.states |= states
                group.contents |= contents
                group.shapes |= shapes
        asker.execute("COMMIT")
        for schema in schemas:
            if schema not in group.states:
                self.left_out[schema] = "the database has no such schema"
        return group

    def _at_snapshot(
        self, readers: Readers, exporter: Connection, asker: Connection, group: _Group
    ) -> Iterator[Packed]:
        batch: _Batch = []
        held = 0
        with ThreadPoolExecutor(1) as pool:
            mark = pool.submit(standstill.mark, exporter)
            asked: tuple[_Batch, Future[Mapping[str, str]]] | None = None
            for task, answer in readers.at_snapshot(self._tasks(asker, group)):
                if isinstance(answer, Moved):
                    group.again.append((task.schema, answer.why))
                    continue
                batch.append((task.schema, answer))
                held += len(answer.stored)
                if len(batch) >= BATCH or held >= BATCH_BYTES:
                    yield from self._settled(group, asked)
                    asked = batch, pool.submit(_now, asker, group, batch, mark)
                    batch, held = [], 0
            yield from self._settled(group, asked)
            if batch:
                yield from self._settled(group, (batch, pool.submit(_now, asker, group, batch, mark)))

    def _settled(self, group: _Group, asked: tuple[_Batch, "Future[Mapping[str, str]]"] | None) -> Iterable[Packed]:
        """Hand out what was read exactly; the others are to be read again."""
        if asked is None:
            return
        batch, found = asked
        now = found.result()
        for schema, whole in batch:
            if now.get(schema) == group.states[schema]:
                self.met[schema] = Seen(group.states[schema], group.shapes[schema])
                yield _packed(schema, whole)
            else:
                group.again.append((schema, MOVED))
        batch.clear()

    def _tasks(self, asker: Connection, group: _Group) -> Iterator[AtSnapshot]:
        """Say what is to be read at the snapshot; what cannot be is noted in the group."""
        for schema, content in group.contents.items():
            shape = group.shapes.get(schema)
            if group.size(schema) > LARGE:
                group.again.append((schema, ""))
            elif shape is None:
                group.again.append((schema, "its schema was dropped or renamed meanwhile"))
            elif (ddl := self._ddl(asker, group, schema, shape)) is None:
                changed = "its schema was changed while its DDL was dumped"
                group.again.append((schema, group.undumped.get(schema, changed)))
            else:
                yield AtSnapshot(content, ddl, shape.fingerprint, group.snapshot, group.taken, self._recipient(schema))

    def _ddl(self, asker: Connection, group: _Group, schema: str, shape: Shape) -> Ddl | None:
        """The DDL of a shape; None where the schema that it was to be dumped from is no longer what it was."""
        if shape.exact not in self._known and schema not in group.undumped:
            self._dump(asker, group, self._unknown(group, schema))
            while len(self._known) > KNOWN:
                self._known.pop(next(iter(self._known)))
        if shape.exact in self._known:
            self._known[shape.exact] = ddl = self._known.pop(shape.exact)  # the last to go
            return ddl
        return None

    def _unknown(self, group: _Group, first: str) -> list[str]:
        """Return `first` and those after it whose shapes are unknown too, one for each, as many as one dump is for."""
        found: dict[str, str] = {}
        for schema in islice(group.contents, list(group.contents).index(first), None):
            shape = group.shapes.get(schema)
            if shape is not None and shape.exact not in self._known and schema not in group.undumped:
                found.setdefault(shape.exact, schema)
            if len(found) == DUMPS:
                break
        return list(found.values())

    def _dump(self, asker: Connection, group: _Group, schemas: Sequence[str]) -> None:
        """Know the DDL of those of `schemas` that have not moved. One that cannot be dumped fails it of the others."""
        try:
            dumped = self._pg_dump.dump_many(asker, schemas)
        except DumpFailedError as failed:
            now = changes.states(asker, schemas)
            still = [schema for schema in schemas if now.get(schema) == group.states[schema]]
            if len(still) == len(schemas) == 1:
                self._undumped(asker, group, schemas[0], failed)
                return
            half = len(still) // 2 if len(still) == len(schemas) else 0
            for part in filter(None, (still[:half], still[half:])):
                self._dump(asker, group, part)
            return
        self._failures = 0
        now = changes.states(asker, schemas)
        for schema, ddl in dumped.items():
            if now.get(schema) == group.states[schema]:
                self._known[group.shapes[schema].exact] = ddl

    def _undumped(self, asker: Connection, group: _Group, schema: str, failed: DumpFailedError) -> None:
        """Note that a shop cannot be dumped: it is tried once more by itself. Raises where no shop can be any more."""
        group.undumped[schema] = str(failed)
        self._failures += 1
        if self._failures < FAILURES:
            return
        sound = next((one for one, shape in group.shapes.items() if shape.exact in self._known), None)
        if sound is None:
            raise failed
        self._pg_dump.dump(asker, sound)
        self._failures = 0

    def _by_itself(self, readers: Readers, schema: str, shape: Shape | None, why: str) -> Iterator[Packed]:
        known = {shape.exact: self._known[shape.exact]} if shape is not None and shape.exact in self._known else {}
        found = readers.by_itself(ByItself(schema, known, self._recipient(schema)))
        if isinstance(found, Gone):
            self.left_out[schema] = found.why
            return
        found.redone += [why] if why else []
        yield found


def _half(
    session: Connection, schemas: Sequence[str], believed: Mapping[str, Seen]
) -> tuple[dict[str, str], dict[str, Catalogue], dict[str, Shape]]:
    states = changes.states(session, schemas)
    contents = catalogue.catalogues(session, list(states))
    shapes = {
        schema: believed[schema].shape
        for schema, state in states.items()
        if schema in believed and believed[schema].state == state
    }
    if unknown := [schema for schema in states if schema not in shapes]:
        shapes |= fingerprint.shapes(session, unknown)
        session.execute("SET LOCAL search_path = ''")  # the shapes moved it
    return states, contents, shapes


def _now(session: Connection, group: _Group, batch: _Batch, mark: "Future[Mark]") -> Mapping[str, str]:
    """Return the states of a batch's schemas as they are now; `mark` is the snapshot's."""
    if standstill.holds(session, mark.result()):
        return group.states
    return changes.states(session, [schema for schema, _ in batch])


def _packed(schema: str, whole: Whole) -> Packed:
    def write_to(write: Write) -> tuple[Sealed, ShopFacts]:
        write(whole.stored)
        return whole.sealed, whole.facts

    return Packed(schema, write_to)
