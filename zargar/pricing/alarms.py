"""Which alarms about prices stand. Pure; what follows for the alerts that are open: `alert_changes`.

An alarm is a condition that a person should hear of: the work on prices fails, too few sources answer, no price comes
although one is due, the price is kept back for long; or an event: the accepted price jumped. A condition is opened
when it stands and closed, with a notice of recovery, when it has been gone for its `calm`, so that one that comes and
goes is one alert. What cannot be judged just now (the market sleeps, too few runs) is neither standing nor gone, and
leaves an alert as it is: a night is no recovery.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Final

from zargar.outcomes import Summary
from zargar.pricing.current import Priced
from zargar.pricing.quotes import Toman, plain
from zargar.pricing.readings import State

GOLD: Final = "gold_750"
"""The subject of every condition so far; a jump's subject is the moment of the tick that brought it."""


class Kind(StrEnum):
    """What an alarm is about. The words are stored."""

    FAILURE_RATE = "failure_rate"
    SOURCES_POOR = "sources_poor"
    UPDATE_FAILED = "update_failed"
    JUMP = "jump"
    PRICE_HELD = "price_held"

    @property
    def is_event(self) -> bool:
        """Whether it happens at a moment; what happens does not recover."""
        return self is Kind.JUMP


class Severity(StrEnum):
    """How grave it is: shops are answered an old price, or they soon may be. The words are stored."""

    CRITICAL = "critical"
    WARNING = "warning"


SEVERITIES: Final[Mapping[Kind, Severity]] = {
    Kind.FAILURE_RATE: Severity.WARNING,
    Kind.SOURCES_POOR: Severity.WARNING,
    Kind.UPDATE_FAILED: Severity.CRITICAL,
    Kind.JUMP: Severity.WARNING,
    Kind.PRICE_HELD: Severity.CRITICAL,
}


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """From when on something is an alarm.

    Attributes:
        success: least share of the runs of an hour that must end well (per cent): what monitoring calls failing.
        least_runs: how many runs must have closed in that hour; half an hour's, since one failure of two says nothing.
        spare_families: how many families more than the quorum must answer: with the quorum alone the next one that
            falls silent stops the price.
        silent_ticks: how many ticks in a row without a price make a source silent; boards fail once in twenty times,
            three in a row are no accident.
        least_asked: how often a source must have been asked in the hour for its share to count.
        missed_slots: how many slots without a tick: one is what a restart costs.
        jump: from which move between two accepted prices on it is news (a ratio): 99 of 100 moves over 27 minutes in
            session stay below 2 %.
        held: how long no price may be accepted while ticks are made: longer than the 15 minutes after which a real
            re-level of the market gets through by itself.
        calm: how long a condition must be gone before it has recovered: two ticks of the schedule.
        remind: how often an open alert is brought to mind at most.
        mention: how old an event or an unsent notice may be and still be worth a letter.
        ring_again: after what time an unsent notice is rung for anew, when the retries of its run are over: a mail
            server that refuses for good costs a dead letter an hour, not one a tick.
    """

    success: Decimal = Decimal(90)
    least_runs: int = 6
    spare_families: int = 1
    silent_ticks: int = 3
    least_asked: int = 6
    missed_slots: int = 2
    jump: Decimal = Decimal("0.03")
    held: timedelta = timedelta(minutes=20)
    calm: timedelta = timedelta(minutes=10)
    remind: timedelta = timedelta(hours=6)
    mention: timedelta = timedelta(hours=24)
    ring_again: timedelta = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Runs:
    """How the runs of the price update of the last hour ended (closed ones). `last_is_dead`: the newest of them."""

    successful: int
    failed: int
    last_is_dead: bool = False


@dataclass(frozen=True, kw_only=True)
class SourceHealth:
    """How one source did in the ticks of the last hour: askings, those with a price, and since when in a row none."""

    source: str
    family: str
    asked: int
    priced: int
    silent: int


