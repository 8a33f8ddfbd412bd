"""Make a backup exist: seal its manifest, write it to every vault that has all of it, enter it in the catalogue.

Sealed (`sitting_store.seal`), the manifest's bytes are settled before the first vault is asked to take them. A process
that is killed or falls asleep in between has made a backup as good as any: whoever finds its row writes the same bytes
(`go_on`), and a vault that has them already counts as written.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from zargar.backups import keys, manifest, proving, sitting_store
from zargar.backups.manifest import Manifest
from zargar.backups.models import Backup, State
from zargar.backups.ports import Vault, VaultError
from zargar.backups.store import SHARED, Held
from zargar.backups.vaults.both import put_in_all
from zargar.shops import operations as shops


def publish(
    backup: Backup, vaults: Sequence[Vault], told: Manifest, *, faults: Mapping[str, str | None],
    held: Mapping[str, Held], now: datetime,
) -> State:  # fmt: skip
    """Bring the keys to every vault, seal the manifest, and write it where all is there.

    `faults` by vault: why it lacks segments, None where it does not; `held` by pack. Raises
    `zargar.backups.sitting_store.SupersededError` before anything is written, and `NoVaultLeftError`.
    """
    found = _with_keys(told, vaults, faults)
    data = manifest.compressed(manifest.dump(told))
    sitting_store.seal(backup, data, now=now)
    return _written(backup, vaults, told, data, faults=found, held=held)


def go_on(backup: Backup, vaults: Sequence[Vault]) -> tuple[Manifest, State] | None:
    """Write the manifest that was sealed for a backup, and enter it. The caller has the right to it.

    None where no vault has all of the backup any more: it is no backup, and not sealed any longer. Raises as `publish`
    and, where a vault does not answer and no other has it, the vault's error.
    """
    told = manifest.load(bytes(backup.sealed or b""))
    faults: dict[str, str | None] = {}
    silent: VaultError | None = None
    for vault in vaults:
        try:
            faults[vault.name] = proving.lacking(vault, told)
        except VaultError as fault:
            faults[vault.name], silent = str(fault), fault
    if all(faults.values()):
        if silent is not None:
            raise silent
        sitting_store.unseal(backup)
        return None
    found = _with_keys(told, vaults, faults)
    return told, _written(backup, vaults, told, bytes(backup.sealed or b""), faults=found, held=holders(told))


def holders(told: Manifest) -> dict[str, Held]:
    """Return by pack what it holds; of a shop that is gone only its name is known."""
    ids = {SHARED: SHARED, **{shop.schema_name: str(shop.id) for shop in shops.listed()}}
    packs = [(entry.place.pack, entry.schema) for entry in told.packs]
    return {pack: Held(ids.get(pack, pack), pack, schema) for pack, schema in packs}


def _with_keys(told: Manifest, vaults: Sequence[Vault], faults: Mapping[str, str | None]) -> dict[str, str | None]:
    """Bring the keys to every vault; return the faults with those of the vaults that did not take them."""
    found = dict(faults)
    for outcome in keys.spread({entry.key for entry in told.packs}, vaults):
        found[outcome.vault] = found[outcome.vault] or outcome.error
    return found


def _written(
    backup: Backup, vaults: Sequence[Vault], told: Manifest, data: bytes, *, faults: dict[str, str | None],
    held: Mapping[str, Held],
) -> State:  # fmt: skip
    whole = [vault for vault in vaults if faults[vault.name] is None]
    for outcome in put_in_all(whole, manifest.key_of(told.backup), data):
        faults[outcome.vault] = outcome.error
    return sitting_store.finish(backup, told, sha256=hashlib.sha256(data).hexdigest(), held=held, faults=faults)
