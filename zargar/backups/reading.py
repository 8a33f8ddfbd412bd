"""What one reader does: read a shop and seal it for its key, in this process or in one of its own (`crew`).

Two ways. *At a snapshot* that another session holds open: all COPYs of a shop go to the server in one string of
statements, nothing is locked beforehand, and the shop is small enough to be held; whether it moved meanwhile is asked
by whoever holds the snapshot (`fleet`). *By itself*: in a snapshot of its own with its tables locked first
(`snapshot.read_shop`), however large it is, its pack handed out while it is read.
"""

from collections import ChainMap
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import psycopg
from psycopg import pq

from zargar.backups.catalogue import NoSuchSchemaError, columns_text, quoted
from zargar.backups.copying import DIGEST_BYTES, digest_text
from zargar.backups.ddl import Ddl, DdlSource, DumpFailedError
from zargar.backups.facts import SequenceFacts, ShopFacts, TableFacts
from zargar.backups.members import MOST_BYTES, Member
from zargar.backups.packing import closing, opening
from zargar.backups.packs import Sealed, seal
from zargar.backups.readers import AtSnapshot, ByItself, Gone, Moved, Packed, UnreadableError, Whole, Write
from zargar.backups.snapshot import LOCK_WAIT, Connect, Connection, ShopChangingError, ShopReading, prepare, read_shop

SEQUENCE_DATA: Final = 180_000
"""The first server that tells a sequence's position by `pg_get_sequence_data`, which plans and keeps nothing."""

_MIGRATIONS: Final = "django_migrations"
_GONE: Final = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName)

_ITS_OWN: Final = (
    psycopg.ProgrammingError, psycopg.DataError, psycopg.InternalError, psycopg.NotSupportedError,
    psycopg.errors.IoError, psycopg.errors.UndefinedFile, psycopg.errors.ProgramLimitExceeded,
)  # fmt: skip
"""What the server says of one shop alone: a right that is missing, row security, a damaged page, a row too long for a
text. Any other `OperationalError` is of the server or the way to it, and ends the backup."""


class Reader:
    """Reads in this process, through sessions of its own. `close` ends what is open.

    `known` holds DDL by exact shape beside what a task knows; what is dumped is put into it.
    """

    def __init__(self, connect: Connect, pg_dump: DdlSource, known: MutableMapping[str, Ddl] | None = None) -> None:
        self._connect = connect
        self._pg_dump = pg_dump
        self._known = known if known is not None else {}
        self._session: Connection | None = None

    def at_snapshot(self, tasks: Iterable[AtSnapshot]) -> Iterator[tuple[AtSnapshot, Whole | Moved]]:
        """Read them one after another. Raises what psycopg raises when the server is lost."""
        for task in tasks:
            yield task, self.one_at_snapshot(task)

    def one_at_snapshot(self, task: AtSnapshot) -> Whole | Moved:
        """Read one small shop."""
        try:
            rows = _read(self._open(), task)
        except _GONE as gone:
            return self._moved(f"its schema was changed meanwhile: {str(gone).splitlines()[0]}")
        except psycopg.errors.LockNotAvailable:
            return self._moved(f"a table of it was held for more than {LOCK_WAIT}")
        except _ITS_OWN as fault:
            self.close()  # there may be answers under way; by itself the shop is judged
            return Moved(_said(fault))
        except _TooLargeError:
            self.close()  # which ends the COPY that is under way
            return Moved("it had grown too large to be held in memory")
        return _sealed(task, rows)

    def by_itself(self, task: ByItself) -> Packed | Gone:
        """Read one shop in a session of its own."""
        reading = self.begun(task)
        if isinstance(reading, Gone):
            return reading

        def write_to(write: Write) -> tuple[Sealed, ShopFacts]:
            return sealed(reading, task.recipient, write)

        return Packed(task.schema, write_to, reading.redone)

    def begun(self, task: ByItself) -> ShopReading | Gone:
        """Do what may fail for a shop's sake before its rows. Raises `OldClientError`, and for the server's sake."""
        known = ChainMap(self._known, dict(task.known))
        reading = read_shop(self._connect, task.schema, pg_dump=self._pg_dump, known=known)
        try:
            reading.begin()
        except (NoSuchSchemaError, ShopChangingError, DumpFailedError) as why:
            return Gone(str(why))
        except _ITS_OWN as fault:
            return Gone(_said(fault))
        return reading

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _open(self) -> Connection:
        if self._session is None:
            self._session = self._connect()
            prepare(self._session)
        return self._session

    def _moved(self, why: str) -> Moved:
        self._open().execute("ROLLBACK")
        return Moved(why)


def sealed(reading: ShopReading, recipient: str, write: Write) -> tuple[Sealed, ShopFacts]:
    """Seal a shop whose reading was begun, handing its stored bytes to `write`. Raises as `Packed.write_to`."""
    return seal(_its_own(reading.members()), recipient, write), reading.facts


def _its_own(members: Iterable[Member]) -> Iterator[Member]:
    try:
        yield from members
    except _ITS_OWN as fault:
        raise UnreadableError(_said(fault)) from fault


def _said(fault: psycopg.Error) -> str:
    return f"it cannot be read: {str(fault).splitlines()[0]} ({type(fault).__name__})"


class _TooLargeError(Exception):
    """A shop has more rows than may be held."""


