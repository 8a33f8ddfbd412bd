"""Find a shop in a backup and put it back beside the live one, out of whichever vault has it whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from zargar.backups import keys
from zargar.backups.facts import ShopFacts
from zargar.backups.keys import DamagedKeyError
from zargar.backups.manifest import DamagedManifestError, PackEntry
from zargar.backups.packs import DamagedPackError, open_pack
from zargar.backups.ports import Vault, VaultError
from zargar.backups.proving import read_manifest
from zargar.backups.restore import restore_beside
from zargar.refusals import NotFoundError


class NotInBackupError(NotFoundError):
    """The backup does not hold that shop; `zargar backups show ID` lists what it holds."""


class NoVaultHasItError(Exception):
    """No vault could give the shop back; the message holds what each of them said."""


@dataclass(frozen=True, slots=True)
class Restored:
    """Which vault gave it back, as what, and the facts that were found of the copy by SQL on it."""

    vault: str
    schema: str
    beside: str
    facts: ShopFacts


def beside(
    connection: psycopg.Connection[Any], *, vaults: Sequence[Vault], backup: str, slug: str, to: str, identity: str
) -> Restored:
    """Restore a shop as the schema `to`, proven against the manifest's facts before it is committed, or not at all.

    `connection` is the owner's; `identity` opens the shop's key (operations' or escrow's). The vaults are tried in
    their order. Raises `NotInBackupError`, `NoVaultHasItError`, and what `restore_beside` raises about the target.
    """
    said: list[str] = []
    for vault in vaults:
        try:
            entry = _entry(vault, backup, slug)
            shop_identity = keys.read_object(vault, entry.key, identity)
            members = open_pack(vault, entry.place, shop_identity)
            facts = restore_beside(connection, members, schema=entry.schema, beside=to, expected=entry.facts)
        except (VaultError, DamagedManifestError, DamagedKeyError, DamagedPackError) as fault:
            said.append(f"{vault.name}: {fault}")
        else:
            return Restored(vault.name, entry.schema, to, facts)
    raise NoVaultHasItError("; ".join(said))


def _entry(vault: Vault, backup: str, slug: str) -> PackEntry:
    found = read_manifest(vault, backup)
    for entry in found.packs:
        if entry.shop == slug:
            return entry
    message = f"backup {backup} holds no shop {slug!r}: {', '.join(str(entry.shop) for entry in found.packs)}"
    raise NotInBackupError(message)
