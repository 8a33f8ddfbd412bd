"""A drill: take a shop out of a backup in a vault, restore it into a database of its own, compare it with the record.

The one proof that a backup comes back. The manifest, the key object, the pack and its hashes are read as a restore
reads them; the restored schema's facts come from SQL on it (`inspection`), by code that the writer does not use, and
are compared with those of the manifest; pg_dump, the second witness of a shape, must write the text that is in the
pack, and where one of the two cannot speak to it (PostgreSQL of another major version writes shapes otherwise) the
verdict says so (`unwitnessed`). Files go into a folder of their own, which is walked; roles are replayed, asked for,
and rolled back. What a copy stands on meanwhile is in `ground`. What is wrong with the copy makes the drill red, in
words. What is wrong with the drill is no verdict: where it holds for every pack (no key, a server that does not answer
or lets its login make no database) it is raised, and where one pack meets it (a full disk, a right that only it needs)
that pack is undecided, and the others go on. So is a pack that takes longer than a task may (`TOO_LONG`): whoever has a
time limit is asked between the pack's members, and what interrupts a long statement after that is taken for it.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import psycopg
from psycopg.sql import SQL, Identifier

from zargar.backups import description as say
from zargar.backups import ground, keys, roles, scratch_folders
from zargar.backups.age import DamagedAgeError
from zargar.backups.ddl import Ddl, DdlSource, DumpFailedError
from zargar.backups.description import BadPackError, Pack
from zargar.backups.differences import compare_ddl, versions, without_versions
from zargar.backups.extensions import MissingExtensionError
from zargar.backups.facts import ShopFacts
from zargar.backups.file_inspection import found_in
from zargar.backups.file_restore import FilesDifferError, restore_files
from zargar.backups.ground import SHARED_SCHEMA, Ground, OtherMomentError
from zargar.backups.key_objects import Known, Measure
from zargar.backups.keys import DamagedKeyError, ErasedKeyError, WrongKeyholderError
from zargar.backups.manifest import DamagedManifestError, Manifest, PackEntry
from zargar.backups.members import Member
from zargar.backups.packs import DamagedPackError, WrongKeyError, open_pack
from zargar.backups.ports import NoSuchObjectError, Vault
from zargar.backups.proving import read_manifest
from zargar.backups.restore import RestoredDiffersError, WrongPackError, refusal
from zargar.backups.rota import Verdict
from zargar.backups.scratch import DrillServer
from zargar.backups.stopping import Stop, never

_RED: Final = (
    BadPackError, DamagedAgeError, DamagedKeyError, DamagedManifestError, DamagedPackError, FilesDifferError,
    NoSuchObjectError, WrongKeyError, WrongPackError,
)  # fmt: skip
_OF_THE_DRILL: Final = (
    psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.InsufficientPrivilege,
    psycopg.errors.FeatureNotSupported, psycopg.errors.DependentObjectsStillExist,
)  # fmt: skip
"""Faults of the server or of the drill's login; every other error of the database comes from what the pack says."""

_TEXTS: Final = frozenset({say.PACK, say.PRE_DATA, say.POST_DATA})
_MOST: Final = 1000
"""Characters of what a second witness could not decide."""

TOO_LONG: Final = "the task's time was up before its end; what a person starts (`zargar backups drill`) has no limit"


Opened: TypeAlias = Callable[[str, Measure], object]
"""Hears of each key object that has opened, which proves every byte of it."""


class RolesRefusedError(Exception):
    """The drills' login may not make the roles of the pack: they cannot be proven there, and are not red for it."""


class TimeIsSpentError(Exception):
    """The time of whoever drills is over in the middle of a pack."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a trial has shown: faults, and which witness has not spoken to the shape, and why (empty: both, or none)."""

    faults: tuple[str, ...] = ()
    unwitnessed: str = ""
    broke_off: bool = False


