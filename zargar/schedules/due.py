"""What is due, purely: given where an entry was looked at last and the time, which slots to do what with."""

from dataclasses import dataclass
from datetime import datetime

from zargar.schedules.cadence import slots_between
from zargar.schedules.catalogue import Entry, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A row of consecutive slots that no beat lived to fill and that are not caught up."""

    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do about the slots of one entry in (looked_until, now]."""

    ring: tuple[datetime, ...] = ()
    skipped: tuple[datetime, ...] = ()
    missed: Gap | None = None

    @property
    def looked_until(self) -> datetime | None:
        """The newest slot that this plan settles; None when there was none."""
        settled = [*self.ring, *self.skipped, *([self.missed.last] if self.missed else [])]
        return max(settled, default=None)


def plan(entry: Entry, *, looked_until: datetime, now: datetime, paused: bool) -> Plan:
    """Decide about the slots of `entry` that have come since `looked_until`.

    Young slots (within the grace) are rung. Older ones were missed: `Policy.ONCE` rings the newest of them unless a
    young one does its work, `Policy.ALL` rings each, `Policy.SKIP` none. While paused, slots are skipped, and said so.
    """
    slots = slots_between(entry.cadence, looked_until, now)
    if paused:
        return Plan(skipped=tuple(slots))
    young = [slot for slot in slots if slot >= now - entry.grace]
    late = slots[: len(slots) - len(young)]
    match entry.policy:
        case Policy.ALL:
            return Plan(ring=tuple(slots))
        case Policy.ONCE:
            caught_up = late[-1:] if not young else []
        case Policy.SKIP:
            caught_up = []
    gone = late[: len(late) - len(caught_up)]
    missed = Gap(first=gone[0], last=gone[-1], count=len(gone)) if gone else None
    return Plan(ring=(*caught_up, *young), missed=missed)
