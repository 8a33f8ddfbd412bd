"""What about backups a person must hear of at once, and when it is over. Pure.

An alarm is a condition with a subject: it is told when it begins, once a day while it stands, and when it is over. All
conditions are read from what is stored (runs, copies, drills, what vaults did when they were tried), so a later look
comes to the same answer, whoever looks. The one that may be unknown is a failed job: the ledger is asked about a day,
and an alarm stands until a whole backup of the same scope is there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from zargar.backups.exclusions import names
from zargar.outcomes import JSON, Summary

EVERYTHING: Final = ""
"""The scope of a backup of everything; a shop's is its id as text."""

CLEAN_UP: Final = "clean-up"
"""The scope of what reads backups back, completes and removes them, and rings for drills."""

DRILLS: Final = "drills"
"""The scope of what restores backups on trial."""

RESTORE: Final = "restore"
"""What the subject of an alarm about a restore in a shop's place begins with; the shop's id comes after a slash."""

REMIND: Final = timedelta(days=1)
"""How often an alarm that stands is told again: what needs a person for backups is seldom mended within hours."""

OLD_NEWS: Final = timedelta(days=2)
"""Until when it is still told that something is over."""

TRY_AGAIN: Final = timedelta(minutes=10)
"""How long a mail server that did not take a letter is left alone."""


MOST_NAMED: Final = 50
"""Shops that an alarm names; how many there are is told."""


class Kind(StrEnum):
    """What an alarm is about. The words are stored."""

    FAILED = "failed"
    """The newest run that was to make a backup is a dead letter. Subject: the scope."""
    VAULT = "vault"
    """A vault lacks backups (they are degraded), or did not do what it was asked when it was tried. Subject: it."""
    DAMAGED = "damaged"
    """A copy is not what was written, and nothing newer that is good has replaced it. Subject: vault/backup."""
    DRILL_RED = "drill_red"
    """A shop, or a pack of files, did not come back when it was last drilled. Subject: vault/what it holds."""
    UNDECIDED = "undecided"
    """The last two drills of something came to no verdict. Subject: vault/what it holds."""
    LEFT_OUT = "left_out"
    """The newest backup of everything does not hold all of it, and no later one of a shop does. Subject: everything."""
    BEHIND = "behind"
    """A shop has no proven copy that is young enough, in some vault. Subject: what it holds."""
    UPKEEP = "upkeep"
    """The newest run of the daily upkeep, or of the drills, is a dead letter. Subject: which of the two.

    Or a restore in a shop's place was cut off, and nobody has settled it. Subject: restore/shop.
    """
    UNLOCKED = "unlocked"
    """A vault that is said to be locked lets be deleted. Subject: it."""


Key: TypeAlias = tuple[Kind, str]
"""What there is one open alarm of: a kind and a subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The newest closed run that was to make a backup of a scope. `words`: why it is a dead letter."""

    scope: str
    dead: bool
    at: datetime
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultFacts:
    """A vault that is configured.

    Attributes:
        lacking: how many whole backups it has not, or not all of; `since` the oldest of them was begun.
        words: why it lacks the newest of them.
        fault: what it said when it was last tried; empty where it did as it was asked, None where nobody has tried.
        declared: whether it is said to be locked.
        refused: whether it refused to delete when that was last tried; None where nobody has tried.
    """

    name: str
    lacking: int = 0
    since: datetime | None = None
    words: str = ""
    fault: str | None = None
    declared: bool = False
    refused: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A copy that is damaged and not replaced yet."""

    vault: str
    backup: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Red:
    """The last drill of something in a vault was red."""

    vault: str
    holds: str
    name: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """The last drill of something in a vault, and the one before it, came to no verdict; `words`: why the last."""

    vault: str
    holds: str
    name: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """Something whose newest proven copy is too old; `proven` by vault is its moment, None where there is none."""

    holds: str
    name: str
    proven: Mapping[str, datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What the newest backup of everything lacks, and nothing later holds: `lines` of `exclusions`."""

    backup: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """A restore in a shop's place that did not come to an end, and that nobody is at; `closed`: so is the shop."""

    shop: int
    name: str
    at: datetime
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is looked at. `whole`: when the newest whole backup of each scope ended; `names` of shops by scope.

    `upkeep`: the newest closed run of each kind of upkeep, its scope being what it is called (`CLEAN_UP`, `DRILLS`).
    """

    jobs: Sequence[Job] = ()
    upkeep: Sequence[Job] = ()
    whole: Mapping[str, datetime] = field(default_factory=dict)
    vaults: Sequence[VaultFacts] = ()
    damages: Sequence[Damage] = ()
    reds: Sequence[Red] = ()
    undecided: Sequence[Undecided] = ()
    behind: Sequence[Behind] = ()
    left_out: LeftOut | None = None
    cut_off: Sequence[CutOff] = ()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A condition that stands, with the figures for its words (JSON)."""

    kind: Kind
    subject: str
    figures: Summary

    @property
    def key(self) -> Key:
        """What there is one open alarm of."""
        return self.kind, self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An alarm that is open since `opened_at`, with the figures of the last look."""

    alarm: Alarm
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a look changes: alarms that begin, open ones with other figures, and the keys of those that are over."""

    opened: tuple[Alarm, ...]
    renewed: tuple[Alarm, ...]
    closed: tuple[Key, ...]


class News(StrEnum):
    """What is to be told of an alarm."""

    BEGUN = "begun"
    STILL = "still"
    OVER = "over"


