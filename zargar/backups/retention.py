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

Note [Weekly ones]
------------------
A backup that was made as a weekly one is kept for as many weeks as are counted: each of them, though a daily one
follows it in an hour, and though a person's schedule makes two in a week. The last good daily one of a week has a
place beside them where no good weekly one of that week has all that it has whole: a weekly one that left shops out must
not stand for days that had them.

Note [Half a pack]
------------------
A folder may be readable in part, on a disk that dies. What was read of it is a good copy of that, and no newer copy of
all: it replaces what was read in part before it, and never the newest that has everything.
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
        in_part: those of `holds` of which something was left out: Note [Half a pack].
        remains_in: those of these vaults that have some of it alone, and no other vault can bring the rest. No period
            asks for such remains, but what else they may be needed for they are, as long as nothing replaces it.
    """

    backup: str
    number: int
    kind: Kind
    made_at: datetime
    holds: frozenset[str]
    good_in: Mapping[str, bool]
    in_part: frozenset[str] = frozenset()
    remains_in: frozenset[str] = frozenset()

    @property
    def whole(self) -> frozenset[str]:
        """What it has all of."""
        return self.holds - self.in_part


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


def vouching(copies: Sequence[Copy], backup: str, vault: str) -> tuple[str, ...]:
    """Return the backups by whose verified copies in a vault one of the same vault is replaced, the newest first.

    For each pack the newest that replaces it; a pack that nothing replaces has none, nor has what is not there.
    """
    there = sorted((copy for copy in copies if vault in copy.good_in), key=lambda copy: copy.number, reverse=True)
    one = next((copy for copy in there if copy.backup == backup), None)
    if one is None:
        return ()
    newer = [copy for copy in there if copy.number > one.number and copy.good_in[vault]]
    found: set[str] = set()
    for whole, packs in ((True, one.whole), (False, one.holds & one.in_part)):
        left = set(packs)
        for copy in newer:
            if its := left & (copy.whole if whole else copy.holds):
                found.add(copy.backup)
                left -= its
    return tuple(copy.backup for copy in newer if copy.backup in found)


def _wanted(there: Sequence[Copy], vault: str, keep: Keep, *, now: datetime) -> dict[str, str]:
    """Return the backups that the periods ask for in a vault, each with the first period that does."""
    wanted: dict[str, str] = {}
    asked = [copy for copy in there if vault not in copy.remains_in]
    for copy in asked:
        age = {Kind.SNAPSHOT: keep.snapshots, Kind.SHOP: keep.shop_copies}.get(copy.kind)
        if age is not None and now - copy.made_at < age:
            wanted[copy.backup] = f"younger than {age.days} days"
    everything = [copy for copy in asked if copy.kind in {Kind.DAILY, Kind.WEEKLY}]
    periods = (("day", keep.days, _day), ("week", keep.weeks, _week))
    longer = (("month", keep.months, _month), ("year", keep.years, _year))
    for name, count, period in (*periods, *longer):
        good = _by_period([copy for copy in everything if copy.good_in[vault]], period)
        any_ = _by_period(everything, period)
        newest = [*list(good)[:count], *(one for one in list(any_)[:count] if one not in good)]
        for one in newest:
            wanted = {**_stay(name, any_[one], good.get(one, ())), **wanted}
    return wanted


def _stay(period: str, copies: Sequence[Copy], good: Sequence[Copy]) -> dict[str, str]:
    """Return which of a period's backups stay, and why; `good`: those found good, both the oldest first."""
    weekly = [copy.backup for copy in copies if period == "week" and copy.kind is Kind.WEEKLY]
    stay = dict.fromkeys(weekly, "a weekly one of its week")
    if not any(copy.backup in stay and copy.whole >= good[-1].whole for copy in good):
        place = "the last good one of its" if good else "the last of its"
        stay[(good or copies)[-1].backup] = f"{place} {period}"
    return stay


def _by_period(copies: Iterable[Copy], period: Callable[[datetime], object]) -> dict[object, list[Copy]]:
    """Return the backups of each period that has one, the oldest first; first the period that has the newest."""
    found: dict[object, list[Copy]] = {}
    for copy in sorted(copies, key=lambda copy: copy.number, reverse=True):
        found.setdefault(period(copy.made_at), []).append(copy)
    return {one: its[::-1] for one, its in found.items()}


def _needed(there: Sequence[Copy], vault: str) -> dict[str, str]:
    """Return the backups that a vault cannot do without, and why: Note [What never goes]. `there`: the oldest first."""
    needed: dict[str, str] = {}
    replaced: set[str] = set()
    replaced_in_part: set[str] = set()
    for copy in reversed(there):
        if alone := (copy.whole - replaced) | ((copy.holds & copy.in_part) - replaced_in_part):
            needed[copy.backup] = f"{len(alone)} of its {len(copy.holds)} packs have no newer verified copy in {vault}"
        if copy.good_in[vault]:
            replaced |= copy.whole
            replaced_in_part |= copy.holds
    return needed


def _day(moment: datetime) -> object:
    return moment.astimezone(TEHRAN).date()


def _week(moment: datetime) -> object:
    return (moment.astimezone(TEHRAN).date() + IRANIAN_WEEK).isocalendar()[:2]


def _month(moment: datetime) -> object:
    return month_of(moment.astimezone(TEHRAN).date())


def _year(moment: datetime) -> object:
    return month_of(moment.astimezone(TEHRAN).date())[0]