@dataclass(frozen=True, slots=True)
class _Trial:
    """Where packs come from and where they are tried."""

    server: DrillServer
    vault: Vault
    identity: str = field(repr=False)
    pg_dump: DdlSource
    spent: Stop
    known: Known
    opened: Opened
    others: Sequence[Vault]

    def members(self, entry: PackEntry) -> Iterator[Member]:
        """Open the pack's key now, and its members as they are asked for. They raise `TimeIsSpentError`."""
        secret, measure = keys.open_object(
            self.vault, entry.key, self.identity, known=self.known([entry.key]).get(entry.key)
        )
        self.opened(entry.key, measure)
        return self._in_time(open_pack(self.vault, entry.place, secret))

    def locked_for_others(self, entry: PackEntry, fault: WrongKeyholderError) -> str:
        """Say why a key object that does not open is no damaged one; empty where it is. Raises `fault` if none opens.

        One that is known to be as it was made is another keyholder's. Of one that nobody has measured, an identity that
        opens others says that it is damaged.
        """
        if not keys.opens_any([self.vault, *self.others], entry.key, self.identity):
            raise fault
        return str(fault) if entry.key in self.known([entry.key]) else ""

    def _in_time(self, members: Iterable[Member]) -> Iterator[Member]:
        for member in members:
            if self.spent():
                raise TimeIsSpentError
            yield member


def drill(
    server: DrillServer, vault: Vault, backup: str, *, sha256: str, schemas: Collection[str], identity: str,
    pg_dump: DdlSource, spent: Stop = never, known: Known = lambda _: {}, opened: Opened = lambda _name, _measure: None,
    others: Sequence[Vault] = (),
) -> Iterator[Verdict]:  # fmt: skip
    """Restore these packs (by schema, or a pack of files by its name) out of one vault, and say of each what was found.

    `sha256` is the manifest's as the catalogue has it; `identity` is operations' or escrow's. `spent` says that the
    pack in hand is to be given up: it is asked before each of its members. `known` are measures of key objects, and
    `opened` hears of those that open; `others` are asked where one does not. Raises
    `WrongKeyholderError`, `CannotDrillError`, `UnknownFormatError`, and the vault's and the database's errors when they
    do not answer; a verdict may be `undecided`.
    """
    trial = _Trial(server, vault, identity, pg_dump, spent, known, opened, others)
    try:
        found = read_manifest(vault, backup, sha256=sha256)
    except (DamagedManifestError, NoSuchObjectError) as fault:
        yield from (Verdict(vault.name, backup, schema, (str(fault),), 0) for schema in sorted(schemas))
        return
    entries = {entry.label: entry for entry in found.packs}
    for schema in sorted(schemas):
        began = time.monotonic_ns()
        entry, undecided = entries.get(schema), ""
        try:
            seen = _seen(trial, found, entry) if entry else _Seen((f"the manifest does not hold {schema}",))
        except (ErasedKeyError, OtherMomentError, RolesRefusedError) as why:
            seen, undecided = _Seen(), str(why)
        except WrongKeyholderError as fault:
            undecided = trial.locked_for_others(entry, fault) if entry else ""
            seen = _Seen(broke_off=True) if undecided else _Seen((f"{fault}, which opens others: it is damaged",))
        except MissingExtensionError as why:
            seen, undecided = _Seen(broke_off=True), str(why)
        except (OSError, psycopg.Error, DumpFailedError) as fault:
            if not server.answers():
                raise
            seen, undecided = _Seen(broke_off=True), f"the drill broke off: {in_words(fault)}"[:_MOST]
        except Exception:  # the members', or whatever a task's limit interrupts a statement with
            if not spent():
                raise
            seen, undecided = _Seen(broke_off=True), TOO_LONG
        took = (time.monotonic_ns() - began) // 1_000_000
        yield Verdict(vault.name, backup, schema, seen.faults, took, undecided, seen.unwitnessed, seen.broke_off)


def in_words(fault: OSError | psycopg.Error | DumpFailedError) -> str:
    """Say what a drill broke off at, without a value of a row or the name of a file."""
    if isinstance(fault, psycopg.Error):
        return refusal(fault)
    said = fault.strerror if isinstance(fault, OSError) else str(fault)
    return f"{type(fault).__name__}: {said}" if said else type(fault).__name__


def _seen(trial: _Trial, found: Manifest, entry: PackEntry) -> _Seen:
    """Say what is wrong with a pack; nothing, if it came back as it was."""
    try:
        if entry.facts is None:
            return _Seen(_files(trial, entry))
        return ground.tried(found, entry, lambda under: _restore(trial, found, entry, under))
    except RestoredDiffersError as red:
        return _Seen(tuple(str(difference) for difference in red.differences))
    except _RED as red:
        return _Seen((f"{type(red).__name__}: {red}",))
    except _OF_THE_DRILL:
        raise
    except psycopg.Error as red:
        return _Seen((f"it cannot be replayed: {refusal(red)}",))


