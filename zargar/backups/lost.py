"""Backups whose process was lost: what became of them is in the vaults, not in the row that it left.

A backup exists by its manifest. A process that is killed after it wrote one, in some vault or in all, or only sealed it
(`publishing`), has made a backup, and the row is brought in line with that (`adopt`); one that was killed before has
made none, and what it left is swept after a while (`removing`). A process that was only taken for dead finds that the
backup is not its any more (`sitting_store`).
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from zargar.backups import manifest, publishing, sitting_store
from zargar.backups.manifest import DamagedManifestError, Manifest, UnknownFormatError
from zargar.backups.models import Backup
from zargar.backups.ports import NoSuchObjectError, Vault, VaultError
from zargar.backups.sitting_store import SupersededError


def settle(vaults: Sequence[Vault], *, older_than: timedelta, now: datetime) -> None:
    """Close the backups that nobody can be working on any more: as what the vaults say they are.

    A vault that does not answer is no proof that there is nothing: such a backup is closed as failed, and looked at
    again before anything of it is swept.
    """
    for backup in sitting_store.lost(older_than=older_than, now=now):
        try:
            sitting_store.take_away(backup)
            _settle(backup, vaults, now=now)
        except SupersededError:
            continue  # whoever makes it was seen meanwhile, or somebody else settles it


def adopt(backup: Backup, vaults: Sequence[Vault]) -> bool:
    """Enter a backup whose manifest was written or sealed, as whole where it is and as missing where it is not.

    The caller has taken the right to it. False where no vault has its manifest. Raises the vaults' errors, and
    `zargar.backups.sitting_store.SupersededError`.
    """
    if backup.sealed is not None:
        return publishing.go_on(backup, vaults) is not None
    found: tuple[Manifest, bytes] | None = None
    faults: dict[str, str | None] = {}
    for vault in vaults:
        try:
            data = b"".join(vault.read(manifest.key_of(str(backup.id))))
            told = manifest.load(data)
        except (NoSuchObjectError, DamagedManifestError, UnknownFormatError) as fault:
            faults[vault.name] = f"its process was lost before it was written here: {fault}"
        else:
            found, faults[vault.name] = (told, data), None
    if found is None:
        return False
    told, data = found
    sha256 = hashlib.sha256(data).hexdigest()
    sitting_store.finish(backup, told, sha256=sha256, held=publishing.holders(told), faults=faults)
    return True


def _settle(backup: Backup, vaults: Sequence[Vault], *, now: datetime) -> None:
    fault = "its process was lost"
    try:
        if adopt(backup, vaults):
            return
    except (VaultError, UnknownFormatError) as silent:
        fault = f"{fault}; {silent}"
    sitting_store.fail(backup, fault=fault, now=now)
