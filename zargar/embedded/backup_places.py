"""Where a system on this machine keeps its backups, and the keys that open them.

Two folders stand for two providers, and both keys lie in the data folder: that is good for a demo and for trying things
out. A system that matters writes to two places elsewhere, and keeps the escrow key offline (docs/runbook.md).
"""

import os
from pathlib import Path
from typing import Final

from zargar.backups import age
from zargar.embedded.databases import Database
from zargar.embedded.folder import DataFolder

VAULTS: Final = ("near", "far")
DRILL_DAYS: Final = "7"
"""Within how many days every shop of every vault is restored on trial."""


def prepare(folder: DataFolder, database: Database) -> dict[str, str]:
    """Make the vaults' folders and the two key pairs where there are none; return the settings that name them.

    A system whose environment names vaults of its own keeps those.
    """
    if "ZARGAR_VAULTS" in os.environ:
        return {}
    places = {name: folder.path / "vaults" / name for name in VAULTS}
    for place in places.values():
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    operations, escrow = (_key(folder, name) for name in ("operations", "escrow"))
    drills = {"ZARGAR_DRILL_DATABASE_URL": database.drills_url, "ZARGAR_DRILL_PERIOD_DAYS": DRILL_DAYS}
    return {
        "ZARGAR_VAULTS": ",".join(f"{name}={place}" for name, place in places.items()),
        "ZARGAR_BACKUP_RECIPIENT_OPERATIONS": operations[0],
        "ZARGAR_BACKUP_RECIPIENT_ESCROW": escrow[0],
        "ZARGAR_BACKUP_IDENTITY_FILE": str(operations[1]),
        "ZARGAR_BACKUP_DATABASE_URL": database.owner_url,
        **{name: value for name, value in drills.items() if value and database.drills_url},
    }


def _key(folder: DataFolder, holder: str) -> tuple[str, Path]:
    """Return the public half, and the file that holds the secret one; made at its first use."""
    path = folder.path / "secrets" / f"backup-{holder}.key"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return age.recipient_of(path.read_text().strip()), path
    pair = age.generate()
    with os.fdopen(descriptor, "w") as file:
        file.write(pair.identity)
    return pair.recipient, path
