"""Extensions: what packs lean on and do not hold. Which a database has, which a schema needs, what is missing here.

pg_dump leaves CREATE EXTENSION out of the dump of one schema, and an extension belongs to the whole database, so a
manifest records them beside the packs: all of the database's, in the order in which they were made (which is one that
works), and with each pack the names of those that something in its schema depends on. Before the first byte of a pack
is replayed, they are compared with what is there. A function's body may call what PostgreSQL knows no dependency of; it
needs its extension when it is called, not when it is restored.

`plpgsql` is in every new database and is not spoken of.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from zargar.backups.facts import Extension
from zargar.backups.manifest import Manifest, PackEntry
from zargar.refusals import RefusedError

_PRESENT: Final = """
SELECT e.extname::text, e.extversion, n.nspname::text
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql' ORDER BY e.oid
"""
_LEANING: Final = """
WITH RECURSIVE owned AS (
    SELECT d.classid, d.objid, d.refobjid AS extension FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname <> 'plpgsql'
    WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
    UNION SELECT d.classid, d.objid, o.extension FROM owned o
    JOIN pg_catalog.pg_depend d ON d.refclassid = o.classid AND d.refobjid = o.objid AND d.deptype IN ('a', 'i')
), leaner AS (
    SELECT DISTINCT d.classid, d.objid, d.objsubid, o.extension FROM owned o
    JOIN pg_catalog.pg_depend d ON d.refclassid = o.classid AND d.refobjid = o.objid
    WHERE NOT EXISTS (SELECT FROM owned m WHERE m.classid = d.classid AND m.objid = d.objid)
), placed AS (
    SELECT coalesce((parse_ident(i.schema))[1], a.object_names[1]) AS schema, l.extension
    FROM leaner l, LATERAL pg_identify_object(l.classid, l.objid, l.objsubid) i,
         LATERAL pg_identify_object_as_address(l.classid, l.objid, l.objsubid) a
)
SELECT p.schema, array_agg(DISTINCT e.extname::text ORDER BY e.extname::text)
FROM placed p JOIN pg_catalog.pg_extension e ON e.oid = p.extension GROUP BY p.schema
"""
"""By schema the extensions whose members (or what goes with them: array types, operators of a family) something in it
depends on. It begins at the members, which are few: the cost is that of what depends on them, not of the catalogue."""

_HERE: Final = """
SELECT a.name::text, bool_or(NOT v.superuser OR v.trusted OR r.rolsuper)
FROM pg_catalog.pg_available_extensions a JOIN pg_catalog.pg_available_extension_versions v
  ON v.name = a.name AND v.version = a.default_version
