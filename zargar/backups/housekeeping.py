"""The call of the system's housekeeping to this room: remove rows of the catalogue that outlived their period."""

from datetime import datetime

from zargar.backups import row_store as store
from zargar.backups.row_retention import Keep, may_go


def retain(*, keep: Keep, now: datetime, at_most: int) -> dict[str, int]:
    """Remove at most so many rows of each kind; return how many. Call it again until nothing goes."""
    before = may_go(keep, now=now)
    return {
        "backup_reports": store.remove_reports(before=before.reports, at_most=at_most),
        "drills": store.remove_drills(before=before.drills, at_most=at_most),
        "packs": store.remove_packs(before=before.packs, at_most=at_most),
    }
