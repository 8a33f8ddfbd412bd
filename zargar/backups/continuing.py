"""A backup in several sittings: what one has stored is kept, and the next goes on from there.

A job that comes near its time limit ends the shop it is on, closes its segments, keeps here what it has (`checkpoint`)
and is rung again; the next sitting reads the shops that are left into the same backup, under new segments. There is
one manifest, written by the last sitting, so that nothing exists until everything does, and a reader of the backup
sees no seam: consistency is promised per shop in any case.

What a sitting that was killed has left is not named by anything and goes with the backup. A sitting that cannot be
gone on from (another job's, too old, its segments gone) is left alone, and the job begins anew.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from zargar.backups import manifest, store
from zargar.backups.manifest import DamagedManifestError, Manifest, PackEntry, SegmentEntry, UnknownFormatError
from zargar.backups.models import Backup
from zargar.backups.ports import Vault, VaultError
from zargar.backups.retention import Kind

TAKE_UP_WITHIN: Final = timedelta(hours=2)
"""How long after its last sitting a backup is gone on with; retries are over long before."""


class StoppedError(Exception):
    """The sitting has ended in good order, and there is more to read. `read` and `left` count shops."""

    def __init__(self, *, read: int, left: int) -> None:
        super().__init__(f"{read} read and stored, {left} left for the next sitting")
        self.read = read
        self.left = left


@dataclass(frozen=True)
class SoFar:
    """A backup and what earlier sittings have stored of it: nothing, for one that has just begun.

    `faults` by vault: why it lacks some of that, None where it does not. `first`: the number of the next segment.
    `excluded`: what was left out, in words.
    """

    backup: Backup
    entries: Mapping[str, PackEntry] = field(default_factory=dict)
    segments: tuple[SegmentEntry, ...] = ()
    faults: Mapping[str, str | None] = field(default_factory=dict)
    first: int = 0
    excluded: tuple[str, ...] = ()


def begin(
    vaults: Sequence[Vault], *, kind: Kind, reason: str, scope: str, job: UUID | None, now: datetime
) -> SoFar:  # fmt: skip
    """Take up the backup that an earlier sitting of the same job has left, or open a new one."""
    row = store.to_go_on_with(job, since=now - TAKE_UP_WITHIN) if job is not None else None
    if row is not None and (so_far := _taken_up(row, vaults)) is not None:
        store.take_up(row, now=now)
        return so_far
    return SoFar(store.begin(kind=kind, reason=reason, scope=scope, job=job, now=now))


def leave(so_far: Manifest, faults: Mapping[str, str | None], backup: Backup, *, now: datetime) -> None:
    """Keep what is stored, for the next sitting. `so_far` is the manifest as it would be if that were all."""
    told = {"faults": dict(faults), "manifest": manifest.dump(so_far).decode()}
    store.leave(backup, checkpoint=zlib.compress(json.dumps(told).encode()), now=now)


def _taken_up(row: Backup, vaults: Sequence[Vault]) -> SoFar | None:
    """Read what was kept; None where no vault has all of it any more, or it cannot be read."""
    told = json.loads(zlib.decompress(bytes(row.checkpoint or b"")))
    try:
        kept = manifest.load(told["manifest"].encode())
    except (DamagedManifestError, UnknownFormatError):  # another version of the program has left it
        return None
    faults: dict[str, str | None] = {}
    first = 0
    for vault in vaults:
        fault, highest = _look(vault, kept)
        faults[vault.name] = told["faults"].get(vault.name, "it was not there in an earlier sitting") or fault
        first = max(first, highest + 1)
    if all(faults.values()):
        return None
    return SoFar(row, {entry.place.pack: entry for entry in kept.packs}, kept.segments, faults, first, kept.excluded)


def _look(vault: Vault, kept: Manifest) -> tuple[str | None, int]:
    """Say why a vault has not all segments that were kept, and which number its last one has, of whichever sitting."""
    highest = max(int(segment.key.rpartition("/")[2]) for segment in kept.segments)
    try:
        found = {stored.key: stored.size for stored in vault.keys(f"segments/{kept.backup}/")}
    except VaultError as fault:
        return str(fault), highest
    highest = max([highest, *(int(key.rpartition("/")[2]) for key in found)])
    gone = [segment.key for segment in kept.segments if found.get(segment.key) != segment.size]
    return (f"vault {vault.name}: {gone[0]} of an earlier sitting is gone" if gone else None), highest
