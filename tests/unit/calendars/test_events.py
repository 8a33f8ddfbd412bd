"""Feasts and mourning against the published calendars of 1404 and 1405, and the rules that are easily got wrong."""

from datetime import date, timedelta
from itertools import pairwise

import jdatetime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.published_days import ENDS_ON_TUESDAY, NAMED, PUBLISHED
from zargar.calendars.events import (
    SPECS,
    Event,
    Mood,
    Named,
    Override,
    UnplacedEventError,
    all_between,
    mourning_between,
    occur,
    year_for,
)
from zargar.calendars.jalali import first_and_last, write_date
from zargar.calendars.lunar import Anchor, hijri_year, occurrences

Y1404 = first_and_last(1404)
Y1405 = first_and_last(1405)

days = st.dates(date(2001, 1, 1), date(2060, 1, 1))


def first_days(event: Event, since: date, until: date) -> list[date]:
    return [one.first for one in occur(event, since=since, until=until)]


@pytest.mark.parametrize(("event", "published"), PUBLISHED)
def test_an_event_is_on_its_published_day(event: Event, published: str) -> None:
    day = date.fromisoformat(published)
    around = timedelta(days=120)
    assert first_days(event, day - around, day + around) == [day]


def test_every_event_with_a_rule_is_in_1405_and_girls_day_waits_for_an_operator() -> None:
    found = {one.event for one in all_between(since=Y1405[0], until=Y1405[1])}
    assert set(Event) - found == {Event.GIRLS_DAY}
    assert isinstance(SPECS[Event.GIRLS_DAY].rule, Named)
    overrides = [
        Override(Event.GIRLS_DAY, year_for(Event.GIRLS_DAY, day), day)
        for day in (date.fromisoformat(published) for _, published in NAMED)
    ]  # fmt: skip
    assert [one.year for one in overrides] == [1446, 1447]
    found_days = occur(Event.GIRLS_DAY, since=Y1404[0], until=Y1405[1], overrides=overrides)
    assert [(one.first, one.by_operator) for one in found_days] == [
        (date(2025, 4, 29), True),
        (date(2026, 4, 19), True),
    ]


@pytest.mark.parametrize("year", ENDS_ON_TUESDAY)
def test_in_a_year_that_ends_on_a_tuesday_chaharshanbe_suri_is_not_its_last_tuesday(year: int) -> None:
    first, last = first_and_last(year)
    assert last.weekday() == 1
    assert first_days(Event.CHAHARSHANBE_SURI, first, last) == [last - timedelta(days=7)]


def test_chaharshanbe_suri_of_1402_was_on_22_esfand() -> None:
    (found,) = first_days(Event.CHAHARSHANBE_SURI, *first_and_last(1402))
    assert write_date(found) == "۱۴۰۲/۱۲/۲۲"


@settings(deadline=None)
@given(st.integers(1300, 1480))
def test_chaharshanbe_suri_is_a_tuesday_whose_morrow_is_the_last_wednesday_of_the_year(year: int) -> None:
    first, last = first_and_last(year)
    (found,) = first_days(Event.CHAHARSHANBE_SURI, first, last)
    wednesday = found + timedelta(days=1)
    assert wednesday.weekday() == 2
    assert wednesday <= last < wednesday + timedelta(days=7)


def test_mothers_day_is_right_for_every_announced_year() -> None:
    """20 Jumada II: a lunar year after the one before."""
    found = first_days(Event.MOTHERS_DAY, date(2001, 1, 1), date(2026, 12, 31))
    assert len(found) == 27
    assert {(later - earlier).days for earlier, later in pairwise(found)} <= {353, 354, 355, 356}
    # Five of the last ten years, as they were kept.
    assert {date(2018, 3, 9), date(2020, 2, 15), date(2022, 1, 23), date(2024, 1, 3), date(2025, 12, 11)} <= set(found)


def test_a_gregorian_year_may_hold_a_lunar_day_twice() -> None:
    found = first_days(Event.FATHERS_DAY, date(2026, 1, 1), date(2026, 12, 31))
    assert found == [date(2026, 1, 3), date(2026, 12, 23)]


def test_a_jalali_year_may_hold_a_lunar_day_twice_or_not_at_all() -> None:
    counted = {year: len(first_days(Event.MOTHERS_DAY, *first_and_last(year))) for year in range(1381, 1440)}
    assert set(counted.values()) == {1, 2}
    spread = {
        year: [one.year for one in occur(Event.EID_FITR, since=first_and_last(year)[0], until=first_and_last(year)[1])]
        for year in range(1381, 1440)
    }
    together = [number for years in spread.values() for number in years]
    assert together == list(range(together[0], together[0] + len(together)))


