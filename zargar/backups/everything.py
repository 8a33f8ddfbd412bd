"""Restore everything out of a backup into an empty database, by one vault and one key, with no catalogue.

Note [It starts paused]
-----------------------
A restored system believes that it is the day of the backup. Left to itself it would send what was sent since, and run
what was due then. So every shop that was active is closed (`restoring`), every entry of the schedule is paused, and
work that was due or running is laid aside, before anybody can connect a worker to it; each shop is handed to the
domains that must not be rewound. `release` opens it: one shop to look at first, or all with the schedule.

The database is made by its administrator (`zargar database prepare`), who alone may make roles. Each pack is restored
in a transaction of its own, proven by its facts, out of the first vault that has it whole.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg

from zargar.backups import extensions, files_back, forward, lost, restoring
from zargar.backups.copied import hand_over
from zargar.backups.facts import Extension
from zargar.backups.keys import ErasedKeyError
from zargar.backups.manifest import Manifest, PackEntry
from zargar.backups.ports import RestoredShop, Vault
from zargar.backups.proving import read_manifest
from zargar.backups.restore import Inside, refusal
from zargar.backups.restoring import DAMAGE, NotInBackupError, NoVaultHasItError
from zargar.ledger import operations as ledger
from zargar.refusals import RefusedError
from zargar.schedules import operations as schedules
from zargar.schedules.catalogue import Entry
from zargar.shops import operations as shops
from zargar.shops import schemas
from zargar.shops.models import State

PAUSED_BY: Final = "restore system"
"""Who paused the schedule, as `zargar schedule list` shows it; `release` resumes what he has paused, and no more."""

_PUBLIC: Final = "public"
_THERE: Final = """
SELECT n.nspname || coalesce('.' || c.relname, '') FROM pg_catalog.pg_namespace n
LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND (n.nspname <> 'public' OR c.oid IS NOT NULL)
  AND (c.oid IS NOT NULL OR n.nspname <> ALL(%s))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'e' AND d.objid IN (n.oid, c.oid))
UNION ALL SELECT 'the extension ' || extname || ' in public' FROM pg_catalog.pg_extension
WHERE extnamespace = to_regnamespace('public')
ORDER BY 1 LIMIT 1
"""

Progress = Callable[[int, int], object]


class NotEmptyDatabaseError(RefusedError):
    """Everything is restored into an empty database alone: make a new one (`zargar database prepare`)."""


class NotEverythingError(RefusedError):
    """The backup is one shop's, without the shared schema: no system can be made of it. Restore the shop."""


class BrokenOffError(RefusedError):
    """A pack could not be restored; the database is incomplete. Drop it, mend what the message names, begin anew."""


@dataclass(frozen=True, slots=True)
class Everything:
    """What was put into the database: by pack the vault that it came from, rows, and the folders of packs of files.

    `erased`: schemas of shops whose keys were destroyed since; nobody can restore them. `without`: extensions that
    could not be made here, and that no schema leans on.
    """

    manifest: Manifest
    vaults: dict[str, str]
    rows: int
    files: tuple[str, ...]
    erased: tuple[str, ...]
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paused:
    """A system at rest: schemas that were migrated, shops closed, entries paused, and how many runs laid aside."""

    migrated: tuple[str, ...]
    closed: tuple[str, ...]
    entries: tuple[str, ...]
    runs: int


def restore(
    connect: Callable[[], psycopg.Connection[Any]], *, vaults: Sequence[Vault], backup: str, identity: str,
    files: Path | None = None, progress: Progress = lambda _done, _all: None,
) -> Everything:  # fmt: skip
    """Put every schema of a backup into the empty database of `connect`, and its files into folders of `files`.

    `connect` opens sessions of `zargar_owner`; `identity` is operations' or escrow's. Without `files`, packs of files
    are left where they are. Extensions are made as they were. Raises `NotEmptyDatabaseError`, `NotEverythingError`,
    `zargar.backups.forward.NewerBackupError`, `zargar.backups.extensions.MissingExtensionError`, `NoVaultHasItError`
    and `BrokenOffError`; the first four before anything is changed.
    """
    found = _manifest(vaults, backup)
    packs = [entry for entry in found.packs if entry.facts is not None]
    _check(packs)
    with closing(connect()) as owner:
        _check_empty(owner, found)
        around = extensions.makeable(owner, found.extensions, must=extensions.needed(found, packs))
        own = {entry.schema for entry in packs}
        with owner.transaction():
            extensions.make(owner, [one for one in around if one.schema not in own])
            owner.execute("DROP SCHEMA public")  # a new database has one; the pack makes its own
        came_from: dict[str, str] = {}
        erased: list[str] = []
        rows = 0
        for entry in sorted(packs, key=lambda one: (one.schema != _PUBLIC, one.schema)):
            try:
                came_from[entry.label], count = _restored(
                    owner, vaults, entry, identity, done=len(came_from), inside=_inside(around, entry.schema)
                )  # fmt: skip
            except ErasedKeyError:
                erased.append(entry.schema)
                continue
            rows += count
            progress(len(came_from) + len(erased), len(packs))
    folders = _files(found, vaults, identity, into=files, came_from=came_from) if files is not None else ()
    without = tuple(one.name for one in found.extensions if one not in around)
    return Everything(found, came_from, rows, folders, tuple(erased), without)


