"""The calls of drills: what is due by the rota, or what a person names. A red drill makes the copy damaged, in words.

What cannot be proven now is no verdict: a vault or a server that does not answer is `Retryable` when nothing else was
drilled, a missing key or right `Permanent`. What one pack alone breaks off at (a full disk, a statement that the
drills' login may not run, the time limit of a task) is kept as undecided, with its reason, and the others have their
turn.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

import psycopg

from zargar.backups import drill_store, drilling, erasure_store, key_store, operations, roles, scratch_folders, store
from zargar.backups.ddl import DdlSource, PgDump
from zargar.backups.drill_store import Candidate
from zargar.backups.drilling import TOO_LONG
from zargar.backups.key_objects import Measure
from zargar.backups.keys import WrongKeyholderError
from zargar.backups.manifest import UnknownFormatError
from zargar.backups.models import Backup, CopyState
from zargar.backups.ports import Vault, VaultError
from zargar.backups.progress import Progress, nobody
from zargar.backups.rota import Plan, Target, Verdict, plan
from zargar.backups.scratch import CannotDrillError, DrillServer
from zargar.backups.stopping import Stop, never
from zargar.outcomes import JSON, Permanent, Retryable, Summary
from zargar.refusals import NotFoundError
from zargar.shops import operations as shops

BUDGET: Final = timedelta(minutes=18)
"""No drill begins later than that in a task, whose soft limit is 25 minutes; the others have their turn next day."""

PERIOD: Final = timedelta(days=7)
"""The period of `zargar backups drill --due` where the deployment states none."""


class NothingToDrillError(NotFoundError):
    """No copy of a backup holds what was named; `zargar backups list` shows what there is."""


@dataclass(frozen=True)
class DrillYard:
    """The real parts of a drill. `identity` is the secret key of operations (or escrow); `pg_dump` the second witness.

    Raises `zargar.backups.ddl.OldClientError` where there is no pg_dump.
    """

    vaults: tuple[Vault, ...]
    server: DrillServer
    identity: str = field(repr=False)
    pg_dump: DdlSource = field(default_factory=PgDump.found)

    def now(self) -> datetime:
        """Return the time, aware UTC."""
        return self.server.clock()


@dataclass(frozen=True, slots=True)
class Drilled:
    """What came of some drills: verdicts, what did not answer (in words), how many were left, leftovers removed.

    `more`: some are left since one took all the time that there was, or since they are to begin a sitting; they are to
    have their turn at once.
    """

    verdicts: tuple[Verdict, ...]
    unanswered: tuple[str, ...]
    left: int
    swept: tuple[str, ...]
    more: bool = False

    def summary(self) -> Summary:
        """Write it for the run."""
        told: list[JSON] = [_told(verdict) for verdict in self.verdicts]
        return {"drilled": told, "unanswered": list(self.unanswered), "left": self.left, "swept": list(self.swept)}


def run_due(
    yard: DrillYard, *, period: timedelta, budget: timedelta, spent: Stop = never, progress: Progress = nobody
) -> Drilled:  # fmt: skip
    """Drill what is due by the rota, while `budget` lets another one begin. Raises `Retryable`, `Permanent`.

    What came to no verdict when it was drilled last comes after all others, since it may take the rest of the time;
    what took too long begins a sitting, where sittings have a limit. `spent` is that limit: it says that the pack in
    hand is to be given up, and none begun after it.
    """
    known = drill_store.candidates()
    found = plan(drill_store.turns(known), period=period, now=yard.now())
    return _drilled(yard, known, found, until=yard.now() + budget, spent=spent, progress=progress)


def run_named(
    yard: DrillYard, *, backup: UUID | None = None, shop: str | None = None, vault: str | None = None,
    progress: Progress = nobody,
) -> Drilled:  # fmt: skip
    """Drill what a person names: a backup or the newest one, one shop or all, one vault or all.

    Raises `NothingToDrillError`, `zargar.backups.operations.NoSuchBackupError`,
    `zargar.shops.operations.NoSuchShopError`, and as `run_due`.
    """
    candidates = _of(operations.show(backup)) if backup is not None else drill_store.candidates().values()
    holds = None if shop is None else _holds(shop)
    wanted = [
        one
        for one in candidates
        if (holds is None or one.target.holds == holds) and (vault is None or one.target.vault == vault)
    ]
    if not wanted:
        raise NothingToDrillError(NothingToDrillError.__doc__)
    known = {one.target: one for one in wanted}
    return _drilled(yard, known, Plan(tuple(known)), until=None, progress=progress)


def proven_of(backups: Sequence[Backup]) -> Mapping[tuple[int, str], datetime]:
    """Return by (backup's number, vault) when a shop was last proven to come back out of that copy."""
    return drill_store.proven_of(backups)


def unwitnessed_of(backups: Sequence[Backup]) -> Mapping[tuple[int, str], Mapping[str, str]]:
    """Return by (backup's number, vault) the packs that were proven by one witness alone: by schema, why."""
    return drill_store.unwitnessed_of(backups)


def last_proven(backup: Backup) -> dict[str, dict[str, datetime]]:
    """Return, for what a backup holds, by vault the last proven restore out of whichever backup."""
    found: dict[str, dict[str, datetime]] = {pack.holds: {} for pack in backup.packs.all()}
    for target, moment in drill_store.proven(found).items():
        found[target.holds][target.vault] = moment
    return found


def erased_of(backup: Backup) -> frozenset[str]:
    """Return the packs of a backup, by schema, that open no more since their shop was erased."""
    return frozenset(drill_store.erased_in(backup))


def _holds(name: str) -> str:
    """What packs of a shop, or a pack of files, say that they hold."""
    return name if name in {store.SHARED, roles.PACK} or "." in name else str(shops.named(name).id)


def _of(backup: Backup) -> list[Candidate]:
    there = {CopyState.STORED, CopyState.GOOD, CopyState.DAMAGED}
    return [
        Candidate(Target(pack.holds, copy.vault), backup, pack.schema)
        for copy in backup.copies.all()
        if copy.state in there
        for pack in backup.packs.all()
    ]


def _drilled(
    yard: DrillYard, known: Mapping[Target, Candidate], asked: Plan, *, until: datetime | None, progress: Progress,
    spent: Stop = never,
) -> Drilled:  # fmt: skip
    """Drill what is asked; a fault of one vault's is no fault of the others'. Raises `Retryable`, `Permanent`."""
    verdicts: list[Verdict] = []
    unanswered: list[str] = []
    wanted = [known[target] for target in (*asked.sure, *asked.doubtful, *asked.alone)]
    waits = False

    def over() -> bool:
        return (until is not None and yard.now() >= until) or (bool(verdicts) and spent())

    try:
        swept = (*yard.server.sweep(), *scratch_folders.sweep(now=yard.now()))
        for several in _groups(known, asked):
            if several[0].target in asked.alone and verdicts and spent is not never:
                waits = True
                break
            number, vault = _place(several[0])
            try:
                for verdict in _one_copy(yard, vault, several, over=over, spent=spent):
                    verdicts.append(verdict)  # what came before a fault is kept
                    progress(len(verdicts), len(wanted))
            except (VaultError, UnknownFormatError) as fault:  # a newer program's backup is no fault of the others
                unanswered.append(f"backup {number} in {vault}: {fault}")
    except (CannotDrillError, WrongKeyholderError) as fault:
        raise Permanent(str(fault)) from fault
    except (psycopg.Error, OSError) as fault:
        message = f"the drills' server or this machine's disk broke off: {drilling.in_words(fault)}"
        raise Retryable(message) from fault
    left = len(wanted) - len(verdicts) if until is not None else 0
    if unanswered and not verdicts:
        message = f"no vault answered: {'; '.join(unanswered)}"
        raise Retryable(message)
    sure = [known[target] for target in asked.sure]
    return Drilled(tuple(verdicts), tuple(unanswered), left, swept, waits or _more(sure, verdicts))


def _groups(known: Mapping[Target, Candidate], asked: Plan) -> Iterator[Sequence[Candidate]]:
    """Put together what is in one backup and one vault: a manifest is read once. The others keep their order."""
    for _, group in groupby(sorted((known[target] for target in asked.sure), key=_place), key=_place):
        yield list(group)
    for target in (*asked.doubtful, *asked.alone):
        yield [known[target]]


def _more(sure: Sequence[Candidate], verdicts: Sequence[Verdict]) -> bool:
    """Say whether one took all the time, and others were left. What took it before, or is left again, does not count.

    So that each sitting that another one follows has made one more doubtful, and they come to an end.
    """
    found = {(one.vault, one.backup, one.schema): one.undecided for one in verdicts}
    said = [found.get((one.target.vault, str(one.backup.id), one.schema)) for one in sure]
    return TOO_LONG in said and None in said


def _place(candidate: Candidate) -> tuple[int, str]:
    return candidate.backup.number, candidate.target.vault


def _one_copy(
    yard: DrillYard, name: str, several: Sequence[Candidate], *, over: Stop, spent: Stop
) -> Iterable[Verdict]:  # fmt: skip
    """Drill packs of one backup in one vault, and keep what each showed as it ends; none is begun when it is `over`."""
    vault = next((one for one in yard.vaults if one.name == name), None)
    if vault is None:
        message = f"the vault {name} is not configured"
        raise VaultError(message)
    backup, erased = several[0].backup, erasure_store.erased_since()
    by_schema = {one.schema: one.target.holds for one in several}
    if over():
        return
    for schema, holds in list(by_schema.items()):
        if not drill_store.opens(holds, backup, erased):  # though a vault may have kept its key
            why = f"it was erased at {erased[by_schema.pop(schema)].isoformat()}: its packs open no more"
            yield Verdict(name, str(backup.id), schema, (), 0, why)
    for verdict in drilling.drill(
        yard.server, vault, str(backup.id), sha256=backup.manifest_sha256, schemas=by_schema, identity=yard.identity,
        pg_dump=yard.pg_dump, spent=spent, known=key_store.measures, opened=_measured,
        others=[one for one in yard.vaults if one.name != name],
    ):  # fmt: skip
        _keep(backup, verdict, holds=by_schema[verdict.schema], now=yard.now())
        yield verdict
        if over():
            return


def _measured(name: str, measure: Measure) -> None:
    key_store.learn({name: measure})


def _keep(backup: Backup, verdict: Verdict, *, holds: str, now: datetime) -> None:
    drill_store.keep(backup, verdict, holds=holds, now=now)
    copy = drill_store.copy_of(backup, verdict.vault)
    if copy is not None and verdict.faults:
        store.note(copy, state=CopyState.DAMAGED, now=now, detail=drill_store.red(copy))


def _told(verdict: Verdict) -> Summary:
    faults: list[JSON] = list(verdict.faults)
    return {
        "backup": verdict.backup, "vault": verdict.vault, "schema": verdict.schema, "proven": verdict.proven,
        "milliseconds": verdict.milliseconds, "faults": faults, "undecided": verdict.undecided,
        "unwitnessed": verdict.unwitnessed, "broke_off": verdict.broke_off,
    }  # fmt: skip