@dataclass(frozen=True, kw_only=True)
class Kept:
    """No tick was accepted since `since`: how the newest one ended and why, and the candidate where it is held."""

    since: datetime
    newest: datetime
    state: State
    candidate: Toman | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is looked at.

    Attributes:
        runs: the ledger's count of the last hour.
        sources: every source that was asked in the ticks of the last hour.
        quorum: how many families must agree.
        due: whether the price window is open, so that ticks should come.
        last_tick: when the boards were asked last, whatever came of it; None if never.
        missed: the slots since then that are past their grace (counted to the threshold, not beyond).
        kept: the ticks since the last accepted one; None when the newest tick was accepted, or there is none.
        accepted: the accepted prices of the last hour and the one before, oldest first.
        accepted_age: how old the newest accepted price is in session time, as far as two sessions back; None without.
    """

    runs: Runs
    sources: Sequence[SourceHealth]
    quorum: int
    due: bool
    last_tick: datetime | None
    missed: int
    kept: Kept | None
    accepted: Sequence[Priced]
    accepted_age: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A condition that stands, or an event, with the figures for its words (JSON; amounts in Toman as strings)."""

    kind: Kind
    subject: str = GOLD
    figures: Summary = field(default_factory=dict)

    @property
    def key(self) -> tuple[Kind, str]:
        """What there is one open alert of."""
        return self.kind, self.subject


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What stands, and which conditions are known to be gone; of the others nothing can be said now."""

    standing: tuple[Alarm, ...]
    gone: frozenset[Kind]


def judge(facts: Facts, limits: Thresholds, *, now: datetime) -> Judged:
    """Say which alarms stand at `now` and which conditions are gone."""
    found = (_failures(facts, limits), _sources(facts, limits), _updates(facts, limits), _held(facts, limits))
    standing = (*(one for one in found if isinstance(one, Alarm)), *_jumps(facts, limits, now=now))
    return Judged(standing=standing, gone=frozenset(one for one in found if isinstance(one, Kind)))


def is_failing(source: SourceHealth, limits: Thresholds) -> bool:
    """Say whether a source is silent now, or gave a price in less than half of an hour's askings."""
    silent = source.silent >= limits.silent_ticks
    return silent or (source.asked >= limits.least_asked and 2 * source.priced < source.asked)


def _failures(facts: Facts, limits: Thresholds) -> Alarm | Kind | None:
    closed = facts.runs.successful + facts.runs.failed
    if closed < limits.least_runs:
        return None
    rate = Decimal(100 * facts.runs.successful) / closed
    if rate >= limits.success:
        return Kind.FAILURE_RATE
    figures: Summary = {"successful": facts.runs.successful, "failed": facts.runs.failed, "success_rate": _tenth(rate)}
    return Alarm(kind=Kind.FAILURE_RATE, figures=figures)


def _sources(facts: Facts, limits: Thresholds) -> Alarm | Kind | None:
    if not facts.sources or not facts.due:
        return None
    failing = sorted(one.source for one in facts.sources if is_failing(one, limits))
    answering = {one.family for one in facts.sources if not is_failing(one, limits)}
    needed = facts.quorum + limits.spare_families
    all_families = {one.family for one in facts.sources}
    # A deployment that asks no more families than its quorum has chosen so; it hears when one of them falls silent.
    if len(answering) >= min(needed, len(all_families)) and 2 * len(failing) <= len(facts.sources):
        return Kind.SOURCES_POOR
    figures: Summary = {
        "families": len(answering),
        "needed": needed,
        "quorum": facts.quorum,
        "failing": list(failing),
        "asked": len(facts.sources),
    }
    return Alarm(kind=Kind.SOURCES_POOR, figures=figures)


def _updates(facts: Facts, limits: Thresholds) -> Alarm | Kind | None:
    if not facts.due:
        return None
    missing = facts.last_tick is not None and facts.missed >= limits.missed_slots
    if not missing and not facts.runs.last_is_dead:
        return Kind.UPDATE_FAILED
    figures: Summary = {
        "last_tick": facts.last_tick.isoformat() if facts.last_tick else None,
        "last_run_dead": facts.runs.last_is_dead,
        "missed_slots": facts.missed,
        **_accepted(facts),
    }
    return Alarm(kind=Kind.UPDATE_FAILED, figures=figures)


def _held(facts: Facts, limits: Thresholds) -> Alarm | Kind | None:
    if facts.kept is None:
        return None if facts.last_tick is None else Kind.PRICE_HELD
    if not facts.due or facts.kept.newest - facts.kept.since < limits.held:
        return None
    kept = facts.kept
    figures: Summary = {
        "since": kept.since.isoformat(),
        "minutes": (kept.newest - kept.since) // timedelta(minutes=1),
        "state": kept.state.value,
        "candidate": None if kept.candidate is None else plain(kept.candidate),
        "reason": kept.reason,
        **_accepted(facts),
    }
    return Alarm(kind=Kind.PRICE_HELD, figures=figures)


def _jumps(facts: Facts, limits: Thresholds, *, now: datetime) -> Iterator[Alarm]:
    for before, after in zip(facts.accepted, facts.accepted[1:], strict=False):
        move = (after.price - before.price) / before.price
        if abs(move) >= limits.jump and now - after.at < limits.mention:
            figures: Summary = {
                "before": plain(before.price),
                "before_at": before.at.isoformat(),
                "after": plain(after.price),
                "at": after.at.isoformat(),
                "per_cent": _tenth(100 * move),
            }
            yield Alarm(kind=Kind.JUMP, subject=after.at.isoformat(), figures=figures)


def _accepted(facts: Facts) -> Summary:
    """Return what shops are answered meanwhile: the last accepted price, and its age in session time."""
    last = facts.accepted[-1] if facts.accepted else None
    return {
        "last_price": plain(last.price) if last else None,
        "last_price_at": last.at.isoformat() if last else None,
        "session_minutes": None if facts.accepted_age is None else facts.accepted_age // timedelta(minutes=1),
    }


def _tenth(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.1"), ROUND_HALF_EVEN))
