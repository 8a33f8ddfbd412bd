"""What may go, and what never does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from zargar.backups.retention import Copy, Keep, Kind, plan
from zargar.calendars.jalali import month_of
from zargar.clock import TEHRAN

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
    kept = [copy for copy in copies if copy.backup not in removed(copies)]
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


@given(houses(), KEEPS, CLOCKS)
def test_a_period_that_has_a_good_copy_in_a_vault_keeps_a_good_one_there(
    copies: list[Copy], keep: Keep, now: datetime
) -> None:
    gone = set(plan(copies, keep, now=now).remove)
    for vault in ("r2", "b2"):
        good = [copy for copy in copies if copy.kind in {Kind.DAILY, Kind.WEEKLY} and copy.good_in.get(vault)]
        for count, period in (
            (keep.days, lambda copy: copy.made_at.astimezone(TEHRAN).date()),
            (keep.months, lambda copy: month_of(copy.made_at.astimezone(TEHRAN).date())),
            (keep.years, lambda copy: month_of(copy.made_at.astimezone(TEHRAN).date())[0]),
        ):
            newest = {period(copy): copy.number for copy in sorted(good, key=lambda copy: copy.number)}
            for wanted in sorted(newest, key=lambda one: newest[one], reverse=True)[:count]:
                there = [copy for copy in good if period(copy) == wanted]
                assert any((copy.backup, vault) not in gone for copy in there)


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
