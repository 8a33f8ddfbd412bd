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

from zargar.backups import lost, making, store, verifying
from zargar.backups.continuing import StoppedError
from zargar.backups.making import ONE_SITTING, House, Made, NoRoomError, NothingReadError, Sitting
from zargar.backups.models import Backup
from zargar.backups.ports import Vault, VaultError, VaultFullError, VaultRefusedError
from zargar.backups.progress import Progress, nobody
from zargar.backups.retention import Kind
from zargar.backups.stopping import Stop, never
from zargar.backups.store import SHARED, Held
from zargar.outcomes import Permanent, Retryable, Snooze, Summary
from zargar.refusals import NotFoundError
from zargar.shops import operations as shops

LONGEST: Final = timedelta(minutes=30)
"""The hard time limit of a task: what has been running for longer has lost its process."""


class NoSuchBackupError(NotFoundError):
    """There is no such backup; `zargar backups list` shows them."""


def back_up_all(*, house: House, kind: Kind, reason: str, sitting: Sitting = ONE_SITTING) -> Made:
    """Make one backup of the shared schema and of every shop. Raises `Retryable`, `Permanent`.

    Raises `Snooze` where `sitting` has said stop: what is stored is kept, and the same job goes on with it when it is
    called again. Raises `zargar.backups.sitting_store.SupersededError` (a `Retryable`) where another process has taken
    over the job meanwhile.
    """
    everything = [Held(SHARED, SHARED, "public"), *(_held(shop.id, shop.schema_name) for shop in shops.listed())]
    return _make(house, kind=kind, reason=reason, holds=everything, sitting=sitting)


def back_up_shop(*, house: House, shop_id: int, kind: Kind, reason: str, sitting: Sitting = ONE_SITTING) -> Made:
    """Make a backup of one shop. Raises `Permanent` for a shop that is not there, else as `back_up_all`."""
    found = next((shop for shop in shops.listed() if shop.id == shop_id), None)
    if found is None:
        message = f"there is no shop {shop_id}"
        raise Permanent(message)
    holds = [_held(found.id, found.schema_name)]
    return _make(house, kind=kind, reason=reason, holds=holds, scope=str(found.id), sitting=sitting)


def verify(
    *, vaults: Sequence[Vault], now: datetime, backup: UUID | None = None, at_most: int = 4, stop: Stop = never,
    go_on: bool = False, progress: Progress = nobody,
) -> Summary:  # fmt: skip
    """Complete what vaults lack, then read copies back: those of one backup, or those whose turn it is (`verifying`).

    Between two segments `stop` is asked; what the time was not enough for is counted as `left`, and `go_on` takes that
    up alone. Raises `NoSuchBackupError`, and `Retryable` when no vault that was asked answered.
    """
    if backup is not None:
        show(backup)
    found = verifying.verify(vaults, now=now, backup=backup, at_most=at_most, stop=stop, go_on=go_on, progress=progress)
    if found.unanswered and not (found.proven or found.left):
        message = f"no vault answered: {[*found.unanswered]}"
        raise Retryable(message)
    return found.summary()


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
    except (VaultFullError, VaultRefusedError, NoRoomError) as fault:
        raise Permanent(str(fault)) from fault
    except (VaultError, NothingReadError, psycopg.Error, DatabaseError) as fault:
        message = f"the backup came to nothing: {type(fault).__name__}: {fault}"
        raise Retryable(message) from fault


def _held(shop_id: int, schema: str) -> Held:
    return Held(str(shop_id), schema, schema)
