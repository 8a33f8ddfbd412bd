"""Find a pack of files in a backup and put it into a new folder, out of whichever vault has it whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zargar.backups import keys, roles
from zargar.backups.description import BadPackError
from zargar.backups.file_facts import FilesFacts
from zargar.backups.file_restore import FilesDifferError, restore_files
from zargar.backups.keys import DamagedKeyError, WrongKeyholderError
from zargar.backups.manifest import DamagedManifestError, PackEntry, UnknownFormatError
from zargar.backups.packs import DamagedPackError, WrongKeyError, open_pack
from zargar.backups.ports import Vault, VaultError
from zargar.backups.proving import read_manifest
from zargar.refusals import NotFoundError, RefusedError

PREFIX = "files."
"""What the packs of `ZARGAR_BACKUP_FILES` begin with, so that none is called as a shop."""


class NoSuchFilesError(NotFoundError):
    """The backup holds no files of that name; the message lists those that it holds."""


class NoVaultHasFilesError(RefusedError):
    """No vault could give the files back; the message holds what each of them said."""


@dataclass(frozen=True, slots=True)
class FilesBack:
    """Which vault gave which pack back, and what it holds."""

    vault: str
    pack: str
    facts: FilesFacts


def pack_name(name: str) -> str:
    """Return the pack of a name as the settings say it: `media` is in `files.media`, the roles in `roles`."""
    return name if name == roles.PACK or name.startswith(PREFIX) else f"{PREFIX}{name}"


def restore(
    *, vaults: Sequence[Vault], backup: str, name: str, into: Path, identity: str, sha256: str | None = None
) -> FilesBack:  # fmt: skip
    """Restore files as the new folder `into`, proven against the manifest, or not at all.

    The vaults are tried in their order; `sha256` is that of the manifest, where it is known. Raises `NoSuchFilesError`
    where no vault's manifest names them, `NoVaultHasFilesError`,
    `zargar.backups.file_restore.FolderTakenError`, `zargar.backups.keys.WrongKeyholderError` and `OSError`.
    """
    said: list[str] = []
    wrong: list[WrongKeyholderError] = []
    unknown: list[NoSuchFilesError] = []
    for vault in vaults:
        try:
            entry = _entry(vault, backup, pack_name(name), sha256)
            members = open_pack(vault, entry.place, keys.read_object(vault, entry.key, identity))
            facts = restore_files(members, into, name=entry.place.pack, expected=entry.files)
        except (
            VaultError, BadPackError, DamagedManifestError, DamagedKeyError, DamagedPackError, FilesDifferError,
            UnknownFormatError, WrongKeyError,
        ) as fault:  # fmt: skip
            said.append(f"{vault.name}: {fault}")
        except WrongKeyholderError as fault:  # or a damaged one: another vault tells
            said.append(f"{vault.name}: {fault}")
            wrong.append(fault)
        except NoSuchFilesError as fault:
            said.append(f"{vault.name}: {fault}")
            unknown.append(fault)
        else:
            return FilesBack(vault.name, entry.place.pack, facts)
    if wrong and len(wrong) == len(said):
        raise wrong[0]
    if unknown and len(unknown) == len(said):
        raise unknown[0]
    raise NoVaultHasFilesError("; ".join(said))


def _entry(vault: Vault, backup: str, pack: str, sha256: str | None) -> PackEntry:
    found = read_manifest(vault, backup, sha256=sha256)
    held = {entry.place.pack: entry for entry in found.packs if entry.files is not None}
    if pack not in held:
        message = f"backup {backup} holds no {pack}: {', '.join(sorted(held)) or 'no files at all'}"
        raise NoSuchFilesError(message)
    return held[pack]
