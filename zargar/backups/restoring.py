"""Find a shop in a backup and put it back beside the live one, out of whichever vault has it whole."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from zargar.backups import keys
from zargar.backups.description import BadPackError
from zargar.backups.differences import What
from zargar.backups.facts import ShopFacts
from zargar.backups.keys import DamagedKeyError
from zargar.backups.manifest import DamagedManifestError, PackEntry
from zargar.backups.packs import DamagedPackError, WrongKeyError, open_pack
from zargar.backups.ports import Vault, VaultError
from zargar.backups.proving import read_manifest
from zargar.backups.restore import restore_beside
from zargar.refusals import NotFoundError, RefusedError

DAMAGE: Final = (
    VaultError, BadPackError, DamagedManifestError, DamagedKeyError, DamagedPackError, WrongKeyError,
)  # fmt: skip
"""What is wrong with one vault's copy alone: another vault may have it whole."""


class NotInBackupError(NotFoundError):
    """The backup does not hold that shop; `zargar backups show ID` lists what it holds."""


class NoVaultHasItError(RefusedError):
    """No vault could give the shop back; the message holds what each of them said."""


@dataclass(frozen=True, slots=True)
class Restored:
    """Which vault gave it back, as what, of which moment, and the facts that were found of the copy by SQL on it."""

    vault: str
    schema: str
    beside: str
    taken_at: datetime
    facts: ShopFacts


def anything(_: PackEntry) -> None:
    """Look at nothing."""


def beside(
    connection: psycopg.Connection[Any], *, vaults: Sequence[Vault], backup: str, slug: str, to: str, identity: str,
    check: Callable[[PackEntry], object] = anything,
) -> Restored:  # fmt: skip
    """Restore a shop as the schema `to`, proven against the manifest's facts before it is committed, or not at all.

    `connection` is the owner's; `identity` opens the shop's key (operations' or escrow's). The vaults are tried in
    their order. `check` may refuse a pack by raising, before it is read. Raises `NotInBackupError`,
    `NoVaultHasItError`, and what `restore_beside` raises about the target.
    """
    said: list[str] = []
    for vault in vaults:
        try:
            entry = _entry(vault, backup, slug)
            check(entry)
            taken_at, facts = put(connection, vault, entry, to=to, identity=identity)
        except DAMAGE as fault:
            said.append(f"{vault.name}: {fault}")
        else:
            return Restored(vault.name, entry.schema, to, taken_at, facts)
    raise NoVaultHasItError("; ".join(said))


def put(
    connection: psycopg.Connection[Any], vault: Vault, entry: PackEntry, *, to: str, identity: str
) -> tuple[datetime, ShopFacts]:
    """Restore one schema's pack out of one vault as `to`; return its moment, and what was found of the copy.

    Raises what `keys.read_object`, `open_pack` and `restore_beside` raise.
    """
    if entry.facts is None:
        message = f"the pack {entry.place.pack} holds no schema"
        raise NotInBackupError(message)
    secret = keys.read_object(vault, entry.key, identity)
    found = restore_beside(
        connection, open_pack(vault, entry.place, secret), schema=entry.schema, beside=to, expected=entry.facts,
        tolerated=tolerated(entry.facts.postgres, connection.info.server_version),
    )  # fmt: skip
    return entry.facts.moment, found


def tolerated(recorded: int, here: int) -> Collection[What]:
    """Say in what a copy may differ on a server of version `here` (180006): other majors write shapes otherwise.

    Rows, columns, sequences and migrations must be the same everywhere.
    """
    return () if recorded // 10_000 == here // 10_000 else (What.SHAPE,)


def _entry(vault: Vault, backup: str, slug: str) -> PackEntry:
    found = read_manifest(vault, backup)
    for entry in found.packs:
        if entry.shop == slug:
            return entry
    message = f"backup {backup} holds no shop {slug!r}: {', '.join(str(entry.shop) for entry in found.packs)}"
    raise NotInBackupError(message)
