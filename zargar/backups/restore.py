"""Put a pack back as a schema beside the live one, in one transaction that proves the copy before it commits.

pg_dump's text is replayed as it is, under the name that it says. If a live schema has that name it is renamed away
inside the transaction and back at its end: nobody else sees either, and its readers and writers go on. The copy is
compared by `inspection` under that name too, so that text forms which hold the schema's name (`regclass`) are what
they were.

Rights that the role's ALTER DEFAULT PRIVILEGES give to new objects are held back meanwhile: pg_dump writes the rights
an object has, not those that it must not get.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Composed, Identifier

from zargar.backups import description as say
from zargar.backups import inspection
from zargar.backups.catalogue import column_list, qualified
from zargar.backups.description import BadPackError, Pack
from zargar.backups.differences import Difference, What, compare
from zargar.backups.facts import ShopFacts
from zargar.backups.members import Member
from zargar.refusals import RefusedError

RESTORE_LOCK: Final = 0x5245_5354
"""The first half of the advisory key ("REST"); the second is a hash of the name that is borrowed."""

_ASIDE: Final = "zargar restore: aside"
_MADE: Final = re.compile(rb"^CREATE SCHEMA [^\n]*;\n", re.MULTILINE)
Inside: TypeAlias = Callable[[psycopg.Connection[Any]], None]
STATEMENTS: Final = {
    say.PRE_DATA: "the DDL of tables, types and functions",
    say.SEQUENCES: "the positions of sequences",
    say.POST_DATA: "the DDL of indexes, keys, triggers and rights",
    say.REFRESH: "the filling of materialized views",
}
"""What people call the statements of each member; an error of the database carries it as its note."""

_OF_NAMES: Final = frozenset({"0A", "0L", "2B", "3F", "42", "55"})
"""Classes of SQLSTATE whose words speak of what the statement names: missing, denied, in use."""

_OF_THE_SERVER: Final = frozenset({"53", "54", "57", "58"})
"""Classes of SQLSTATE whose words speak of the server alone: full, at a limit, ending."""

_DEFAULT_RIGHTS: Final = """
SELECT d.defaclobjtype::text, CASE g.grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(g.grantee) END, g.privilege_type,
       g.is_grantable
FROM pg_catalog.pg_default_acl d, LATERAL aclexplode(d.defaclacl) g
WHERE d.defaclnamespace = 0 AND d.defaclrole = current_user::regrole AND g.grantee <> d.defaclrole
ORDER BY 1, 2, 3
"""
_KINDS: Final = {"r": "TABLES", "S": "SEQUENCES", "f": "FUNCTIONS", "T": "TYPES", "n": "SCHEMAS", "L": "LARGE OBJECTS"}


class WrongPackError(RefusedError):
    """The pack is another shop's than the one to be restored."""


class TargetTakenError(RefusedError):
    """There is a schema of the name that the copy shall have."""


class RestoredDiffersError(RefusedError):
    """The copy is not what was recorded; nothing of it was kept. `differences` lists what differs."""

    def __init__(self, schema: str, differences: tuple[Difference, ...]) -> None:
        more = f" and {len(differences) - 5} more" if len(differences) > 5 else ""  # noqa: PLR2004 -- a message's length
        super().__init__(f"{schema} did not come back: {'; '.join(map(str, differences[:5]))}{more}")
        self.differences = differences


