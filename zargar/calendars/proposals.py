"""The closed days of a Jalali year as far as they can be told beforehand: a start that a person corrects. Pure.

Official days come from the package `holidays` (MIT), public category. Its lunar dates are exact for the years that its
release has seen announced (all 17 of 2020 to 2026 were), and marked "estimated" beyond: of 18 in 2027, 3 differ from
the prediction by Iran's own table. It carries closures by decree only after the fact.

Bazaar closures are in no library. Proposed are the six days from 7 to 12 Muharram, counted from the package's Ashura
(10 Muharram) and always marked estimated, since the trustees decide each year.
"""

from datetime import date, timedelta
from typing import Final

import holidays

from zargar.calendars.closures import Closure, Kind
from zargar.calendars.jalali import first_and_last
from zargar.refusals import InvalidError

ASHURA: Final = "عاشورای حسینی"
MOURNING: Final = "تعطیلی بازار در دهه محرم"
BEFORE_ASHURA: Final = 3
AFTER_ASHURA: Final = 2
_ESTIMATED: Final = " (تخمینی)"


class UnknownYearError(InvalidError):
    """The library does not know the lunar days of that year, so that most closures would be missing."""


def closures_of(year: int) -> tuple[Closure, ...]:
    """Return the closed days of a Jalali year, by day.

    Raises `NotJalaliError` for a year that nobody means, `UnknownYearError` for one whose Ashura is not known: there is
    one in every Jalali year, since the lunar year is the shorter.
    """
    first, last = first_and_last(year)
    known = _official(first, last)
    ashuras = [closure.day for closure in known if ASHURA in closure.name and first <= closure.day <= last]
    if not ashuras:
        message = f"{year}: {UnknownYearError.__doc__}"
        raise UnknownYearError(message)
    found = [*known, *_bazaar(known)]
    return tuple(sorted(closure for closure in found if first <= closure.day <= last))


def _official(first: date, last: date) -> list[Closure]:
    """Return the official days of all Gregorian years that the span touches: an Ashura near its ends is seen, too."""
    library = holidays.country_holidays(
        "IR", years=range(first.year, last.year + 1), language="fa_IR", islamic_show_estimated=True
    )
    return [
        Closure(day, Kind.OFFICIAL, names.replace(_ESTIMATED, ""), estimated=_ESTIMATED in names)
        for day, names in sorted(library.items())
    ]


def _bazaar(official: list[Closure]) -> list[Closure]:
    return [
        Closure(closure.day + timedelta(days=offset), Kind.BAZAAR, MOURNING, estimated=True)
        for closure in official
        if ASHURA in closure.name
        for offset in range(-BEFORE_ASHURA, AFTER_ASHURA + 1)
    ]
