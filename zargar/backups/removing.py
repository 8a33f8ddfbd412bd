"""Remove what retention lets go, after a grace in which a person may object.

What is condemned is decided anew each time (`retention`), and only what has been condemned for the whole grace and
still is goes: a verified copy that turns out damaged meanwhile brings back what it had replaced. The manifest goes
first, so that a backup that is half removed does not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from zargar.backups import lost, manifest, store
from zargar.backups.continuing import TAKE_UP_WITHIN
from zargar.backups.ports import NoSuchObjectError, Vault, VaultError
from zargar.backups.retention import Keep, Plan, plan
from zargar.outcomes import JSON, Summary


@dataclass(frozen=True, slots=True)
class Removal:
    """What went, by (backup, vault), what is condemned and waits, and what a vault refused, in its words."""

    removed: tuple[tuple[str, str], ...]
    waiting: int
    refused: tuple[str, ...]

    def summary(self) -> Summary:
        """Say it in JSON."""
        gone: list[JSON] = [f"{backup} in {vault}" for backup, vault in self.removed]
        refused: list[JSON] = list(self.refused)
        return {"removed": gone, "waiting": self.waiting, "refused": refused}


def planned(keep: Keep, *, now: datetime) -> Plan:
    """Return what may go and why the rest stays, without changing anything."""
    return plan(store.for_retention(), keep, now=now)


def sweep(vaults: Mapping[str, Vault], keep: Keep, *, grace: timedelta, now: datetime) -> Removal:
    """Condemn what may go, and remove what has been condemned for the whole grace.

    A vault that is not configured any more, or refuses, keeps its copies; the others are not held up by it.
    """
    may_go = planned(keep, now=now).remove
    store.condemn(set(may_go), now=now)
    removed, refused = [], []
    for copy in store.condemned(before=now - grace):
        backup = str(copy.backup.id)
        try:
            if copy.vault not in vaults:
                refused.append(f"{backup}: the vault {copy.vault} is not configured")
                continue
            _remove(vaults[copy.vault], backup)
        except VaultError as fault:
            refused.append(f"{backup} in {copy.vault}: {fault}")
            continue
        store.removed(copy, now=now)
        removed.append((backup, copy.vault))
    refused += _sweep_failed(vaults, before=now - max(grace, TAKE_UP_WITHIN), now=now)
    return Removal(tuple(removed), len(may_go) - len(removed), tuple(refused))


def _sweep_failed(vaults: Mapping[str, Vault], *, before: datetime, now: datetime) -> list[str]:
    """Remove the segments of backups that failed: without a manifest they are nobody's. Returns refusals in words.

    One that has a manifest after all (its process was killed later than it seemed) is a backup, and is entered as one.
    Nothing of it is removed before every vault has said that it has none.
    """
    refused = []
    for backup in store.abandoned(before=before):
        try:
            if lost.adopt(backup, list(vaults.values())):
                continue
            for vault in vaults.values():
                _remove(vault, str(backup.id))
        except VaultError as fault:
            refused.append(f"what failed {backup.id} left: {fault}")
        else:
            store.swept(backup, now=now)
    return refused


def _remove(vault: Vault, backup: str) -> None:
    for key in (manifest.key_of(backup), *[stored.key for stored in list(vault.keys(f"segments/{backup}/"))]):
        try:
            vault.delete(key)
        except NoSuchObjectError:
            continue  # an attempt before this one has removed it
