"""When a scheduled backup is due, purely: which cron lines are taken, and what is owed now.

Note [A missed time is caught up once]
--------------------------------------
A row names the next time that it owes. When that time has come, one run is opened for it and the row is moved on to the
first time after *now*: however many times went by while nobody looked, one backup makes up for all of them, since the
second would hold the same. The run's id follows from the schedule and the time that was owed, so that it is one run
even if the row is settled twice. A row that was moved on by a clock which has been set back since would wait for a time
that is far away; it is told by its own stamp and moved back, and opens nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Final
from uuid import UUID, uuid5

from cronsim import CronSimError

from zargar.refusals import InvalidError
from zargar.schedules.cadence import Cron

RUNS: Final = UUID("0f4a4c0e-93a5-5d0e-8c9b-2f1f8a4e7b61")
"""The name space of the ids of scheduled backups' runs; any fixed one would do."""

CLOSEST: Final = timedelta(minutes=15)
"""No schedule may ask for backups closer than this: the next would begin before the last has been read back."""

LOOKED_AT: Final = 200
"""How many times of a line are looked at to find the closest two."""

_FIELDS: Final = 5


class BadCronError(InvalidError):
    """A cron line has five fields (minute hour day month weekday, Tehran time) and times at least 15 minutes apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What to do about a schedule now: the time for which a run is owed (None: none is), and its next time. UTC."""

    owed: datetime | None
    next_due: datetime


def cron(line: str, *, now: datetime) -> Cron:
    """Read a cron line that a schedule may have. Raises `BadCronError`."""
    times = list(islice(_times(line, now), LOOKED_AT))
    if not times:
        message = f"{line!r} never comes"
        raise BadCronError(message)
    if any(later - earlier < CLOSEST for earlier, later in pairwise(times)):
        message = f"{line!r} comes more often than every {CLOSEST // timedelta(minutes=1)} minutes"
        raise BadCronError(message)
    return Cron(line)


def first(line: str, *, now: datetime) -> datetime:
    """Return the first time of a line after `now`, UTC. Raises `BadCronError`."""
    return next(cron(line, now=now).after(now))


def turn(line: str, *, next_due: datetime, settled_at: datetime, now: datetime) -> Turn | None:
    """Decide about one schedule; None when nothing is to be done. See Note [A missed time is caught up once].

    Raises `BadCronError` for a line that is none; it is data, and may have been edited by hand.
    """
    set_back = settled_at > now
    if next_due > now and not set_back:
        return None
    return Turn(owed=None if next_due > now else next_due, next_due=first(line, now=now))


def run_id(schedule: int, owed: datetime) -> UUID:
    """Return the id of the run for one time of one schedule."""
    return uuid5(RUNS, f"{schedule} {owed.isoformat()}")


def _times(line: str, now: datetime) -> Iterator[datetime]:
    if len(line.split()) != _FIELDS:
        raise BadCronError(BadCronError.__doc__)
    try:
        yield from Cron(line).after(now)
    except CronSimError as bad:
        message = f"{line!r} is no cron line: {bad}"
        raise BadCronError(message) from bad
