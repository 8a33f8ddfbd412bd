"""Make a backup: read each shop as it was at one moment, lock it for its key, write it to every vault, manifest last.

A vault that fails is out for the rest of the backup, which is then degraded; the manifest is written to the vaults
that have every segment, and makes the backup exist there. A shop that is gone by then, or changes in every attempt to
read it, is named in `excluded`.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final
from uuid import UUID

import psycopg

from zargar.backups import continuing, file_packs, keys, manifest, store
from zargar.backups.continuing import SoFar, StoppedError
from zargar.backups.ddl import DdlSource
from zargar.backups.ddl_store import KnownShapes
from zargar.backups.files import Source
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
    """The real parts: where to write, who can open it, how to read the database, which files go along.

    `connect` opens a session that may read every schema; `clock` returns aware UTC. `readers` is in how many processes
    shops are read, where there are many; none: in this one. `shapes` remembers DDL from one backup to the next.
    """

    vaults: tuple[Vault, ...]
    holders: Keyholders
    connect: Callable[[], psycopg.Connection[Any]]
    pg_dump: DdlSource
    clock: Callable[[], datetime]
    sources: tuple[Source, ...] = ()
    readers: int = 0
    shapes: KnownShapes | None = None


@dataclass(frozen=True)
class Made:
    """A backup that exists, and what is not in it."""

    backup: Backup
    state: State
    manifest: Manifest


class NothingReadError(Exception):
    """No shop could be read: there is nothing to keep, and the run is to be tried again."""


def never() -> bool:
    """Do not stop: for those who are under no time limit."""
    return False


@dataclass(frozen=True, slots=True)
class Sitting:
    """Whose work it is and when to stop: `job` is the run (None: nobody would go on), `stop` is asked between shops."""

    job: UUID | None = None
    stop: Callable[[], bool] = never


ONE_SITTING: Final = Sitting()


def make(
    house: House, *, kind: Kind, reason: str, holds: Sequence[Held], scope: str = "", sitting: Sitting = ONE_SITTING
) -> Made:
    """Make one backup of everything named, or go on with the one that an earlier sitting of the same job has left.

    `scope` is the id of the one shop, if it is one. Raises `StoppedError` when `sitting` says stop and there is more to
    read, and what reading and every vault's failing raise; then it is `failed`.
    """
    so_far = continuing.begin(house.vaults, kind=kind, reason=reason, scope=scope, job=sitting.job, now=house.clock())
    try:
        return _made(house, so_far, kind=kind, holds=holds, stop=sitting.stop)
    except StoppedError:
        raise
    except BaseException as fault:  # a time limit or a Ctrl-C too: the row says why, and the error goes on
        store.fail(so_far.backup, fault=f"{type(fault).__name__}: {fault}", now=house.clock())
        raise


def _made(house: House, so_far: SoFar, *, kind: Kind, holds: Sequence[Held], stop: Callable[[], bool]) -> Made:
    backup = so_far.backup
    vaults = [vault for vault in house.vaults if so_far.faults.get(vault.name) is None]
    # A shop that was renamed or removed since an earlier sitting is not what that one has read.
    kept = {held.slug: so_far.entries[held.slug] for held in holds if held.slug in so_far.entries}
    unread = [held for held in holds if held.slug not in kept]
    with SegmentWriter(str(backup.id), vaults, first=so_far.first) as writer:
        read, left_out, left = _packs(house, writer, unread, stop)
        entries, excluded = {**kept, **read}, left_out
        if not entries:
            message = "; ".join(excluded) or "there is no shop to back up"
            raise NothingReadError(message)
        if not left and any(held.id == store.SHARED for held in holds):
            files = file_packs.write(
                writer, house.sources, so_far, connect=house.connect, key=lambda held: _key(house, held), stop=stop
            )
            entries, excluded, left = {**entries, **files.entries}, excluded + files.excluded, files.left
        written = writer.close()
    done = Manifest(
        backup=str(backup.id),
        kind=kind,
        began_at=backup.began_at,
        ended_at=house.clock(),
        made_by=MADE_BY,
        postgres=max(entry.facts.postgres for entry in entries.values() if entry.facts),
        packs=tuple(entries[name] for name in sorted(entries)),
        segments=(*so_far.segments, *(SegmentEntry(one.key, one.size, one.sha256) for one in written)),
        excluded=tuple(excluded),
    )
    faults = _faults(house.vaults, so_far, written)
    if left:
        continuing.leave(done, faults, backup, now=house.clock())
        raise StoppedError(read=len(entries) - len(so_far.entries), left=left)
    return _published(house, backup, done, faults, holds)


def _published(
    house: House, backup: Backup, done: Manifest, faults: dict[str, str | None], holds: Sequence[Held]
) -> Made:
    """Bring the keys to every vault, then write the manifest where all is there: now the backup exists."""
    data = manifest.compressed(manifest.dump(done))
    for outcome in keys.spread({entry.key for entry in done.packs}, house.vaults):
        faults[outcome.vault] = faults[outcome.vault] or outcome.error
    whole = [vault for vault in house.vaults if faults[vault.name] is None]
    for outcome in put_in_all(whole, manifest.key_of(done.backup), data):
        faults[outcome.vault] = outcome.error
    entries = {entry.place.pack for entry in done.packs}
    held = {name: Held(name, name, "") for name in entries} | {one.slug: one for one in holds}
    sha256 = hashlib.sha256(data).hexdigest()
    return Made(backup, store.finish(backup, done, sha256=sha256, held=held, faults=faults), done)


def _packs(
    house: House, writer: SegmentWriter, holds: Sequence[Held], stop: Callable[[], bool]
) -> tuple[dict[str, PackEntry], list[str], int]:
    """Read and write packs until all are or `stop` says so, which is asked after each.

    Return them by name, in words what could not be read, and how many are left.
    """
    by_schema = {held.schema: held for held in holds}
    found = store.keys_of(holds)
    own = {held.schema: found.get(held.id) or _key(house, held) for held in holds}
    before = house.shapes.load() if house.shapes else {}
    known = dict(before)
    fleet = Fleet(
        house.connect, list(by_schema), pg_dump=house.pg_dump, readers=house.readers, known=known,
        recipient=lambda schema: own[schema].recipient,
    )  # fmt: skip
    entries: dict[str, PackEntry] = {}
    with closing(iter(fleet)) as packs:
        for packed in packs:
            held = by_schema[packed.schema]
            place = writer.write_sealed(held.slug, packed.write_to)
            entries[held.slug] = PackEntry(held.slug, held.schema, own[held.schema].object, place, packed.facts)
            if stop():
                break
    if house.shapes and (met := {shape: ddl for shape, ddl in known.items() if shape not in before}):
        house.shapes.keep(met)
    left_out = [f"{by_schema[schema].slug}: {why}" for schema, why in fleet.left_out.items()]
    return entries, left_out, len(by_schema) - len(entries) - len(left_out)


def _key(house: House, held: Held) -> ShopKey:
    found = store.key_of(held)
    if found is None:
        made, _ = keys.create(held.slug, house.vaults, house.holders)
        found = store.keep_key(held, made)
    return found


def _faults(vaults: Sequence[Vault], so_far: SoFar, written: Sequence[SegmentWritten]) -> dict[str, str | None]:
    """Return by vault the first error that it had, None where every segment is stored."""
    faults = {vault.name: so_far.faults.get(vault.name) for vault in vaults}
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
