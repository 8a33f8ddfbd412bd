"""Which backups may go. Pure; a plan that can be shown before anything is removed.

Note [What never goes]
----------------------
Periods and counts only say what is no longer *wanted*. What may go is decided by one more question, asked for each
vault alone: has everything in this backup a newer copy in the same vault, one that was read back and found good? If
not, the backup stays there, however old it is and whatever the clock says. So a copy that nobody has verified replaces
nothing, a vault that takes no new backups keeps its old ones, and the last copy of a shop that is gone stays.

Days, weeks and months are counted among those that *have* a backup, for each vault by itself. After a year in which
none was made, the last seven days with one are still there. Newer is what was begun later by the database's count, not
by a clock.

A period's place is for the newest copy in it that was read back and found good: a damaged one, or one that nobody has
read, does not take a good one's place. So many of the newest periods that have a good copy keep one; beside them, so
many of the newest of all keep what they have, where that is nothing good.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from zargar.calendars.jalali import month_of
from zargar.clock import TEHRAN

IRANIAN_WEEK: Final = timedelta(days=2)
"""What is added to a day so that ISO's weeks, from Monday, become Iran's, from Saturday."""


class Kind(StrEnum):
    """Why a backup was made. `SNAPSHOT`: before a risky operation; it goes by itself."""

    DAILY = "daily"
    WEEKLY = "weekly"
    SHOP = "shop"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A backup as retention sees it.

    Attributes:
        backup: its id.
        number: counts up with each backup that is begun.
        made_at: the moment of its snapshot, aware UTC.
        holds: the ids of the shops whose packs it has, and the names of the other packs (`shared`). A shop that was
            erased since is left out: nobody can open its pack, so that nothing has to be kept for it.
        good_in: by vault that has it, whether that copy was read back and found good.
    """

    backup: str
    number: int
    kind: Kind
    made_at: datetime
    holds: frozenset[str]
    good_in: Mapping[str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How much is wanted: so many of the newest days, weeks, months, years that have a backup, and ages of the rest."""

    days: int = 7
    weeks: int = 5
    months: int = 12
    years: int = 7
    shop_copies: timedelta = timedelta(days=30)
    snapshots: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Plan:
    """What may go from which vault, and why each of the others stays. Both sorted."""

    remove: tuple[tuple[str, str], ...]
    stay: tuple[tuple[str, str, str], ...]


def plan(copies: Sequence[Copy], keep: Keep, *, now: datetime) -> Plan:
    """Decide for each backup in each vault. The order of `copies` does not matter."""
    remove, stay = [], []
    for vault in {name for copy in copies for name in copy.good_in}:
        there = sorted((copy for copy in copies if vault in copy.good_in), key=lambda copy: copy.number)
        needed, wanted = _needed(there, vault), _wanted(there, vault, keep, now=now)
        for copy in there:
            why = wanted.get(copy.backup) or needed.get(copy.backup)
            if why is None:
                remove.append((copy.backup, vault))
            else:
                stay.append((copy.backup, vault, why))
    return Plan(tuple(sorted(remove)), tuple(sorted(stay)))


def _wanted(there: Sequence[Copy], vault: str, keep: Keep, *, now: datetime) -> dict[str, str]:
    """Return the backups that the periods ask for in a vault, each with the first period that does."""
    wanted: dict[str, str] = {}
    for copy in there:
        age = {Kind.SNAPSHOT: keep.snapshots, Kind.SHOP: keep.shop_copies}.get(copy.kind)
        if age is not None and now - copy.made_at < age:
            wanted[copy.backup] = f"younger than {age.days} days"
    whole = [copy for copy in there if copy.kind in {Kind.DAILY, Kind.WEEKLY}]
    periods = (("day", keep.days, _day), ("week", keep.weeks, _week))
    longer = (("month", keep.months, _month), ("year", keep.years, _year))
    for name, count, period in (*periods, *longer):
        good = _newest_of_each([copy for copy in whole if copy.good_in[vault]], period)
        any_ = _newest_of_each(whole, period)
        for copy in good[:count]:
            wanted.setdefault(copy.backup, f"the last good one of its {name}")
        proven = {period(copy.made_at) for copy in good}
        for copy in any_[:count]:
            if period(copy.made_at) not in proven:
                wanted.setdefault(copy.backup, f"the last of its {name}")
    return wanted


def _newest_of_each(copies: Iterable[Copy], period: Callable[[datetime], object]) -> list[Copy]:
    """Return the newest backup of each period that has one, the newest first."""
    newest: dict[object, Copy] = {}
    for copy in sorted(copies, key=lambda copy: copy.number):
        newest[period(copy.made_at)] = copy
    return sorted(newest.values(), key=lambda copy: copy.number, reverse=True)


def _needed(there: Sequence[Copy], vault: str) -> dict[str, str]:
    """Return the backups that a vault cannot do without, and why: Note [What never goes]. `there`: the oldest first."""
    needed: dict[str, str] = {}
    replaced: set[str] = set()
    for copy in reversed(there):
        if alone := copy.holds - replaced:
            needed[copy.backup] = f"{len(alone)} of its {len(copy.holds)} packs have no newer verified copy in {vault}"
        if copy.good_in[vault]:
            replaced |= copy.holds
    return needed


def _day(moment: datetime) -> object:
    return moment.astimezone(TEHRAN).date()


def _week(moment: datetime) -> object:
    return (moment.astimezone(TEHRAN).date() + IRANIAN_WEEK).isocalendar()[:2]


def _month(moment: datetime) -> object:
    return month_of(moment.astimezone(TEHRAN).date())


def _year(moment: datetime) -> object:
    return month_of(moment.astimezone(TEHRAN).date())[0]
