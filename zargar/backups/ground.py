"""The ground that a copy on trial stands on: extensions, and the shared schema where a pack leans on that.

A database that a drill makes is empty, and a pack may speak of what it does not hold. Its extensions are in the
manifest and are made first: those of a schema that is restored here when that schema is there, the others before.

That a pack leans on the shared schema is written nowhere. So it is tried without, and where the database does not know
what it speaks of, on the shape of the same backup's shared schema: types, tables and functions, which cost little. Only
where a foreign key leads there are its rows and keys restored too. They were read at another moment than the pack: a
row that a key leads to may have come in between, and then nobody can prove that key here (`OtherMomentError`). Whether
the shared schema itself comes back is what its own drill says.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import psycopg

from zargar.backups import description as say
from zargar.backups import extensions
from zargar.backups.catalogue import quoted
from zargar.backups.facts import Extension, ShopFacts
from zargar.backups.manifest import OLDEST, Manifest, PackEntry
from zargar.backups.members import Member
from zargar.backups.restore import Inside, replay_ddl, restore_beside
from zargar.backups.restoring import tolerated
from zargar.backups.scratch import DrillServer, extend

T = TypeVar("T")

SHARED_SCHEMA: Final = "public"
"""Its name in every database, a new one too."""

_LEANS: Final = (
    psycopg.errors.UndefinedObject, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction,
    psycopg.errors.InvalidSchemaName,
)  # fmt: skip
"""What a statement fails with where it speaks of something that is not there."""


class OtherMomentError(Exception):
    """A foreign key leads to rows of another pack, which was read at another moment: nobody can prove it here."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The pack of the shared schema under another one: its shape, or all of it (`rows`)."""

    pack: PackEntry
    rows: bool = False

    def lay(
        self, session: psycopg.Connection[Any], members: Callable[[PackEntry], Iterator[Member]],
        around: Sequence[Extension],
    ) -> None:  # fmt: skip
        """Make the shared schema's types, tables and functions, and its rows and keys if asked."""
        drop_new(session)
        if self.rows:
            restore_as_itself(session, members(self.pack), self.pack, around)
            return
        for member in members(self.pack):
            if member.name == say.PRE_DATA:
                replay_ddl(session, member.data, inside=_inside(around, self.pack.schema))
                break
        session.execute("RESET ALL")

    def excuse(self, fault: psycopg.errors.ForeignKeyViolation, post_data: bytes) -> None:
        """Raise `OtherMomentError` where the key that does not hold leads into these rows; else it is the pack's."""
        if not self.rows or not _leads_away(fault, post_data):
            return
        message = (
            f"its foreign key {fault.diag.constraint_name} leads to rows that the shared schema of this backup, "
            "read at another moment, has not"
        )
        raise OtherMomentError(message) from fault


def tried(found: Manifest, entry: PackEntry, trial: Callable[[Ground | None], T]) -> T:
    """Try a pack on nothing, then on what it turns out to lean on, each time anew; return what the trial returns.

    Raises what `trial` raises on the last ground that there is.
    """
    try:
        return trial(None)
    except _LEANS:
        shared = next((one for one in found.packs if one.schema == SHARED_SCHEMA), None)
        if shared is None or entry.schema == SHARED_SCHEMA:
            raise
        try:
            return trial(Ground(shared))
        except psycopg.errors.InvalidForeignKey:
            return trial(Ground(shared, rows=True))


def extensions_around(server: DrillServer, found: Manifest, entries: Sequence[PackEntry]) -> tuple[Extension, ...]:
    """Return the extensions that the drills' server can make. Raises `MissingExtensionError` where a pack needs others.

    A manifest of format 1 does not say: they are those of the live database then, all of which are tried.
    """
    if found.format == OLDEST:
        return tuple(Extension(name, "", schema) for name, schema in server.surroundings.extensions)
    if not found.extensions:
        return ()
    with closing(server.connect()) as session:
        return extensions.makeable(session, found.extensions, must=extensions.needed(found, entries))


def drop_new(session: psycopg.Connection[Any]) -> None:
    """Drop the shared schema that a new database has; a pack of it makes its own."""
    session.execute("DROP SCHEMA public")


def restore_as_itself(
    session: psycopg.Connection[Any], members: Iterable[Member], entry: PackEntry, around: Sequence[Extension]
) -> ShopFacts:
    """Restore a pack under its own name, with its own extensions in it; see `restore_beside`."""
    return restore_beside(
        session, members, schema=entry.schema, beside=entry.schema, expected=entry.facts,
        inside=_inside(around, entry.schema),
        tolerated=tolerated(entry.facts.postgres, session.info.server_version) if entry.facts else (),
    )  # fmt: skip


def _inside(around: Sequence[Extension], schema: str) -> Inside | None:
    """Say how a schema's own extensions are made in it."""
    own = [one for one in around if one.schema == schema]
    return (lambda session: extend(session, own)) if own else None


def _leads_away(fault: psycopg.errors.ForeignKeyViolation, post_data: bytes) -> bool:
    """Say whether the key that does not hold leads into the shared schema, by the statement that makes it."""
    name = fault.diag.constraint_name or ""
    either = f"(?:{re.escape(name)}|{re.escape(quoted(name))})"
    statement = rf"ADD CONSTRAINT {either} FOREIGN KEY [^\n]* REFERENCES {SHARED_SCHEMA}\."
    return re.search(statement, post_data.decode()) is not None
