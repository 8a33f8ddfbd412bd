"""What may go, as a pure judgement, and which periods are refused."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.ledger import retention as ledger
from zargar.pricing import retention as pricing
from zargar.pricing.retention import Referred
from zargar.schedules import retention as schedules

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)
IDS = st.lists(st.integers(1, 1_000), max_size=20)


def test_a_dead_letter_has_its_own_period() -> None:
    before = ledger.may_go(ledger.Keep(runs=30 * DAY, dead_letters=180 * DAY), now=NOW)
    assert (before.done, before.dead) == (NOW - 30 * DAY, NOW - 180 * DAY)


@given(latest=IDS, accepted=st.none() | st.integers(1, 1_000), last_said=IDS, unchanged_since=IDS)
def test_whatever_a_judgement_may_look_at_never_goes(
    latest: list[int], accepted: int | None, last_said: list[int], unchanged_since: list[int]
) -> None:
    referred = Referred(latest=latest, accepted=accepted, last_said=last_said, unchanged_since=unchanged_since)
    going = pricing.may_go(pricing.Keep(ticks=2 * DAY, quotes=DAY), referred, now=NOW)
    looked_at = {*latest, *last_said, *unchanged_since} | ({accepted} - {None})
    assert going.never == looked_at
    assert going.ticks <= going.quotes < NOW


def test_the_newest_slot_of_an_entry_never_goes() -> None:
    going = schedules.may_go(schedules.Keep(slots=DAY, missed=3 * DAY), newest=[4, 7], now=NOW)
    assert going == schedules.Going(slots=NOW - DAY, newest=frozenset({4, 7}), missed=NOW - 3 * DAY)


def test_periods_that_would_lose_what_is_still_needed_are_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        ledger.Keep(runs=DAY / 2, dead_letters=DAY)
    with pytest.raises(ValueError, match="at least"):
        schedules.Keep(slots=DAY, missed=timedelta())
    with pytest.raises(ValueError, match="quotes <= ticks"):
        pricing.Keep(ticks=DAY, quotes=2 * DAY)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ZARGAR_KEEP_RUNS_DAYS", "0"),
        ("ZARGAR_KEEP_DEAD_LETTERS_DAYS", "-1"),
        ("ZARGAR_KEEP_SLOTS_DAYS", "a month"),
        ("ZARGAR_KEEP_QUOTES_DAYS", "100000"),
        ("ZARGAR_WORKER_CONCURRENCY", "0"),
    ],
)
def test_a_setting_that_makes_no_sense_stops_the_start_and_is_named(name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import zargar.settings.base"],
        env={**os.environ, name: value}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert name in done.stderr


def test_a_shorter_life_of_ticks_takes_their_quotes_with_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import zargar.settings.base as s; print(s.KEEP_TICKS.days, s.KEEP_QUOTES.days)"],
        env={**os.environ, "ZARGAR_KEEP_TICKS_DAYS": "60"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["60", "60"]
