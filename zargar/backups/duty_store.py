"""The rows of what vaults did when they were tried."""

from collections.abc import Collection
from datetime import datetime

from zargar.backups.models import VaultCheck


def keep(vault: str, *, fault: str, refused: bool | None, swept: int, now: datetime) -> None:
    """Keep what a vault did; of an earlier time only whether it refused to delete, where that could not be tried."""
    found = {"checked_at": now, "fault": fault, "swept": swept}
    if refused is not None:
        found["refused"] = refused
    VaultCheck.objects.update_or_create(vault=vault, defaults=found)


def found(vaults: Collection[str]) -> dict[str, VaultCheck]:
    """Return what is known, by vault."""
    return {row.vault: row for row in VaultCheck.objects.filter(vault__in=vaults)}
