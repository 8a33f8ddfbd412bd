"""Read back what a vault holds of a backup and say whether it is what was written; needs no key.

The manifest is read first: its own hash, and that it is the one which was written. Then every pack's stored bytes, by
the ranges that the manifest names, and the key object of each pack (`key_objects`): a pack whose key is damaged opens
no more than one that is damaged itself. Keys of erased shops are not missed. What is damaged or gone is told by name; a
vault that does not answer tells nothing, and its copies stay what they were. No more does a manifest of a format that
this program does not know.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from zargar.backups import manifest
from zargar.backups.key_objects import Destroyed, Known, ReadBack
from zargar.backups.key_spreading import spread
from zargar.backups.manifest import DamagedManifestError, Manifest
from zargar.backups.ports import NoSuchObjectError, Vault
from zargar.backups.reading_back import SoFar, in_words, read_on
from zargar.backups.stopping import Stop, never
from zargar.backups.vaults.both import CopyMismatchError, copy

_KEYS_IN_A_GO: Final = 64
"""Key objects between which `stop` is asked."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found in one vault: no faults means that every byte is there. `checked_bytes` of packs.

    `half`: it was not read to its end, and goes on from there; then it is no verdict. `lost`: each fault is that some
    object is not there, so that a vault that has it can give it back.
    """

    vault: str
    faults: tuple[str, ...]
    checked_bytes: int = 0
    half: SoFar | None = None
    lost: bool = False

    @property
    def good(self) -> bool:
        """Whether all of it was read and nothing is wrong."""
        return not self.faults and self.half is None


@dataclass(frozen=True, slots=True)
class Completed:
    """What came of completing a copy. `cut`: the time was up. `nowhere`: keys that neither has whole, in words."""

    cut: bool = False
    nowhere: str = ""


def read_manifest(vault: Vault, backup: str, *, sha256: str | None = None) -> Manifest:
    """Read a backup's manifest, and with `sha256` prove that it is the one that was written.

    Raises `DamagedManifestError`, `zargar.backups.manifest.UnknownFormatError`, `NoSuchObjectError` and the vault's own
    errors.
    """
    data = b"".join(vault.read(manifest.key_of(backup)))
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        message = f"vault {vault.name}: the manifest of {backup} is not the one that was written"
        raise DamagedManifestError(message)
    found = manifest.load(data)
    if found.backup != backup:
        message = f"vault {vault.name}: the manifest of {backup} is that of {found.backup}"
        raise DamagedManifestError(message)
    return found


def prove(
    vault: Vault, backup: str, *, sha256: str, keys: ReadBack | None = None, begun: SoFar | None = None,
    stop: Stop = never,
) -> Proof:  # fmt: skip
    """Read a copy back: whole, or from where `begun` ends until `stop` says so between two segments or some keys.

    `keys` reads key objects, which many backups share; without it, no measure of one is known. Raises the vault's
    errors when it does not answer, and `zargar.backups.manifest.UnknownFormatError`.
    """
    try:
        found = read_manifest(vault, backup, sha256=sha256)
    except DamagedManifestError as fault:
        return Proof(vault.name, (str(fault),))
    except NoSuchObjectError as fault:
        return Proof(vault.name, (str(fault),), lost=True)
    hashes = {segment.key: segment.sha256 for segment in found.segments}
    read = read_on(vault, [entry.place for entry in found.packs], hashes=hashes, begun=begun, stop=stop)
    keys = keys or ReadBack(lambda _: {}, lambda _: ())
    if not read.more:
        begun = begun or SoFar()
        read = _keys_read(vault, found, keys, replace(read, keys=begun.keys, suspect=begun.suspect), stop)
    if read.more:
        return Proof(vault.name, (), half=read)
    sound = (entry.place.stored_length for entry in found.packs if entry.place.pack not in read.faults)
    faults = tuple(in_words(vault, read).values())
    return Proof(vault.name, faults, sum(sound), lost=bool(faults) and _lost(vault, found, keys, read.faults))


def _keys_read(vault: Vault, found: Manifest, keys: ReadBack, read: SoFar, stop: Stop) -> SoFar:
    """Read the key objects from where `read` has come to, some at least.

    Return it with what is wrong with packs, once all are read: what earlier goes suspected is asked for again.
    """
    objects = sorted({entry.key for entry in found.packs})
    suspect, reached = set(read.suspect), read.keys
    while reached < len(objects):
        suspect.update(keys.wrong(vault, objects[reached : reached + _KEYS_IN_A_GO]))
        reached = min(reached + _KEYS_IN_A_GO, len(objects))
        if reached < len(objects) and stop():
            return SoFar(read.segments, read.faults, keys=reached, suspect=tuple(sorted(suspect)))
    faults, wrong = dict(read.faults), keys.wrong(vault, suspect)
    for entry in found.packs:
        if entry.key in wrong:
            faults.setdefault(entry.place.pack, f"its key {entry.key}: {wrong[entry.key].what}")
    return SoFar(read.segments, faults, more=False, keys=reached)


def _lost(vault: Vault, found: Manifest, keys: ReadBack, faults: Collection[str]) -> bool:
    """Say whether each of these packs lacks an object that is not there at all. Raises the vault's errors."""
    packs = [entry for entry in found.packs if entry.place.pack in faults]
    there = {stored.key for stored in vault.keys(f"segments/{found.backup}/")}
    wrong = keys.wrong(vault, {entry.key for entry in packs})
    gone = {name for name, what in wrong.items() if what.gone}
    return all(entry.key in gone or any(one.segment not in there for one in entry.place.pieces) for entry in packs)


