"""Remove what retention lets go, after a grace in which a person may object.

What is condemned is decided anew each time (`retention`), and only what has been condemned for the whole grace and
still is goes: a verified copy that turns out damaged meanwhile brings back what it had replaced. That is asked again
before each copy, under the lock that verdicts are kept under (`store`, Note [Verdicts and removals]): removing takes
long, and readers and drills work meanwhile. The copies by whose word it goes are looked at in the vault before
(`vouching`).

The manifest goes first, so that a backup that is half removed does not exist, and with it, in one transaction, the
catalogue's word for it. What was cut off after that is ended by the next sweep.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from zargar.backups import lost, manifest, sitting_store, store
from zargar.backups.continuing import TAKE_UP_WITHIN
from zargar.backups.manifest import UnknownFormatError
from zargar.backups.models import Copy, CopyState
from zargar.backups.ports import NoSuchObjectError, Vault, VaultError
from zargar.backups.retention import Keep, Plan, plan, vouching
from zargar.backups.sitting_store import SupersededError
from zargar.backups.stopping import Stop, never
from zargar.backups.vouching import Vouchers
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


def sweep(
    vaults: Mapping[str, Vault], keep: Keep, *, grace: timedelta, now: datetime, stop: Stop = never
) -> Removal:  # fmt: skip
    """Condemn what may go, and remove what has been condemned for the whole grace.

    A vault that is not configured any more, or refuses, keeps its copies; the others are not held up by it. `stop` is
    asked between two copies; what is left then waits for the next sweep.
    """
    may_go = planned(keep, now=now).remove
    store.condemn(set(may_go), now=now)
    removed, refused = [], []
    vouchers = Vouchers(now=now)
    for copy in [*store.half_removed(), *store.condemned(before=now - grace)]:
        if stop():
            break
        backup = str(copy.backup.id)
        if copy.vault not in vaults:
            refused.append(f"{backup}: the vault {copy.vault} is not configured")
            continue
        try:
            if _removed(vaults[copy.vault], copy, keep, vouchers, grace=grace, now=now):
                removed.append((backup, copy.vault))
        except (VaultError, UnknownFormatError) as fault:
            refused.append(f"{backup} in {copy.vault}: {fault}")
    refused += vouchers.doubted
    refused += _sweep_failed(vaults, before=now - max(grace, TAKE_UP_WITHIN), now=now, stop=stop)
    return Removal(tuple(removed), len(set(may_go) - set(removed)), tuple(refused))


def _removed(
    vault: Vault, copy: Copy, keep: Keep, vouchers: Vouchers, *, grace: timedelta, now: datetime
) -> bool:  # fmt: skip
    """Remove a copy if it may still go, and say whether it did. Raises the vault's errors, and `UnknownFormatError`."""
    backup = str(copy.backup.id)
    if copy.state != CopyState.REMOVED:
        if not vouchers.sound(vault, vouching(store.for_retention(), backup, copy.vault)):
            return False  # what had replaced it is there no more
        with store.deciding():
            if not store.still_condemned(copy, before=now - grace):
                return False  # another sweep has thought better of it, or done it, while this one was busy or asleep
            known = store.for_retention()
            if (backup, copy.vault) not in plan(known, keep, now=now).remove:
                return False  # what had replaced it turned out damaged
            if not vouchers.looked_at(vault, vouching(known, backup, copy.vault)):
                return False  # it goes by another one's word now, which the next sweep looks at
            store.removed(copy, now=now)
            _delete(vault, manifest.key_of(backup))
    _remove_segments(vault, backup)
    store.emptied(copy)
    return True


def _sweep_failed(vaults: Mapping[str, Vault], *, before: datetime, now: datetime, stop: Stop) -> list[str]:
    """Remove the segments of backups that failed: without a manifest they are nobody's. Returns refusals in words.

    One that has a manifest after all (its process was killed later than it seemed) is a backup, and is entered as one.
    Nothing of it is removed before every vault has said that it has none, nor while somebody goes on with it.
    """
    refused = []
    for backup in sitting_store.abandoned(before=before):
        if stop():
            break
        try:
            sitting_store.take_away_for_good(backup)
            if lost.adopt(backup, list(vaults.values())):
                continue
            for vault in vaults.values():
                _delete(vault, manifest.key_of(str(backup.id)))
                _remove_segments(vault, str(backup.id))
            sitting_store.swept(backup, now=now)
        except SupersededError:
            continue  # somebody goes on with it
        except (VaultError, UnknownFormatError) as fault:
            refused.append(f"what failed {backup.id} left: {fault}")
    return refused


def _remove_segments(vault: Vault, backup: str) -> None:
    for stored in list(vault.keys(f"segments/{backup}/")):
        _delete(vault, stored.key)


def _delete(vault: Vault, key: str) -> None:
    with suppress(NoSuchObjectError):  # an attempt before this one has removed it
        vault.delete(key)
