"""How the judgement does on a real market: eight boards derived from a recorded history, healthy and each at fault.

`python -m bench panel --history FILE.csv [--days N] [--seed N]`. The file holds `fetched_epoch` (seconds) and
`ayar18_toman` (Toman per gram of 750), irregularly spaced; the value of the newest row is the truth until the next.
Days on which it does not move between 09:00 and 22:30 Tehran are left out (holidays, and outages of the recording), so
that no easy tick is counted. Ticks come every five minutes from 08:00 to 23:55.

Each of the eight families shows the truth with its own distance from the median (as the venues showed at one moment of
2026-08-06), a wobble of its own of up to 0.1 % that changes every ten minutes of session, its own rounding, its own
cadence (from its documented validity where it has one), and a lag, which nobody has measured and which is assumed: 20
seconds to five minutes. Four have a clock. Each fault lasts from 11:00 to midnight of every day, for one family at a
time.

Counted: `wrong`, prices accepted further than 1 % from every truth of the last `LATEST` (as long as the slowest board
may take); `behind`, those further than 1 % from the truth of that very moment, which no board may have shown yet; the
share of session ticks that were accepted; how many ticks a move of more than 10 % took; and the days on which a frozen
family was named frozen, of those on which the market left its value by more than 0.5 % for half an hour, 90 minutes
after it stood still.
"""

import argparse
import csv
import random
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from bench.machine import report
from zargar.calendars.sessions import session_at
from zargar.clock import TEHRAN
from zargar.pricing.quotes import Instrument, Quote, Unit, Why
from zargar.pricing.readings import Accepted, Decision, Reading
from zargar.pricing.replay import Replay, Told
from zargar.pricing.rules import Rules

TICK: Final = timedelta(minutes=5)
FROM, TO = timedelta(hours=8), timedelta(hours=24)
FAULT_FROM: Final = timedelta(hours=11)
LATEST: Final = timedelta(minutes=7)
WRONG: Final = Decimal("0.01")
RELEVEL: Final = Decimal("0.10")
LEFT: Final = Decimal("0.005")
DRIFT: Final = Decimal("0.05")
DRIFT_OVER: Final = timedelta(hours=6)
WOBBLE: Final = 0.001


@dataclass(frozen=True)
class Family:
    """One board: its distance from the median, the age of what it shows, how often it looks, its rounding, its clock.

    `apart` is a ratio, `lag` and `cadence` are seconds, `step` is Toman.
    """

    name: str
    apart: float
    lag: int
    cadence: int
    step: int
    stamped: bool


FAMILIES: Final = (
    Family("wallgold", 0.0044, 20, 30, 1000, stamped=False),
    Family("talasea", 0.0, 60, 60, 1000, stamped=False),
    Family("milli", 0.0004, 60, 60, 100, stamped=True),
    Family("tlyn", -0.0003, 40, 30, 1000, stamped=True),
    Family("ecogold", -0.0009, 120, 120, 1000, stamped=True),
    Family("daric", -0.0015, 30, 30, 1, stamped=False),
    Family("technogold", -0.0016, 180, 60, 1, stamped=False),
    Family("bonbast", 0.0014, 300, 60, 1, stamped=True),
)
Fault = Callable[[Decimal, Decimal, timedelta], Decimal | None]
FAULTS: Final[dict[str, Fault]] = {
    "times_ten": lambda now, _then, _for: now * 10,
    "tenth": lambda now, _then, _for: now / 10,
    "times_thousand": lambda now, _then, _for: now * 1000,
    "frozen": lambda _now, then, _for: then,
    "drift": lambda now, _then, gone: now * (1 + DRIFT * min(Decimal(1), Decimal(gone / DRIFT_OVER))),
    "silent": lambda _now, _then, _for: None,
}
"""What a board shows instead: from what it would show now, what it showed when the fault began, and how long ago."""