def restore_beside(
    connection: psycopg.Connection[Any],
    members: Iterable[Member],
    *,
    schema: str,
    beside: str,
    expected: ShopFacts | None = None,
    tolerated: Collection[What] = (),
    inside: Inside | None = None,
    at_end: Inside | None = None,
) -> ShopFacts:
    """Restore the pack of `schema` as a schema called `beside`, proven, or not at all; return what was found of it.

    `connection` is the owner's, with no transaction open; its settings are RESET. `beside` may be `schema` when the
    shop is gone. The copy must have the facts `expected`, or those that the pack records, but for differences of the
    kinds `tolerated`: PostgreSQL of another major version writes a shape differently (`What.SHAPE`). `inside` puts into
    the schema, when it has just been made, what the pack leans on and does not hold: extensions. `at_end` changes the
    copy, which is proven, before anybody sees it.
    Raises `WrongPackError`, `TargetTakenError`, `BadPackError`, `RestoredDiffersError`, and what psycopg (noting at
    which statements) or `members` raise; nothing is left behind then. Members are consumed as they come, in bounded
    memory.
    """
    if connection.info.transaction_status != TransactionStatus.IDLE:
        message = "a restore begins its own transaction"
        raise RuntimeError(message)
    with connection.transaction():
        given = _Members(members)
        pack = Pack.load(given.take(say.PACK))
        if pack.schema != schema:
            message = f"the pack is that of {pack.schema!r}, not of {schema!r}"
            raise WrongPackError(message)
        _hold(connection, pack.ddl_schema)
        with _own_name(connection, pack.ddl_schema, beside):
            _replay(connection, pack, given, inside)
            recorded = say.load_facts(given.take(say.FACTS))
            given.end()
            found = inspection.facts_of(connection, pack.ddl_schema)
            differences = tuple(one for one in compare(expected or recorded, found) if one.what not in tolerated)
            if differences:
                raise RestoredDiffersError(schema, differences)
            for table in found.tables:
                connection.execute(SQL("ANALYZE {}").format(qualified(pack.ddl_schema, table.name)))
        if at_end is not None:
            at_end(connection)
    with connection.transaction():
        connection.execute("RESET ALL")
    return found


def refusal(fault: psycopg.Error) -> str:
    """Say which statements the database refused and why, without a value of any row.

    Where a statement names what is not there or not allowed, the server's own words are of names alone, and so are
    those about the server; words about data quote it, and only their kind is told. What is said inside a function, or
    of a line of COPY (`context`), may quote whatever that works on.
    """
    at = next(iter(getattr(fault, "__notes__", ())), "a statement")
    words = _words(fault)
    return f"{at}: {type(fault).__name__}{f' ({words})' if words else ''}"


def _words(fault: psycopg.Error) -> str | None:
    """Return what was said that quotes no row; None where that is not sure."""
    if fault.sqlstate is None:  # the client library's own words, of a session that was not to be had, or was lost
        return str(fault).partition("\n")[0] if isinstance(fault, psycopg.OperationalError) else None
    kind = fault.sqlstate[:2]
    told = kind in _OF_THE_SERVER or (kind in _OF_NAMES and not fault.diag.context)
    return fault.diag.message_primary if told else None


class _Members:
    """The members of a pack, taken in their order."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._rest = iter(members)
        self._next = next(self._rest, None)

    def take(self, name: str) -> bytes:
        """Take the next member, which must be called `name`."""
        here = self._next
        if here is None or here.name != name:
            message = f"the pack should go on with {name}, and does with {here.name if here else 'nothing'}"
            raise BadPackError(message)
        self._next = next(self._rest, None)
        return here.data

    def rows(self, folder: str) -> Iterator[bytes]:
        """Take the numbered members of `folder`."""
        number = 0
        while self._next is not None and self._next.name.startswith(f"{folder}/"):
            yield self.take(f"{folder}/{number:06}.copy")
            number += 1

    def end(self) -> None:
        """Nothing more may come. Reading on to the end also lets the pack's own checks speak."""
        if self._next is not None:
            message = f"the pack goes on with {self._next.name}"
            raise BadPackError(message)


def _hold(connection: psycopg.Connection[Any], name: str) -> None:
    """Let restores that borrow one name come one after the other."""
    connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [RESTORE_LOCK, name])


