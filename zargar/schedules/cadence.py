"""When an entry is due, as pure values: a cron line in Tehran time, or every so many seconds beside the sandbox."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile

from cronsim import CronSim

from zargar.clock import TEHRAN


@dataclass(frozen=True, slots=True)
class Cron:
    """A five-field cron line, read in Asia/Tehran."""

    line: str

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the slots after `moment` (aware), in UTC, without end."""
        for local in CronSim(self.line, moment.astimezone(TEHRAN)):
            yield local.astimezone(UTC)

    def __str__(self) -> str:
        """Write it as cron does."""
        return self.line


@dataclass(frozen=True, slots=True)
class Every:
    """Every `seconds`, counted from the epoch, at all hours. Only the demo uses it."""

    seconds: int

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the slots after `moment` (aware), in UTC, without end."""
        number = int(moment.timestamp()) // self.seconds
        while True:
            number += 1
            yield datetime.fromtimestamp(number * self.seconds, UTC)

    def __str__(self) -> str:
        """Write it in words."""
        return f"every {self.seconds} s"


def slots_between(cadence: Cron | Every, last: datetime, until: datetime) -> list[datetime]:
    """Return the slots in (last, until], oldest first, in UTC."""
    return list(takewhile(lambda slot: slot <= until, cadence.after(last)))


def next_slot(cadence: Cron | Every, now: datetime) -> datetime:
    """Return the first slot after `now`, in UTC."""
    return next(cadence.after(now))


def period(cadence: Cron | Every, now: datetime) -> timedelta:
    """Return the shorter of the distances between the next three slots after `now`: a window's night is no period."""
    return min(later - slot for slot, later in pairwise(islice(cadence.after(now), 3)))
