"""Find a shop in a backup and put it back beside the live one, out of whichever vault has it whole."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from zargar.backups import extensions, keys
from zargar.backups.description import BadPackError
from zargar.backups.differences import What
from zargar.backups.facts import ShopFacts
from zargar.backups.keys import DamagedKeyError, WrongKeyholderError
from zargar.backups.manifest import DamagedManifestError, Manifest, PackEntry, UnknownFormatError
from zargar.backups.members import Member
from zargar.backups.packs import DamagedPackError, WrongKeyError, open_pack
from zargar.backups.ports import Vault, VaultError
from zargar.backups.progress import Progress, nobody
from zargar.backups.proving import read_manifest
from zargar.backups.restore import Inside, RestoredDiffersError, WrongPackError, refusal, restore_beside
from zargar.refusals import NotFoundError, RefusedError

DAMAGE: Final = (
    VaultError, BadPackError, DamagedManifestError, UnknownFormatError, DamagedKeyError, DamagedPackError,
    RestoredDiffersError, WrongKeyError, WrongPackError,
)  # fmt: skip
"""What is wrong with one vault's copy alone: another vault may have it whole."""


class NotInBackupError(NotFoundError):
    """The backup does not hold that shop; `zargar backups show ID` lists what it holds."""


class NotReplayedError(RefusedError):
    """The database refused a statement of a shop's pack; nothing of the copy was kept."""


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
    sha256: str | None = None, check: Callable[[PackEntry], object] = anything, progress: Progress = nobody,
) -> Restored:  # fmt: skip
    """Restore a shop as the schema `to`, proven against the manifest's facts before it is committed, or not at all.

    `connection` is the owner's; `identity` opens the shop's key (operations' or escrow's). The vaults are tried in
    their order; `sha256` is that of the manifest, where it is known. `check` may refuse a pack by raising, before it is
    read; `progress` hears of its bytes. Raises `zargar.backups.extensions.MissingExtensionError` before the first byte,
    `NotInBackupError` where no vault's manifest names the shop, `NoVaultHasItError`,
    `NotReplayedError`, `psycopg.OperationalError` where the database is away or full, and what `restore_beside` raises
    about the target.
    """
    said: list[str] = []
    wrong: list[WrongKeyholderError] = []
    unknown: list[NotInBackupError] = []
    for vault in vaults:
        try:
            found, entry = _entry(vault, backup, slug, sha256)
            check(entry)
            extensions.check(connection, extensions.needed(found, [entry]), own=entry.schema)
            taken_at, facts = put(connection, vault, entry, to=to, identity=identity, progress=progress)
        except DAMAGE as fault:
            said.append(f"{vault.name}: {fault}")
        except WrongKeyholderError as fault:  # or a damaged one: another vault tells
            said.append(f"{vault.name}: {fault}")
            wrong.append(fault)
        except NotInBackupError as fault:
            said.append(f"{vault.name}: {fault}")
            unknown.append(fault)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as fault:
            message = f"{slug} was not restored as {to}: {refusal(fault)}"
            raise NotReplayedError(message) from fault
        else:
            return Restored(vault.name, entry.schema, to, taken_at, facts)
    if wrong and len(wrong) == len(said):
        raise wrong[0]
    if unknown and len(unknown) == len(said):
        raise unknown[0]
    raise NoVaultHasItError("; ".join(said))


def put(
    connection: psycopg.Connection[Any], vault: Vault, entry: PackEntry, *, to: str, identity: str,
    progress: Progress = nobody, inside: Inside | None = None, at_end: Inside | None = None,
) -> tuple[datetime, ShopFacts]:  # fmt: skip
    """Restore one schema's pack out of one vault as `to`; return its moment, and what was found of the copy.

    `inside`, `at_end`: see `restore_beside`. Raises what `keys.read_object`, `open_pack` and `restore_beside` raise.
    """
    if entry.facts is None:
        message = f"the pack {entry.place.pack} holds no schema"
        raise NotInBackupError(message)
    secret = keys.read_object(vault, entry.key, identity)
    found = restore_beside(
        connection, _heard(open_pack(vault, entry.place, secret), entry, progress), schema=entry.schema, beside=to,
        expected=entry.facts,
        tolerated=tolerated(entry.facts.postgres, connection.info.server_version), inside=inside, at_end=at_end,
    )  # fmt: skip
    return entry.facts.moment, found


def _heard(members: Iterator[Member], entry: PackEntry, progress: Progress) -> Iterator[Member]:
    done, total = 0, entry.place.plain_length
    for member in members:
        yield member
        done = min(done + len(member.data), total)
        progress(done, total)


def tolerated(recorded: int, here: int) -> Collection[What]:
    """Say in what a copy may differ on a server of version `here` (180006): other majors write shapes otherwise.

    Rows, columns, sequences and migrations must be the same everywhere.
    """
    return () if recorded // 10_000 == here // 10_000 else (What.SHAPE,)


def _entry(vault: Vault, backup: str, slug: str, sha256: str | None) -> tuple[Manifest, PackEntry]:
    found = read_manifest(vault, backup, sha256=sha256)
    for entry in found.packs:
        if entry.shop == slug:
            return found, entry
    message = f"backup {backup} holds no shop {slug!r}: {', '.join(str(entry.shop) for entry in found.packs)}"
    raise NotInBackupError(message)
