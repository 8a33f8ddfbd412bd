"""Make a backup: read each shop as it was at one moment, lock it for its key, write it to every vault, manifest last.

A vault that fails is out for the rest of the backup, which is then degraded; the manifest is written to the vaults
that have every segment and key, and makes the backup exist there (`publishing`). What could not be read is named in
`excluded` with the reason, and the backup is degraded: a shop that is gone by then, changes in every attempt, has
something that its owner may not read, or takes longer than a sitting (`sitting_pace`).

Whoever makes a backup may lose the right to it, by sleeping for too long: it is looked at before each segment, now and
then between shops, and by every write of the backup's row (`sitting_store`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any, Final
from uuid import UUID

import psycopg

from zargar.backups import (
    continuing,
    extensions,
    file_packs,
    proving,
    publishing,
    shop_packs,
    sitting_store,
    store,
)
from zargar.backups.continuing import TAKE_UP_WITHIN, SoFar, StoppedError
from zargar.backups.ddl import DdlSource
from zargar.backups.ddl_store import KnownShapes
from zargar.backups.files import Source
from zargar.backups.key_making import KeyMaker
from zargar.backups.keys import Keyholders
from zargar.backups.manifest import DamagedManifestError, Manifest, PackEntry, SegmentEntry
from zargar.backups.models import Backup, State
from zargar.backups.ports import Vault, VaultError
from zargar.backups.progress import Progress, nobody
from zargar.backups.recognising import Memory, Recognising
from zargar.backups.retention import Kind
from zargar.backups.segments import SegmentWriter, SegmentWritten
from zargar.backups.sitting_pace import AT_THE_END, Pace, Read
from zargar.backups.sitting_store import SupersededError
from zargar.backups.stopping import Stop, never
from zargar.backups.store import Held
from zargar.backups.vaults.both import MOST_BEHIND
from zargar.outcomes import JSON, Summary
from zargar.shops import operations as shops

MADE_BY: Final = f"zargar {version('zargar')}"
LOOK_EVERY: Final = timedelta(seconds=10)
"""How often whoever makes a backup looks between two shops whether it is still his."""


@dataclass(frozen=True)
class House:
    """The real parts: where to write, who can open it, how to read the database, which files go along.

    `connect` opens a session that may read every schema; `clock` returns aware UTC. `readers` is in how many processes
    shops are read, where there are many; none: in this one. `shapes` remembers DDL from one backup to the
    next, `memory` which schema had which shape.
    `patience`: for how long in a sitting the other vaults wait for one alone, before it is out.
    """

    vaults: tuple[Vault, ...]
    holders: Keyholders
    connect: Callable[[], psycopg.Connection[Any]]
    pg_dump: DdlSource
    clock: Callable[[], datetime]
    sources: tuple[Source, ...] = ()
    readers: int = 0
    shapes: KnownShapes | None = None
    memory: Memory | None = None
    patience: timedelta = MOST_BEHIND


@dataclass(frozen=True)
class Made:
    """A backup that exists, and what is not in it."""

    backup: Backup
    state: State
    manifest: Manifest


class NothingReadError(Exception):
    """No shop could be read: there is nothing to keep, and the run is to be tried again."""


class NoRoomError(NothingReadError):
    """The only pack takes longer than a task may: only a process without a time limit can make this backup."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """Whose work it is and when to stop: `job` is the run (None: nobody would go on).

    `stop` is asked after each pack; `tired` before one that may take long, whether a sitting of its own is better for
    it; `spent` while a pack is written, whether it is to be given up (`sitting_pace`). `progress` hears of each pack.
    """

    job: UUID | None = None
    stop: Stop = never
    tired: Callable[[], bool] = never
    spent: Callable[[], bool] = never
    progress: Progress = nobody


ONE_SITTING: Final = Sitting()


def make(
    house: House, *, kind: Kind, reason: str, holds: Sequence[Held], scope: str = "", sitting: Sitting = ONE_SITTING
) -> Made:
    """Make one backup of everything named, or go on with the one that an earlier sitting of the same job has left.

    `scope` is the id of the one shop, if it is one. What the same job has made already is returned as it is. Raises
    `StoppedError` when `sitting` says stop and there is more to read; `NothingReadError`, and `NoRoomError` where
    nothing fits into a sitting; `zargar.backups.sitting_store.SupersededError` where somebody else goes on with the job
    meanwhile; what reading and every vault's failing raise, and then it is `failed`.
    """
    if sitting.job is not None and (there := _made_already(house, sitting.job)) is not None:
        return there
    so_far = continuing.begin(house.vaults, kind=kind, reason=reason, scope=scope, job=sitting.job, now=house.clock())
    with _answerable(house, so_far.backup):
        return _made(house, so_far, kind=kind, holds=holds, watch=_Watch(house, so_far, sitting))


@contextmanager
def _answerable(house: House, backup: Backup) -> Iterator[None]:
    """Close the backup's row where the block fails, whatever has ended it: the row says why, and the error goes on."""
    try:
        yield
    except (StoppedError, SupersededError):
        raise
    except BaseException as fault:  # a time limit or a Ctrl-C too
        ours = sitting_store.fail(backup, fault=f"{type(fault).__name__}: {fault}", now=house.clock())
        if not ours and isinstance(fault, Exception):
            raise SupersededError(backup) from fault
        raise


