"""One sweep through the rooms that keep rows about the system itself.

Each room knows what of its own may go; this one only asks them, in an order in which nothing waits for the next pass:
runs before the slots that they hold. Why it stands above them: docs/decisions/0006-retention.md.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from django.db import InterfaceError, OperationalError

from zargar.backups import housekeeping as backups
from zargar.backups.row_retention import Keep as KeepBackups
from zargar.ledger import operations as ledger
from zargar.ledger.retention import Keep as KeepRuns
from zargar.outcomes import Retryable, Summary
from zargar.pricing import alerts, history
from zargar.pricing import operations as pricing
from zargar.pricing.retention import Keep as KeepPrices
from zargar.schedules import operations as schedules
from zargar.schedules.retention import Keep as KeepSlots

BATCH: Final = 500
"""Rows of a kind in one transaction: some tens of milliseconds, which is as long as a price may have to wait for it."""

ROUNDS: Final = 40
"""Transactions of a room in one pass. What is left then (a period was shortened) goes in the hours after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long each room's rows stay."""

    runs: KeepRuns
    slots: KeepSlots
    prices: KeepPrices
    backups: KeepBackups = field(default_factory=KeepBackups)


def clean_up(*, keep: Keep, now: datetime, batch: int = BATCH, rounds: int = ROUNDS) -> Summary:
    """Repair the cached price, bring history up to the newest tick, then remove the rows that outlived their period.

    History comes first, since it is made of ticks that may go. Returns what was found in the cache, how many bars were
    written (`rolled_up`), how many rows of each kind were `removed`, and whether there is `more`.
    Raises `Retryable` when the database goes away meanwhile; what was removed by then is removed.
    """
    rooms: tuple[Callable[[], dict[str, int]], ...] = (
        partial(ledger.retain, keep=keep.runs, now=now, at_most=batch),
        partial(schedules.retain, keep=keep.slots, now=now, at_most=batch),
        partial(pricing.retain, keep=keep.prices, now=now, at_most=batch),
        partial(alerts.retain, keep=keep.prices.ticks, now=now, at_most=batch),
        partial(backups.retain, keep=keep.backups, now=now, at_most=batch),
    )
    try:
        cache = pricing.cleanup_cache()
        rolled_up = history.roll_up(now=now)
        swept = [_sweep(room, batch=batch, rounds=rounds) for room in rooms]
    except (OperationalError, InterfaceError) as error:
        message = f"the housekeeping was not done to its end: {type(error).__name__}"
        raise Retryable(message) from error
    removed: Summary = {kind: count for gone, _ in swept for kind, count in gone.items()}
    return {**cache, "rolled_up": rolled_up, "removed": removed, "more": any(more for _, more in swept)}


def _sweep(room: Callable[[], dict[str, int]], *, batch: int, rounds: int) -> tuple[Counter[str], bool]:
    """Ask a room until a batch is not full or the rounds are used up; say what went, and whether there may be more."""
    removed: Counter[str] = Counter()
    for _ in range(rounds):
        gone = room()
        removed.update(gone)
        if max(gone.values()) < batch:
            return removed, False
    return removed, True