@settings(deadline=None)
@given(days)
def test_each_event_of_a_hijri_year_is_there_once(day: date) -> None:
    for anchor in Anchor:
        years = [one.year for one in occurrences(anchor, first=day, last=day + timedelta(days=1500))]
        assert years == list(range(years[0], years[0] + len(years)))
        assert len(years) in {4, 5}


def test_the_hijri_year_is_that_of_the_calendars() -> None:
    assert hijri_year(date(2026, 6, 16), month=1, day_of_month=1) == 1448
    assert hijri_year(date(2026, 6, 15), month=12, day_of_month=29) == 1447
    assert hijri_year(date(2026, 4, 19), month=11, day_of_month=1) == 1447


def test_what_the_moon_has_still_to_decide_is_marked() -> None:
    estimated = {one.event: one.estimated for one in all_between(since=Y1405[0], until=Y1405[1])}
    assert estimated[Event.NIMEH_SHABAN]
    assert estimated[Event.FATIMIYYA_FIRST]
    assert not estimated[Event.MOTHERS_DAY]
    assert not estimated[Event.NOWRUZ]


def test_a_day_can_be_a_feast_and_a_day_of_mourning() -> None:
    day = date(2026, 6, 4)
    found = {one.event: SPECS[one.event].mood for one in all_between(since=day, until=day)}
    assert found == {Event.EID_GHADIR: Mood.FEAST, Event.KHOMEINI: Mood.MOURNING}
    assert mourning_between(since=day, until=day) == {day}


def test_the_days_of_mourning_of_1405() -> None:
    found = mourning_between(since=Y1405[0], until=Y1405[1])
    assert sorted(found) == [
        date(2026, 4, 14), date(2026, 6, 4), date(2026, 6, 5), date(2026, 6, 24), date(2026, 6, 25), date(2026, 8, 4),
        date(2026, 8, 12), date(2026, 8, 13), date(2026, 8, 21), date(2026, 10, 24), date(2026, 10, 25),
        date(2026, 11, 13), date(2027, 1, 4), *(date(2027, 2, 27) + timedelta(days=n) for n in range(5)),
    ]  # fmt: skip
    chosen = mourning_between(since=Y1405[0], until=Y1405[1], by_choice=True)
    assert chosen - found == {date(2026, 6, 16) + timedelta(days=n) for n in range(12)} - found


def test_an_event_that_began_before_the_span_is_in_it_while_it_lasts() -> None:
    inside = date(2027, 3, 1)
    (qadr,) = occur(Event.QADR_NIGHTS, since=inside, until=inside)
    assert (qadr.first, qadr.last) == (date(2027, 2, 27), date(2027, 3, 3))
    assert mourning_between(since=inside, until=inside) == {inside}


def test_an_operators_day_replaces_the_rules_even_across_a_new_year() -> None:
    told = date(2026, 12, 24)
    override = Override(Event.FATHERS_DAY, year_for(Event.FATHERS_DAY, told), told)
    found = occur(Event.FATHERS_DAY, since=date(2026, 1, 1), until=date(2026, 12, 31), overrides=[override])
    assert [one.first for one in found] == [date(2026, 1, 3), told]
    assert occur(Event.FATHERS_DAY, since=date(2026, 12, 23), until=date(2026, 12, 23), overrides=[override]) == ()


@settings(deadline=None)
@given(
    st.sampled_from([event for event in Event if not isinstance(SPECS[event].rule, Named)]), days, st.integers(-9, 9)
)
def test_a_corrected_day_is_meant_for_the_occurrence_that_it_lies_nearest_to(event: Event, day: date, off: int) -> None:
    found = occur(event, since=day, until=day + timedelta(days=400))[0]
    assert year_for(event, found.first + timedelta(days=off)) == found.year


def test_a_day_beyond_all_known_calendars_is_refused() -> None:
    with pytest.raises(UnplacedEventError):
        year_for(Event.MOTHERS_DAY, date(2190, 1, 1))


@settings(deadline=None)
@given(days, st.integers(0, 60))
def test_what_is_between_two_days_is_what_is_on_each_of_them(day: date, length: int) -> None:
    until = day + timedelta(days=length)
    each = [mourning_between(since=one, until=one) for one in (day + timedelta(days=n) for n in range(length + 1))]
    assert mourning_between(since=day, until=until) == frozenset().union(*each)


@settings(deadline=None)
@given(st.integers(1380, 1450))
def test_yalda_is_the_last_evening_of_autumn(year: int) -> None:
    (found,) = first_days(Event.YALDA, *first_and_last(year))
    assert found + timedelta(days=1) == jdatetime.date(year, 10, 1).togregorian()
