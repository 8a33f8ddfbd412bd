"""A backup in several sittings: what one has stored is kept, and the next goes on from there.

A job that comes near its time limit ends the shop it is on, closes its segments, keeps here what it has (`checkpoint`)
and is rung again; the next sitting reads the shops that are left into the same backup, under new segments. There is
one manifest, written by the last sitting, so that nothing exists until everything does, and a reader of the backup
sees no seam: consistency is promised per shop in any case.

Before a pack that may take long it is kept that it begins: one in which sittings are lost again and again is left out
(`sitting_pace`). What a sitting that was killed has left is not named by anything and goes with the backup. A sitting
that cannot be gone on from (another job's, too old, its segments gone) is left alone, and the job begins anew. One that
was taken for dead and was not is over all the same: only the last sitting has the right to the backup
(`sitting_store`).
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from zargar.backups import manifest, proving, sitting_store
from zargar.backups.facts import Extension
from zargar.backups.manifest import DamagedManifestError, Manifest, PackEntry, SegmentEntry, UnknownFormatError
from zargar.backups.models import Backup
from zargar.backups.ports import Vault, VaultError
from zargar.backups.retention import Kind
from zargar.backups.sitting_pace import hopeless

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

    `faults` by vault: why it lacks some of that, None where it does not. `excluded`: what was left out, in words.
    `extensions`: those of the database then.
    `given_up` says by pack why no sitting can hold it; `tried` counts the sittings that were lost in the middle of one.
    """

    backup: Backup
    entries: Mapping[str, PackEntry] = field(default_factory=dict)
    segments: tuple[SegmentEntry, ...] = ()
    faults: Mapping[str, str | None] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()
    given_up: Mapping[str, str] = field(default_factory=dict)
    tried: Mapping[str, int] = field(default_factory=dict)
    kept: str = ""


def begin(
    vaults: Sequence[Vault], *, kind: Kind, reason: str, scope: str, job: UUID | None, now: datetime
) -> SoFar:  # fmt: skip
    """Take up the backup that an earlier sitting of the same job has left, or open a new one.

    Raises `zargar.backups.sitting_store.SupersededError` where somebody else is about the same.
    """
    row = sitting_store.to_go_on_with(job, since=now - TAKE_UP_WITHIN) if job is not None else None
    if row is not None and (so_far := _taken_up(row, vaults)) is not None:
        sitting_store.take_up(row, now=now)
        return so_far
    return SoFar(sitting_store.begin(kind=kind, reason=reason, scope=scope, job=job, now=now))


def leave(
    so_far: SoFar, done: Manifest, faults: Mapping[str, str | None], given_up: Mapping[str, str], *, now: datetime
) -> None:
    """Keep what is stored, for the next sitting. `done` is the manifest as it would be if that were all."""
    _keep(so_far, manifest.dump(done).decode(), faults, given_up, so_far.tried, now=now)


def begins(so_far: SoFar, pack: str, vaults: Sequence[Vault], *, now: datetime) -> None:
    """Keep that a sitting begins a long pack, in case that nobody hears of it again. It is forgotten by `leave`."""
    faults = {vault.name: so_far.faults.get(vault.name) for vault in vaults}
    tried = {**so_far.tried, pack: so_far.tried.get(pack, 0) + 1}
    _keep(so_far, so_far.kept, faults, so_far.given_up, tried, now=now)


def _keep(
    so_far: SoFar, kept: str, faults: Mapping[str, str | None], given_up: Mapping[str, str], tried: Mapping[str, int],
    *, now: datetime,
) -> None:  # fmt: skip
    told = {"faults": dict(faults), "given_up": dict(given_up), "manifest": kept, "tried": dict(tried)}
    sitting_store.leave(so_far.backup, checkpoint=zlib.compress(json.dumps(told).encode()), now=now)


def _taken_up(row: Backup, vaults: Sequence[Vault]) -> SoFar | None:
    """Read what was kept; None where no vault has all of it any more, or it cannot be read."""
    told = json.loads(zlib.decompress(bytes(row.checkpoint or b"")))
    given_up = {**told.get("given_up", {}), **hopeless(told.get("tried", {}))}
    left = SoFar(row, given_up=given_up, tried=told.get("tried", {}), kept=told["manifest"])
    if not left.kept:
        return replace(left, faults={vault.name: told["faults"].get(vault.name) for vault in vaults})
    try:
        kept = manifest.load(left.kept.encode())
    except (DamagedManifestError, UnknownFormatError):  # another version of the program has left it
        return None
    faults: dict[str, str | None] = {}
    for vault in vaults:
        lacks = told["faults"].get(vault.name, "it was not there in an earlier sitting")
        faults[vault.name] = lacks or _lacking(vault, kept)
    if all(faults.values()):
        return None
    entries = {entry.place.pack: entry for entry in kept.packs}
    return replace(
        left, entries=entries, segments=kept.segments, faults=faults, excluded=kept.excluded, extensions=kept.extensions
    )


def _lacking(vault: Vault, kept: Manifest) -> str | None:
    """Say why a vault has not all segments that were kept; None where it has."""
    try:
        return proving.lacking(vault, kept)
    except VaultError as fault:
        return str(fault)
