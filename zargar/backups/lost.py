"""Backups whose process was lost: what became of them is in the vaults, not in the row that it left.

A backup exists by its manifest. A process that is killed after it wrote one, in some vault or in all, has made a
backup, and the row is brought in line with that (`adopt`); one that was killed before has made none, and what it left
is swept after a while (`removing`).
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from zargar.backups import manifest, store
from zargar.backups.manifest import DamagedManifestError, Manifest, UnknownFormatError
from zargar.backups.models import Backup
from zargar.backups.ports import NoSuchObjectError, Vault, VaultError
from zargar.backups.store import SHARED, Held
from zargar.shops import operations as shops


def settle(vaults: Sequence[Vault], *, older_than: timedelta, now: datetime) -> None:
    """Close the backups that nobody can be working on any more: as what the vaults say they are.

    A vault that does not answer is no proof that there is nothing: such a backup is closed as failed, and looked at
    again before anything of it is swept.
    """
    for backup in store.lost(older_than=older_than, now=now):
        try:
            if adopt(backup, vaults):
                continue
        except VaultError as fault:
            store.fail(backup, fault=f"its process was lost; {fault}", now=now)
            continue
        store.fail(backup, fault="its process was lost", now=now)


def adopt(backup: Backup, vaults: Sequence[Vault]) -> bool:
    """Enter a backup whose manifest was written, as whole where it is and as missing where it is not.

    False where no vault has its manifest. Raises the vaults' errors.
    """
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
    store.finish(backup, told, sha256=hashlib.sha256(data).hexdigest(), held=_held(told), faults=faults)
    return True


def _held(told: Manifest) -> dict[str, Held]:
    """Return by pack what it holds; of a shop that is gone only its name is known."""
    ids = {SHARED: SHARED, **{shop.schema_name: str(shop.id) for shop in shops.listed()}}
    packs = [(entry.place.pack, entry.schema) for entry in told.packs]
    return {pack: Held(ids.get(pack, pack), pack, schema) for pack, schema in packs}
