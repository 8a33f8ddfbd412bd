"""The periods from the settings, built once."""

from functools import cache

from django.conf import settings

from zargar.backups.row_retention import Keep as KeepBackups
from zargar.ledger.retention import Keep as KeepRuns
from zargar.pricing.retention import Keep as KeepPrices
from zargar.schedules.retention import Keep as KeepSlots
from zargar.upkeep.operations import Keep


@cache
def keep() -> Keep:
    """Return how long this deployment keeps its rows. Raises `ValueError` for periods that contradict each other."""
    return Keep(
        runs=KeepRuns(runs=settings.KEEP_RUNS, dead_letters=settings.KEEP_DEAD_LETTERS),
        slots=KeepSlots(slots=settings.KEEP_SLOTS, missed=settings.KEEP_MISSED),
        prices=KeepPrices(ticks=settings.KEEP_TICKS, quotes=settings.KEEP_QUOTES),
        backups=KeepBackups(
            reports=settings.KEEP_BACKUP_REPORTS, drills=settings.KEEP_DRILLS, packs=settings.KEEP_REMOVED_PACKS
        ),
    )
