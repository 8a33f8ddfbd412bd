"""The contract's 18 entries: their names, times and tasks, as the mission wrote them."""

from datetime import UTC, datetime, time

import pytest

from zargar import names
from zargar.clock import TEHRAN
from zargar.schedules.cadence import Cron, Every, next_slot, slots_between
from zargar.schedules.catalogue import Entry, catalogue, live


def entries(*, every: int | None = None) -> dict[str, Entry]:
    return {e.name: e for e in catalogue(prices_open=time(8), prices_close=time(18), prices_every=every)}


def next_in_tehran(name: str, after: str) -> str:
    moment = datetime.fromisoformat(after).replace(tzinfo=TEHRAN)
    return f"{next_slot(entries()[name].cadence, moment).astimezone(TEHRAN):%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("entry", "after", "expected"),
    [
        # 2026-11-22 is a Sunday.
        ("daily-system-backup", "2026-11-22T03:00", "Mon 2026-11-23 03:00"),
        ("weekly-system-backup", "2026-11-22T02:00", "Sun 2026-11-29 02:00"),
        ("process-scheduled-backups", "2026-11-22T10:00", "Sun 2026-11-22 10:01"),
        ("cleanup-old-backups", "2026-11-22T03:59", "Sun 2026-11-22 04:00"),
        ("daily-backup-report", "2026-11-22T06:00", "Mon 2026-11-23 06:00"),
        ("weekly-backup-report", "2026-11-22T07:00", "Mon 2026-11-23 07:00"),
        ("update-gold-prices", "2026-11-22T17:55", "Mon 2026-11-23 08:00"),
        ("update-gold-prices", "2026-11-22T17:50", "Sun 2026-11-22 17:55"),
        ("validate-gold-price-apis", "2026-11-22T10:00", "Sun 2026-11-22 11:00"),
        ("cleanup-gold-price-cache", "2026-11-22T10:00", "Sun 2026-11-22 10:30"),
        ("daily-gold-price-report", "2026-11-22T10:00", "Sun 2026-11-22 19:00"),
        ("weekly-gold-price-report", "2026-11-22T10:00", "Sun 2026-11-22 20:00"),
        ("process-scheduled-notifications", "2026-11-22T23:59", "Mon 2026-11-23 00:00"),
        ("process-recurring-schedules", "2026-11-22T10:15", "Sun 2026-11-22 11:15"),
        ("daily-payment-reminders", "2026-11-22T10:00", "Mon 2026-11-23 09:00"),
        ("birthday-greetings", "2026-11-22T10:00", "Mon 2026-11-23 08:00"),
        ("appointment-reminders", "2026-11-22T10:00", "Sun 2026-11-22 18:00"),
        ("cleanup-old-notifications", "2026-11-22T10:00", "Sat 2026-11-28 01:00"),
        ("update-notification-statistics", "2026-11-22T10:00", "Sun 2026-11-22 10:45"),
    ],
)
def test_an_entry_is_due_when_the_contract_says_in_tehran(entry: str, after: str, expected: str) -> None:
    assert next_in_tehran(entry, after) == expected


def test_there_are_eighteen_entries_and_each_names_a_task_of_the_contract() -> None:
    assert len(entries()) == 18
    assert {entry.task for entry in entries().values()} <= names.CONTRACT


def test_the_contract_has_twenty_nine_task_names() -> None:
    assert len(names.CONTRACT) == 29


def test_prices_are_asked_120_times_a_day_and_never_outside_the_window() -> None:
    day = datetime(2026, 11, 22, tzinfo=TEHRAN)
    slots = slots_between(entries()["update-gold-prices"].cadence, day, day.replace(hour=23, minute=59))

    local = [slot.astimezone(TEHRAN) for slot in slots]
    assert len(local) == 120
    assert (f"{local[0]:%H:%M}", f"{local[-1]:%H:%M}") == ("08:00", "17:55")


def test_an_entry_without_its_task_is_not_live() -> None:
    assert [e.name for e in live(tuple(entries().values()), registered={names.UPDATE_GOLD_PRICES})] == [
        "update-gold-prices"
    ]


@pytest.mark.parametrize(("opens", "closes"), [(time(8, 30), time(18)), (time(18), time(8)), (time(8), time(8))])
def test_a_price_window_that_cannot_be_kept_is_refused(opens: time, closes: time) -> None:
    with pytest.raises(ValueError, match="whole hours"):
        catalogue(prices_open=opens, prices_close=closes)


def test_the_demo_s_cadence_agrees_between_beats_whenever_they_start() -> None:
    early, late = datetime(2026, 11, 22, 10, 0, 0, 7, UTC), datetime(2026, 11, 22, 10, 0, 4, tzinfo=UTC)
    assert next_slot(Every(5), early) == next_slot(Every(5), late) == datetime(2026, 11, 22, 10, 0, 5, tzinfo=UTC)


def test_tehran_has_no_daylight_saving_in_the_years_that_we_plan_for() -> None:
    offsets = {
        datetime(year, month, 1, tzinfo=TEHRAN).utcoffset() for year in range(2023, 2032) for month in range(1, 13)
    }
    assert [str(offset) for offset in offsets] == ["3:30:00"]


def test_cron_slots_are_the_same_instant_whatever_zone_the_question_came_in() -> None:
    moment = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
    assert next_slot(Cron("0 3 * * *"), moment) == next_slot(Cron("0 3 * * *"), moment.astimezone(TEHRAN))