def _inside(around: Sequence[Extension], schema: str) -> Inside | None:
    """Say how a schema's own extensions are made in it, before anything that leans on them."""
    own = [one for one in around if one.schema == schema]
    return (lambda owner: extensions.make(owner, own)) if own else None


def pause(
    found: Everything, *, vaults: Sequence[Vault], unwound: Sequence[RestoredShop], entries: Sequence[Entry],
    actor: str, reason: str, now: datetime,
) -> Paused:  # fmt: skip
    """Bring the restored system to the newest migrations and to rest: see Note [It starts paused].

    Django's connection is on the restored database, as its owner.
    """
    program = forward.known()
    facts = {
        entry.schema: entry.facts
        for entry in found.manifest.packs
        if entry.facts is not None and entry.schema not in found.erased
    }
    shared_first = sorted(facts, key=lambda schema: (schema != _PUBLIC, schema))
    behind = [schema for schema in shared_first if forward.owed(facts[schema].migrations, program)]
    for schema in behind:
        schemas.migrate_schema(schema)
    for shop in shops.listed():
        if shop.schema_name in found.erased and State(shop.state) is State.ACTIVE:
            shops.suspend(slug=shop.schema_name, actor=actor, reason=f"{reason}: its keys were destroyed")
    closed = shops.close_all(actor=actor, reason=reason)
    paused = schedules.pause_all(entries, actor=PAUSED_BY, reason=reason, now=now)
    runs = ledger.lay_aside(actor=actor, reason=reason, now=now)
    lost.settle(vaults, older_than=timedelta(0), now=now)  # this backup was being made as its rows were read
    for shop in shops.listed():
        taken = facts.get(str(shop.schema_name))
        if taken is not None and taken.migrations:  # a schema that records none has no domain's tables
            hand_over(unwound, shop.id, taken_at=taken.moment)
    return Paused(tuple(behind), tuple(closed), tuple(paused), runs)


def release(*, entries: Sequence[Entry], slug: str | None, actor: str, reason: str) -> dict[str, Sequence[str]]:
    """Open one shop of a system that starts paused, or all of them and the schedule; say what was opened.

    A shop that is being restored in its place at this moment is not one of these: it is opened by its own restore.
    """
    if slug is not None:
        shops.reopen(slug=slug, to=State.ACTIVE, actor=actor, reason=reason)
        return {"shops": [slug], "entries": []}
    closed = [str(shop.schema_name) for shop in shops.listed() if State(shop.state) is State.RESTORING]
    for one in closed:
        shops.reopen(slug=one, to=State.ACTIVE, actor=actor, reason=reason)
    resumed = schedules.resume_all(entries, paused_by=PAUSED_BY, actor=actor, reason=reason)
    return {"shops": closed, "entries": resumed}


def _manifest(vaults: Sequence[Vault], backup: str) -> Manifest:
    said = []
    for vault in vaults:
        try:
            return read_manifest(vault, backup)
        except DAMAGE as fault:
            said.append(f"{vault.name}: {fault}")
    raise NoVaultHasItError("; ".join(said))


def _check(packs: Sequence[PackEntry]) -> None:
    if not any(entry.schema == _PUBLIC for entry in packs):
        raise NotEverythingError(NotEverythingError.__doc__)
    program = forward.known()
    for entry in packs:
        forward.owed(entry.facts.migrations if entry.facts else (), program)


def _check_empty(owner: psycopg.Connection[Any], found: Manifest) -> None:
    there = owner.execute(_THERE, [[one.schema for one in found.extensions]]).fetchone()
    owner.rollback()
    if there is not None:
        message = f"the database {owner.info.dbname} has {there[0]}: name an empty one (`zargar database prepare`)"
        raise NotEmptyDatabaseError(message)


def _restored(
    owner: psycopg.Connection[Any], vaults: Sequence[Vault], entry: PackEntry, identity: str, *, done: int,
    inside: Inside | None,
) -> tuple[str, int]:  # fmt: skip
    """Restore one schema; return the vault that gave it, and its rows."""
    said = []
    for vault in vaults:
        try:
            _, facts = restoring.put(owner, vault, entry, to=entry.schema, identity=identity, inside=inside)
        except DAMAGE as fault:
            said.append(f"{vault.name}: {fault}")
        except ErasedKeyError:
            raise
        except psycopg.Error as fault:
            raise _broken(entry, refusal(fault), done) from fault
        except (NotInBackupError, RefusedError) as fault:
            raise _broken(entry, str(fault).strip(), done) from fault
        else:
            return vault.name, sum(table.rows for table in facts.tables)
    raise _broken(entry, "; ".join(said), done)


def _files(
    found: Manifest, vaults: Sequence[Vault], identity: str, *, into: Path, came_from: dict[str, str]
) -> tuple[str, ...]:
    """Restore each pack of files as a folder of its name."""
    folders = []
    for entry in (one for one in found.packs if one.files is not None):
        try:
            back = files_back.restore(
                vaults=vaults, backup=found.backup, name=entry.place.pack, into=into / entry.place.pack,
                identity=identity,
            )  # fmt: skip
        except (RefusedError, OSError) as fault:
            raise _broken(entry, str(fault), len(came_from)) from fault
        came_from[back.pack] = back.vault
        folders.append(str(into / back.pack))
    return tuple(folders)


def _broken(entry: PackEntry, why: str, done: int) -> BrokenOffError:
    return BrokenOffError(f"{entry.label} was not restored, {done} packs were: {why}; drop the database and begin anew")
