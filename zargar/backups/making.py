"""Make a backup: read each shop as it was at one moment, lock it for its key, write it to every vault, manifest last.

A vault that fails is out for the rest of the backup, which is then degraded; the manifest is written to the vaults
that have every segment, and makes the backup exist there. A shop that is gone by then, or changes in every attempt to
read it, is named in `excluded`.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

import psycopg

from zargar.backups import keys, manifest, store
from zargar.backups.ddl import DdlSource
from zargar.backups.fleet import Fleet
from zargar.backups.keys import Keyholders, ShopKey
from zargar.backups.manifest import Manifest, PackEntry, SegmentEntry
from zargar.backups.models import Backup, State
from zargar.backups.ports import Vault
from zargar.backups.retention import Kind
from zargar.backups.segments import SegmentWriter, SegmentWritten
from zargar.backups.store import Held
from zargar.backups.vaults.both import put_in_all
from zargar.outcomes import JSON, Summary

MADE_BY: Final = f"zargar {version('zargar')}"


@dataclass(frozen=True)
class House:
    """The real parts: where to write, who can open it, how to read the database.

    `connect` opens a session that may read every schema; `clock` returns aware UTC.
    """

    vaults: tuple[Vault, ...]
    holders: Keyholders
    connect: Callable[[], psycopg.Connection[Any]]
    pg_dump: DdlSource
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Made:
    """A backup that exists, and what is not in it."""

    backup: Backup
    state: State
    manifest: Manifest


class NothingReadError(Exception):
    """No shop could be read: there is nothing to keep, and the run is to be tried again."""


def make(house: House, *, kind: Kind, reason: str, holds: Sequence[Held]) -> Made:
    """Make one backup of everything named. Raises what reading and every vault's failing raise; then it is `failed`."""
    backup = store.begin(kind=kind, reason=reason, now=house.clock())
    try:
        return _made(house, backup, kind=kind, holds=holds)
    except BaseException as fault:  # a time limit or a Ctrl-C too: the row says why, and the error goes on
        store.fail(backup, fault=f"{type(fault).__name__}: {fault}", now=house.clock())
        raise


def _made(house: House, backup: Backup, *, kind: Kind, holds: Sequence[Held]) -> Made:
    with SegmentWriter(str(backup.id), house.vaults) as writer:
        entries, excluded = _packs(house, writer, holds)
        if not entries:
            message = "; ".join(excluded) or "there is no shop to back up"
            raise NothingReadError(message)
        written = writer.close()
    done = Manifest(
        backup=str(backup.id),
        kind=kind,
        began_at=backup.began_at,
        ended_at=house.clock(),
        made_by=MADE_BY,
        postgres=max(entry.facts.postgres for entry in entries.values() if entry.facts),
        packs=tuple(entries[name] for name in sorted(entries)),
        segments=tuple(SegmentEntry(one.key, one.size, one.sha256) for one in written),
        excluded=tuple(excluded),
    )
    data = manifest.dump(done)
    faults = _faults(house.vaults, written)
    for outcome in keys.spread({entry.key for entry in entries.values()}, house.vaults):
        faults[outcome.vault] = faults[outcome.vault] or outcome.error
    whole = [vault for vault in house.vaults if faults[vault.name] is None]
    for outcome in put_in_all(whole, manifest.key_of(done.backup), data):
        faults[outcome.vault] = outcome.error
    held = {one.slug: one for one in holds}
    sha256 = hashlib.sha256(data).hexdigest()
    return Made(backup, store.finish(backup, done, sha256=sha256, held=held, faults=faults), done)


def _packs(house: House, writer: SegmentWriter, holds: Sequence[Held]) -> tuple[dict[str, PackEntry], list[str]]:
    """Read and write every pack; return them by name, and in words what could not be read."""
    by_schema = {held.schema: held for held in holds}
    fleet = Fleet(house.connect, list(by_schema), pg_dump=house.pg_dump)
    entries: dict[str, PackEntry] = {}
    for reading in fleet:
        held = by_schema[reading.schema]
        key = _key(house, held)
        place = writer.write_pack(held.slug, reading.members(), key.recipient)
        entries[held.slug] = PackEntry(held.slug, held.schema, key.object, place, reading.facts)
    return entries, [f"{by_schema[schema].slug}: {why}" for schema, why in fleet.left_out.items()]


def _key(house: House, held: Held) -> ShopKey:
    found = store.key_of(held)
    if found is None:
        found, _ = keys.create(held.slug, house.vaults, house.holders)
        store.keep_key(held, found)
    return found


def _faults(vaults: Sequence[Vault], written: Sequence[SegmentWritten]) -> dict[str, str | None]:
    """Return by vault the first error that it had, None where every segment is stored."""
    faults: dict[str, str | None] = {vault.name: None for vault in vaults}
    for segment in written:
        for outcome in segment.outcomes:
            faults[outcome.vault] = faults[outcome.vault] or outcome.error
    return faults


def as_json(made: Made) -> Summary:
    """Say what came of it."""
    excluded: list[JSON] = list(made.manifest.excluded)
    return {
        "backup": made.manifest.backup,
        "kind": made.manifest.kind,
        "state": made.state.value,
        "packs": len(made.manifest.packs),
        "stored_bytes": sum(segment.size for segment in made.manifest.segments),
        "excluded": excluded,
    }
