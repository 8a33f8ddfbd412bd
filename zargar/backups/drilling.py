"""A drill: take a shop out of a backup in a vault, restore it into a database of its own, compare it with the record.

The one proof that a backup comes back. The manifest, the key object, the pack and its hashes are read as a restore
reads them; the restored schema's facts come from SQL on it (`inspection`), by code that the writer does not use, and
are compared with those of the manifest; pg_dump, the second witness of a shape, must write the text that is in the
pack, and where it cannot speak to it the verdict says so (`unwitnessed`). Files go into a folder of their own, which is
walked; roles are replayed, asked for, and rolled back. What is wrong with the copy makes the drill red, in words. What
is wrong with the drill is no verdict: where it holds for every pack (no key, a server that does not answer or lets its
login make no database) it is raised, and where one pack meets it (a full disk, a right that only it needs) that pack is
undecided, and the others go on.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from zargar.backups import description as say
from zargar.backups import extensions, keys, roles, scratch_folders
from zargar.backups.age import DamagedAgeError
from zargar.backups.ddl import Ddl, DdlSource, DumpFailedError
from zargar.backups.description import BadPackError, Pack
from zargar.backups.differences import compare_ddl, versions, without_versions
from zargar.backups.extensions import MissingExtensionError
from zargar.backups.facts import Extension
from zargar.backups.file_inspection import found_in
from zargar.backups.file_restore import FilesDifferError, restore_files
from zargar.backups.keys import DamagedKeyError, ErasedKeyError
from zargar.backups.manifest import OLDEST, DamagedManifestError, Manifest, PackEntry
from zargar.backups.members import Member
from zargar.backups.packs import DamagedPackError, WrongKeyError, open_pack
from zargar.backups.ports import NoSuchObjectError, Vault
from zargar.backups.proving import read_manifest
from zargar.backups.restore import (
    Inside,
    RestoredDiffersError,
    WrongPackError,
    refusal,
    replay_ddl,
    restore_beside,
)
from zargar.backups.rota import Verdict
from zargar.backups.scratch import DrillServer, extend

_RED: Final = (
    BadPackError, DamagedAgeError, DamagedKeyError, DamagedManifestError, DamagedPackError, FilesDifferError,
    NoSuchObjectError, WrongKeyError, WrongPackError,
)  # fmt: skip
_OF_THE_DRILL: Final = (
    psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.InsufficientPrivilege,
    psycopg.errors.FeatureNotSupported, psycopg.errors.DependentObjectsStillExist,
)  # fmt: skip
"""Faults of the server or of the drill's login; every other error of the database comes from what the pack says."""

_LEANS: Final = (
    psycopg.errors.UndefinedObject, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction,
    psycopg.errors.InvalidSchemaName,
)  # fmt: skip
_TEXTS: Final = frozenset({say.PACK, say.PRE_DATA, say.POST_DATA})
_SHARED: Final = "public"
_MOST: Final = 1000
"""Characters of what a second witness could not decide."""


class RolesRefusedError(Exception):
    """The drills' login may not make the roles of the pack: they cannot be proven there, and are not red for it."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a trial has shown: faults, and why pg_dump has not spoken to the shape (empty: it has, or there is none)."""

    faults: tuple[str, ...] = ()
    unwitnessed: str = ""
    broke_off: bool = False


@dataclass(frozen=True, slots=True)
class _Trial:
    """Where packs come from and where they are tried."""

    server: DrillServer
    vault: Vault
    identity: str = field(repr=False)
    pg_dump: DdlSource

    def members(self, entry: PackEntry) -> Iterator[Member]:
        """Open the pack's key now, and its members as they are asked for."""
        return open_pack(self.vault, entry.place, keys.read_object(self.vault, entry.key, self.identity))


def drill(
    server: DrillServer, vault: Vault, backup: str, *, sha256: str, schemas: Collection[str], identity: str,
    pg_dump: DdlSource,
) -> Iterator[Verdict]:  # fmt: skip
    """Restore these packs (by schema, or a pack of files by its name) out of one vault, and say of each what was found.

    `sha256` is the manifest's as the catalogue has it; `identity` is operations' or escrow's. Raises
    `WrongKeyholderError`, `CannotDrillError`, `UnknownFormatError`, and the vault's and the database's errors when they
    do not answer; a verdict may be `undecided`.
    """
    trial = _Trial(server, vault, identity, pg_dump)
    try:
        found = read_manifest(vault, backup, sha256=sha256)
    except (DamagedManifestError, NoSuchObjectError) as fault:
        yield from (Verdict(vault.name, backup, schema, (str(fault),), 0) for schema in sorted(schemas))
        return
    entries = {entry.label: entry for entry in found.packs}
    for schema in sorted(schemas):
        began = time.monotonic_ns()
        entry, undecided = entries.get(schema), ""
        try:
            seen = _seen(trial, found, entry) if entry else _Seen((f"the manifest does not hold {schema}",))
        except (ErasedKeyError, RolesRefusedError) as why:
            seen, undecided = _Seen(), str(why)
        except MissingExtensionError as why:
            seen, undecided = _Seen(broke_off=True), str(why)
        except (OSError, psycopg.Error, DumpFailedError) as fault:
            if not server.answers():
                raise
            seen, undecided = _Seen(broke_off=True), f"the drill broke off: {_words(fault)}"[:_MOST]
        took = (time.monotonic_ns() - began) // 1_000_000
        yield Verdict(vault.name, backup, schema, seen.faults, took, undecided, seen.unwitnessed, seen.broke_off)


def _words(fault: OSError | psycopg.Error | DumpFailedError) -> str:
    return refusal(fault) if isinstance(fault, psycopg.Error) else f"{type(fault).__name__}: {fault}"


