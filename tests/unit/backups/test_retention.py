"""What may go, and what never does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from zargar.backups.retention import Copy, Keep, Kind, plan, vouching
from zargar.calendars.jalali import month_of
from zargar.clock import TEHRAN
from zargar.schedules.cadence import slots_between
from zargar.schedules.catalogue import catalogue

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
DAY = timedelta(days=1)
BOTH = {"r2": True, "b2": True}
HOUSE = frozenset({"shared", "gold", "silver"})
KEEP = Keep()
KEEP_MONTHS_BEFORE = [(1404, month) for month in (10, 11, 12)] + [(1405, month) for month in range(1, 7)]
"""NOW lies in the ninth month of 1405: of twelve months the last three are among the days and weeks."""


def daily(number: int, *, ago: timedelta, good_in: Mapping[str, bool] | None = None) -> Copy:
    return Copy(
        backup=f"b{number:03}", number=number, kind=Kind.DAILY, made_at=NOW - ago, holds=HOUSE, good_in=good_in or BOTH
    )


def snapshot(number: int, shop: str, *, ago: timedelta) -> Copy:
    return replace(daily(number, ago=ago), kind=Kind.SNAPSHOT, holds=frozenset({shop}))


def a_year(*, without: range = range(0)) -> list[Copy]:
    return [daily(number, ago=(400 - number) * DAY) for number in range(400) if number not in without]


def removed(copies: list[Copy], *, keep: Keep = KEEP, now: datetime = NOW) -> set[str]:
    return {backup for backup, _ in plan(copies, keep, now=now).remove}


def test_days_weeks_months_and_years_each_keep_their_newest() -> None:
    copies = a_year()
    gone = removed(copies)
    kept = [copy for copy in copies if copy.backup not in gone]
    assert [copy.backup for copy in kept[-7:]] == [f"b{number}" for number in range(393, 400)]
    older = [copy.made_at.date() for copy in kept if copy.made_at < NOW - 40 * DAY]
    assert len(older) == len(KEEP_MONTHS_BEFORE)
    assert [month_of(day) for day in older] == KEEP_MONTHS_BEFORE
    assert all(month_of(day + DAY) != month_of(day) for day in older)


def test_nothing_ages_while_nothing_is_made() -> None:
    copies = a_year()
    assert removed(copies, now=NOW + 3650 * DAY) == removed(copies)


def test_a_clock_that_is_set_back_or_forward_removes_no_more() -> None:
    copies = a_year()
    for wrong in (NOW - 900 * DAY, NOW + 900 * DAY):
        assert removed(copies, now=wrong) == removed(copies)


def test_a_backup_that_was_never_verified_replaces_nothing() -> None:
    old = daily(1, ago=800 * DAY)
    newer = [daily(number, ago=(20 - number) * DAY, good_in={"r2": False, "b2": True}) for number in range(2, 20)]
    keep = Keep(days=1, weeks=1, months=1, years=1)
    decided = plan([old, *newer], keep, now=NOW)
    assert decided.stay[0] == ("b001", "r2", "the last good one of its day")
    assert ("b002", "r2", "3 of its 3 packs have no newer verified copy in r2") in decided.stay
    assert ("b001", "b2") in decided.remove
    nothing = Keep(days=0, weeks=0, months=0, years=0)
    assert plan([old, *newer], nothing, now=NOW).stay[0] == (
        "b001", "r2", "3 of its 3 packs have no newer verified copy in r2"
    )  # fmt: skip


def test_a_vault_that_takes_nothing_new_keeps_what_it_has() -> None:
    old = [daily(number, ago=(900 - number) * DAY) for number in range(3)]
    new = [daily(number, ago=(20 - number) * DAY, good_in={"b2": True}) for number in range(3, 19)]
    gone = plan([*old, *new], Keep(days=1, weeks=1, months=1, years=1), now=NOW).remove
    assert {backup for backup, vault in gone if vault == "r2"} == {"b000", "b001"}
    assert {backup for backup, vault in gone if vault == "b2"} >= {"b000", "b001", "b002"}


ENTRIES: Final = {entry.name: entry for entry in catalogue(prices_open=time(9), prices_close=time(21))}
MAKING: Final = {"daily-system-backup": Kind.DAILY, "weekly-system-backup": Kind.WEEKLY}


def week(copy: Copy) -> date:
    """The Saturday on which the week of a copy begins in Iran."""
    day = copy.made_at.astimezone(TEHRAN).date()
    return day - timedelta(days=(day.weekday() + 2) % 7)


def timetable(days: int) -> list[Copy]:
    """What the real entries make in so many days before `NOW`, all of it read back and found good."""
    made = sorted(
        (slot, kind) for name, kind in MAKING.items()
        for slot in slots_between(ENTRIES[name].cadence, NOW - days * DAY, NOW)
    )  # fmt: skip
    return [replace(daily(number, ago=NOW - slot), kind=kind) for number, (slot, kind) in enumerate(made, start=1)]


def nights(copies: list[Copy]) -> list[datetime]:
    """When the real clean-up runs, from the first of these on."""
    return slots_between(ENTRIES["cleanup-old-backups"].cadence, min(copy.made_at for copy in copies), NOW)


def swept(copies: list[Copy], *, keep: Keep = KEEP) -> list[Copy]:
    """Return what is left when each night has removed what it may, with no grace."""
    left: list[Copy] = []
    made = list(copies)
    for night in nights(copies):
        left += [copy for copy in made if copy.made_at <= night]
        made = [copy for copy in made if copy.made_at > night]
        gone = removed(left, keep=keep, now=night)
        left = [copy for copy in left if copy.backup not in gone]
    return left


def test_a_weekly_backup_of_the_real_timetable_stays_for_its_weeks_and_a_daily_one_for_its_days() -> None:
    """The weekly one is made in the second night of Iran's week, an hour before a daily one."""
    made = timetable(63)
    weekly = [copy for copy in made if copy.kind is Kind.WEEKLY]
    left = swept(made, keep=Keep(months=0, years=0))
    assert len(weekly) == 9
    assert [copy for copy in left if copy.kind is Kind.WEEKLY] == weekly[-5:]
    assert [copy for copy in left if copy.kind is Kind.DAILY] == [c for c in made if c.kind is Kind.DAILY][-7:]


