"""How long the catalogue's own rows stay, purely. How long backups stay is another question (`retention`).

A report may go when it is old. A drill may go when it is old and says nothing any more: the newest of a shop in a vault
says whose turn it is, the newest proven one is the figure that people look at, and the newest of a copy that is still
there says whether it is damaged. The list of what a backup held may go long after no vault has anything of it; the
backup's own row stays.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SHORTEST: Final = timedelta(days=7)
"""A report that was not mailed is tried for two days, and a week's report looks back as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long reports, drills and the packs of backups that are gone stay. Raises `ValueError` for under a week."""

    reports: timedelta = timedelta(days=730)
    drills: timedelta = timedelta(days=365)
    packs: timedelta = timedelta(days=90)

    def __post_init__(self) -> None:
        """Refuse a period in which a row may still be wanted."""
        if min(self.reports, self.drills, self.packs) < SHORTEST:
            message = f"rows of backups stay for {SHORTEST} at least; got {self}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneBefore:
    """Reports made before `reports`, drills done before `drills`, packs of backups that ended before `packs` may go."""

    reports: datetime
    drills: datetime
    packs: datetime


def may_go(keep: Keep, *, now: datetime) -> GoneBefore:
    """Say which rows are old enough."""
    return GoneBefore(reports=now - keep.reports, drills=now - keep.drills, packs=now - keep.packs)
