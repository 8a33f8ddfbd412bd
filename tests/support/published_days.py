"""When feasts and days of mourning were, or will be, by the published calendars of 1404 and 1405, and 1402's press."""

from typing import Final

from zargar.calendars.events import Event

PUBLISHED: Final = [
    (Event.NOWRUZ, "2025-03-21"), (Event.NOWRUZ, "2026-03-21"),
    (Event.SIZDAH_BEDAR, "2026-04-02"),
    (Event.TEACHERS_DAY, "2026-05-02"),
    (Event.MARRIAGE_DAY, "2025-05-28"), (Event.MARRIAGE_DAY, "2026-05-18"),
    (Event.TIRGAN, "2026-07-01"),
    (Event.MEHREGAN, "2026-10-02"),
    (Event.MOTHERS_DAY, "2025-12-11"), (Event.MOTHERS_DAY, "2026-11-30"),
    (Event.YALDA, "2025-12-21"), (Event.YALDA, "2026-12-21"),
    (Event.FATHERS_DAY, "2026-01-03"), (Event.FATHERS_DAY, "2026-12-23"),
    (Event.SADEH, "2026-01-30"), (Event.SADEH, "2027-01-30"),
    (Event.YOUTH_DAY, "2026-01-31"), (Event.YOUTH_DAY, "2027-01-20"),
    (Event.NIMEH_SHABAN, "2026-02-04"), (Event.NIMEH_SHABAN, "2027-01-24"),
    (Event.SEPANDARMAZGAN, "2026-02-18"), (Event.SEPANDARMAZGAN, "2027-02-18"),
    (Event.VALENTINE, "2026-02-14"),
    (Event.GOLD_INDUSTRY_DAY, "2026-03-14"), (Event.GOLD_INDUSTRY_DAY, "2027-03-14"),
    (Event.CHAHARSHANBE_SURI, "2024-03-12"),
    (Event.CHAHARSHANBE_SURI, "2026-03-17"), (Event.CHAHARSHANBE_SURI, "2027-03-16"),
    (Event.EID_FITR, "2025-03-31"), (Event.EID_FITR, "2026-03-21"),
    (Event.EID_ADHA, "2025-06-06"), (Event.EID_ADHA, "2026-05-27"),
    (Event.EID_GHADIR, "2025-06-14"), (Event.EID_GHADIR, "2026-06-04"),
    (Event.MUHARRAM_FIRST_DAYS, "2026-06-16"),
    (Event.TASUA, "2026-06-24"), (Event.ASHURA, "2026-06-25"),
    (Event.ARBAEEN, "2026-08-04"),
    (Event.PROPHETS_DEATH, "2026-08-12"),
    (Event.FATIMIYYA_FIRST, "2026-10-24"), (Event.FATIMIYYA, "2026-11-13"),
    (Event.QADR_NIGHTS, "2026-03-09"),
    (Event.IMAM_KAZEM, "2026-01-15"),
    (Event.IMAM_SADIQ, "2026-04-14"),
    (Event.KHOMEINI, "2026-06-04"), (Event.KHORDAD_15, "2026-06-05"),
]  # fmt: skip

NAMED: Final = [(Event.GIRLS_DAY, "2025-04-29"), (Event.GIRLS_DAY, "2026-04-19")]
"""Days that no rule gives: an operator names them."""

ENDS_ON_TUESDAY: Final = (1396, 1402, 1413, 1419, 1424, 1430, 1441, 1447)
"""Years in which the eve of the last Wednesday is a week before the last Tuesday."""

LEAP_YEARS: Final = frozenset({
    1395, 1399, 1403, 1408, 1412, 1416, 1420, 1424, 1428, 1432, 1436, 1441, 1445, 1449,
})  # fmt: skip
"""All from 1395 to 1450. Between 1403 and 1408 lie five years."""
