"""The calendar against what was published, and birthdays on 30 Esfand over fifty years. Counts, and no time.

The published days are those of the tests (`tests/support/published_days.py`). Birthdays are told by walking every day
of fifty years, as the daily greeting does, and compared with the leap years as they were published.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import jdatetime

from bench.machine import facts, report
from tests.support.published_days import ENDS_ON_TUESDAY, LEAP_YEARS, NAMED, PUBLISHED
from zargar.calendars.anniversaries import Missing, has_birthday
from zargar.calendars.events import SPECS, Event, Named, Override, occur, year_for
from zargar.calendars.jalali import first_and_last

AROUND: Final = timedelta(days=120)
YEARS: Final = range(1400, 1450)
LEAP_BORN: Final = (1354, 1370, 1375, 1399)


def main() -> None:
    """Compare, and print a line for each."""
    overrides = [Override(event, year_for(event, day), day) for event, day in _days(NAMED)]
    wrong = [
        f"{event} {day}"
        for event, day in (*_days(PUBLISHED), *_days(NAMED))
        if [one.first for one in occur(event, since=day - AROUND, until=day + AROUND, overrides=overrides)] != [day]
    ]
    checked = {event for event, _ in (*PUBLISHED, *NAMED)}
    report(
        "calendar",
        published_days=len(PUBLISHED) + len(NAMED),
        events_checked=len(checked),
        rules=sum(not isinstance(spec.rule, Named) for spec in SPECS.values()),
        wrong=wrong + [f"chaharshanbe_suri {year}" for year in ENDS_ON_TUESDAY if not _a_week_early(year)],
    )
    for missing in Missing:
        told = {born: _greeted(born, missing) for born in LEAP_BORN}
        expected = _expected(missing)
        report(
            "leap_day_birthdays",
            policy=missing,
            years=len(YEARS),
            customers=len(told),
            greetings=sum(map(len, told.values())),
            wrong=[born for born, found in told.items() if found != expected],
        )


def _days(published: list[tuple[Event, str]]) -> Iterator[tuple[Event, date]]:
    return ((event, date.fromisoformat(day)) for event, day in published)


def _a_week_early(year: int) -> bool:
    first, last = first_and_last(year)
    (eve,) = occur(Event.CHAHARSHANBE_SURI, since=first, until=last)
    return eve.first == last - timedelta(days=7)


def _greeted(born: int, missing: Missing) -> list[date]:
    birth = jdatetime.date(born, 12, 30).togregorian()
    first, last = first_and_last(YEARS.start)[0], first_and_last(YEARS.stop - 1)[1]
    every = (first + timedelta(days=day) for day in range((last - first).days + 1))
    return [day for day in every if has_birthday(birth, today=day, missing=missing)]


def _expected(missing: Missing) -> list[date]:
    """Return the days by the published leap years alone."""
    found: list[date] = []
    for year in YEARS:
        nowruz = jdatetime.date(year, 1, 1).togregorian()
        ends = jdatetime.date(year + 1, 1, 1).togregorian() - timedelta(days=1)
        if missing is Missing.FORWARD and year - 1 not in LEAP_YEARS:
            found.append(nowruz)
        if year in LEAP_YEARS or missing is Missing.BACKWARD:
            found.append(ends)
    return found


if __name__ == "__main__":
    report("machine", **facts())
    main()
