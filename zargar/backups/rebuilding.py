"""Fill the catalogue from what the vaults hold: after the database was lost, or restored to an older day.

A backup exists by its manifest; the catalogue is a convenience that is made again from the manifests of all vaults, by
listing their objects (any number of them) and reading the manifests. Nothing is decrypted and no segment is read: a
copy whose objects are all there in their sizes is *stored*, and counts for nothing in retention until it was read back.
Running it again changes nothing; it may run on a healthy catalogue, whose verdicts stay, and on a live one, whose
backups of meanwhile are not looked at.

Note [Their order]
------------------
Retention goes by the catalogue's count, not by clocks: newer is what has the higher number. What is found in the vaults
gets its place by when it began, among what the catalogue has; the catalogue's own order is never changed.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final
from uuid import UUID

from zargar.backups import keys, lost, manifest, operations, rebuild_store
from zargar.backups.manifest import DamagedManifestError, Manifest, UnknownFormatError
from zargar.backups.models import CopyState
from zargar.backups.ports import Vault, VaultError
from zargar.backups.rebuild_store import FoundBackup, FoundCopy
from zargar.backups.retention import Kind
from zargar.backups.vaults.lock import is_probe
from zargar.outcomes import JSON, Summary

_KEYS: Final = "keys/"
_SEGMENTS: Final = "segments/"

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a vault said that it has: manifests' bytes by backup, segments' sizes, key objects."""

    vault: str
    manifests: Mapping[str, bytes]
    sizes: Mapping[str, int]
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it: how many backups were looked at and how many were new; what is damaged or lacking, in words."""

    backups: int
    added: int
    faults: tuple[str, ...]
    silent: tuple[str, ...]

    def summary(self) -> Summary:
        """Say it in JSON."""
        faults: list[JSON] = list(self.faults)
        silent: list[JSON] = list(self.silent)
        return {"backups": self.backups, "added": self.added, "faults": faults, "unanswered": silent}


def rebuild(
    vaults: Sequence[Vault], *, now: datetime, configured: Sequence[Vault] = (),
    progress: Progress = lambda _done, _all: None,
) -> Rebuilt:  # fmt: skip
    """Fill the catalogue from these vaults. A vault that does not answer is named, and its copies stay what they were.

    `configured` are all that there are, where these are some of them: a backup whose process was lost is settled by
    what all of them hold. Listing takes its time: what others make or note of a backup meanwhile stays as they say.
    Raises `zargar.backups.rebuild_store.CatalogueBusyError` while a backup is being made.
    """
    lost.settle(configured or vaults, older_than=operations.LONGEST, now=now)
    before = rebuild_store.before()
    listings, silent = [], []
    for vault in vaults:
        try:
            listings.append(listing(vault, progress=progress))
        except VaultError as fault:
            silent.append(f"{vault.name}: {fault}")
    destroyed = rebuild_store.destroyed_keys()
    backups, faults = judged(listings, destroyed=destroyed)
    added = rebuild_store.fill(backups, answered=[one.vault for one in listings], before=before, now=now)
    return Rebuilt(len(backups), added, tuple(faults), tuple(silent))


def listing(vault: Vault, *, progress: Progress = lambda _done, _all: None) -> Listing:
    """Ask a vault for all that it has, and read its manifests. Raises the vault's errors."""
    names = [stored.key for stored in vault.keys(manifest.PREFIX) if not is_probe(stored.key)]
    found: dict[str, bytes] = {}
    for number, name in enumerate(names, start=1):
        found[PurePosixPath(name).stem] = b"".join(vault.read(name))
        progress(number, len(names))
    sizes = {stored.key: stored.size for stored in vault.keys(_SEGMENTS)}
    return Listing(vault.name, found, sizes, frozenset(stored.key for stored in vault.keys(_KEYS)))


def judged(listings: Sequence[Listing], *, destroyed: Collection[str]) -> tuple[list[FoundBackup], list[str]]:
    """Say of each backup what each vault has of it, sorted by when they began; and what is wrong, in words. Pure.

    `destroyed`: key objects that were destroyed with intent, beside those that vaults have marks of; none is missed.
    """
    destroyed = {*destroyed, *(key for one in listings for key in keys.marked(one.keys))}
    ids = sorted({name for one in listings for name in one.manifests})
    found, faults = [], []
    for name in ids:
        read = {one.vault: _read(name, one.manifests.get(name)) for one in listings}
        sound = {vault: it for vault, it in read.items() if not isinstance(it, str)}
        faults += [f"{vault}: manifest of {name}: {why}" for vault, why in read.items() if isinstance(why, str) and why]
        if not sound:
            continue
        sha256, told = next(iter(sound.values()))
        copies = tuple(_copy(one, read[one.vault], sha256, told, destroyed) for one in listings)
        faults += [f"{copy.vault}: {name}: {copy.detail}" for copy in copies if copy.detail and copy.vault in sound]
        found.append(FoundBackup(told, sha256, copies))
    return sorted(found, key=lambda one: (one.manifest.began_at, one.manifest.backup)), faults


def _read(name: str, data: bytes | None) -> tuple[str, Manifest] | str:
    """Read a manifest as its backup's; what is wrong in words, nothing where there is none."""
    if data is None:
        return ""
    try:
        found = manifest.load(data)
        Kind(found.kind)
        UUID(name)
    except (DamagedManifestError, UnknownFormatError, ValueError) as fault:
        return str(fault)
    if found.backup != name:
        return f"it is that of {found.backup}"
    return hashlib.sha256(data).hexdigest(), found


def _copy(
    one: Listing, read: tuple[str, Manifest] | str, sha256: str, told: Manifest, destroyed: Collection[str]
) -> FoundCopy:  # fmt: skip
    """Say what a vault has of a backup that some vault has a sound manifest of."""
    if isinstance(read, str):
        state = CopyState.DAMAGED if read else CopyState.MISSING
        return FoundCopy(one.vault, state, read or "it has no manifest of it")
    if read[0] != sha256:
        return FoundCopy(one.vault, CopyState.DAMAGED, "its manifest is another one than the first vault's")
    cut = [segment.key for segment in told.segments if one.sizes.get(segment.key, segment.size) != segment.size]
    if cut:
        return FoundCopy(one.vault, CopyState.DAMAGED, f"{cut[0]} has another size than was written")
    lacking = [segment.key for segment in told.segments if segment.key not in one.sizes]
    lacking += sorted({pack.key for pack in told.packs} - one.keys - set(destroyed))
    if lacking:
        return FoundCopy(one.vault, CopyState.MISSING, f"{len(lacking)} objects are gone, such as {lacking[0]}")
    return FoundCopy(one.vault, CopyState.STORED, "")