def _files(trial: _Trial, entry: PackEntry) -> tuple[str, ...]:
    """Restore a pack of files into a folder of its own and walk it; replay roles, and ask for them again."""
    members = trial.members(entry)
    with scratch_folders.folder() as folder:
        into = folder / "files"
        restore_files(members, into, name=entry.place.pack, expected=entry.files)
        found = found_in(into)
        if found != entry.files:
            return (f"the files are {found}, recorded {entry.files}",)
        if entry.place.pack != roles.PACK:
            return ()
        text = (into / roles.FILE).read_bytes()
    try:
        with closing(trial.server.connect()) as session:
            missing = roles.missing_after_replay(session, text)
    except psycopg.errors.InsufficientPrivilege as refused:
        message = f"the drills' login may not make these roles: {refused.diag.message_primary}"
        raise RolesRefusedError(message) from refused
    return tuple(f"replayed and asked for again, this is not there: {line}" for line in missing)


def _restore(trial: _Trial, found: Manifest, entry: PackEntry, under: Ground | None) -> _Seen:
    """Restore one pack, on the ground that it turned out to need.

    The faults are in what pg_dump's text of the copy is not the text in the pack.
    """
    members = trial.members(entry)
    packs = [entry] if under is None else [entry, under.pack]
    around = ground.extensions_around(trial.server, found, packs)
    restored = {one.schema for one in packs}
    with trial.server.scratch([one for one in around if one.schema not in restored]) as session:
        if under is not None:
            under.lay(session, trial.members, around)
        if entry.schema == SHARED_SCHEMA:
            ground.drop_new(session)
        seen: dict[str, bytes] = {}
        try:
            back = ground.restore_as_itself(session, _noting(members, seen), entry, around)
        except psycopg.errors.ForeignKeyViolation as fault:
            if under is not None:
                under.excuse(fault, seen.get(say.POST_DATA, b""))
            raise
        return _witnessed(session, entry.schema, seen, trial.pg_dump, alone=_silent(entry.facts or back, back))


def _noting(members: Iterable[Member], seen: dict[str, bytes]) -> Iterator[Member]:
    """Pass members on, and keep those that the DDL is in."""
    for member in members:
        if member.name in _TEXTS:
            seen[member.name] = member.data
        yield member


def _silent(recorded: ShopFacts, back: ShopFacts) -> str:
    """Say why the first witness of a copy's shape, the fingerprint, could not speak to it; empty where it did."""
    if recorded.fingerprint == back.fingerprint:
        return ""
    then, here = recorded.postgres // 10_000, back.postgres // 10_000
    return f"the recorded shape is of PostgreSQL {then}, and this server is {here}: each writes it otherwise"


def _witnessed(
    session: psycopg.Connection[Any], schema: str, seen: dict[str, bytes], pg_dump: DdlSource, *, alone: str
) -> _Seen:  # fmt: skip
    """Ask the second witness of the copy's shape: pg_dump, under the name that the pack's text has.

    The same text is the same shape, whoever wrote it. Where the texts differ and the server or pg_dump are of other
    versions than those that wrote the pack's, nobody can tell a lost clause from a new way of writing: that is no
    fault, and it is said. So is `alone`, why the other witness was silent: pg_dump knows the pack, not the live shop.
    """
    name = Pack.load(seen[say.PACK]).ddl_schema
    if name != schema:
        session.execute(SQL("ALTER SCHEMA {} RENAME TO {}").format(Identifier(schema), Identifier(name)))
    found = pg_dump.dump(session, name)
    recorded = Ddl(name, seen[say.PRE_DATA], seen[say.POST_DATA])
    by, now_by = versions(recorded), versions(found)
    if by == now_by:
        return _Seen(tuple(str(difference) for difference in compare_ddl(recorded, found)), alone)
    differences = compare_ddl(without_versions(recorded), without_versions(found))
    if not differences:
        return _Seen((), alone)
    said = f"pg_dump's text is of other versions ({by}; here {now_by}) and differs: {differences[0]}"
    return _Seen((), "; ".join(one for one in (alone, said) if one)[:_MOST])
