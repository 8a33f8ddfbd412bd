"""A drill: take a shop out of a backup in a vault, restore it into a database of its own, compare it with the record.

The one proof that a backup comes back. The manifest, the key object, the pack and its hashes are read as a restore
reads them; the restored schema's facts come from SQL on it (`inspection`), by code that the writer does not use, and
are compared with those of the manifest; pg_dump, the second witness of a shape, must write the text that is in the
pack. Files go into a folder of their own, which is walked; roles are replayed, asked for, and rolled back. What is
wrong with the copy makes the drill red, in words. What is wrong with the drill (no key, a server that does not answer
or lets its login do too little) is raised: it is no verdict.
"""

import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from zargar.backups import description as say
from zargar.backups import keys, roles
from zargar.backups.age import DamagedAgeError
from zargar.backups.ddl import Ddl, DdlSource
from zargar.backups.description import BadPackError, Pack
from zargar.backups.differences import compare_ddl
from zargar.backups.file_inspection import found_in
from zargar.backups.file_restore import FilesDifferError, restore_files
from zargar.backups.keys import DamagedKeyError, ErasedKeyError
from zargar.backups.manifest import DamagedManifestError, Manifest, PackEntry
from zargar.backups.members import Member
from zargar.backups.packs import DamagedPackError, WrongKeyError, open_pack
from zargar.backups.ports import NoSuchObjectError, Vault
from zargar.backups.proving import read_manifest
from zargar.backups.restore import RestoredDiffersError, WrongPackError, restore_beside
from zargar.backups.rota import Verdict
from zargar.backups.scratch import DrillServer

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


class RolesRefusedError(Exception):
    """The drills' login may not make the roles of the pack: they cannot be proven there, and are not red for it."""


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
    do not answer.
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
            faults = _faults(trial, found, entry) if entry else (f"the manifest does not hold {schema}",)
        except (ErasedKeyError, RolesRefusedError) as why:
            faults, undecided = (), str(why)
        yield Verdict(vault.name, backup, schema, faults, (time.monotonic_ns() - began) // 1_000_000, undecided)


def _faults(trial: _Trial, found: Manifest, entry: PackEntry) -> tuple[str, ...]:
    """Say what is wrong with a pack; nothing, if it came back as it was."""
    try:
        if entry.facts is None:
            return _files(trial, entry)
        try:
            return _restore(trial, entry)
        except _LEANS:
            shared = next((one for one in found.packs if one.schema == _SHARED), None)
            if shared is None or entry.schema == _SHARED:
                raise
            return _restore(trial, entry, ground=shared)
    except RestoredDiffersError as red:
        return tuple(str(difference) for difference in red.differences)
    except _RED as red:
        return (f"{type(red).__name__}: {red}",)
    except _OF_THE_DRILL:
        raise
    except psycopg.Error as red:
        return (f"it cannot be replayed: {red.diag.message_primary or type(red).__name__}",)


def _files(trial: _Trial, entry: PackEntry) -> tuple[str, ...]:
    """Restore a pack of files into a folder of its own and walk it; replay roles, and ask for them again."""
    members = trial.members(entry)
    with TemporaryDirectory(prefix="zargar-drill-") as folder:
        into = Path(folder) / "files"
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


def _restore(trial: _Trial, entry: PackEntry, *, ground: PackEntry | None = None) -> tuple[str, ...]:
    """Restore one pack, on the shape of `ground` where it leans on types or functions of the shared schema.

    Returns in what pg_dump's text of the copy is not the text in the pack.
    """
    members = trial.members(entry)
    with trial.server.scratch(extensions=ground is None and entry.schema != _SHARED) as session:
        if ground is not None:
            _lay(session, trial, ground)
        if entry.schema == _SHARED:
            session.execute("DROP SCHEMA public")  # a new database has one; the pack makes its own
        seen: dict[str, bytes] = {}
        restore_beside(session, _noting(members, seen), schema=entry.schema, beside=entry.schema, expected=entry.facts)
        return _witnessed(session, entry.schema, seen, trial.pg_dump)


def _noting(members: Iterable[Member], seen: dict[str, bytes]) -> Iterator[Member]:
    """Pass members on, and keep those that the DDL is in."""
    for member in members:
        if member.name in _TEXTS:
            seen[member.name] = member.data
        yield member


def _witnessed(
    session: psycopg.Connection[Any], schema: str, seen: dict[str, bytes], pg_dump: DdlSource
) -> tuple[str, ...]:
    """Ask the second witness of the copy's shape: pg_dump, under the name that the pack's text has.

    It says nothing where the server or pg_dump are of other versions than those that wrote the text.
    """
    name = Pack.load(seen[say.PACK]).ddl_schema
    if name != schema:
        session.execute(SQL("ALTER SCHEMA {} RENAME TO {}").format(Identifier(schema), Identifier(name)))
    found = pg_dump.dump(session, name)
    recorded = Ddl(name, seen[say.PRE_DATA], seen[say.POST_DATA])
    if _versions(recorded) != _versions(found):
        return ()
    return tuple(str(difference) for difference in compare_ddl(recorded, found))


def _versions(ddl: Ddl) -> list[str]:
    return [line for line in ddl.pre_data.decode().splitlines()[:10] if line.startswith("-- Dumped ")]


def _lay(session: psycopg.Connection[Any], trial: _Trial, ground: PackEntry) -> None:
    """Make the shared schema's types, tables and functions, without a row; its own drill proves the rest."""
    session.execute("DROP SCHEMA public")
    for member in trial.members(ground):
        if member.name == say.PRE_DATA:
            session.execute(member.data, prepare=False)
            break
    session.execute("RESET ALL")
