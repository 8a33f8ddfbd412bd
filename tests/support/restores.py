"""A desk for restores on a test's database, a domain that records what it is handed, and one that is killed at it."""

import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn
from uuid import UUID

import psycopg
from django.db import connection

from zargar import clock
from zargar.backups import age, everything, manifest, operations, restores
from zargar.backups.at_rest import Rest
from zargar.backups.copied import Desk
from zargar.backups.ddl import PgDump
from zargar.backups.keys import Keyholders
from zargar.backups.making import House
from zargar.backups.ports import RestoredShop, Stored, Vault
from zargar.backups.retention import Kind
from zargar.backups.vaults.directory import DirectoryVault
from zargar.schedules.wiring import entries

OPERATIONS, ESCROW = age.generate(), age.generate()


class Unmoved:
    """A domain to which a copy that did not stay is nothing."""

    def returned(self, shop_id: int) -> None:
        """Leave the shop as it is."""


@dataclass
class Recording(Unmoved):
    """A domain that must not be rewound: it keeps of which shop, as of when, where and in whose place it was told."""

    told: list[tuple[int, datetime, str]] = field(default_factory=list)
    replaced: list[str | None] = field(default_factory=list)

    def restored(self, shop_id: int, *, taken_at: datetime, replaced: str | None) -> None:
        """Keep it."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            [(schema,)] = cursor.fetchall()
        self.told.append((shop_id, taken_at, schema))
        self.replaced.append(replaced)


class Killed(Unmoved):
    """A domain in whose call the process is killed."""

    def restored(self, shop_id: int, *, taken_at: datetime, replaced: str | None) -> None:  # noqa: ARG002 -- the port's arguments
        """End this process at once, without a word."""
        _die()


class KilledReading(DirectoryVault):
    """A vault in the reading of whose segments the process is killed: the copy is being made."""

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Read manifests and keys, and end this process at a segment."""
        if key.startswith("segments/"):
            _die()
        return super().read(key, start=start, length=length)


class KilledAfterOne(DirectoryVault):
    """A vault in which the process is killed when the second pack is read: the shared schema is there by then."""

    opened = 0

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Read the manifest and one key, and end this process at the next pack's."""
        if key.startswith("keys/"):
            self.opened += 1
            if self.opened > 1:
                _die()
        return super().read(key, start=start, length=length)


class KilledWriting(DirectoryVault):
    """A vault in the writing to which the process is killed: the shop is closed, its snapshot is being made."""

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:  # noqa: ARG002 -- the port's arguments
        """End this process."""
        _die()


class KilledSealed(DirectoryVault):
    """A vault in the writing of whose manifest the process is killed: it is sealed by then."""

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """Write everything else."""
        if key.startswith(manifest.PREFIX):
            _die()
        return super().put(key, chunks)


def house_of(owner_url: str, vaults: tuple[Vault, ...]) -> House:
    """What makes backups, for the test's own keys."""
    return House(
        vaults=vaults,
        holders=Keyholders(OPERATIONS.recipient, ESCROW.recipient),
        connect=lambda: psycopg.connect(owner_url),
        pg_dump=PgDump.found(),
        clock=clock.now,
    )


def desk_of(house: House, *unwound: RestoredShop) -> Desk:
    """A desk that waits for holders of tables a second."""
    return Desk(house, unwound=unwound, wait=timedelta(seconds=1))


KILLED_AT = {"copying": KilledReading, "closed": KilledWriting, "live": DirectoryVault}


def to_be_killed(slug: str, backup: str, folder: str, stage: str) -> None:
    """Restore a shop in its place; this process is killed at a stage of it. ZARGAR_BACKUP_IDENTITY is the key."""
    places = tuple(KILLED_AT[stage](Path(folder) / name, name=name) for name in ("one", "two"))
    house = house_of(os.environ["DATABASE_OWNER_URL"], places)
    restores.in_place(
        desk_of(house, Killed()), slug=slug, backup=UUID(backup), identity=os.environ["ZARGAR_BACKUP_IDENTITY"],
        confirm=slug, actor="a test", reason="to be killed",
    )  # fmt: skip


def sealing_killed(folder: str) -> None:
    """Back up everything; this process is killed when the manifest is sealed, and no vault has it yet."""
    places = tuple(KilledSealed(Path(folder) / name, name=name) for name in ("one", "two"))
    house = house_of(os.environ["DATABASE_OWNER_URL"], places)
    operations.back_up_all(house=house, kind=Kind.DAILY, reason="to be killed")


def system_to_be_killed(backup: str, folder: str) -> None:
    """Restore everything into the database of NEW_DATABASE; this process is killed after the shared schema."""
    rest = Rest([entry.name for entry in entries()], "a test", "to be killed", clock.now())
    everything.restore(
        lambda: psycopg.connect(os.environ["NEW_DATABASE"]), vaults=(KilledAfterOne(Path(folder), name="one"),),
        backup=backup, identity=os.environ["ZARGAR_BACKUP_IDENTITY"], rest=rest,
    )  # fmt: skip


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError  # nobody comes here