def test_a_year_of_the_real_timetable_leaves_days_weeks_and_months() -> None:
    left = swept(timetable(400))
    assert sum(copy.kind is Kind.WEEKLY for copy in left) == 5
    months = {month_of(copy.made_at.astimezone(TEHRAN).date()) for copy in left}
    assert len(months) == 12
    assert len(left) == 7 + 5 + 10, "the end of the month before is among the days"


def test_two_weekly_backups_of_one_week_both_stay_for_its_weeks() -> None:
    """A person may have scheduled one of his own: `zargar backups schedule add --weekly`."""
    made = timetable(30)
    own = [replace(copy, kind=Kind.WEEKLY) if copy.made_at.astimezone(TEHRAN).weekday() == 2 else copy for copy in made]
    weekly = [copy for copy in own if copy.kind is Kind.WEEKLY]
    assert len(weekly) == 5 + 4
    assert [copy for copy in swept(own) if copy.kind is Kind.WEEKLY] == weekly


def test_a_daily_backup_has_the_place_of_a_week_without_a_good_weekly_one() -> None:
    made = timetable(28)
    first, second = [copy for copy in made if copy.kind is Kind.WEEKLY][:2]
    broken = replace(first, good_in={"r2": False, "b2": True})
    left = plan(
        [copy if copy != first else broken for copy in made if copy != second], Keep(months=0, years=0), now=NOW
    )
    reasons = {(backup, vault): why for backup, vault, why in left.stay}

    def of_the_week(one: Copy, vault: str) -> list[tuple[Kind, str]]:
        its = [copy for copy in made if week(copy) == week(one) and (copy.backup, vault) in reasons]
        return [(copy.kind, reasons[copy.backup, vault]) for copy in its]

    assert of_the_week(first, "b2") == [(Kind.WEEKLY, "a weekly one of its week")]
    assert of_the_week(first, "r2") == [
        (Kind.WEEKLY, "a weekly one of its week"), (Kind.DAILY, "the last good one of its week"),
    ]  # fmt: skip
    assert of_the_week(second, "r2") == [(Kind.DAILY, "the last good one of its week")]


