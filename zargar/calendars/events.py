"""The days of the year that a jeweller's customers live by: feasts, and days of mourning. Rules, not dates. Pure.

Solar days are the Jalali calendar's. Three are not what a hurried rule makes of them. Yalda is the eve of 1 Dey: the
evening of 30 Azar. Chaharshanbe Suri is the eve of the last *Wednesday* of the year, and not its last Tuesday, which is
a week later in a year that ends on a Tuesday (1402: 22 Esfand, as the press had it; also 1396, 1413, 1419). Girls' Day
(1 Dhu al-Qa'da) follows from no holiday of its month, so it has only the days that an operator names.

Lunar days are counted from announced holidays (`lunar`). 13 Jumada I lies in another month than the holiday that it is
counted from, which may have 29 or 30 days: both days that it can be are held.

What an operator says (`Override`) replaces the day of one event in one year: Hijri for lunar, Jalali for others. A day
can be both: 2026-06-04 is Eid al-Ghadir and a day of mourning. Days are of Tehran; an event of an evening has the day
on which the evening begins. Old customs with two days in use (Tirgan 4/10 and 4/13, Mehregan 7/10 and 7/16,
Sepandarmazgan 11/29 and 12/5) have the first, as the Zoroastrian count that the country's calendar page follows.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

import jdatetime

from zargar.calendars.jalali import YEARS, first_and_last
from zargar.calendars.lunar import Anchor, hijri_year, occurrences
from zargar.refusals import InvalidError

_DAY: Final = timedelta(days=1)
_WEDNESDAY: Final = 2
_ASKED_FOR: Final = 256
_LONGEST: Final = timedelta(days=31)
"""No event lasts as long, nor lies as far from the holiday that it is counted from."""
_NEAREST: Final = timedelta(days=170)
"""A day within this of an event's is meant for that year of it: less than half of the shorter year."""


class UnplacedEventError(InvalidError):
    """Nobody can tell which year of the event this day is meant for: the calendar of that year is not known."""


class Event(StrEnum):
    """An event's name in rows, rules and commands."""

    NOWRUZ = "nowruz"
    SIZDAH_BEDAR = "sizdah_bedar"
    TEACHERS_DAY = "teachers_day"
    TIRGAN = "tirgan"
    MEHREGAN = "mehregan"
    YALDA = "yalda"
    SADEH = "sadeh"
    SEPANDARMAZGAN = "sepandarmazgan"
    GOLD_INDUSTRY_DAY = "gold_industry_day"
    CHAHARSHANBE_SURI = "chaharshanbe_suri"
    VALENTINE = "valentine"
    MOTHERS_DAY = "mothers_day"
    FATHERS_DAY = "fathers_day"
    GIRLS_DAY = "girls_day"
    MARRIAGE_DAY = "marriage_day"
    YOUTH_DAY = "youth_day"
    NIMEH_SHABAN = "nimeh_shaban"
    PROPHETS_BIRTHDAY = "prophets_birthday"
    MABATH = "mabath"
    EID_FITR = "eid_fitr"
    EID_ADHA = "eid_adha"
    EID_GHADIR = "eid_ghadir"
    MUHARRAM_FIRST_DAYS = "muharram_first_days"
    TASUA = "tasua"
    ASHURA = "ashura"
    ARBAEEN = "arbaeen"
    PROPHETS_DEATH = "prophets_death"
    IMAM_REZA = "imam_reza"
    IMAM_ASKARI = "imam_askari"
    FATIMIYYA_FIRST = "fatimiyya_first"
    FATIMIYYA = "fatimiyya"
    IMAM_KAZEM = "imam_kazem"
    QADR_NIGHTS = "qadr_nights"
    IMAM_SADIQ = "imam_sadiq"
    KHOMEINI = "khomeini"
    KHORDAD_15 = "khordad_15"


class Mood(StrEnum):
    """What an event is to those who live it."""

    FEAST = "feast"
    MOURNING = "mourning"
    MOURNING_BY_CHOICE = "mourning_by_choice"
    """Days on which some shops rest from promotion and others do not."""


@dataclass(frozen=True, slots=True)
class Solar:
    """A day of each Jalali year."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Gregorian:
    """A day of each Gregorian year."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class LastWednesdayEve:
    """The Tuesday before the last Wednesday of each Jalali year."""


@dataclass(frozen=True, slots=True)
class Lunar:
    """So many days after an announced holiday. `sure`: they lie in one month, so that the distance is exact."""

    anchor: Anchor
    after: int = 0
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Named:
    """A day of the Hijri year that only an operator can name."""

    month: int
    day: int


