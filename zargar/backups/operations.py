"""The calls that a task, a command or a button makes. The parts (`House`, vaults) are arguments.

What cannot be read or written now is `Retryable`; what needs a person (no vault configured, a full or refusing vault,
an old pg_dump) is `Permanent` and says what to do.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import psycopg
from django.db import DatabaseError

from zargar.backups import drill_store, lost, making, proving, store
from zargar.backups.continuing import StoppedError
from zargar.backups.making import ONE_SITTING, House, Made, NothingReadError, Sitting
from zargar.backups.models import Backup, CopyState
from zargar.backups.ports import Vault, VaultError, VaultFullError, VaultRefusedError
from zargar.backups.retention import Kind
from zargar.backups.store import SHARED, Held
from zargar.outcomes import JSON, Permanent, Retryable, Snooze, Summary
from zargar.refusals import NotFoundError
from zargar.shops import operations as shops

LONGEST: Final = timedelta(minutes=30)
"""The hard time limit of a task: what has been running for longer has lost its process."""


class NoSuchBackupError(NotFoundError):
    """There is no such backup; `zargar backups list` shows them."""


def back_up_all(*, house: House, kind: Kind, reason: str, sitting: Sitting = ONE_SITTING) -> Made:
    """Make one backup of the shared schema and of every shop. Raises `Retryable`, `Permanent`.

    Raises `Snooze` where `sitting` has said stop: what is stored is kept, and the same job goes on with it when it is
    called again.
    """
    everything = [Held(SHARED, SHARED, "public"), *(_held(shop.id, shop.schema_name) for shop in shops.listed())]
    return _make(house, kind=kind, reason=reason, holds=everything, sitting=sitting)


def back_up_shop(*, house: House, shop_id: int, kind: Kind, reason: str) -> Made:
    """Make a backup of one shop. Raises `Permanent` for a shop that is not there, else as `back_up_all`."""
    found = next((shop for shop in shops.listed() if shop.id == shop_id), None)
    if found is None:
        message = f"there is no shop {shop_id}"
        raise Permanent(message)
    return _make(house, kind=kind, reason=reason, holds=[_held(found.id, found.schema_name)], scope=str(found.id))


def verify(*, vaults: Sequence[Vault], now: datetime, backup: UUID | None = None, at_most: int = 4) -> Summary:
    """Complete what vaults lack, then read copies back: those of one backup, or those not read back for the longest.

    Raises `NoSuchBackupError`, and `Retryable` when no vault that was asked answered.
    """
    by_name = {vault.name: vault for vault in vaults}
    completed = _complete(by_name, now=now)
    copies = store.in_vaults(states=[CopyState.STORED, CopyState.GOOD, CopyState.DAMAGED])
    if backup is not None:
        show(backup)
        copies = [copy for copy in copies if copy.backup.id == backup]
    found: list[JSON] = []
    silent: list[JSON] = []
    for copy in copies[: None if backup else at_most]:
        told: Summary = {"backup": str(copy.backup.id), "vault": copy.vault}
        try:
            if copy.vault not in by_name:
                silent.append({**told, "fault": "the vault is not configured"})
                continue
            proof = proving.prove(by_name[copy.vault], str(copy.backup.id), sha256=copy.backup.manifest_sha256)
        except VaultError as fault:
            silent.append({**told, "fault": str(fault)})
            continue
        store.note(
            copy, state=CopyState.GOOD if proof.good else CopyState.DAMAGED, now=now, detail="; ".join(proof.faults)
        )
        faults: list[JSON] = list(proof.faults)
        found.append({
            **told, "good": proof.good, "checked_bytes": proof.checked_bytes, "faults": faults,
            "erased": list(drill_store.erased_in(copy.backup)),
        })  # fmt: skip
    if silent and not found:
        message = f"no vault answered: {silent}"
        raise Retryable(message)
    return {"proven": found, "unanswered": silent, "completed": list(completed)}


def show(backup: UUID) -> Backup:
    """Return a backup with its packs and copies. Raises `NoSuchBackupError`."""
    found = store.found(backup)
    if found is None:
        message = f"there is no backup {backup}; `zargar backups list` shows them"
        raise NoSuchBackupError(message)
    return found


def listed(*, shop: str | None = None, limit: int = 20) -> Sequence[Backup]:
    """Return the newest backups, or those that hold a shop. Raises `zargar.shops.operations.NoSuchShopError`."""
    return store.listed(limit=limit, holds=str(shops.named(shop).id) if shop else None)


def _make(
    house: House, *, kind: Kind, reason: str, holds: Sequence[Held], scope: str = "", sitting: Sitting = ONE_SITTING
) -> Made:
    try:
        lost.settle(house.vaults, older_than=LONGEST, now=house.clock())
        return making.make(house, kind=kind, reason=reason, holds=holds, scope=scope, sitting=sitting)
    except StoppedError as stopped:
        message = f"the time is up: {stopped}"
        raise Snooze(message, until=house.clock()) from None
    except (VaultFullError, VaultRefusedError) as fault:
        raise Permanent(str(fault)) from fault
    except (VaultError, NothingReadError, psycopg.OperationalError, DatabaseError) as fault:
        message = f"the backup came to nothing: {type(fault).__name__}: {fault}"
        raise Retryable(message) from fault


def _complete(vaults: dict[str, Vault], *, now: datetime) -> list[JSON]:
    """Bring over what a vault lacks from one that has it; return in words what was completed."""
    done: list[JSON] = []
    stored = store.in_vaults(states=[CopyState.GOOD, CopyState.STORED])
    for lacking in store.in_vaults(states=[CopyState.MISSING]):
        sources = [vaults[one.vault] for one in stored if one.backup_id == lacking.backup_id and one.vault in vaults]
        if not sources or lacking.vault not in vaults:
            continue
        backup = str(lacking.backup.id)
        try:
            sha256 = lacking.backup.manifest_sha256
            proving.complete(sources[0], vaults[lacking.vault], backup, sha256=sha256, destroyed=store.destroyed)
        except VaultError as fault:
            store.note(lacking, state=CopyState.MISSING, now=now, detail=str(fault))
            continue
        store.note(lacking, state=CopyState.STORED, now=now)
        done.append(f"{backup} in {lacking.vault}")
    return done


def _held(shop_id: int, schema: str) -> Held:
    return Held(str(shop_id), schema, schema)