@dataclass(slots=True)
class _Rows:
    """A shop's rows, by table in the catalogue's order, and what else its transaction said."""

    server: int
    copies: list[bytes] = field(default_factory=list)
    tables: list[TableFacts] = field(default_factory=list)
    sequences: list[SequenceFacts] = field(default_factory=list)
    migrations: list[str] = field(default_factory=list)


def _sealed(task: AtSnapshot, rows: _Rows) -> Whole:
    facts = ShopFacts(
        schema=task.schema, moment=task.taken, postgres=rows.server, fingerprint=task.fingerprint,
        tables=tuple(rows.tables), sequences=tuple(sorted(rows.sequences, key=lambda one: one.name)),
        migrations=tuple(sorted(rows.migrations)),
    )  # fmt: skip
    pack, first = opening(task.content, task.ddl)
    copies = [
        Member(f"{place.folder}/000000.copy", data)
        for place, data in zip(pack.tables, rows.copies, strict=True)
        if data
    ]
    stored: list[bytes] = []
    sealed = seal([*first, *copies, *closing(task.content, task.ddl, pack, facts)], task.recipient, stored.append)
    return Whole(b"".join(stored), sealed, facts)


def _read(connection: Connection, task: AtSnapshot) -> _Rows:
    """Read a shop by one string of statements. Sequences come last, so that none is behind what it numbered."""
    server = connection.info.server_version
    rows, room = _Rows(server), MOST_BYTES
    tables = iter(task.content.tables)
    connection.pgconn.send_query(_statements(task, server).encode())
    failed: pq.abc.PGresult | None = None
    while (result := connection.pgconn.get_result()) is not None:
        match result.status:
            case pq.ExecStatus.COPY_OUT:
                table = next(tables)
                data, count, total = _copied(connection.pgconn, room)
                room -= len(data)
                rows.copies.append(data)
                rows.tables.append(TableFacts(table.name, table.columns, count, digest_text(total)))
            case pq.ExecStatus.TUPLES_OK if result.nfields == 1:
                rows.migrations += [_text(result, row, 0) for row in range(result.ntuples)]
            case pq.ExecStatus.TUPLES_OK:
                rows.sequences += [_position(result, row) for row in range(result.ntuples)]
            case pq.ExecStatus.COMMAND_OK:
                pass
            case _:
                failed = failed or result
    if failed is not None:
        raise _error(connection, failed)
    return rows


def _copied(pgconn: pq.abc.PGconn, room: int) -> tuple[bytes, int, int]:
    """Take the rows of the COPY that is under way: their text, their number, the sum of their digests."""
    lines = bytearray()
    count = total = 0
    take = pgconn.get_copy_data
    while True:
        length, line = take(0)
        if length < 0:
            return bytes(lines), count, total
        lines += line
        total += int.from_bytes(sha256(line).digest()[:DIGEST_BYTES], "big")
        count += 1
        if len(lines) > room:
            raise _TooLargeError


def _error(connection: Connection, result: pq.abc.PGresult) -> psycopg.Error:
    if connection.pgconn.status != pq.ConnStatus.OK:
        return psycopg.OperationalError(
            f"the server was lost while a shop was read: {connection.pgconn.error_message!r}"
        )
    return psycopg.errors.error_from_result(result)


def _text(result: pq.abc.PGresult, row: int, column: int) -> str:
    value = result.get_value(row, column)
    if value is None:
        message = f"permission denied for what {result.fname(column)!r} of a shop tells"
        raise psycopg.errors.InsufficientPrivilege(message)
    return value.decode()


def _position(result: pq.abc.PGresult, row: int) -> SequenceFacts:
    return SequenceFacts(_text(result, row, 0), int(_text(result, row, 1)), _text(result, row, 2) == "t")


def _statements(task: AtSnapshot, server: int) -> str:
    content, schema = task.content, quoted(task.schema)
    copies = [f"COPY {schema}.{quoted(table.name)} {columns_text(table.columns)} TO STDOUT" for table in content.tables]
    more = []
    if any(table.name == _MIGRATIONS and {"app", "name"} <= set(table.columns) for table in content.tables):
        more.append(f"SELECT app || '.' || name FROM {schema}.{_MIGRATIONS}")  # noqa: S608 -- names are quoted
    if content.sequences:
        more.append(_positions(schema, content.sequences, server))
    return "; ".join(
        [
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            f"SET TRANSACTION SNAPSHOT {_literal(task.snapshot)}",
            f"SET LOCAL lock_timeout = {_literal(LOCK_WAIT)}",
            *copies,
            *more,
            "COMMIT",
        ]
    )


def _positions(schema: str, names: Iterable[str], server: int) -> str:
    if server < SEQUENCE_DATA:
        return " UNION ALL ".join(
            f"SELECT {_literal(name)}, last_value, is_called FROM {schema}.{quoted(name)}"  # noqa: S608 -- quoted
            for name in names
        )
    listed = ", ".join(f"({_literal(name)}, {_literal(f'{schema}.{quoted(name)}')}::regclass)" for name in names)
    return f"SELECT s.n, d.last_value, d.is_called FROM (VALUES {listed}) s(n, r), pg_get_sequence_data(s.r) d"  # noqa: S608 -- as above


def _literal(text: str) -> str:
    """Quote a text; the session's `standard_conforming_strings` is on, as is its default."""
    return "'" + text.replace("'", "''") + "'"