@contextmanager
def _own_name(connection: psycopg.Connection[Any], name: str, beside: str) -> Iterator[None]:
    """Have `name` free inside the block; after it what was made there is called `beside`, and all else as before."""
    if name != beside and _there(connection, beside):
        message = f"there is a schema {beside!r}: name another place for the copy"
        raise TargetTakenError(message)
    occupied = _there(connection, name)
    if occupied and name == beside:
        message = f"there is a schema {name!r}: restore beside it"
        raise TargetTakenError(message)
    if occupied:
        _rename(connection, name, _ASIDE)
    with _without_default_rights(connection):
        yield
    if name != beside:
        _rename(connection, name, beside)
    if occupied:
        _rename(connection, _ASIDE, name)


def _there(connection: psycopg.Connection[Any], schema: str) -> bool:
    found = connection.execute("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", [schema]).fetchone()
    return found is not None


def _rename(connection: psycopg.Connection[Any], old: str, new: str) -> None:
    connection.execute(SQL("ALTER SCHEMA {} RENAME TO {}").format(Identifier(old), Identifier(new)))


def _replay(connection: psycopg.Connection[Any], pack: Pack, given: _Members, inside: Inside | None) -> None:
    with _saying(STATEMENTS[say.PRE_DATA]):
        replay_ddl(connection, given.take(say.PRE_DATA), inside=inside)
    for place in pack.tables:
        statement = SQL("COPY {} {} FROM STDIN").format(
            qualified(pack.ddl_schema, place.name), column_list(place.columns)
        )
        with _saying(f"COPY of the table {place.name}"), connection.cursor() as cursor, cursor.copy(statement) as copy:
            for part in given.rows(place.folder):
                copy.write(part)
    _script(connection, given, say.SEQUENCES)
    _script(connection, given, say.POST_DATA)
    _script(connection, given, say.REFRESH)
    given.take(say.RESTORE)  # the same in psql's words


def replay_ddl(connection: psycopg.Connection[Any], text: bytes, *, inside: Inside | None = None) -> None:
    """Replay pg_dump's text from the schema on, verbatim; `inside` is called when the schema is there and empty.

    The text is not edited, it is only sent in two parts. Raises what psycopg and `inside` raise, `BadPackError` where
    the schema is not made by it.
    """
    if inside is None:
        connection.execute(text, prepare=False)
        return
    made = _MADE.search(text)
    if made is None:
        message = "the DDL of the pack does not make its schema"
        raise BadPackError(message)
    connection.execute(text[: made.end()], prepare=False)
    inside(connection)
    connection.execute(text[made.end() :], prepare=False)


def _script(connection: psycopg.Connection[Any], given: _Members, name: str) -> None:
    text = given.take(name)
    if text.strip():
        with _saying(STATEMENTS[name]):
            connection.execute(text, prepare=False)


@contextmanager
def _saying(statements: str) -> Iterator[None]:
    """Note on an error of the database which statements it was at: what it says itself does not tell."""
    try:
        yield
    except psycopg.Error as fault:
        fault.add_note(statements)
        raise


@contextmanager
def _without_default_rights(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Take away, inside the block, what the role gives others by default on new objects; give it back after it."""
    rights = connection.execute(_DEFAULT_RIGHTS).fetchall()
    for kind, grantee, privilege, _ in rights:
        connection.execute(_default("REVOKE", kind, privilege, "FROM", grantee))
    yield
    for kind, grantee, privilege, grantable in rights:
        given = _default("GRANT", kind, privilege, "TO", grantee)
        connection.execute(SQL("{} WITH GRANT OPTION").format(given) if grantable else given)


def _default(verb: str, kind: str, privilege: str, to: str, grantee: str | None) -> Composed:
    words = {"GRANT": SQL("GRANT"), "REVOKE": SQL("REVOKE"), "TO": SQL("TO"), "FROM": SQL("FROM")}
    role = SQL("PUBLIC") if grantee is None else Identifier(grantee)
    return SQL("ALTER DEFAULT PRIVILEGES {} {} ON {} {} {}").format(
        words[verb],
        SQL(privilege),
        SQL(_KINDS[kind]),
        words[to],
        role,
    )
