"""Restore everything out of a backup into an empty database, by one vault and one key, with no catalogue.

The database is made by its administrator (`zargar database prepare`), who alone may make roles. Each pack is restored
in a transaction of its own, proven by its facts, out of the first vault that has it whole. The shared schema comes
first, and at rest (`at_rest`): whoever connects from then on finds every shop closed and nothing due. Where that is cut
off the database is dropped, and one begins anew; packs of files come last, when the system itself is whole.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from zargar.backups import at_rest, exclusions, extensions, files_back, forward, restoring
from zargar.backups.at_rest import AtRest, Rest
from zargar.backups.facts import Extension
from zargar.backups.files_back import pack_name
from zargar.backups.keys import ErasedKeyError, WrongKeyholderError
from zargar.backups.manifest import Manifest, PackEntry
from zargar.backups.ports import Vault
from zargar.backups.proving import read_manifest
from zargar.backups.restore import Inside, refusal
from zargar.backups.restoring import DAMAGE, NotInBackupError, NoVaultHasItError
from zargar.refusals import RefusedError

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


class LeftOutError(RefusedError):
    """The backup does not hold all shops. Take one that does, or say that these may be lacking (`--incomplete`)."""


class BrokenOffError(RefusedError):
    """A pack could not be restored. The message says why, and whether the database is to be dropped and made anew."""


@dataclass(frozen=True, slots=True)
class Everything:
    """What was put into the database: by pack the vault that it came from, rows, and what was brought to rest.

    `erased`: schemas of shops whose keys were destroyed since; nobody can restore them. `without`: extensions that
    could not be made here, and that no schema leans on.
    """

    manifest: Manifest
    vaults: dict[str, str]
    rows: int
    rest: AtRest
    erased: tuple[str, ...]
    without: tuple[str, ...] = ()


def restore(
    connect: Callable[[], psycopg.Connection[Any]], *, vaults: Sequence[Vault], backup: str, identity: str, rest: Rest,
    incomplete: bool = False, progress: Progress = lambda _done, _all: None,
) -> Everything:  # fmt: skip
    """Put every schema of a backup into the empty database of `connect`, where nothing is done until it is released.

    `connect` opens sessions of `zargar_owner`; `identity` is operations' or escrow's. `incomplete`: shops that the
    backup does not hold may be lacking. Extensions are made as they were. `at_rest.finish` comes next. Raises
    `NotEmptyDatabaseError`, `NotEverythingError`, `LeftOutError`, `zargar.backups.forward.NewerBackupError`,
    `zargar.backups.extensions.MissingExtensionError`, `NoVaultHasItError` and `BrokenOffError`; all but the last one
    before anything is changed.
    """
    found = _manifest(vaults, backup)
    packs = [entry for entry in found.packs if entry.facts is not None]
    _check(packs)
    if not incomplete and (lines := left_out(found)):
        message = f"the backup does not hold all shops: {'; '.join(lines)}; `--incomplete` restores the others"
        raise LeftOutError(message)
    rested: list[AtRest] = []

    def at_end(owner: psycopg.Connection[Any]) -> None:
        rested[:] = [at_rest.bring(owner, rest, found.backup)]

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
                    owner, vaults, entry, identity, done=len(came_from), inside=_inside(around, entry.schema),
                    at_end=at_end if entry.schema == _PUBLIC else None,
                )  # fmt: skip
            except ErasedKeyError as fault:
                if entry.schema == _PUBLIC:
                    raise _broken(entry, str(fault), 0) from fault
                erased.append(entry.schema)
                continue
            rows += count
            progress(len(came_from) + len(erased), len(packs))
    without = tuple(one.name for one in found.extensions if one not in around)
    return Everything(found, came_from, rows, rested[0], tuple(erased), without)


def left_out(found: Manifest) -> list[str]:
    """Return the lines of what a backup of everything lacks that is no pack of files: its shops, and why."""
    lines = {line: exclusions.name(line) for line in exclusions.lacks(found.excluded)}
    return [line for line, name in lines.items() if name != pack_name(name)]


def restore_files(found: Manifest, *, vaults: Sequence[Vault], identity: str, into: Path) -> dict[str, str]:
    """Restore each pack of files of a backup as a folder of its name; return by folder the vault that it came from.

    Raises `BrokenOffError`; the system is not touched.
    """
    folders: dict[str, str] = {}
    for entry in (one for one in found.packs if one.files is not None):
        name = entry.place.pack
        try:
            back = files_back.restore(
                vaults=vaults, backup=found.backup, name=name, into=into / name, identity=identity
            )
        except (RefusedError, OSError) as fault:
            message = (
                f"{name} was not restored, {len(folders)} packs of files were: {fault}; the database is whole and at "
                f"rest: `zargar restore files {name} --from {found.backup} --into FOLDER` when that is mended"
            )
            raise BrokenOffError(message) from fault
        folders[str(into / back.pack)] = back.vault
    return folders


def _inside(around: Sequence[Extension], schema: str) -> Inside | None:
    """Say how a schema's own extensions are made in it, before anything that leans on them."""
    own = [one for one in around if one.schema == schema]
    return (lambda owner: extensions.make(owner, own)) if own else None


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
    inside: Inside | None, at_end: Inside | None,
) -> tuple[str, int]:  # fmt: skip
    """Restore one schema; return the vault that gave it, and its rows."""
    said = []
    for vault in vaults:
        try:
            _, facts = restoring.put(
                owner, vault, entry, to=entry.schema, identity=identity, inside=inside, at_end=at_end
            )
        except (*DAMAGE, WrongKeyholderError) as fault:
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


def _broken(entry: PackEntry, why: str, done: int) -> BrokenOffError:
    return BrokenOffError(f"{entry.label} was not restored, {done} packs were: {why}; drop the database and begin anew")
