"""The rows of backups (shared schema): what was made, where each copy lies, what is proven of it, what people hear.

It is a convenience, not the truth: a backup exists by its manifest in a vault, and the catalogue is rebuilt from there.
"""

from zargar.backups.models.catalogue import Backup, Copy, CopyState, Pack, State
from zargar.backups.models.drills import Drill
from zargar.backups.models.keys import KeyRecord
from zargar.backups.models.news import BackupAlarm, BackupReport
from zargar.backups.models.restores import Restore, RestoreState
from zargar.backups.models.schedules import BackupSchedule
from zargar.backups.models.shapes import KnownDdl, SeenShape
from zargar.backups.models.vaults import VaultCheck

__all__ = [
    "Backup",
    "BackupAlarm",
    "BackupReport",
    "BackupSchedule",
    "Copy",
    "CopyState",
    "Drill",
    "KeyRecord",
    "KnownDdl",
    "Pack",
    "Restore",
    "RestoreState",
    "SeenShape",
    "State",
    "VaultCheck",
]
