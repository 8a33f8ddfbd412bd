"""Make a backup exist: seal its manifest, write it to every vault that has all of it, enter it in the catalogue.

Sealed (`sitting_store.seal`), the manifest's bytes are settled before the first vault is asked to take them. A process
that is killed or falls asleep in between has made a backup as good as any: whoever finds its row writes the same bytes
(`go_on`), and a vault that has them already counts as written.

A pack whose key lies in no vault that has the pack can be opened by nobody: it is left out by name before the manifest
is sealed, and its shop gets a new key with the next backup (`key_store.lose`); the others do not wait for it. Where
each vault lacks another key and cannot be given it, what the vault with the fewest gaps lacks is left out, so that one
vault has a backup.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from zargar.backups import key_store, manifest, proving, sitting_store, store
from zargar.backups.key_spreading import Spread, spread
from zargar.backups.manifest import Manifest
from zargar.backups.models import Backup, State
from zargar.backups.ports import Vault, VaultError
from zargar.backups.store import SHARED, Held
from zargar.backups.vaults.both import NoVaultLeftError, put_in_all
from zargar.shops import operations as shops


def publish(
    backup: Backup, vaults: Sequence[Vault], told: Manifest, *, faults: Mapping[str, str | None],
    held: Mapping[str, Held], now: datetime,
) -> tuple[Manifest, State]:  # fmt: skip
    """Bring the keys to every vault, seal the manifest, and write it where all is there; return what was written.

    `faults` by vault: why it lacks segments, None where it does not; `held` by pack. Raises
    `zargar.backups.sitting_store.SupersededError` before anything is written, and `NoVaultLeftError` with the vaults'
    own words where none has all of it, or no key is left.
    """
    keys = _spread(told, vaults)
    key_store.lose(keys.nowhere)
    openable = _without(told, _unopenable(keys, faults), keys)
    found = _with_keys(openable, keys, faults)
    if not openable.packs or all(found.values()):
        raise NoVaultLeftError("; ".join(str(fault) for fault in (_with_keys(told, keys, faults)).values()))
    data = manifest.compressed(manifest.dump(openable))
    sitting_store.seal(backup, data, now=now)
    return openable, _written(backup, vaults, openable, data, faults=found, held=held)


def go_on(backup: Backup, vaults: Sequence[Vault]) -> tuple[Manifest, State] | None:
    """Write the manifest that was sealed for a backup, and enter it. The caller has the right to it.

    None where no vault has all of the backup any more, its keys among it, and none can be given what it lacks: it is no
    backup, and not sealed any longer. Raises as `publish` and, where a vault does not answer and no other has it, the
    vault's error.
    """
    told = manifest.load(bytes(backup.sealed or b""))
    faults: dict[str, str | None] = {}
    silent: VaultError | None = None
    for vault in vaults:
        try:
            faults[vault.name] = proving.lacking(vault, told)
        except VaultError as fault:
            faults[vault.name], silent = str(fault), fault
    keys = _spread(told, vaults)
    found = _with_keys(told, keys, faults)
    if all(found.values()):
        if silent is not None:
            raise silent
        if not all(faults.values()) and not keys.nowhere and not keys.settled:
            raise NoVaultLeftError("; ".join(str(fault) for fault in found.values()))
        key_store.lose(keys.nowhere)
        sitting_store.unseal(backup)
        return None
    return told, _written(backup, vaults, told, bytes(backup.sealed or b""), faults=found, held=holders(told))


def holders(told: Manifest) -> dict[str, Held]:
    """Return by pack what it holds; of a shop that is gone only its name is known."""
    ids = {SHARED: SHARED, **{shop.schema_name: str(shop.id) for shop in shops.listed()}}
    packs = [(entry.place.pack, entry.schema) for entry in told.packs]
    return {pack: Held(ids.get(pack, pack), pack, schema) for pack, schema in packs}


def _spread(told: Manifest, vaults: Sequence[Vault]) -> Spread:
    objects = {entry.key for entry in told.packs}
    return spread(objects, vaults, known=key_store.measures, destroyed=store.destroyed)


def _with_keys(told: Manifest, keys: Spread, faults: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the faults with those of the vaults that lack keys of these packs."""
    objects = {entry.key for entry in told.packs}
    return {vault: fault or keys.fault(vault, among=objects) for vault, fault in faults.items()}


def _unopenable(keys: Spread, faults: Mapping[str, str | None]) -> set[str]:
    """Return the key objects that the vault lacks which lacks the fewest, of those that have the segments.

    What no vault has is among them.
    """
    lacking = [set(keys.lacking[vault]) for vault, fault in faults.items() if fault is None]
    return min(lacking, key=len, default=set())


def _without(told: Manifest, unopenable: Collection[str], keys: Spread) -> Manifest:
    """Leave out the packs of these keys, by name, and the segments that hold nothing else."""
    if not unopenable:
        return told
    packs = tuple(entry for entry in told.packs if entry.key not in unopenable)
    used = {piece.segment for entry in packs for piece in entry.place.pieces}
    lost = [entry for entry in told.packs if entry.key in unopenable]
    return replace(
        told,
        packs=packs,
        segments=tuple(one for one in told.segments if one.key in used),
        excluded=(*told.excluded, *(f"{entry.place.pack}: {_why(entry.key, keys)}" for entry in lost)),
    )


def _why(name: str, keys: Spread) -> str:
    said = next(why for lacking in keys.lacking.values() if (why := lacking.get(name)))
    what = (
        "no vault has its key; the next backup makes a new one" if name in keys.nowhere else "its key is out of reach"
    )
    return f"{what} ({name}: {said})"


def _written(
    backup: Backup, vaults: Sequence[Vault], told: Manifest, data: bytes, *, faults: dict[str, str | None],
    held: Mapping[str, Held],
) -> State:  # fmt: skip
    whole = [vault for vault in vaults if faults[vault.name] is None]
    for outcome in put_in_all(whole, manifest.key_of(told.backup), data):
        faults[outcome.vault] = outcome.error
    return sitting_store.finish(backup, told, sha256=hashlib.sha256(data).hexdigest(), held=held, faults=faults)
