"""What operators say of feasts and of mourning: kept, audited, and read with the rules by one statement."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.databases import ScratchDatabase
from zargar.audit.models import AuditRecord
from zargar.calendars import operations
from zargar.calendars.events import Event
from zargar.calendars.models import EventDay
from zargar.calendars.operations import DecreeError, DecreeLiftedError, NoSuchDecreeError
from zargar.refusals import InvalidError

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "test", "reason": "اعلام رسمی"}
DAY = timedelta(days=1)
FIRST, LAST = date(2026, 3, 1), date(2026, 4, 9)
"""Forty days of state mourning."""

pytestmark = pytest.mark.usefixtures("database")


def test_decreed_mourning_holds_its_days_until_it_is_lifted() -> None:
    before = operations.mourning_days(since=FIRST - DAY, until=LAST + DAY)
    row = operations.decree(since=FIRST, until=LAST, name="عزای عمومی", **BY, now=NOW)
    found = operations.mourning_days(since=FIRST - DAY, until=LAST + DAY)
    assert found == before | {FIRST + n * DAY for n in range(40)}
    assert operations.mourning_days(since=LAST, until=LAST) == {LAST}
    assert [decree.name for decree in operations.decrees(since=LAST, until=LAST + DAY)] == ["عزای عمومی"]

    operations.lift(decree_id=row.pk, **BY, now=NOW)
    assert operations.mourning_days(since=FIRST - DAY, until=LAST + DAY) == before
    with pytest.raises(DecreeLiftedError):
        operations.lift(decree_id=row.pk, **BY, now=NOW)
    with pytest.raises(NoSuchDecreeError):
        operations.lift(decree_id=987, **BY, now=NOW)
    assert [record.action for record in AuditRecord.objects.order_by("id")] == ["calendar.mourn", "calendar.lift"]


def test_rules_overrides_and_decrees_are_read_by_one_statement() -> None:
    operations.decree(since=FIRST, until=LAST, name="عزای عمومی", **BY, now=NOW)
    operations.override_event(event=Event.ASHURA, day=date(2026, 6, 26), **BY, now=NOW)
    with CaptureQueriesContext(connection) as seen:
        found = operations.mourning_days(since=FIRST, until=date(2026, 12, 31))
    assert len(seen) == 1
    assert {date(2026, 6, 24), date(2026, 6, 26)} <= found
    assert date(2026, 6, 25) not in found


def test_the_moon_is_corrected_once_a_year_and_the_rule_comes_back_when_that_is_forgotten() -> None:
    span = {"since": date(2027, 1, 1), "until": date(2027, 12, 31)}
    (estimated,) = operations.occurrences(Event.NIMEH_SHABAN, **span)
    assert (estimated.first, estimated.estimated) == (date(2027, 1, 24), True)
    for day in (date(2027, 1, 25), date(2027, 1, 23)):
        row = operations.override_event(event=Event.NIMEH_SHABAN, day=day, **BY, now=NOW)
        assert row.year == 1448
        (corrected,) = operations.occurrences(Event.NIMEH_SHABAN, **span)
        assert (corrected.first, corrected.estimated, corrected.by_operator) == (day, False, True)
    assert EventDay.objects.count() == 1
    assert operations.forget_override(event=Event.NIMEH_SHABAN, year=1448, **BY) == date(2027, 1, 23)
    assert operations.occurrences(Event.NIMEH_SHABAN, **span) == (estimated,)
    with pytest.raises(NoSuchDecreeError):
        operations.forget_override(event=Event.NIMEH_SHABAN, year=1448, **BY)
    last = AuditRecord.objects.order_by("id")[1]
    assert (last.before, last.after) == ({"day": "2027-01-25"}, {"day": "2027-01-23"})


def test_girls_day_is_there_once_an_operator_names_it() -> None:
    assert not any(one.event is Event.GIRLS_DAY for one in operations.events(since=FIRST, until=date(2026, 12, 31)))
    operations.override_event(event=Event.GIRLS_DAY, day=date(2026, 4, 19), **BY, now=NOW)
    found = [one for one in operations.events(since=FIRST, until=date(2026, 12, 31)) if one.event is Event.GIRLS_DAY]
    assert [(one.first, one.year) for one in found] == [(date(2026, 4, 19), 1447)]


@pytest.mark.parametrize(
    ("name", "length"), [(" ", 1), ("برعکس", 0), ("صد و یک روز", 101)], ids=["no name", "backwards", "too long"]
)
def test_a_decree_that_nobody_could_mean_is_refused(name: str, length: int) -> None:
    with pytest.raises(DecreeError):
        operations.decree(since=FIRST, until=FIRST + (length - 1) * DAY, name=name, **BY, now=NOW)
    with pytest.raises(InvalidError):
        operations.decree(since=FIRST, until=FIRST, name="x", actor="test", reason=" ", now=NOW)
    assert operations.decrees(since=FIRST, until=FIRST) == []


def test_the_commands_list_decree_lift_override_and_forget(database: ScratchDatabase) -> None:
    listed = told(database, "events", "--since", "1405/03/14", "--days", "2")
    assert [(one["day"], one["event"], one["mood"]) for one in listed] == [
        ("2026-06-04", "eid_ghadir", "feast"), ("2026-06-04", "khomeini", "mourning"),
        ("2026-06-05", "khordad_15", "mourning"),
    ]  # fmt: skip
    made = told(database, "decree", "1405/09/10", "--days", "3", "--name", "عزا", "--reason", "اعلام دولت")
    assert (made["since"], made["until"]) == ("2026-12-01", "2026-12-03")
    held = told(database, "mourning", "--since", "2026-12-01", "--days", "5")
    assert held["days"] == ["2026-12-01", "2026-12-02", "2026-12-03"]
    assert told(database, "lift", str(made["id"]), "--reason", "پایان")["state"] == "lifted"
    assert told(database, "override", "mothers_day", "2026-12-01", "--reason", "رویت ماه")["year"] == 1448
    assert told(database, "forget", "mothers_day", "1448", "--reason", "اشتباه")["forgotten"] == "2026-12-01"
    wrong = run(database, "override", "easter", "2026-12-01", "--reason", "x")
    assert (wrong.returncode, "nobody knows an event" in wrong.stderr) == (2, True)


def told(database: ScratchDatabase, *words: str) -> Any:  # noqa: ANN401 -- JSON of a command
    done = run(database, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run(database: ScratchDatabase, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zargar.cli", "calendar", *words]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **database.env}, check=False)