JOIN pg_catalog.pg_roles r ON r.rolname = current_user GROUP BY a.name
"""


class MissingExtensionError(RefusedError):
    """The database lacks an extension that a pack leans on; nothing of the pack was replayed."""


def present(connection: psycopg.Connection[Any]) -> tuple[Extension, ...]:
    """Return the extensions of the database, in the order in which they were made."""
    return tuple(Extension(*row) for row in connection.execute(_PRESENT))


def leaning(connection: psycopg.Connection[Any]) -> dict[str, tuple[str, ...]]:
    """Return by schema the names of the extensions that something in it depends on."""
    return {str(schema): tuple(names) for schema, names in connection.execute(_LEANING)}


def noted(
    connect: Callable[[], psycopg.Connection[Any]], entries: Mapping[str, PackEntry], *, kept: Collection[str],
    known: Sequence[Extension],
) -> tuple[tuple[Extension, ...], dict[str, PackEntry]]:  # fmt: skip
    """Return the database's extensions, and the packs with the names of theirs.

    Packs of the names `kept` are an earlier sitting's, which has noted theirs; `known` is what it found, and is kept
    where it is gone by now. `connect` opens a session that may read the catalogue.
    """
    with closing(connect()) as session:
        now = present(session)
        schemas = leaning(session) if now else {}
    found = {one.name: one for one in (*known, *now)}
    return tuple(found.values()), {
        name: entry if name in kept or entry.facts is None else replace(entry, extensions=schemas.get(entry.schema, ()))
        for name, entry in entries.items()
    }


def needed(manifest: Manifest, entries: Iterable[PackEntry]) -> tuple[Extension, ...]:
    """Return the extensions that packs of a manifest lean on, in the order in which they can be made."""
    names = {name for entry in entries for name in entry.extensions}
    return tuple(one for one in manifest.extensions if one.name in names)


def lacking(
    wanted: Iterable[Extension], *, there: Mapping[str, str], available: Collection[str], own: str
) -> Iterator[str]:
    """Say of each extension that is not as it should be what is wrong, and the statement that helps.

    `there`: by name the schema that the database has it in. `available`: names that the server could make. `own`: the
    schema of the pack, of which the database is to have a second one.
    """
    for one in wanted:
        if one.schema == own:
            yield (
                f"the extension {one.name} lies in the schema {own} itself, and a database can have it once: put it "
                f'elsewhere (ALTER EXTENSION "{one.name}" SET SCHEMA public) and make a new backup'
            )
        elif there.get(one.name, one.schema) != one.schema:
            yield (
                f"the extension {one.name} is in the schema {there[one.name]} and has to be in {one.schema}: "
                f'ALTER EXTENSION "{one.name}" SET SCHEMA "{one.schema}"'
            )
        elif one.name not in there:
            where = "in this database" if one.name in available else "on this server (install its files first)"
            yield f"the extension {one.name} {one.version} is not {where}: {statement(one)}"


def statement(one: Extension) -> str:
    """Return the SQL that makes an extension, for a person."""
    schema = "" if one.schema == "public" else f'CREATE SCHEMA IF NOT EXISTS "{one.schema}"; '
    return f'{schema}CREATE EXTENSION "{one.name}" SCHEMA "{one.schema}"'


def check(connection: psycopg.Connection[Any], wanted: Sequence[Extension], *, own: str) -> None:
    """Raise `MissingExtensionError` where the database lacks one of these; nothing is changed.

    `own`: the schema of the pack that is to be restored beside what there is. No transaction is open, or left open.
    """
    if not wanted:
        return
    with connection.transaction():
        there = {one.name: one.schema for one in present(connection)}
        faults = list(lacking(wanted, there=there, available=_makeable(connection), own=own))
    if faults:
        message = f"the database {connection.info.dbname}: {'; '.join(faults)}"
        raise MissingExtensionError(message)


def makeable(
    connection: psycopg.Connection[Any], wanted: Iterable[Extension], *, must: Iterable[Extension]
) -> tuple[Extension, ...]:
    """Return those of `wanted` that are there or that this session may make. No transaction is left open.

    Raises `MissingExtensionError` where one of `must` is not among them.
    """
    with connection.transaction():
        there = {one.name for one in present(connection)}
        allowed = _makeable(connection)
    usable = there | {name for name, may in allowed.items() if may}
    faults = [_refused(one, known=one.name in allowed) for one in must if one.name not in usable]
    if faults:
        message = f"the database {connection.info.dbname}: {'; '.join(faults)}"
        raise MissingExtensionError(message)
    return tuple(one for one in wanted if one.name in usable)


def make(connection: psycopg.Connection[Any], wanted: Iterable[Extension], *, owner: str | None = None) -> None:
    """Make those that are not there yet, each in its schema; schemas that are missing are this session's, or `owner`'s.

    Raises `MissingExtensionError` for what is refused.
    """
    whose = SQL("CURRENT_USER") if owner is None else Identifier(owner)
    for one in wanted:
        schema = Identifier(one.schema)
        try:
            if connection.execute("SELECT to_regnamespace(quote_ident(%s))", [one.schema]).fetchone() == (None,):
                connection.execute(SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(schema, whose))
            connection.execute(
                SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA {}").format(Identifier(one.name), schema)
            )  # fmt: skip
        except psycopg.OperationalError:
            raise
        except psycopg.Error as refused:
            message = f"{statement(one)} was refused: {refused.diag.message_primary}"
            raise MissingExtensionError(message) from refused


def _makeable(connection: psycopg.Connection[Any]) -> dict[str, bool]:
    """Return by name whether this session may make what the server has."""
    return {str(name): bool(may) for name, may in connection.execute(_HERE)}


def _refused(one: Extension, *, known: bool) -> str:
    if not known:
        return f"the extension {one.name} {one.version} is not on this server: install its files, and begin again"
    return (
        f"only a superuser may make the extension {one.name}: for the time of the restore, "
        "ALTER ROLE zargar_owner SUPERUSER, and after it NOSUPERUSER"
        if one.schema == "public"
        else f"only a superuser may make the extension {one.name}: let one {statement(one)} there first"
    )
