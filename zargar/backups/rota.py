"""Which copies are drilled next, and what a drill says: every shop of every vault has its turn within a period. Pure.

A target is a shop in a vault, whichever backup it comes from. A drill counts whatever came of it: a shop that is red,
or breaks the drill off, again and again must not keep the others from their turn; what was found of it stands in the
catalogue. One that came to no verdict comes back the next day, after the others, until it has waited for longer than
the period. One that took longer than a sitting may has a sitting of its own, which it begins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

DAY: Final = timedelta(days=1)
AGAIN: Final = timedelta(hours=20)
"""How soon a drill that came to no verdict is tried again: with the next day's, though those begin somewhat earlier."""
LATELY: Final = timedelta(hours=12)
"""What was drilled within it belongs to the day's share that the sittings in hand are at."""

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """A shop (or the shared schema) in a vault, by what the catalogue says it holds."""

    holds: str
    vault: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A target, when it was drilled last (aware; None: never), and whether that drill came to no verdict.

    `too_long`: it came to none since it took longer than a task may.
    """

    target: Target
    drilled_at: datetime | None
    undecided: bool = False
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sitting drills: `sure` in any order, then `doubtful` in theirs; each of `alone` begins one, or waits."""

    sure: tuple[Target, ...]
    doubtful: tuple[Target, ...] = ()
    alone: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a drill found of one schema in one vault: proven, if there are no faults. `milliseconds` from key to end.

    `undecided`: why there is no verdict (its shop was erased; the drill's login may not make roles; it broke off), else
    empty. `broke_off`: the drill itself failed at this pack (a full disk, a right that its login lacks).
    `unwitnessed`: why one of the two witnesses of a shape, or both, could not speak to it; empty where both did, or
    where there is no shape (files). It is no fault: nothing wrong was found, rows and sequences are what they were.
    """

    vault: str
    backup: str
    schema: str
    faults: tuple[str, ...]
    milliseconds: int
    undecided: str = ""
    unwitnessed: str = ""
    broke_off: bool = False

    @property
    def proven(self) -> bool:
        """Whether it came back as it was."""
        return not self.faults and not self.undecided


def share(targets: int, *, period: timedelta) -> int:
    """Return how many a day are needed for all of them to have been drilled within `period` (a day at least)."""
    return -(-targets * DAY // max(period, DAY))


def due(turns: Sequence[Turn], *, period: timedelta, now: datetime) -> tuple[Target, ...]:
    """Choose what to drill now, the one drilled longest ago first.

    It is a day's share, and with it whatever would be older than `period` by the next day: after days without drills
    that may be more than a share, and whoever drills may stop at a deadline and go on the next day. What came to no
    verdict and was tried `AGAIN` ago is added, after all others unless that was longer ago than the period.
    """
    waiting = sorted(turns, key=lambda turn: (turn.drilled_at or _NEVER, turn.target))
    sample = share(len(waiting), period=period)
    late = now - (max(period, DAY) - DAY)
    chosen = [
        turn
        for place, turn in enumerate(waiting)
        if place < sample or (turn.drilled_at is not None and turn.drilled_at < late) or _again(turn, now)
    ]
    return tuple(turn.target for turn in sorted(chosen, key=lambda turn: _doubtful(turn, period, now)))


def plan(turns: Sequence[Turn], *, period: timedelta, now: datetime) -> Plan:
    """Lay out what is `due`, in that order.

    What was too long `AGAIN` ago is begun by no sitting that has drilled another, since the rest of one may be too
    short for it: it waits until the day's share is done, and then nothing else is drilled. Each such sitting tries one
    of them, which is not too long ago then for `AGAIN`: they come to an end.
    """
    known = {turn.target: turn for turn in turns}
    chosen = [known[target] for target in due(turns, period=period, now=now)]
    alone = tuple(turn.target for turn in chosen if turn.too_long and _again(turn, now))
    if alone and _share_is_done(turns, period, now):
        return Plan((), (), alone)
    others = [turn for turn in chosen if turn.target not in alone]
    return Plan(
        tuple(turn.target for turn in others if not _doubtful(turn, period, now)),
        tuple(turn.target for turn in others if _doubtful(turn, period, now)),
        alone,
    )


def _share_is_done(turns: Sequence[Turn], period: timedelta, now: datetime) -> bool:
    others = [turn for turn in turns if not turn.too_long]
    lately = [turn for turn in others if turn.drilled_at is not None and turn.drilled_at > now - LATELY]
    return len(lately) >= min(share(len(turns), period=period), len(others))


def _doubtful(turn: Turn, period: timedelta, now: datetime) -> bool:
    """Whether it comes after the others: it came to no verdict, and has not waited for longer than the period since."""
    return turn.undecided and (turn.drilled_at is None or turn.drilled_at >= now - period)


def _again(turn: Turn, now: datetime) -> bool:
    return turn.undecided and turn.drilled_at is not None and turn.drilled_at <= now - AGAIN
