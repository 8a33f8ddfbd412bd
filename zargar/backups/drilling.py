"""A drill: take a shop out of a backup in a vault, restore it into a database of its own, compare it with the record.

The one proof that a backup comes back. The manifest, the key object, the pack and its hashes are read as a restore
reads them; the restored schema's facts come from SQL on it (`inspection`), by code that the writer does not use, and
are compared with those of the manifest. What is wrong with the copy makes the drill red, in words. What is wrong with
the drill (no key, a server that does not answer or lets its login do too little) is raised: it is no verdict.
"""

import time
from collections.abc import Collection, Iterator
from typing import Any, Final

import psycopg

from zargar.backups import description as say
from zargar.backups import keys
from zargar.backups.age import DamagedAgeError
from zargar.backups.description import BadPackError
from zargar.backups.keys import DamagedKeyError
from zargar.backups.manifest import DamagedManifestError, Manifest, PackEntry
from zargar.backups.packs import DamagedPackError, WrongKeyError, open_pack
from zargar.backups.ports import NoSuchObjectError, Vault
from zargar.backups.proving import read_manifest
from zargar.backups.restore import RestoredDiffersError, WrongPackError, restore_beside
from zargar.backups.rota import Verdict
from zargar.backups.scratch import DrillServer

_RED: Final = (
    BadPackError, DamagedAgeError, DamagedKeyError, DamagedManifestError, DamagedPackError, NoSuchObjectError,
    WrongKeyError, WrongPackError,
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
_SHARED: Final = "public"


def drill(
    server: DrillServer, vault: Vault, backup: str, *, sha256: str, schemas: Collection[str], identity: str
) -> Iterator[Verdict]:
    """Restore these schemas of a backup out of one vault, one after the other, and say of each what was found.

    `sha256` is the manifest's as the catalogue has it; `identity` is operations' or escrow's. Raises
    `WrongKeyholderError`, `CannotDrillError`, `UnknownFormatError`, and the vault's and the database's errors when they
    do not answer.
    """
    try:
        found = read_manifest(vault, backup, sha256=sha256)
    except (DamagedManifestError, NoSuchObjectError) as fault:
        yield from (Verdict(vault.name, backup, schema, (str(fault),), 0) for schema in sorted(schemas))
        return
    entries = {entry.schema: entry for entry in found.packs if entry.facts is not None}
    for schema in sorted(schemas):
        began = time.monotonic_ns()
        entry = entries.get(schema)
        faults = (
            _faults(server, vault, found, entry, identity)
            if entry
            else (f"the manifest does not hold the schema {schema}",)
        )
        yield Verdict(vault.name, backup, schema, faults, (time.monotonic_ns() - began) // 1_000_000)


def _faults(server: DrillServer, vault: Vault, found: Manifest, entry: PackEntry, identity: str) -> tuple[str, ...]:
    """Say what is wrong with a pack; nothing, if it came back as it was."""
    try:
        try:
            _restore(server, vault, entry, identity)
        except _LEANS:
            shared = next((one for one in found.packs if one.schema == _SHARED), None)
            if shared is None or entry.schema == _SHARED:
                raise
            _restore(server, vault, entry, identity, ground=shared)
    except RestoredDiffersError as red:
        return tuple(str(difference) for difference in red.differences)
    except _RED as red:
        return (f"{type(red).__name__}: {red}",)
    except _OF_THE_DRILL:
        raise
    except psycopg.Error as red:
        return (f"it cannot be replayed: {red.diag.message_primary or type(red).__name__}",)
    return ()


def _restore(
    server: DrillServer, vault: Vault, entry: PackEntry, identity: str, *, ground: PackEntry | None = None
) -> None:
    """Restore one pack, on the shape of `ground` where it leans on types or functions of the shared schema."""
    secret = keys.read_object(vault, entry.key, identity)
    with server.scratch(extensions=ground is None and entry.schema != _SHARED) as session:
        if ground is not None:
            _lay(session, vault, ground, identity)
        if entry.schema == _SHARED:
            session.execute("DROP SCHEMA public")  # a new database has one; the pack makes its own
        members = open_pack(vault, entry.place, secret)
        restore_beside(session, members, schema=entry.schema, beside=entry.schema, expected=entry.facts)


def _lay(session: psycopg.Connection[Any], vault: Vault, ground: PackEntry, identity: str) -> None:
    """Make the shared schema's types, tables and functions, without a row; its own drill proves the rest."""
    session.execute("DROP SCHEMA public")
    for member in open_pack(vault, ground.place, keys.read_object(vault, ground.key, identity)):
        if member.name == say.PRE_DATA:
            session.execute(member.data, prepare=False)
            break
    session.execute("RESET ALL")
