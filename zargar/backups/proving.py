"""Read back what a vault holds of a backup and say whether it is what was written; needs no key.

The manifest is read first: its own hash, and that it is the one which was written. Then every pack's stored bytes, by
the ranges that the manifest names. What is damaged or gone is told by name; a vault that does not answer tells nothing,
and its copies stay what they were.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from zargar.backups import manifest
from zargar.backups.manifest import DamagedManifestError, Manifest
from zargar.backups.ports import NoSuchObjectError, Vault
from zargar.backups.reading_back import damaged
from zargar.backups.vaults.both import CopyMismatchError, copy


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found in one vault: no faults means that every byte is there. `checked_bytes` of packs."""

    vault: str
    faults: tuple[str, ...]
    checked_bytes: int = 0

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


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


def prove(vault: Vault, backup: str, *, sha256: str) -> Proof:
    """Read a copy back, whole. Raises the vault's errors when it does not answer."""
    try:
        found = read_manifest(vault, backup, sha256=sha256)
    except (DamagedManifestError, NoSuchObjectError) as fault:
        return Proof(vault.name, (str(fault),))
    faults = damaged(vault, [entry.place for entry in found.packs])
    sound = (entry.place.stored_length for entry in found.packs if entry.place.pack not in faults)
    return Proof(vault.name, tuple(faults.values()), sum(sound))


def complete(
    source: Vault, target: Vault, backup: str, *, sha256: str, destroyed: Callable[[set[str]], set[str]]
) -> None:
    """Bring over what `target` lacks of a backup that `source` has whole: keys, segments, and the manifest last.

    `destroyed` returns those of some key objects that were destroyed with intent; they are not brought back. Every
    object is proven on the way. Raises `CopyMismatchError`, `DamagedManifestError` and the vaults' errors.
    """
    found = read_manifest(source, backup, sha256=sha256)
    objects = {entry.key for entry in found.packs}
    for key in sorted(objects - destroyed(objects)):
        _bring(source, target, key)
    for segment in found.segments:
        copy(source, target, segment.key, size=segment.size, sha256=segment.sha256)
    _bring(source, target, manifest.key_of(backup))


def _bring(source: Vault, target: Vault, key: str) -> None:
    """Copy a small object for which the source's own bytes are the measure."""
    data = b"".join(source.read(key))
    if not data:
        message = f"vault {source.name}: {key} is empty"
        raise CopyMismatchError(message)
    copy(source, target, key, size=len(data), sha256=hashlib.sha256(data).hexdigest())