class _Watch:
    """The right to the backup, looked at now and then; what a sitting is asked about its time (`sitting_pace`)."""

    def __init__(self, house: House, so_far: SoFar, sitting: Sitting) -> None:
        self._house = house
        self._so_far = so_far
        self._sitting = sitting
        self._next = house.clock() + LOOK_EVERY

    def look(self) -> None:
        """Say that it is still being made. Raises `SupersededError`."""
        now = self._house.clock()
        sitting_store.hold(self._so_far.backup, now=now)
        self._next = now + LOOK_EVERY

    def pace(self) -> Pace:
        """Return what those who write packs ask."""
        sitting = self._sitting
        return Pace(
            over=self._over, tired=sitting.tired, spent=sitting.spent, begins=self._begins, progress=sitting.progress
        )

    def _over(self) -> bool:
        if self._house.clock() >= self._next:
            self.look()
        return self._sitting.stop()

    def _begins(self, pack: str) -> None:
        if self._sitting.job is not None:
            continuing.begins(self._so_far, pack, self._house.vaults, now=self._house.clock())


def _made_already(house: House, job: UUID) -> Made | None:
    """Return what a process of this job has made and could not tell, or sealed and could not write any more."""
    row = sitting_store.made_by(job, since=house.clock() - TAKE_UP_WITHIN)
    if row is None:
        return None
    if row.sealed is None:
        return Made(row, State(row.state), _manifest_of(house, row))
    sitting_store.take_up(row, now=house.clock())
    with _answerable(house, row):
        if (published := publishing.go_on(row, house.vaults)) is None:
            sitting_store.fail(row, fault="no vault has all of it any more", now=house.clock())
            return None
    told, state = published
    return Made(row, state, told)


def _manifest_of(house: House, row: Backup) -> Manifest:
    """Read the manifest in the first vault that gives it. Raises the last one's error."""
    *others, last = house.vaults
    for vault in others:
        try:
            return proving.read_manifest(vault, str(row.id), sha256=row.manifest_sha256)
        except (VaultError, DamagedManifestError):
            continue
    return proving.read_manifest(last, str(row.id), sha256=row.manifest_sha256)


