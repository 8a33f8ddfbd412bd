"""The real parts of backups from the settings, built once: tasks, commands and pages do not each build them."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import psycopg
from django.conf import settings

from zargar import clock
from zargar.backups import drill_store, fingerprint
from zargar.backups.ddl import PgDump
from zargar.backups.ddl_store import KnownShapes
from zargar.backups.drills import DrillYard
from zargar.backups.files import FolderSource
from zargar.backups.keys import Keyholders
from zargar.backups.making import House
from zargar.backups.ports import Vault
from zargar.backups.retention import Keep
from zargar.backups.roles import RolesSource
from zargar.backups.scratch import DrillServer
from zargar.backups.seen_store import SeenShapes
from zargar.backups.vaults.directory import DirectoryVault
from zargar.backups.vaults.s3 import S3Vault
from zargar.backups.vaults.s3_calls import Bucket
from zargar.refusals import NotFoundError, RefusedError
from zargar.settings.environment import env

S3: Final = "s3+"


class BackupsNotConfiguredError(RefusedError):
    """Backups need `ZARGAR_VAULTS`, the two `ZARGAR_BACKUP_RECIPIENT_*` keys and `ZARGAR_BACKUP_DATABASE_URL`."""


class NoIdentityError(RefusedError):
    """This process has no key that opens backups: set ZARGAR_BACKUP_IDENTITY or ZARGAR_BACKUP_IDENTITY_FILE."""


class DrillsNotConfiguredError(RefusedError):
    """Drills need `ZARGAR_DRILL_DATABASE_URL`, whose login may create databases and take on `zargar_owner`."""


class NoSuchVaultError(NotFoundError):
    """No vault has that name; the setting `ZARGAR_VAULTS` names them."""


class StrangeKeyError(RefusedError):
    """The key is not one of the two that backups are made for."""


@cache
def vaults() -> tuple[Vault, ...]:
    """Return the vaults in the order of the setting.

    Raises `BackupsNotConfiguredError` where there is none, or one without its keys.
    """
    if not settings.VAULTS:
        raise BackupsNotConfiguredError(BackupsNotConfiguredError.__doc__)
    return tuple(_vault(name, place) for name, place in settings.VAULTS.items())


def vaults_named(name: str | None) -> tuple[Vault, ...]:
    """Return the vault of that name alone, or all of them. Raises `NoSuchVaultError`."""
    found = tuple(vault for vault in vaults() if name in {None, vault.name})
    if not found:
        message = f"no vault is called {name!r}; ZARGAR_VAULTS names {', '.join(settings.VAULTS)}"
        raise NoSuchVaultError(message)
    return found


@cache
def house() -> House:
    """Return what makes backups. Raises `BackupsNotConfiguredError`."""
    operations, escrow = settings.BACKUP_RECIPIENTS
    if not (operations and escrow):
        raise BackupsNotConfiguredError(BackupsNotConfiguredError.__doc__)
    pg_dump = PgDump.found()
    return House(
        vaults=vaults(),
        holders=Keyholders(operations, escrow),
        connect=connector(database_url()),
        pg_dump=pg_dump,
        clock=clock.now,
        readers=settings.BACKUP_READERS,
        shapes=shapes(pg_dump),
        memory=SeenShapes(),
        sources=(
            RolesSource(),
            *(FolderSource(f"files.{name}", Path(at)) for name, at in settings.BACKUP_FILES.items()),
        ),
    )


def shapes(pg_dump: PgDump) -> KnownShapes:
    """Return what remembers the DDL that this pg_dump wrote."""
    return KnownShapes(f"pg_dump {pg_dump.major} {fingerprint.DEFINITION}")


def connector(url: str) -> Callable[[], psycopg.Connection[Any]]:
    """Return what opens a session of its own on a database."""
    return lambda: psycopg.connect(url, connect_timeout=5, application_name="zargar backups")


def database_url() -> str:
    """Return the owner's database URL, for reading and restoring schemas. Raises `BackupsNotConfiguredError`."""
    if not settings.BACKUP_DATABASE_URL:
        raise BackupsNotConfiguredError(BackupsNotConfiguredError.__doc__)
    return str(settings.BACKUP_DATABASE_URL)


def identity() -> str:
    """Return the secret key that opens shops' keys. Raises `NoIdentityError` on a machine that has none.

    It is read when it is asked for, and by restores and drills alone: what makes backups has no use for it. A file as
    `zargar keys generate` or `age-keygen` writes it is taken as it is.
    """
    text = env.str("ZARGAR_BACKUP_IDENTITY", "")
    found = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    if not found:
        raise NoIdentityError(NoIdentityError.__doc__)
    return found.strip()


def yard() -> DrillYard:
    """Return what drills backups. Raises `BackupsNotConfiguredError`, `NoIdentityError`, `DrillsNotConfiguredError`."""
    url = env.str("ZARGAR_DRILL_DATABASE_URL", "")
    if not url:
        raise DrillsNotConfiguredError(DrillsNotConfiguredError.__doc__)
    server = DrillServer(url, clock=clock.now, surroundings=drill_store.surroundings())
    return DrillYard(vaults=vaults(), server=server, identity=identity())


def drill_period() -> timedelta | None:
    """Return within how long every shop of every vault is drilled; None where no worker does that."""
    found: timedelta = settings.DRILL_PERIOD
    return found or None


def holder_of(recipient: str) -> str:
    """Return whose key a recipient is: `operations` or `escrow`. Raises `StrangeKeyError`."""
    known = dict(zip(settings.BACKUP_RECIPIENTS, ("operations", "escrow"), strict=True))
    if recipient not in known:
        message = f"{recipient} is neither operations' nor escrow's public key as configured"
        raise StrangeKeyError(message)
    return known[recipient]


def keep() -> Keep:
    """Return how much of what is kept."""
    return Keep(
        days=settings.KEEP_BACKUP_DAYS,
        weeks=settings.KEEP_BACKUP_WEEKS,
        months=settings.KEEP_BACKUP_MONTHS,
        years=settings.KEEP_BACKUP_YEARS,
        shop_copies=settings.KEEP_SHOP_BACKUPS,
        snapshots=settings.KEEP_SNAPSHOTS,
    )


def keep_replaced() -> timedelta:
    """Return how long what a restore put aside is kept for undo."""
    found: timedelta = settings.KEEP_REPLACED_SHOPS
    return found


def grace() -> timedelta:
    """Return how long what retention lets go is still there."""
    found: timedelta = settings.BACKUP_GRACE
    return found


def _vault(name: str, place: str) -> Vault:
    if not place.startswith(S3):
        return DirectoryVault(Path(place), name=name)
    parts = urlsplit(place.removeprefix(S3))
    access, secret = settings.VAULT_KEYS.get(name, (None, None))
    if not (access and secret):
        needed = f"ZARGAR_VAULT_{name.upper()}"
        message = f"the vault {name} needs {needed}_ACCESS_KEY and {needed}_SECRET_KEY"
        raise BackupsNotConfiguredError(message)
    bucket = Bucket(
        endpoint=f"{parts.scheme}://{parts.netloc}",
        bucket=parts.path.strip("/"),
        access_key=access,
        secret_key=secret,
        region=parse_qs(parts.query).get("region", ["auto"])[0],
    )
    return S3Vault(bucket, name=name)
