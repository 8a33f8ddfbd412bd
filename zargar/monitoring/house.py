"""Whether the house does its work, and if not, what is wrong and who has to care. Pure.

Each thing that is wrong is a finding, with a code that scripts can rely on. What follows from something worse is not
said beside it: without a broker no worker can consume, so only the broker is named.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Final

from zargar.backups.alarms import Kind as BackupAlarm
from zargar.ledger.heartbeats import Kind, Pulse
from zargar.monitoring.families import Grade
from zargar.monitoring.sources import SourceRecord
from zargar.names import Family
from zargar.pricing.current import Answered, Standing

LONG_WAIT: Final = timedelta(minutes=2)
"""A run that is due for so long while workers of its queue have nothing to do is not being consumed."""

START: Final = timedelta(minutes=1)
"""How long a process may take from its start to its first work."""

FORGOTTEN_AFTER: Final = timedelta(hours=1)
"""When a dead process whose work others do is no longer mentioned."""


class Level(IntEnum):
    """Who has to care: nobody at once, a person, or whoever runs the part that is away."""

    NOTE = 1
    PERSON = 2
    AWAY = 3


_BACKUP_WORDS: Final[Mapping[BackupAlarm, str]] = {
    BackupAlarm.FAILED: "a backup was not made",
    BackupAlarm.VAULT: "a vault lacks backups, or did not do what it was asked",
    BackupAlarm.DAMAGED: "a copy of a backup is damaged, and not replaced",
    BackupAlarm.DRILL_RED: "what was restored on trial did not come back as it was",
    BackupAlarm.UNDECIDED: "what is restored on trial comes to no verdict, time after time",
    BackupAlarm.LEFT_OUT: "the newest backup of everything does not hold everything",
    BackupAlarm.BEHIND: "shops have no proven copy that is young enough",
    BackupAlarm.UPKEEP: "backups are not read back, cleaned up, or restored on trial, or a restore was cut off",
    BackupAlarm.UNLOCKED: "a vault that should be locked lets be deleted",
}


class Code(StrEnum):
    """What is wrong. Stable: scripts and the console's words rely on it."""

    DATABASE_AWAY = "database_away"
    BROKER_AWAY = "broker_away"
    WORKER_DEAD = "worker_dead"
    WORKER_NOT_CONSUMING = "worker_not_consuming"
    QUEUE_UNSERVED = "queue_unserved"
    QUEUE_WAITING = "queue_waiting"
    BEAT_DEAD = "beat_dead"
    BEAT_NOT_TICKING = "beat_not_ticking"
    NO_BEAT = "no_beat"
    PRICE_NONE = "price_none"
    PRICE_FALLBACK = "price_fallback"
    PRICE_OPERATOR = "price_operator"
    BOARDS_ALL_DOWN = "boards_all_down"
    BOARD_DOWN = "board_down"
    BOARD_REFUSED = "board_refused"
    FAMILY_FAILING = "family_failing"
    DEAD_LETTERS = "dead_letters"
    PAUSED = "paused"
    NOTICES_UNSENT = "notices_unsent"
    BACKUP_ALARM = "backup_alarm"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its code, who has to care, what it is about, and a sentence."""

    code: Code
    level: Level
    about: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the judgement looks at.

    `queues` are those that need a worker; `waits` is the longest wait of a due run by queue; `price_due` says whether a
    price should have come in the time that one counts as live; `boards` is what they said in that time;
    `notices_unsent` counts the news of alerts that should have left by now; `backup_alarms` says by kind what stands.
    """

    broker_answers: bool
    pulses: Sequence[Pulse]
    queues: Collection[str]
    waits: Mapping[str, timedelta]
    price: Answered
    price_due: bool
    boards: Mapping[str, SourceRecord]
    families: Mapping[Family, Grade]
    dead_letters: int
    paused: Sequence[str]
    notices_unsent: int = 0
    mail_configured: bool = True
    backup_alarms: Mapping[str, int] = field(default_factory=dict)


class Life(StrEnum):
    """How a process stands."""

    WORKING = "working"
    STARTING = "starting"
    NOT_WORKING = "not_working"
    DEAD = "dead"


