"""Read back what a vault holds of a backup and say whether it is what was written; needs no key.

The manifest is read first: its own hash, and that it is the one which was written. Then every pack's stored bytes, by
the ranges that the manifest names. What is damaged or gone is told by name; a vault that does not answer tells nothing,
and its copies stay what they were. No more does a manifest of a format that this program does not know.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from zargar.backups import manifest
from zargar.backups.manifest import DamagedManifestError, Manifest
from zargar.backups.ports import NoSuchObjectError, Vault
from zargar.backups.reading_back import SoFar, in_words, read_on
from zargar.backups.stopping import Stop, never
from zargar.backups.vaults.both import CopyMismatchError, copy


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found in one vault: no faults means that every byte is there. `checked_bytes` of packs.

    `half`: it was not read to its end, and goes on from there; then it is no verdict.
    """

    vault: str
    faults: tuple[str, ...]
    checked_bytes: int = 0
    half: SoFar | None = None

    @property
    def good(self) -> bool:
        """Whether all of it was read and nothing is wrong."""
        return not self.faults and self.half is None


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


def prove(vault: Vault, backup: str, *, sha256: str, begun: SoFar | None = None, stop: Stop = never) -> Proof:
    """Read a copy back: whole, or from where `begun` ends until `stop` says so between two segments.

    Raises the vault's errors when it does not answer, and `zargar.backups.manifest.UnknownFormatError`.
    """
    try:
        found = read_manifest(vault, backup, sha256=sha256)
    except (DamagedManifestError, NoSuchObjectError) as fault:
        return Proof(vault.name, (str(fault),))
    hashes = {segment.key: segment.sha256 for segment in found.segments}
    read = read_on(vault, [entry.place for entry in found.packs], hashes=hashes, begun=begun, stop=stop)
    if read.more:
        return Proof(vault.name, (), half=read)
    sound = (entry.place.stored_length for entry in found.packs if entry.place.pack not in read.faults)
    return Proof(vault.name, tuple(in_words(vault, read).values()), sum(sound))


def lacking(vault: Vault, told: Manifest) -> str | None:
    """Say which segment of a backup a vault has not, or of another size, by its listing; None where it has all.

    Raises the vault's errors.
    """
    found = {stored.key: stored.size for stored in vault.keys(f"segments/{told.backup}/")}
    gone = [segment.key for segment in told.segments if found.get(segment.key) != segment.size]
    return f"vault {vault.name}: {gone[0]} is gone, or of another size" if gone else None


def complete(
    source: Vault, target: Vault, backup: str, *, sha256: str, destroyed: Callable[[set[str]], set[str]],
    stop: Stop = never,
) -> bool:  # fmt: skip
    """Bring over what `target` lacks of a backup that `source` has whole: keys, segments, and the manifest last.

    False where `stop` said so between two segments: what is over stays there, and the next call brings the others.
    `destroyed` returns those of some key objects that were destroyed with intent; they are not brought back. Every
    object that is brought is proven on the way. Raises `CopyMismatchError`, `DamagedManifestError`,
    `zargar.backups.manifest.UnknownFormatError` and the vaults' errors.
    """
    found = read_manifest(source, backup, sha256=sha256)
    objects = {entry.key for entry in found.packs}
    for key in sorted(objects - destroyed(objects)):
        _bring(source, target, key)
    there = {stored.key: stored.size for stored in target.keys(f"segments/{backup}/")}
    for segment in (one for one in found.segments if there.get(one.key) != one.size):
        copy(source, target, segment.key, size=segment.size, sha256=segment.sha256)
        if stop():
            return False
    _bring(source, target, manifest.key_of(backup))
    return True


def _bring(source: Vault, target: Vault, key: str) -> None:
    """Copy a small object for which the source's own bytes are the measure."""
    data = b"".join(source.read(key))
    if not data:
        message = f"vault {source.name}: {key} is empty"
        raise CopyMismatchError(message)
    copy(source, target, key, size=len(data), sha256=hashlib.sha256(data).hexdigest())
