"""The table of closed days: seeded, corrected by people, audited, and read once a tick."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from tests.support.databases import ScratchDatabase
from tests.support.prices import market_of
from zargar.audit.models import AuditRecord
from zargar.calendars import operations
from zargar.calendars.closures import Closure, Kind
from zargar.calendars.models import ClosedDay, Source
from zargar.calendars.operations import ClosedDayError
from zargar.clock import TEHRAN
from zargar.pricing import operations as pricing
from zargar.refusals import InvalidError

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
ASHURA = date(2026, 6, 25)
BY: dict[str, Any] = {"actor": "test", "reason": "تقویم سال", "now": NOW}

pytestmark = pytest.mark.usefixtures("database")


def closure(day: date = ASHURA, kind: Kind = Kind.OFFICIAL, name: str = "عزای عمومی") -> Closure:
    return Closure(day, kind, name, estimated=False)


def states() -> dict[str, str]:
    return {f"{row.day:%m-%d} {row.kind}": "open" if row.opened_at else row.source for row in ClosedDay.objects.all()}


def test_a_seed_proposes_a_year_once() -> None:
    added = operations.seed(year=1405, **BY)
    assert added == ClosedDay.objects.count() > 25
    assert operations.seed(year=1405, **BY) == 0
    assert {row.source for row in ClosedDay.objects.all()} == {"holidays"}
    assert len(operations.listed(year=1405)) == added
    assert operations.listed(year=1404) == []
    assert [record.after for record in AuditRecord.objects.order_by("id")] == [{"added": added}, {"added": 0}]


def test_a_day_that_was_opened_again_stays_open_through_a_seed() -> None:
    operations.seed(year=1405, **BY)
    operations.open_day(day=ASHURA, kind=Kind.BAZAAR, **BY)
    operations.seed(year=1405, **BY)
    assert states()["06-25 bazaar"] == "open"
    assert states()["06-25 official"] == "holidays"
    with pytest.raises(ClosedDayError, match="is not closed"):
        operations.open_day(day=ASHURA, kind=Kind.BAZAAR, **BY)
    operations.open_day(day=ASHURA, kind=None, **BY)
    assert states()["06-25 official"] == "open"


def test_an_operator_closes_a_day_confirms_an_estimate_and_is_told_what_is_known() -> None:
    decree = operations.close_day(closure=closure(date(2026, 11, 23)), **BY)
    assert (decree.source, decree.estimated, decree.added_by) == (Source.OPERATOR, False, "test")
    with pytest.raises(ClosedDayError, match="closed already"):
        operations.close_day(closure=closure(date(2026, 11, 23)), **BY)

    operations.seed(year=1405, **BY)
    operations.close_day(closure=closure(kind=Kind.BAZAAR, name="دهه محرم"), **BY)
    row = ClosedDay.objects.get(day=ASHURA, kind="bazaar")
    assert (row.name, row.estimated, row.source) == ("دهه محرم", False, "operator")
    record = AuditRecord.objects.latest("id")
    assert (record.action, record.subject) == ("calendar.close", "2026-06-25")
    assert (record.before, record.after) == ({"bazaar": "estimated"}, {"bazaar": "closed"})


def test_nothing_is_kept_without_a_reason_or_a_name() -> None:
    with pytest.raises(InvalidError):
        operations.close_day(closure=closure(), actor="test", reason=" ", now=NOW)
    with pytest.raises(InvalidError):
        operations.close_day(closure=closure(name=" "), **BY)
    assert not ClosedDay.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [({"kind": "feast"}, "closed_day_kind"), ({"name": ""}, "closed_day_name"), ({"opened_by": "x"}, "opened_by")],
)
def test_the_database_refuses_a_day_that_does_not_fit(wrong: dict[str, str], constraint: str) -> None:
    operations.close_day(closure=closure(), **BY)
    with pytest.raises(IntegrityError, match=constraint):
        ClosedDay.objects.update(**wrong)


def test_a_tick_reads_the_calendar_once_and_allows_a_holiday_the_silence_of_a_friday() -> None:
    day = date(2026, 11, 23)
    now = datetime(2026, 11, 23, 16, 0, tzinfo=TEHRAN).astimezone(UTC)
    said_at = now - timedelta(hours=3)  # too old for a working day, and not for a Friday
    market = market_of(wallgold=18_600_000, tgju=18_600_000, now=said_at)
    with CaptureQueriesContext(connection) as seen:
        working = pricing.update_prices(market=market, now=now)
    assert sum("calendars_closedday" in query["sql"] for query in seen) == 1
    assert working.answered.price is None

    operations.close_day(closure=closure(day), **BY)
    holiday = pricing.update_prices(market=market, now=now + timedelta(minutes=5))
    assert holiday.answered.price == 18_600_000


def zargar(*arguments: str, database: ScratchDatabase) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("zargar"), "calendar", *arguments],
        env={**os.environ, **database.env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_command_seeds_lists_closes_and_opens(database: ScratchDatabase) -> None:
    assert zargar("seed", "1405", database=database).returncode == 0
    closing = zargar(
        "close", "۱۴۰۵/۹/۳", "--name", "عزای عمومی", "--kind", "bazaar", "--reason", "هیئت امنا", database=database
    )
    assert closing.returncode == 0, closing.stderr
    assert zargar("open", "2026-06-25", "--reason", "باز بود", database=database).returncode == 0
    listed = {
        (row["day"], row["kind"]): row for row in json.loads(zargar("list", "1405", "--json", database=database).stdout)
    }
    assert listed["2026-11-24", "bazaar"] | {"by": ""} == {
        "day": "2026-11-24", "jalali": "۱۴۰۵/۰۹/۰۳", "kind": "bazaar", "name": "عزای عمومی", "state": "closed",
        "source": "operator", "by": "",
    }  # fmt: skip
    assert listed["2026-06-25", "official"]["state"] == listed["2026-06-25", "bazaar"]["state"] == "open"
    assert listed["2026-06-24", "bazaar"]["state"] == "estimated"


def test_the_command_says_what_is_wrong_by_its_exit_code(database: ScratchDatabase) -> None:
    assert zargar("seed", "1490", database=database).returncode == 2
    assert zargar("close", "1405/13/1", "--name", "x", "--reason", "y", database=database).returncode == 2
    assert zargar("open", "1405/09/02", "--reason", "y", database=database).returncode == 1
