"""A deployment's backups on a scratch database: the parts in this process, and the environment of a worker's."""

from collections.abc import Sequence
from pathlib import Path

import psycopg

from tests.support.databases import ScratchDatabase
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import age
from zargar.backups.ddl import PgDump
from zargar.backups.keys import Keyholders
from zargar.backups.making import House
from zargar.backups.ports import Vault

OPERATIONS, ESCROW = age.generate(), age.generate()
HOLDERS = Keyholders(OPERATIONS.recipient, ESCROW.recipient)


def house_of(database: ScratchDatabase, vaults: Sequence[Vault]) -> House:
    """What makes backups of this database, in these vaults."""
    return House(
        vaults=tuple(vaults),
        holders=HOLDERS,
        connect=lambda: psycopg.connect(database.owner_url),
        pg_dump=PgDump.found(),
        clock=clock.now,
    )


def settings_of(database: ScratchDatabase, places: dict[str, str]) -> dict[str, str]:
    """The environment by which a process makes backups of this database in vaults at these places."""
    return {
        "ZARGAR_VAULTS": ",".join(f"{name}={place}" for name, place in places.items()),
        "ZARGAR_BACKUP_RECIPIENT_OPERATIONS": OPERATIONS.recipient,
        "ZARGAR_BACKUP_RECIPIENT_ESCROW": ESCROW.recipient,
        "ZARGAR_BACKUP_DATABASE_URL": database.owner_url,
    }


def folders(parent: Path, *names: str) -> dict[str, str]:
    """Make a directory for a vault of each name, and return where they are."""
    for name in names:
        directory(parent, name)
    return {name: str(parent / name) for name in names}