class Truth:
    """The recorded market."""

    def __init__(self, rows: Sequence[tuple[int, Decimal]]) -> None:
        self._at = [at for at, _ in rows]
        self._value = [value for _, value in rows]

    @classmethod
    def read(cls, file: Path) -> "Truth":
        """Read a recording, without rows that stand alone a month before the rest."""
        with file.open(encoding="utf-8", newline="") as lines:
            rows = [(int(row["fetched_epoch"]), Decimal(row["ayar18_toman"])) for row in csv.DictReader(lines)]
        month = timedelta(days=30).total_seconds()
        first = next(i for i in range(len(rows)) if i + 1 == len(rows) or rows[i + 1][0] - rows[i][0] < month)
        return cls(rows[first:])

    def at(self, moment: float) -> Decimal:
        """Return Toman per gram of 750 at a moment (seconds since 1970)."""
        return self._value[max(0, bisect_right(self._at, moment) - 1)]

    def within(self, begin: float, end: float) -> list[Decimal]:
        """Return every value that it had from `begin` to `end`."""
        first, last = bisect_right(self._at, begin), bisect_right(self._at, end)
        return [self.at(begin), *self._value[first:last]]

    def days(self) -> list[date]:
        """Return the whole days of Tehran on which it moved in session."""
        first, last = (datetime.fromtimestamp(at, TEHRAN).date() for at in (self._at[0], self._at[-1]))
        whole = [first + timedelta(days=n) for n in range(1, (last - first).days)]
        return [day for day in whole if len({*self.within(_at(day, 9, 0), _at(day, 22, 30))}) > 1]


@dataclass(frozen=True)
class Moment:
    """What all boards would show at one tick, in the order of `FAMILIES`, and the truth."""

    now: datetime
    truth: Decimal
    recent_truths: tuple[Decimal, ...]
    open: bool
    since_fault: timedelta
    readings: tuple[Reading, ...]
    values: tuple[Decimal, ...]


@dataclass
class Score:
    """What came of one run."""

    session: int = 0
    accepted: int = 0
    wrong: int = 0
    behind: int = 0
    relevels: list[int] = field(default_factory=list)
    frozen_due: set[date] = field(default_factory=set)
    frozen_named: set[date] = field(default_factory=set)
    states: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        """Return how many of a hundred session ticks were accepted."""
        return round(100 * self.accepted / max(1, self.session), 2)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench panel")
    parser.add_argument("--history", type=Path, required=True, help="CSV with fetched_epoch and ayar18_toman")
    parser.add_argument("--days", type=int, help="only the last so many days that moved")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--faults", nargs="*", choices=FAULTS, default=list(FAULTS))
    chosen = parser.parse_args(arguments)
    truth = Truth.read(chosen.history)
    days = truth.days()[-(chosen.days or 0) :]
    moments = [_moment(truth, day, after, chosen.seed) for day in days for after in _ticks()]
    began = time.perf_counter()
    healthy = _run(moments, None, None)
    took = time.perf_counter() - began
    report(
        "panel.healthy",
        days=len(days),
        ticks=len(moments),
        us_per_tick=round(took / len(moments) * 1e6),
        **_of([healthy]),
    )
    scores = {fault: [_run(moments, index, fault) for index in range(len(FAMILIES))] for fault in chosen.faults}
    for fault, each in scores.items():
        least = min(range(len(each)), key=lambda index, each=each: each[index].share)  # type: ignore[misc]
        report(f"panel.{fault}", families=len(each), least_for=FAMILIES[least].name, **_of(each))
    every = [healthy, *(score for each in scores.values() for score in each)]
    relevels = [ticks for score in every for ticks in score.relevels]
    report(
        "panel",
        wrong=sum(score.wrong for score in every),
        healthy_percent=healthy.share,
        one_at_fault_percent_least=min((score.share for each in scores.values() for score in each), default=None),
        relevel_ticks_most=max(relevels, default=None),
        frozen_unnamed=sum(len(score.frozen_due - score.frozen_named) for score in every),
        met=(
            not any(score.wrong for score in every)
            and healthy.share >= 95  # noqa: PLR2004 -- the targets
            and all(score.share >= 90 for score in every)  # noqa: PLR2004 -- as above
            and max(relevels, default=0) <= 6  # noqa: PLR2004 -- as above
            and not any(score.frozen_due - score.frozen_named for score in every)
        ),
    )


def _of(scores: Sequence[Score]) -> dict[str, object]:
    relevels = [ticks for score in scores for ticks in score.relevels]
    return {
        "session_ticks": sum(score.session for score in scores),
        "accepted_percent_least": min(score.share for score in scores),
        "wrong": sum(score.wrong for score in scores),
        "behind": sum(score.behind for score in scores),
        "relevels": len(relevels),
        "relevel_ticks_most": max(relevels, default=None),
        "frozen_days": sum(len(score.frozen_due) for score in scores),
        "frozen_unnamed": sum(len(score.frozen_due - score.frozen_named) for score in scores),
        "reasons": dict(sum((score.states for score in scores), Counter()).most_common()),
    }


