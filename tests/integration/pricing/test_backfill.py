"""Days before our own ticks come from TGJU's history, marked as such, and never in place of our own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.boards import BoardServer, healthy
from tests.support.databases import ScratchDatabase
from tests.support.history import tehran, tick, trading_day
from zargar.audit.models import AuditRecord
from zargar.clock import TEHRAN
from zargar.outcomes import Summary
from zargar.pricing import history
from zargar.pricing.bars import Period, Provenance
from zargar.pricing.boards import HttpBoards
from zargar.pricing.history import BackfillRefusedError, BadRangeError
from zargar.pricing.models import BarRecord
from zargar.refusals import InvalidError

NOW = datetime.now(UTC)
TODAY = NOW.astimezone(TEHRAN).date()
ZARGAR = Path(sys.executable).with_name("zargar")

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(scope="module")
def running() -> Iterator[BoardServer]:
    """One sandbox for this file."""
    with BoardServer() as server:
        yield server


@pytest.fixture
def server(running: BoardServer) -> Iterator[BoardServer]:
    """The sandbox, with nothing wrong."""
    with healthy(running) as lent:
        yield lent


def backfill(server: BoardServer, *, days: int = 30, reason: str = "a test", allowed: bool = True) -> Summary:
    return history.backfill(
        boards=HttpBoards(sandbox=server.url), allowed=allowed, days=days, reason=reason, actor="test",
        deadline=timedelta(seconds=5), now=NOW,
    )  # fmt: skip


def provenances() -> dict[int, Provenance]:
    """Where each day before today comes from, by how many days ago it was."""
    since, until = history.range_of(since=TODAY - timedelta(days=60), until=TODAY)
    return {(TODAY - bar.day).days: bar.provenance for bar in history.days(since=since, until=until)}


def test_a_back_fill_brings_the_days_before_today_marked_as_such_and_is_audited(server: BoardServer) -> None:
    before = len(server.calls("tgju"))
    done = backfill(server)
    assert (done["written"], done["refused"]) == (30, [])
    assert provenances() == dict.fromkeys(range(1, 31), Provenance.TGJU)
    (call,) = server.calls("tgju")[before:]
    assert "length=37" in call["query"]
    (record,) = AuditRecord.objects.all()
    assert (record.action, record.reason) == ("price.backfill", "a test")
    assert record.after == {
        "days": 30,
        "first": f"{TODAY - timedelta(days=30)}",
        "last": f"{TODAY - timedelta(days=1)}",
    }


def test_a_back_fill_never_takes_the_place_of_our_own_ticks_nor_they_of_its_rows(server: BoardServer) -> None:
    yesterday = TODAY - timedelta(days=1)
    trading_day(yesterday, 18_500_000)
    history.roll_up(now=NOW)
    own = BarRecord.objects.get(period=Period.DAY, provenance=Provenance.TICKS)
    done = backfill(server)
    assert (done["written"], done["unchanged_or_our_own"]) == (29, 1)
    assert BarRecord.objects.get(pk=own.pk).made_at == own.made_at
    tick(tehran(TODAY - timedelta(days=5), 11), 18_500_000)
    history.roll_up(now=NOW)
    expected = dict.fromkeys(range(1, 31), Provenance.TGJU) | {1: Provenance.TICKS, 5: Provenance.TICKS}
    assert provenances() == expected


def test_the_same_back_fill_again_writes_nothing(server: BoardServer) -> None:
    backfill(server)
    assert backfill(server, days=35)["written"] == 5


def test_weeks_before_our_own_ticks_are_made_of_back_filled_days(server: BoardServer) -> None:
    backfill(server, days=40)
    since, until = history.range_of(since=TODAY - timedelta(days=28), until=TODAY - timedelta(days=1))
    weeks = history.show(period=Period.WEEK, since=since, until=until, now=NOW)
    assert {bar.provenance for bar in weeks.bars} == {Provenance.TGJU}
    assert len(weeks.bars) in {4, 5}
    assert all(bar.start.astimezone(TEHRAN).weekday() == 5 for bar in weeks.bars)


@pytest.mark.parametrize("how", ["silent", "html", "error500", "refuse", "zero"])
def test_a_board_that_misbehaves_back_fills_nothing(server: BoardServer, how: str) -> None:
    server.misbehave("tgju", how)
    if how == "zero":
        assert backfill(server)["written"] == 0
    else:
        with pytest.raises(BackfillRefusedError, match="tgju"):
            backfill(server)
    assert BarRecord.objects.count() == 0


def test_a_deployment_without_leave_to_ask_that_board_asks_nothing(server: BoardServer) -> None:
    before = len(server.calls())
    with pytest.raises(BackfillRefusedError, match="consent"):
        backfill(server, allowed=False)
    assert len(server.calls()) == before


@pytest.mark.parametrize("days", [0, -1, 5001])
def test_a_back_fill_of_no_days_is_refused(server: BoardServer, days: int) -> None:
    with pytest.raises(BadRangeError):
        backfill(server, days=days)


def test_a_back_fill_without_a_reason_writes_neither_bars_nor_audit(server: BoardServer) -> None:
    with pytest.raises(InvalidError, match="reason"):
        backfill(server, reason=" ")
    assert (BarRecord.objects.count(), AuditRecord.objects.count()) == (0, 0)


@pytest.fixture
def env(server: BoardServer, database: ScratchDatabase, cache_server: str) -> dict[str, str]:
    """The environment of a command beside the sandbox."""
    return {**os.environ, **database.env, "CACHE_URL": cache_server, "ZARGAR_SANDBOX_URL": server.url}


def zargar(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ZARGAR, "prices", *arguments], env=env, capture_output=True, text=True, check=False)


def test_the_command_back_fills_and_history_shows_where_each_bar_comes_from(env: dict[str, str]) -> None:
    trading_day(TODAY - timedelta(days=2), 18_500_000)
    done = zargar(env, "backfill", "--days", "20", "--reason", "a history to begin with", "--json")
    assert json.loads(done.stdout)["written"] == 20
    days = ("--from", f"{TODAY - timedelta(days=3)}", "--to", f"{TODAY - timedelta(days=1)}")
    shown = json.loads(zargar(env, "history", *days, "--json").stdout)
    assert [bar["provenance"] for bar in shown["bars"]] == ["backfill:tgju", "ticks", "backfill:tgju"]
    assert (shown["gaps"], shown["bars"][0]["shown"]) == ([], None)
    assert shown["bars"][1]["ticks"] == 18


def test_history_takes_days_of_either_calendar_and_refuses_what_is_none(env: dict[str, str]) -> None:
    trading_day(date(2025, 11, 22), 18_500_000)
    found = zargar(env, "history", "--period", "hour", "--from", "1404/09/01", "--to", "2025-11-22")
    said = " ".join(found.stdout.split())
    assert "2025-11-22 09:00" in said
    assert "2025-11-22 18:00 2025-11-22 23:00 4.5" in said
    assert zargar(env, "history", "--from", "yesterday").returncode == 2
    assert zargar(env, "history", "--from", "1405/08/30", "--to", "1405/08/29").returncode == 2


def test_a_deployment_that_does_not_ask_tgju_does_not_back_fill_from_it(env: dict[str, str]) -> None:
    done = zargar({**env, "ZARGAR_PRICES_SOURCES": "wallgold"}, "backfill", "--days", "5", "--reason", "a test")
    assert (done.returncode, "consent" in done.stderr) == (1, True)