Rule: TypeAlias = Solar | Gregorian | LastWednesdayEve | Lunar | Named


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of an event: its name for people, when it is, how many days it lasts, what it is to them."""

    title: str
    rule: Rule
    mood: Mood = Mood.FEAST
    days: int = 1


def _mourning(title: str, rule: Rule, days: int = 1) -> Spec:
    return Spec(title, rule, Mood.MOURNING, days)


SPECS: Final[Mapping[Event, Spec]] = MappingProxyType({
    Event.NOWRUZ: Spec("نوروز", Solar(1, 1)),
    Event.SIZDAH_BEDAR: Spec("سیزده‌به‌در", Solar(1, 13)),
    Event.TEACHERS_DAY: Spec("روز معلم", Solar(2, 12)),
    Event.TIRGAN: Spec("تیرگان", Solar(4, 10)),
    Event.MEHREGAN: Spec("مهرگان", Solar(7, 10)),
    Event.YALDA: Spec("شب یلدا", Solar(9, 30)),
    Event.SADEH: Spec("سده", Solar(11, 10)),
    Event.SEPANDARMAZGAN: Spec("سپندارمذگان", Solar(11, 29)),
    Event.GOLD_INDUSTRY_DAY: Spec("روز صنعت طلا، جواهر، نقره و گوهرسنگ‌ها", Solar(12, 23)),
    Event.CHAHARSHANBE_SURI: Spec("چهارشنبه‌سوری", LastWednesdayEve()),
    Event.VALENTINE: Spec("ولنتاین", Gregorian(2, 14)),
    Event.MOTHERS_DAY: Spec("روز مادر", Lunar(Anchor.FATIMA, 17)),
    Event.FATHERS_DAY: Spec("روز پدر", Lunar(Anchor.IMAM_ALIS_BIRTHDAY)),
    Event.GIRLS_DAY: Spec("روز دختر", Named(11, 1)),
    Event.MARRIAGE_DAY: Spec("روز ازدواج", Lunar(Anchor.ADHA, -9)),
    Event.YOUTH_DAY: Spec("روز جوان", Lunar(Anchor.NIMEH_SHABAN, -4)),
    Event.NIMEH_SHABAN: Spec("نیمه شعبان", Lunar(Anchor.NIMEH_SHABAN)),
    Event.PROPHETS_BIRTHDAY: Spec("میلاد رسول اکرم", Lunar(Anchor.PROPHETS_BIRTHDAY)),
    Event.MABATH: Spec("مبعث", Lunar(Anchor.MABATH)),
    Event.EID_FITR: Spec("عید فطر", Lunar(Anchor.FITR)),
    Event.EID_ADHA: Spec("عید قربان", Lunar(Anchor.ADHA)),
    Event.EID_GHADIR: Spec("عید غدیر", Lunar(Anchor.GHADIR)),
    Event.MUHARRAM_FIRST_DAYS: Spec("دوازده روز نخست محرم", Lunar(Anchor.ASHURA, -9), Mood.MOURNING_BY_CHOICE, 12),
    Event.TASUA: _mourning("تاسوعا", Lunar(Anchor.TASUA)),
    Event.ASHURA: _mourning("عاشورا", Lunar(Anchor.ASHURA)),
    Event.ARBAEEN: _mourning("اربعین", Lunar(Anchor.ARBAEEN)),
    Event.PROPHETS_DEATH: _mourning("رحلت پیامبر و شهادت امام حسن", Lunar(Anchor.PROPHET)),
    Event.IMAM_REZA: _mourning("شهادت امام رضا", Lunar(Anchor.IMAM_REZA)),
    Event.IMAM_ASKARI: _mourning("شهادت امام حسن عسکری", Lunar(Anchor.IMAM_ASKARI)),
    Event.FATIMIYYA_FIRST: _mourning("فاطمیه نخست", Lunar(Anchor.FATIMA, -20, sure=False), 2),
    Event.FATIMIYYA: _mourning("شهادت حضرت فاطمه", Lunar(Anchor.FATIMA)),
    Event.IMAM_KAZEM: _mourning("شهادت امام کاظم", Lunar(Anchor.IMAM_ALIS_BIRTHDAY, 12)),
    Event.QADR_NIGHTS: _mourning("شب‌های قدر و شهادت امام علی", Lunar(Anchor.IMAM_ALI, -2), 5),
    Event.IMAM_SADIQ: _mourning("شهادت امام صادق", Lunar(Anchor.IMAM_SADIQ)),
    Event.KHOMEINI: _mourning("رحلت امام خمینی", Solar(3, 14)),
    Event.KHORDAD_15: _mourning("قیام ۱۵ خرداد", Solar(3, 15)),
})  # fmt: skip
"""The mourning days are a custom of the trade, not a law; no ban of promotion on them was found."""


@dataclass(frozen=True, slots=True)
class Override:
    """An operator's word: in `year` the event begins on `day`."""

    event: Event
    year: int
    day: date