def life(pulse: Pulse) -> Life:
    """Tell from a row whether its process works, lives without working (stopped, stuck, cut off), or is dead."""
    if pulse.moved_ago is not None and pulse.moved_ago <= pulse.silent_after:
        return Life.WORKING
    if pulse.moved_ago is None and pulse.has_session and pulse.started_ago <= START:
        return Life.STARTING
    return Life.NOT_WORKING if pulse.has_session else Life.DEAD


def judge(facts: Facts) -> tuple[Finding, ...]:
    """Return what is wrong, the gravest first; nothing when all is well."""
    found = [
        *_broker(facts), *_workers(facts), *_queues(facts), *_beats(facts), *_price(facts), *_boards(facts),
        *_people(facts),
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: -one.level))


def without_database(*, broker_answers: bool) -> tuple[Finding, ...]:
    """Return what can be said when the database does not answer: nothing else is known."""
    words = "the database does not answer: nothing is claimed, no price is stored, nothing else is known"
    return (Finding(Code.DATABASE_AWAY, Level.AWAY, "database", words), *_broker_of(broker_answers=broker_answers))


def state(findings: Sequence[Finding]) -> str:
    """Return the state in one word: ok, degraded (it works), failing (a person is needed) or away (a part is)."""
    worst = max((one.level for one in findings), default=None)
    return {None: "ok", Level.NOTE: "degraded", Level.PERSON: "failing", Level.AWAY: "away"}[worst]


def _broker(facts: Facts) -> Iterator[Finding]:
    yield from _broker_of(broker_answers=facts.broker_answers)


def _broker_of(*, broker_answers: bool) -> Iterator[Finding]:
    if not broker_answers:
        yield Finding(Code.BROKER_AWAY, Level.AWAY, "broker", "the broker does not answer: work waits in the ledger")


def _workers(facts: Facts) -> Iterator[Finding]:
    served = _served(facts.pulses)
    for pulse in (one for one in facts.pulses if one.kind is Kind.WORKER):
        lonely = [queue for queue in pulse.queues if queue not in served and queue in facts.queues]
        level = Level.AWAY if lonely else Level.NOTE
        alone = f"; nobody else serves {', '.join(lonely)}" if lonely else ""
        match life(pulse):
            case Life.DEAD if not _replaced(pulse, facts.pulses):
                words = f"worker {pulse.name} is dead: no sign of it for {_seconds(pulse.alive_ago)}{alone}"
                yield Finding(Code.WORKER_DEAD, level, pulse.name, words)
            case Life.NOT_WORKING if facts.broker_answers:
                words = f"worker {pulse.name} lives, but has consumed nothing{_since(pulse.moved_ago)}{alone}"
                yield Finding(Code.WORKER_NOT_CONSUMING, level, pulse.name, words)
            case _:
                pass


def _queues(facts: Facts) -> Iterator[Finding]:
    known = {queue for pulse in facts.pulses for queue in pulse.queues}
    for queue in sorted(set(facts.queues) - known):
        yield Finding(Code.QUEUE_UNSERVED, Level.AWAY, queue, f"no worker serves the queue {queue}")
    for queue, wait in sorted(facts.waits.items()):
        if wait <= LONG_WAIT or not facts.broker_answers:
            continue
        idle = [one.name for one in facts.pulses if _serves(one, queue) and one.busy < one.slots]
        if idle:
            words = f"a run has waited {_seconds(wait)} in {queue}, though {', '.join(idle)} has nothing to do"
            yield Finding(Code.QUEUE_WAITING, Level.PERSON, queue, words)
        elif any(_serves(one, queue) for one in facts.pulses):
            words = f"a run has waited {_seconds(wait)} in {queue}: its workers are busy"
            yield Finding(Code.QUEUE_WAITING, Level.NOTE, queue, words)


def _beats(facts: Facts) -> Iterator[Finding]:
    beats = [one for one in facts.pulses if one.kind is Kind.BEAT]
    some = any(life(one) in {Life.WORKING, Life.STARTING} for one in beats)
    level = Level.NOTE if some else Level.AWAY
    alone = "" if some else "; no beat ticks: nothing is scheduled, retried or rung again"
    if not beats:
        words = "no beat runs: nothing is scheduled, retried or rung again"
        yield Finding(Code.NO_BEAT, Level.AWAY, "beat", words)
    for pulse in beats:
        match life(pulse):
            case Life.DEAD if not _replaced(pulse, facts.pulses):
                words = f"{pulse.name} is dead: no sign of it for {_seconds(pulse.alive_ago)}{alone}"
                yield Finding(Code.BEAT_DEAD, level, pulse.name, words)
            case Life.NOT_WORKING:
                words = f"{pulse.name} lives, but has not ticked{_since(pulse.moved_ago)}{alone}"
                yield Finding(Code.BEAT_NOT_TICKING, level, pulse.name, words)
            case _:
                pass