def _made(house: House, so_far: SoFar, *, kind: Kind, holds: Sequence[Held], watch: _Watch) -> Made:
    backup = so_far.backup
    vaults = [vault for vault in house.vaults if so_far.faults.get(vault.name) is None]
    with SegmentWriter(
        str(backup.id), vaults, sitting=backup.sitting, beginning=watch.look, patience=house.patience
    ) as writer:
        read, excluded = _read(house, so_far, writer, holds, watch.pace())
        written = writer.close(within=AT_THE_END if read.ended else None)
    around, entries = extensions.noted(
        house.connect, read.entries, kept=so_far.entries.keys(), known=so_far.extensions
    )  # fmt: skip
    done = Manifest(
        backup=str(backup.id),
        kind=kind,
        began_at=backup.began_at,
        ended_at=house.clock(),
        made_by=MADE_BY,
        postgres=max((entry.facts.postgres for entry in entries.values() if entry.facts), default=0),
        packs=tuple(entries[name] for name in sorted(entries)),
        segments=(*so_far.segments, *_named(entries.values(), written)),
        excluded=tuple(excluded),
        extensions=around,
    )
    faults = _faults(house.vaults, so_far, written)
    if read.over:
        continuing.leave(so_far, done, faults, read.given_up, now=house.clock())
        raise StoppedError(read=len(entries) - len(so_far.entries), left=read.left)
    held = {entry.place.pack: Held(entry.place.pack, entry.place.pack, "") for entry in done.packs}
    held |= {one.slug: one for one in holds}
    now = house.clock()
    told, state = publishing.publish(backup, house.vaults, done, faults=faults, held=held, now=now)
    return Made(backup, state, told)


def _read(
    house: House, so_far: SoFar, writer: SegmentWriter, holds: Sequence[Held], pace: Pace
) -> tuple[Read, list[str]]:
    """Read what no earlier sitting has; return all that is read by now, and in words what is left out.

    Raises `NothingReadError`, and what reading and the writer raise.
    """
    # A shop that was renamed or removed since an earlier sitting is not what that one has read.
    kept = {held.slug: so_far.entries[held.slug] for held in holds if held.slug in so_far.entries}
    unread = [held for held in holds if held.slug not in kept and held.slug not in so_far.given_up]
    sources = house.sources if any(held.id == store.SHARED for held in holds) else ()
    files = {one.name: so_far.entries[one.name] for one in sources if one.name in so_far.entries}
    unread_files = [one for one in sources if one.name not in files and one.name not in so_far.given_up]
    maker = KeyMaker(house.vaults, house.holders, out=[name for name, why in so_far.faults.items() if why is not None])
    read = shop_packs.write(
        writer, unread, connect=house.connect, pg_dump=house.pg_dump, readers=house.readers, shapes=house.shapes,
        keys=maker, pace=pace.among(after=len(unread_files)),
        recognising=_recognising(house, so_far, holds),
    )  # fmt: skip
    left_out = [f"{name}: {why}" for name, why in read.left_out.items()]
    if not (kept or read.entries or read.left):
        message = "; ".join([*_given_up(so_far, read), *left_out]) or "there is no shop to back up"
        raise (NoRoomError if read.given_up or so_far.given_up else NothingReadError)(message)
    left_out += [line for line in so_far.excluded if line.partition(": ")[0] in files]
    if not read.over:
        left_out += file_packs.write(
            writer, unread_files, read, connect=house.connect, key=maker.of,
            pace=pace.among(before=len(unread)),
        )  # fmt: skip
    excluded = [*_given_up(so_far, read), *left_out]
    read.entries = {**kept, **files, **read.entries}
    read.given_up = {**so_far.given_up, **read.given_up}
    return read, excluded


def _recognising(house: House, so_far: SoFar, holds: Sequence[Held]) -> Recognising | None:
    """One shop alone is asked for its shape; the weekly backup asks all."""
    if house.memory is None or len(holds) == 1:
        return None
    schemas = {held.schema for held in holds} | {str(shop.schema_name) for shop in shops.listed()}
    return Recognising(house.memory, house.connect, shops=schemas, believe=so_far.backup.kind != Kind.WEEKLY)


def _given_up(so_far: SoFar, read: Read) -> list[str]:
    return [f"{name}: {why}" for name, why in {**so_far.given_up, **read.given_up}.items()]


def _named(entries: Iterable[PackEntry], written: Sequence[SegmentWritten]) -> tuple[SegmentEntry, ...]:
    """Describe the segments that hold anything; what only packs that were given up lie in is nobody's."""
    used = {piece.segment for entry in entries for piece in entry.place.pieces}
    return tuple(SegmentEntry(one.key, one.size, one.sha256) for one in written if one.key in used)


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