def test_a_weekly_backup_that_left_shops_out_does_not_stand_for_the_days_that_had_them() -> None:
    made = timetable(63)
    hollow = [
        replace(copy, holds=frozenset({"shared"})) if copy.kind is Kind.WEEKLY else copy for copy in made
    ]  # fmt: skip
    left = swept(hollow, keep=Keep(months=0, years=0))
    weeks = sorted({week(copy) for copy in made})[-5:]
    assert {week(copy) for copy in left if copy.holds == HOUSE} >= set(weeks)
    assert [copy for copy in left if copy.kind is Kind.WEEKLY] == [c for c in hollow if c.kind is Kind.WEEKLY][-5:]


def test_a_folder_that_was_read_in_part_replaces_no_copy_of_all_of_it() -> None:
    """A disk that dies: what is read of it is less each night, and each night's copy is good for what it holds."""
    made = timetable(60)
    dying = [replace(copy, in_part=frozenset({"shared"})) for copy in made[20:]]
    left = [copy.backup for copy in swept([*made[:20], *dying], keep=Keep(days=1, weeks=0, months=0, years=0))]
    assert left == [made[19].backup, made[-1].backup]
    healed = [*made[:20], *dying[:-1], made[-1]]
    assert swept(healed, keep=Keep(days=1, weeks=0, months=0, years=0)) == [made[-1]]


def test_a_file_that_can_never_be_read_does_not_keep_every_backup() -> None:
    made = [replace(copy, in_part=frozenset({"shared"})) for copy in timetable(60)]
    assert len(swept(made, keep=Keep(days=3, weeks=0, months=0, years=0))) == 3


def test_what_is_left_of_a_copy_that_no_vault_can_complete_goes_when_all_of_it_is_replaced() -> None:
    half = replace(daily(1, ago=2 * DAY), good_in={"b2": False}, remains_in=frozenset({"b2"}))
    unread = daily(2, ago=DAY, good_in={"b2": False})
    assert removed([half, unread]) == set()
    assert removed([half, daily(2, ago=DAY, good_in={"r2": True})]) == set()
    assert removed([half, daily(2, ago=DAY)]) == {"b001"}
    assert removed([replace(half, holds=HOUSE | {"closed"}), daily(2, ago=DAY)]) == set()


def test_those_whose_word_a_removal_goes_by_are_the_newest_verified_ones_of_its_vault() -> None:
    old = replace(daily(1, ago=9 * DAY), holds=HOUSE | {"closed"})
    closed = replace(daily(2, ago=8 * DAY), holds=frozenset({"closed"}), kind=Kind.SHOP)
    newer = [daily(3, ago=2 * DAY), daily(4, ago=DAY), daily(5, ago=DAY, good_in={"r2": False, "b2": True})]
    assert vouching([old, closed, *newer], "b001", "r2") == ("b004", "b002")
    assert vouching([old, closed, *newer], "b001", "b2") == ("b005", "b002")
    part = replace(newer[1], in_part=frozenset({"gold"}))
    assert vouching([old, closed, newer[0], part], "b001", "r2") == ("b004", "b003", "b002")
    assert vouching([old, closed, newer[0], part], "b003", "r2") == ("b004",)


def test_the_copy_of_a_shop_that_is_gone_stays() -> None:
    closed = replace(daily(1, ago=900 * DAY), holds=HOUSE | {"closed"})
    assert "b001" not in removed([closed, *a_year_after(1)])


def a_year_after(number: int) -> list[Copy]:
    return [replace(copy, number=copy.number + number + 1, backup=f"c{copy.number}") for copy in a_year()]


def test_a_snapshot_goes_by_itself_once_a_newer_copy_is_proven() -> None:
    taken = snapshot(1, "gold", ago=8 * DAY)
    assert removed([taken]) == set()
    assert removed([taken, daily(2, ago=DAY)]) == {"b001"}
    assert removed([replace(taken, made_at=NOW - 6 * DAY), daily(2, ago=DAY)]) == set()


def test_a_damaged_copy_does_not_take_the_place_of_the_good_one_of_its_day() -> None:
    good, damaged = daily(1, ago=3 * DAY), daily(2, ago=3 * DAY - timedelta(hours=1), good_in={"r2": False, "b2": True})
    decided = plan([good, damaged, daily(3, ago=DAY)], Keep(days=2, weeks=0, months=0, years=0), now=NOW)
    assert {backup for backup, vault in decided.remove if vault == "r2"} == {"b002"}
    assert {backup for backup, vault in decided.remove if vault == "b2"} == {"b001"}