def _price(facts: Facts) -> Iterator[Finding]:
    reason = facts.price.reason
    match facts.price.standing:
        case Standing.NONE:
            yield Finding(Code.PRICE_NONE, Level.PERSON, "price", f"there is no price: {reason}")
        case Standing.OPERATOR:
            yield Finding(Code.PRICE_OPERATOR, Level.NOTE, "price", f"the price is an operator's: {reason}")
        case Standing.FALLBACK if facts.price_due:
            age = _seconds(facts.price.age) if facts.price.age is not None else "unknown"
            words = f"the price is a fallback, {age} old: {reason}"
            yield Finding(Code.PRICE_FALLBACK, Level.PERSON, "price", words)
        case _:
            pass


def _boards(facts: Facts) -> Iterator[Finding]:
    down = {name: one for name, one in facts.boards.items() if one.silent_since is not None}
    if down and len(down) == len(facts.boards):
        words = f"no board gives a price: {', '.join(f'{name} ({one.why})' for name, one in sorted(down.items()))}"
        yield Finding(Code.BOARDS_ALL_DOWN, Level.PERSON, "boards", words)
        return
    for name, one in sorted(down.items()):
        yield Finding(
            Code.BOARD_DOWN, Level.NOTE, name, f"the board {name} gives no price: {one.why or 'it is silent'}"
        )
    if any(one.used for one in facts.boards.values()):
        for name, one in sorted(facts.boards.items()):
            if name not in down and not one.used:
                words = f"the price of the board {name} is refused: {one.why or 'too few agree'}"
                yield Finding(Code.BOARD_REFUSED, Level.NOTE, name, words)


def _people(facts: Facts) -> Iterator[Finding]:
    for family, grade in facts.families.items():
        if grade is Grade.FAILING:
            words = f"of the work on {family} less than nine in ten ended well in the last hour"
            yield Finding(Code.FAMILY_FAILING, Level.PERSON, family, words)
    if facts.dead_letters:
        words = f"{facts.dead_letters} dead letter(s): `zargar runs list --state dead`"
        yield Finding(Code.DEAD_LETTERS, Level.PERSON, "runs", words)
    if facts.paused:
        yield Finding(Code.PAUSED, Level.PERSON, "schedule", f"paused: {', '.join(facts.paused)}")
    for kind, count in sorted(facts.backup_alarms.items()):
        words = f"{_BACKUP_WORDS[BackupAlarm(kind)]} ({count}): `zargar backups alarms`"
        yield Finding(Code.BACKUP_ALARM, Level.PERSON, kind, words)
    if facts.notices_unsent:
        why = "the mail server does not take them" if facts.mail_configured else "no mail is configured"
        where = "`zargar prices alerts`, `zargar backups alarms`"
        words = f"{facts.notices_unsent} notice(s) of alerts wait to be sent: {why}; {where}"
        yield Finding(Code.NOTICES_UNSENT, Level.NOTE, "mail", words)


def _served(pulses: Sequence[Pulse]) -> set[str]:
    working = [one for one in pulses if life(one) in {Life.WORKING, Life.STARTING}]
    return {queue for one in working for queue in one.queues}


def _serves(pulse: Pulse, queue: str) -> bool:
    return queue in pulse.queues and life(pulse) is Life.WORKING


def _replaced(dead: Pulse, pulses: Sequence[Pulse]) -> bool:
    """Say whether others do its work: a newer process, or any at all once it has been dead for long."""
    others = [one for one in pulses if one.kind is dead.kind and life(one) in {Life.WORKING, Life.STARTING}]
    able = [one for one in others if set(dead.queues) <= set(one.queues)]
    newer = [one for one in able if one.started_ago < dead.alive_ago]
    return bool(newer) or (bool(able) and dead.alive_ago > FORGOTTEN_AFTER)


def _seconds(span: timedelta) -> str:
    return f"{int(span.total_seconds())} s"


def _since(moved_ago: timedelta | None) -> str:
    return " since it started" if moved_ago is None else f" for {_seconds(moved_ago)}"