def _seen(trial: _Trial, found: Manifest, entry: PackEntry) -> _Seen:
    """Say what is wrong with a pack; nothing, if it came back as it was."""
    try:
        if entry.facts is None:
            return _Seen(_files(trial, entry))
        try:
            return _restore(trial, found, entry)
        except _LEANS:
            shared = next((one for one in found.packs if one.schema == _SHARED), None)
            if shared is None or entry.schema == _SHARED:
                raise
            return _restore(trial, found, entry, ground=shared)
    except RestoredDiffersError as red:
        return _Seen(tuple(str(difference) for difference in red.differences))
    except _RED as red:
        return _Seen((f"{type(red).__name__}: {red}",))
    except _OF_THE_DRILL:
        raise
    except psycopg.Error as red:
        return _Seen((f"it cannot be replayed: {red.diag.message_primary or type(red).__name__}",))


def _files(trial: _Trial, entry: PackEntry) -> tuple[str, ...]:
    """Restore a pack of files into a folder of its own and walk it; replay roles, and ask for them again."""
    members = trial.members(entry)
    with scratch_folders.folder() as folder:
        into = folder / "files"
        restore_files(members, into, name=entry.place.pack, expected=entry.files)
        found = found_in(into)
        if found != entry.files:
            return (f"the files are {found}, recorded {entry.files}",)
        if entry.place.pack != roles.PACK:
            return ()
        text = (into / roles.FILE).read_bytes()
    try:
        with closing(trial.server.connect()) as session:
            missing = roles.missing_after_replay(session, text)
    except psycopg.errors.InsufficientPrivilege as refused:
        message = f"the drills' login may not make these roles: {refused.diag.message_primary}"
        raise RolesRefusedError(message) from refused
    return tuple(f"replayed and asked for again, this is not there: {line}" for line in missing)


def _restore(trial: _Trial, found: Manifest, entry: PackEntry, *, ground: PackEntry | None = None) -> _Seen:
    """Restore one pack, on the shape of `ground` where it leans on types or functions of the shared schema.

    The faults are in what pg_dump's text of the copy is not the text in the pack. Extensions are made as the manifest
    has them: those of schemas that are restored here when these are made, the others before.
    """
    members = trial.members(entry)
    around = _extensions(trial, found, [entry, ground] if ground is not None else [entry])
    restored = {entry.schema, ground.schema if ground is not None else entry.schema}
    with trial.server.scratch([one for one in around if one.schema not in restored]) as session:
        if ground is not None:
            _lay(session, trial, ground, inside=_inside(around, ground.schema))
        if entry.schema == _SHARED:
            session.execute("DROP SCHEMA public")  # a new database has one; the pack makes its own
        seen: dict[str, bytes] = {}
        restore_beside(
            session, _noting(members, seen), schema=entry.schema, beside=entry.schema, expected=entry.facts,
            inside=_inside(around, entry.schema),
        )  # fmt: skip
        return _witnessed(session, entry.schema, seen, trial.pg_dump)


def _extensions(trial: _Trial, found: Manifest, entries: Sequence[PackEntry]) -> tuple[Extension, ...]:
    """Return the extensions that the drills' server can make. Raises `MissingExtensionError` where a pack needs others.

    A manifest of format 1 does not say: they are those of the live database then, all of which are tried.
    """
    if found.format == OLDEST:
        return tuple(Extension(name, "", schema) for name, schema in trial.server.surroundings.extensions)
    if not found.extensions:
        return ()
    with closing(trial.server.connect()) as session:
        return extensions.makeable(session, found.extensions, must=extensions.needed(found, entries))


def _inside(around: Sequence[Extension], schema: str) -> Inside | None:
    """Say how a schema's own extensions are made in it."""
    own = [one for one in around if one.schema == schema]
    return (lambda session: extend(session, own)) if own else None


def _noting(members: Iterable[Member], seen: dict[str, bytes]) -> Iterator[Member]:
    """Pass members on, and keep those that the DDL is in."""
    for member in members:
        if member.name in _TEXTS:
            seen[member.name] = member.data
        yield member


def _witnessed(session: psycopg.Connection[Any], schema: str, seen: dict[str, bytes], pg_dump: DdlSource) -> _Seen:
    """Ask the second witness of the copy's shape: pg_dump, under the name that the pack's text has.

    The same text is the same shape, whoever wrote it. Where the texts differ and the server or pg_dump are of other
    versions than those that wrote the pack's, nobody can tell a lost clause from a new way of writing: that is no
    fault, and it is said.
    """
    name = Pack.load(seen[say.PACK]).ddl_schema
    if name != schema:
        session.execute(SQL("ALTER SCHEMA {} RENAME TO {}").format(Identifier(schema), Identifier(name)))
    found = pg_dump.dump(session, name)
    recorded = Ddl(name, seen[say.PRE_DATA], seen[say.POST_DATA])
    by, now_by = versions(recorded), versions(found)
    if by == now_by:
        return _Seen(tuple(str(difference) for difference in compare_ddl(recorded, found)))
    differences = compare_ddl(without_versions(recorded), without_versions(found))
    if not differences:
        return _Seen()
    return _Seen((), f"pg_dump's text is of other versions ({by}; here {now_by}) and differs: {differences[0]}"[:_MOST])


def _lay(session: psycopg.Connection[Any], trial: _Trial, ground: PackEntry, *, inside: Inside | None) -> None:
    """Make the shared schema's types, tables and functions, without a row; its own drill proves the rest."""
    session.execute("DROP SCHEMA public")
    for member in trial.members(ground):
        if member.name == say.PRE_DATA:
            replay_ddl(session, member.data, inside=inside)
            break
    session.execute("RESET ALL")