def judge(facts: Facts, opened: Sequence[Open]) -> tuple[Alarm, ...]:
    """Say what stands, sorted; `opened` are asked where the facts say neither that it stands nor that it is over."""
    found = [
        *_failed(facts, opened),
        *_upkeep(facts, opened),
        *(alarm for vault in facts.vaults for alarm in _of_vault(vault)),
        *(
            Alarm(
                kind=Kind.DAMAGED,
                subject=f"{one.vault}/{one.backup}",
                figures={"vault": one.vault, "backup": one.backup, "words": one.words},
            )
            for one in facts.damages
        ),
        *(_drilled(Kind.DRILL_RED, one) for one in facts.reds),
        *(_drilled(Kind.UNDECIDED, one) for one in facts.undecided),
        *(_behind(one) for one in facts.behind),
        *([_left_out(facts.left_out)] if facts.left_out is not None else []),
        *(_cut_off(one) for one in facts.cut_off),
    ]
    return tuple(sorted(found, key=lambda alarm: alarm.key))


def change(opened: Sequence[Open], standing: Sequence[Alarm]) -> Change:
    """Say what follows from what stands for the alarms that are open (at most one of a key)."""
    known = {one.alarm.key: one.alarm for one in opened}
    stands = {alarm.key for alarm in standing}
    return Change(
        opened=tuple(alarm for alarm in standing if alarm.key not in known),
        renewed=tuple(alarm for alarm in standing if alarm.key in known and known[alarm.key].figures != alarm.figures),
        closed=tuple(key for key in known if key not in stands),
    )


def news(*, told_at: datetime | None, closed_at: datetime | None, over_told_at: datetime | None, now: datetime) -> (
    News | None
):  # fmt: skip
    """Say what is to be told of an alarm now: nothing that was told, once a day that it stands, its end for two days.

    `told_at`: when it was last told that it stands; `over_told_at`: when that it is over.
    """
    if closed_at is not None:
        return News.OVER if over_told_at is None and now - closed_at < OLD_NEWS else None
    if told_at is None:
        return News.BEGUN
    return News.STILL if now - told_at >= REMIND else None


def _failed(facts: Facts, opened: Sequence[Open]) -> Iterator[Alarm]:
    jobs = {job.scope: job for job in facts.jobs}
    for scope, job in jobs.items():
        if job.dead and not _made_since(facts, scope, job.at):
            figures: Summary = {"shop": facts.names.get(scope), "at": job.at.isoformat(), "words": job.words}
            yield Alarm(kind=Kind.FAILED, subject=scope, figures=figures)
    for one in opened:
        scope = one.alarm.subject
        forgotten = one.alarm.kind is Kind.FAILED and scope not in jobs
        if forgotten and scope in {EVERYTHING, *facts.names} and not _made_since(facts, scope, one.opened_at):
            yield one.alarm


def _upkeep(facts: Facts, opened: Sequence[Open]) -> Iterator[Alarm]:
    """Give those whose newest run is dead, and those that were, and of which nobody knows a later run."""
    for job in facts.upkeep:
        if job.dead:
            figures: Summary = {"upkeep": job.scope, "at": job.at.isoformat(), "words": job.words}
            yield Alarm(kind=Kind.UPKEEP, subject=job.scope, figures=figures)
    unknown = {CLEAN_UP, DRILLS} - {job.scope for job in facts.upkeep}
    yield from (one.alarm for one in opened if one.alarm.kind is Kind.UPKEEP and one.alarm.subject in unknown)


def _made_since(facts: Facts, scope: str, moment: datetime) -> bool:
    """Say whether a whole backup of the scope, or of everything, has ended after a moment."""
    return any(facts.whole[one] > moment for one in {scope, EVERYTHING} if one in facts.whole)


def _of_vault(vault: VaultFacts) -> Iterator[Alarm]:
    if vault.lacking or vault.fault:
        figures: Summary = {
            "vault": vault.name,
            "lacking": vault.lacking,
            "since": vault.since.isoformat() if vault.since else None,
            "words": vault.fault or vault.words,
        }
        yield Alarm(kind=Kind.VAULT, subject=vault.name, figures=figures)
    if vault.declared and vault.refused is False:
        yield Alarm(kind=Kind.UNLOCKED, subject=vault.name, figures={"vault": vault.name})


def _drilled(kind: Kind, one: Red | Undecided) -> Alarm:
    figures: Summary = {"vault": one.vault, "shop": one.name, "at": one.at.isoformat(), "words": one.words}
    return Alarm(kind=kind, subject=f"{one.vault}/{one.holds}", figures=figures)


def _behind(one: Behind) -> Alarm:
    proven: dict[str, JSON] = {
        vault: moment.isoformat() if moment else None for vault, moment in sorted(one.proven.items())
    }
    return Alarm(kind=Kind.BEHIND, subject=one.holds, figures={"shop": one.name, "proven": proven})


def _left_out(one: LeftOut) -> Alarm:
    named: list[JSON] = [*names(one.lines)[:MOST_NAMED]]
    figures: Summary = {
        "backup": one.backup, "lacks": named, "lacking_in_it": len(names(one.lines)), "words": "; ".join(one.lines),
    }  # fmt: skip
    return Alarm(kind=Kind.LEFT_OUT, subject=EVERYTHING, figures=figures)


def _cut_off(one: CutOff) -> Alarm:
    words = "the shop is closed" if one.closed else "the shop works on, and the copy that was being made is left"
    figures: Summary = {
        "upkeep": RESTORE, "shop": one.name, "at": one.at.isoformat(), "words": f"its process was lost: {words}",
    }  # fmt: skip
    return Alarm(kind=Kind.UPKEEP, subject=f"{RESTORE}/{one.shop}", figures=figures)