def test_a_copy_that_one_vault_lacks_does_not_take_the_place_of_the_one_that_it_has() -> None:
    both, half = daily(1, ago=3 * DAY), daily(2, ago=3 * DAY - timedelta(hours=1), good_in={"b2": True})
    decided = plan([both, half, daily(3, ago=DAY)], Keep(days=2, weeks=0, months=0, years=0), now=NOW)
    assert decided.remove == (("b001", "b2"),)


def test_days_of_which_nothing_is_good_do_not_use_up_the_count_of_the_good_ones() -> None:
    good = [daily(number, ago=(40 - number) * DAY) for number in range(7)]
    bad = [daily(number, ago=(40 - number) * DAY, good_in={"r2": False}) for number in range(7, 30)]
    last = daily(30, ago=DAY)
    gone = removed([*good, *bad, last], keep=Keep(days=7, weeks=0, months=0, years=0))
    assert {copy.backup for copy in good[1:]} & gone == set()
    assert {copy.backup for copy in bad[:-6]} <= gone


@st.composite
def houses(draw: st.DrawFn) -> list[Copy]:
    """Backups of any kind at any moment, clocks wrong, in any vaults, verified or not, holding any shops."""
    return [
        Copy(
            backup=f"b{number:03}",
            number=number,
            kind=draw(st.sampled_from(Kind)),
            made_at=NOW + timedelta(hours=draw(st.integers(-30_000, 10_000))),
            holds=draw(st.frozensets(st.sampled_from(["shared", "gold", "silver", "closed"]), min_size=1)),
            good_in=draw(st.dictionaries(st.sampled_from(["r2", "b2"]), st.booleans())),
            in_part=draw(st.frozensets(st.sampled_from(["shared", "gold"]), max_size=1)),
        )
        for number in range(draw(st.integers(0, 14)))
    ]


COUNTS = st.integers(0, 3)
KEEPS = st.builds(
    Keep, days=COUNTS, weeks=COUNTS, months=COUNTS, years=COUNTS,
    shop_copies=st.timedeltas(timedelta(), 60 * DAY), snapshots=st.timedeltas(timedelta(), 60 * DAY),
)  # fmt: skip
CLOCKS = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- hypothesis asks for naive bounds


@given(houses(), KEEPS, CLOCKS)
def test_the_last_verified_copy_of_anything_in_any_vault_is_never_removed(
    copies: list[Copy], keep: Keep, now: datetime
) -> None:
    gone = set(plan(copies, keep, now=now).remove)
    for vault in ("r2", "b2"):
        for held in ("shared", "gold", "silver", "closed"):
            good = [copy for copy in copies if held in copy.holds and copy.good_in.get(vault)]
            if good:
                last = max(good, key=lambda copy: copy.number)
                assert (last.backup, vault) not in gone
            if whole := [copy for copy in good if held in copy.whole]:
                last = max(whole, key=lambda copy: copy.number)
                assert (last.backup, vault) not in gone, "whatever was read in part since"


@given(houses(), KEEPS, CLOCKS)
def test_each_pack_of_what_may_go_has_a_newer_verified_copy_that_is_named_in_the_same_vault(
    copies: list[Copy], keep: Keep, now: datetime
) -> None:
    known = {copy.backup: copy for copy in copies}
    for backup, vault in plan(copies, keep, now=now).remove:
        named = [known[one] for one in vouching(copies, backup, vault)]
        assert all(one.good_in[vault] and one.number > known[backup].number for one in named)
        assert known[backup].holds <= {held for one in named for held in one.holds}
        assert known[backup].whole <= {held for one in named for held in one.whole}


OUTCOMES: Final[tuple[Mapping[str, bool], ...]] = (
    {"r2": True, "b2": True}, {"r2": False, "b2": True}, {"r2": True}, {"b2": False}, {},
)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Copy], bool]:
    """Seven weeks of the real timetable, with failures, days without any, a clock that jumps; and whether it did."""
    made = timetable(49)
    paused = draw(st.integers(0, 40))
    until = paused + draw(st.integers(0, 30))
    jump, ahead = draw(st.integers(0, 56)), timedelta(hours=draw(st.sampled_from([0, 0, 30, 9_000, -30, -9_000])))
    lived = [
        replace(
            copy,
            made_at=copy.made_at + ahead * (number >= jump),
            good_in=draw(st.sampled_from(OUTCOMES)),
            holds=draw(st.sampled_from([HOUSE, HOUSE, HOUSE | {"closed"}, HOUSE - {"gold"}])),
        )
        for number, copy in enumerate(made)
        if not paused <= number < until
    ]
    return lived, bool(ahead)


