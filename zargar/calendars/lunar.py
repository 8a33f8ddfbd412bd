"""When the days of the lunar (Hijri) calendar fall in Iran, from what is known of its public holidays. Pure.

The month begins when the moon is seen, in Iran mostly a day later than by the Umm al-Qura calendar that libraries
compute (same day 35 %, a day later 65 % over thirty years), so no arithmetic gives it. What gives it are the holidays
that Iran has announced: the package `holidays` (MIT) carries them, exact as far as its release has seen announced and
marked "estimated" beyond. A day near a holiday of the same month follows from it exactly: Mother's Day is the martyrdom
of Fatima and 17 days, right in 27 of 27 years.

A lunar year is some 11 days shorter than a solar one, so a Jalali year may hold one lunar day twice or not at all.
Nothing here asks "when is it in 1405": the days between two dates are looked for, each under its own Hijri year.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import Final

import holidays

KNOWN: Final = range(1981, 2077)
"""The Gregorian years that the package knows."""

_ESTIMATED: Final = " (estimated)"
_EPOCH: Final = date(622, 7, 19).toordinal()
"""1 Muharram of the year 1, Gregorian."""
_YEAR: Final = 354.36667
_MONTH: Final = 29.530588


class Anchor(Enum):
    """A holiday that is announced: its name in the package, and its month and day (30: the last of Safar)."""

    TASUA = ("Tasua", 1, 9)
    ASHURA = ("Ashura", 1, 10)
    ARBAEEN = ("Arbaeen", 2, 20)
    PROPHET = ("Death of Prophet Muhammad and Martyrdom of Hasan ibn Ali", 2, 28)
    IMAM_REZA = ("Martyrdom of Ali al-Rida", 2, 30)
    IMAM_ASKARI = ("Martyrdom of Hasan al-Askari", 3, 8)
    PROPHETS_BIRTHDAY = ("Birthday of Muhammad and Imam Ja'far al-Sadiq", 3, 17)
    FATIMA = ("Martyrdom of Fatima", 6, 3)
    IMAM_ALIS_BIRTHDAY = ("Birthday of Imam Ali", 7, 13)
    MABATH = ("Isra' and Mi'raj", 7, 27)
    NIMEH_SHABAN = ("Birthday of Mahdi", 8, 15)
    IMAM_ALI = ("Martyrdom of Imam Ali", 9, 21)
    FITR = ("Eid al-Fitr", 10, 1)
    IMAM_SADIQ = ("Martyrdom of Imam Ja'far al-Sadiq", 10, 25)
    ADHA = ("Eid al-Adha", 12, 10)
    GHADIR = ("Eid al-Ghadir", 12, 18)

    def __init__(self, title: str, month: int, day: int) -> None:
        self.title = title
        self.month = month
        self.day = day


@dataclass(frozen=True, slots=True)
class LunarDay:
    """A day of a Hijri year; `estimated` while the moon has still to be seen."""

    year: int
    day: date
    estimated: bool


def occurrences(anchor: Anchor, *, first: date, last: date) -> Iterator[LunarDay]:
    """Yield the days of `anchor` in [first, last], in order; none beyond the years that are `KNOWN`."""
    for year in range(max(first.year, KNOWN.start), min(last.year + 1, KNOWN.stop)):
        for found in _of_gregorian_year(year).get(anchor, ()):
            if first <= found.day <= last:
                yield found


def hijri_year(day: date, *, month: int, day_of_month: int) -> int:
    """Return the Hijri year of a day whose Hijri month and day are known, to within some days."""
    new_year = day.toordinal() - (month - 1) * _MONTH - (day_of_month - 1)
    return round((new_year - _EPOCH) / _YEAR) + 1


@lru_cache(maxsize=len(KNOWN))
def _of_gregorian_year(year: int) -> dict[Anchor, tuple[LunarDay, ...]]:
    library = holidays.country_holidays("IR", years=year, language="en_US", islamic_show_estimated=True)
    found: dict[Anchor, list[LunarDay]] = {}
    for day, names in sorted(library.items()):
        for name in names.split("; "):
            anchor = _BY_TITLE.get(name.replace(_ESTIMATED, ""))
            if anchor is not None:
                number = hijri_year(day, month=anchor.month, day_of_month=anchor.day)
                found.setdefault(anchor, []).append(LunarDay(number, day, _ESTIMATED in name))
    return {anchor: tuple(days) for anchor, days in found.items()}


_BY_TITLE: Final = {anchor.title: anchor for anchor in Anchor}