def lacking(vault: Vault, told: Manifest) -> str | None:
    """Say which segment of a backup a vault has not, or of another size, by its listing; None where it has all.

    Raises the vault's errors.
    """
    found = {stored.key: stored.size for stored in vault.keys(f"segments/{told.backup}/")}
    gone = [segment.key for segment in told.segments if found.get(segment.key) != segment.size]
    return f"vault {vault.name}: {gone[0]} is gone, or of another size" if gone else None


def complete(
    source: Vault, target: Vault, backup: str, *, sha256: str, known: Known, destroyed: Destroyed, stop: Stop = never
) -> Completed:  # fmt: skip
    """Bring over what `target` lacks of a backup that `source` has whole: keys, segments, and the manifest last.

    `stop` is asked between two segments: what is over stays there, and the next call brings the others. What was
    destroyed with intent is not brought back, and a key that neither has is told, and holds up nothing else. Each
    object that is brought is proven on the way, keys by what is `known` of them. Raises `CopyMismatchError`,
    `DamagedManifestError`, `zargar.backups.manifest.UnknownFormatError` and the vaults' errors.
    """
    found = read_manifest(source, backup, sha256=sha256)
    objects = {entry.key for entry in found.packs}
    keys = spread(objects, [source, target], known=known, destroyed=destroyed)
    if (lacks := keys.fault(target.name, among=objects - keys.nowhere)) is not None:
        raise CopyMismatchError(lacks)
    there = {stored.key: stored.size for stored in target.keys(f"segments/{backup}/")}
    for segment in (one for one in found.segments if there.get(one.key) != one.size):
        copy(source, target, segment.key, size=segment.size, sha256=segment.sha256)
        if stop():
            return Completed(cut=True)
    _bring(source, target, manifest.key_of(backup))
    return Completed(nowhere=keys.fault(target.name, among=keys.nowhere) or "")


def _bring(source: Vault, target: Vault, key: str) -> None:
    """Copy a small object for which the source's own bytes are the measure."""
    data = b"".join(source.read(key))
    if not data:
        message = f"vault {source.name}: {key} is empty"
        raise CopyMismatchError(message)
    copy(source, target, key, size=len(data), sha256=hashlib.sha256(data).hexdigest())