@given(histories(), st.builds(Keep, days=COUNTS, weeks=COUNTS, months=COUNTS, years=COUNTS))
def test_whatever_fails_and_however_the_clock_jumps_the_last_verified_copy_and_the_weekly_ones_are_there(
    history: tuple[list[Copy], bool], keep: Keep
) -> None:
    made, jumped = history
    gone: set[tuple[str, str]] = set()
    for number, newest in enumerate(made, start=1):
        there = [
            replace(
                copy, good_in={vault: good for vault, good in copy.good_in.items() if (copy.backup, vault) not in gone}
            )
            for copy in made[:number]
        ]
        gone |= set(plan(there, keep, now=newest.made_at).remove)
        for vault in ("r2", "b2"):
            good = [copy for copy in made[:number] if copy.good_in.get(vault)]
            for held in {held for copy in good for held in copy.holds}:
                assert ([copy.backup for copy in good if held in copy.holds][-1], vault) not in gone
            since = week(newest) - 7 * DAY * (keep.weeks - 1)
            weekly = [c for c in good if c.kind is Kind.WEEKLY and week(c) >= since and keep.weeks and not jumped]
            assert not [copy for copy in weekly if (copy.backup, vault) in gone]


@given(houses(), KEEPS, CLOCKS)
def test_a_period_that_has_a_good_copy_in_a_vault_keeps_a_good_one_there(
    copies: list[Copy], keep: Keep, now: datetime
) -> None:
    gone = set(plan(copies, keep, now=now).remove)
    for vault in ("r2", "b2"):
        good = [copy for copy in copies if copy.kind in {Kind.DAILY, Kind.WEEKLY} and copy.good_in.get(vault)]
        for count, period in (
            (keep.days, lambda copy: copy.made_at.astimezone(TEHRAN).date()),
            (keep.weeks, week),
            (keep.months, lambda copy: month_of(copy.made_at.astimezone(TEHRAN).date())),
            (keep.years, lambda copy: month_of(copy.made_at.astimezone(TEHRAN).date())[0]),
        ):
            newest = {period(copy): copy.number for copy in sorted(good, key=lambda copy: copy.number)}
            for wanted in sorted(newest, key=lambda one: newest[one], reverse=True)[:count]:
                there = [copy for copy in good if period(copy) == wanted]
                assert any((copy.backup, vault) not in gone for copy in there)
                if period is week:
                    last = max(there, key=lambda copy: copy.number)
                    stay = [copy for copy in there if (copy.backup, vault) not in gone]
                    assert last in stay or any(copy.kind is Kind.WEEKLY and copy.whole >= last.whole for copy in stay)
                    assert not [c for c in there if c.kind is Kind.WEEKLY and (c.backup, vault) in gone]


@given(houses(), KEEPS, CLOCKS)
def test_what_is_newer_than_the_last_verified_copy_is_never_removed(
    copies: list[Copy], keep: Keep, now: datetime
) -> None:
    gone = set(plan(copies, keep, now=now).remove)
    for copy in copies:
        for vault in copy.good_in:
            newer = [other for other in copies if other.number > copy.number and other.good_in.get(vault)]
            if not copy.holds <= {held for other in newer for held in other.holds}:
                assert (copy.backup, vault) not in gone


@given(houses(), KEEPS, CLOCKS, st.randoms(use_true_random=False))
def test_every_copy_is_decided_once_and_order_is_irrelevant(
    copies: list[Copy], keep: Keep, now: datetime, random: Random
) -> None:
    decided = plan(copies, keep, now=now)
    shuffled = list(copies)
    random.shuffle(shuffled)
    assert plan(shuffled, keep, now=now) == decided
    told = [*decided.remove, *((backup, vault) for backup, vault, _ in decided.stay)]
    assert sorted(told) == sorted((copy.backup, vault) for copy in copies for vault in copy.good_in)