@dataclass(frozen=True, slots=True, order=True)
class Occurrence:
    """One event of one year: its first day, how many, and whether that is certain yet."""

    first: date
    event: Event
    year: int
    days: int
    estimated: bool
    by_operator: bool = False

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first + (self.days - 1) * _DAY

    def all_days(self) -> Iterator[date]:
        """Yield each of its days."""
        for day in range(self.days):
            yield self.first + day * _DAY


def occur(
    event: Event, *, since: date, until: date, overrides: Iterable[Override] = ()
) -> tuple[Occurrence, ...]:  # fmt: skip
    """Return when an event is in [since, until], in order; one that reaches in from before is in it."""
    spec = SPECS[event]
    told = {told.year: told.day for told in overrides if told.event is event}
    found = [one for one in _by_rule(event, spec, since - _LONGEST, until + _LONGEST) if one.year not in told]
    found += [Occurrence(day, event, year, spec.days, estimated=False, by_operator=True) for year, day in told.items()]
    return tuple(sorted(one for one in found if one.first <= until and since <= one.last))


def all_between(*, since: date, until: date, overrides: Iterable[Override] = ()) -> tuple[Occurrence, ...]:
    """Return all events of [since, until], by day."""
    told = tuple(overrides)
    return tuple(sorted(one for event in Event for one in occur(event, since=since, until=until, overrides=told)))


def mourning_between(
    *, since: date, until: date, overrides: Iterable[Override] = (), by_choice: bool = False
) -> frozenset[date]:
    """Return the days of mourning of [since, until]; with `by_choice` those, too, on which only some shops rest."""
    moods = {Mood.MOURNING, Mood.MOURNING_BY_CHOICE} if by_choice else {Mood.MOURNING}
    return _days_in_mood(frozenset(moods), since, until, tuple(overrides))


@lru_cache(maxsize=_ASKED_FOR)
def _days_in_mood(
    moods: frozenset[Mood], since: date, until: date, overrides: tuple[Override, ...]
) -> frozenset[date]:  # fmt: skip
    """Count the days once for a day's turns of sending, which ask for the same ones again and again."""
    return frozenset(
        day
        for event, spec in SPECS.items()
        if spec.mood in moods
        for one in occur(event, since=since, until=until, overrides=overrides)
        for day in one.all_days()
        if since <= day <= until
    )


def year_for(event: Event, day: date) -> int:
    """Return which year of an event an operator means who names this day. Raises `UnplacedEventError`.

    It is the year of the occurrence that the day lies nearest to, so that a correction over a new year hits the right
    one.
    """
    rule = SPECS[event].rule
    if isinstance(rule, Named):
        return hijri_year(day, month=rule.month, day_of_month=rule.day)
    near = _by_rule(event, SPECS[event], day - _NEAREST, day + _NEAREST)
    nearest = min(near, key=lambda one: abs(one.first - day), default=None)
    if nearest is None:
        raise UnplacedEventError(UnplacedEventError.__doc__)
    return nearest.year


def _by_rule(event: Event, spec: Spec, since: date, until: date) -> Iterator[Occurrence]:
    """Yield what the rule alone gives with a first day in [since, until]; none of what nobody can compute."""
    match spec.rule:
        case Lunar(anchor, after, sure):
            shift = after * _DAY
            for found in occurrences(anchor, first=since - shift, last=until - shift):
                estimated = found.estimated or not sure
                yield Occurrence(found.day + shift, event, found.year, spec.days, estimated)
        case Named():
            return
        case Gregorian(month, day):
            for year in range(since.year, until.year + 1):
                yield from _within(date(year, month, day), event, spec, since, until)
        case Solar(month, day):
            for year in _jalali_years(since, until):
                yield from _within(jdatetime.date(year, month, day).togregorian(), event, spec, since, until)
        case LastWednesdayEve():
            for year in _jalali_years(since, until):
                yield from _within(_last_wednesday_eve(year), event, spec, since, until)


def _within(day: date, event: Event, spec: Spec, since: date, until: date) -> Iterator[Occurrence]:
    if since <= day <= until:
        year = jdatetime.date.fromgregorian(date=day).year
        yield Occurrence(day, event, year, spec.days, estimated=False)


def _jalali_years(since: date, until: date) -> Iterator[int]:
    first = jdatetime.date.fromgregorian(date=since).year
    last = jdatetime.date.fromgregorian(date=until).year
    yield from range(max(first, YEARS.start), min(last + 1, YEARS.stop))


def _last_wednesday_eve(year: int) -> date:
    _, last = first_and_last(year)
    wednesday = last - (last.weekday() - _WEDNESDAY) % 7 * _DAY
    return wednesday - _DAY