def _ticks() -> Iterator[timedelta]:
    after = FROM
    while after < TO:
        yield after
        after += TICK


def _at(day: date, hour: int, minute: int) -> float:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=TEHRAN).timestamp()


def _moment(truth: Truth, day: date, after: timedelta, seed: int) -> Moment:
    midnight = datetime(day.year, day.month, day.day, tzinfo=TEHRAN)
    now = (midnight + after).astimezone(UTC)
    at = now.timestamp()
    shown = [_shown(family, truth, at, seed) for family in FAMILIES]
    return Moment(
        now,
        truth.at(at),
        tuple(truth.within(at - LATEST.total_seconds(), at)),
        session_at(now).open,
        after - FAULT_FROM,
        tuple(_reading(family, value, stamp) for family, (value, stamp) in zip(FAMILIES, shown, strict=True)),
        tuple(value for value, _ in shown),
    )


def _shown(family: Family, truth: Truth, at: float, seed: int) -> tuple[Decimal, datetime]:
    looked = (at - family.lag) // family.cadence * family.cadence
    session = session_at(datetime.fromtimestamp(looked, UTC))
    bucket = min(looked, session.closes_at.timestamp()) // 600
    wobble = random.Random(f"{seed} {family.name} {bucket}").uniform(-WOBBLE, WOBBLE)  # noqa: S311 -- a seeded panel
    value = truth.at(looked) * Decimal(repr(round(1 + family.apart + wobble, 6)))
    return (value / family.step).to_integral_value() * family.step, datetime.fromtimestamp(looked, UTC)


def _reading(family: Family, value: Decimal, stamp: datetime) -> Reading:
    quote = Quote.one_sided(Instrument.GOLD_750, value, Unit.TOMAN, source_time=stamp if family.stamped else None)
    return Reading(family.name, family.name, (quote,))


def _run(moments: Sequence[Moment], at_fault: int | None, fault: str | None) -> Score:
    judge, score = Replay(Rules()), Score()
    then, left, moving = Decimal(1), 0, None
    last: Decimal | None = None
    for moment in moments:
        readings = list(moment.readings)
        faulty = at_fault is not None and fault is not None and moment.since_fault >= timedelta()
        if faulty and at_fault is not None and fault is not None:
            if moment.since_fault == timedelta():
                then, left = moment.values[at_fault], 0
            value = FAULTS[fault](moment.values[at_fault], then, moment.since_fault)
            stamp = readings[at_fault].quotes[0].source_time or moment.now
            readings[at_fault : at_fault + 1] = [] if value is None else [_reading(FAMILIES[at_fault], value, stamp)]
            gone = abs(moment.values[at_fault] / then - 1) > LEFT
            left = left + 1 if gone and moment.open and moment.since_fault > timedelta(minutes=95) else 0
        decision = judge.judge(Told(moment.now, tuple(readings)))
        count(score, moment, decision)
        if faulty and fault == "frozen" and at_fault is not None:
            _count_frozen(score, moment, decision, FAMILIES[at_fault].name, left=left)
        if last is not None and moving is None and abs(moment.truth / last - 1) > RELEVEL:
            moving = 0
        if moving is not None:
            moving += 1
        if isinstance(decision, Accepted):
            last = decision.price
            if moving is not None and abs(last / moment.truth - 1) <= WRONG:
                score.relevels.append(moving)
                moving = None
    return score


def count(score: Score, moment: Moment, decision: Decision) -> None:
    """Count one tick."""
    score.session += moment.open
    if not isinstance(decision, Accepted):
        if moment.open:
            score.states[decision.reason.split(":")[0] if "moving" in decision.reason else type(decision).__name__] += 1
        return
    score.accepted += moment.open
    if abs(decision.price / moment.truth - 1) > WRONG:
        score.behind += 1
        score.wrong += all(abs(decision.price / truth - 1) > WRONG for truth in moment.recent_truths)


def _count_frozen(score: Score, moment: Moment, decision: Decision, name: str, *, left: int) -> None:
    day = moment.now.astimezone(TEHRAN).date()
    if left >= timedelta(minutes=30) // TICK:
        score.frozen_due.add(day)
    if any(one.source == name and one.why is Why.FROZEN for one in decision.rejected):
        score.frozen_named.add(day)
