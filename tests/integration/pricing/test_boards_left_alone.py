"""How boards stand is kept in the database: a restart forgets no ban, and two rounds at once ask nobody twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tests.support.boards import BoardServer, healthy, market_at
from tests.support.databases import ScratchDatabase
from zargar.audit.models import AuditRecord
from zargar.pricing import asking, board_store, operations
from zargar.pricing.market import Market
from zargar.pricing.models import BoardStanding, QuoteRecord, Tick
from zargar.pricing.operations import NotLeftAloneError, Ticked
from zargar.pricing.politeness import Manners
from zargar.pricing.quotes import Why
from zargar.pricing.readings import Stale
from zargar.refusals import InvalidError

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 11:30 in Tehran on a Monday
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
THREE = {"wallgold", "tgju", "milli"}

pytestmark = pytest.mark.usefixtures("database", "cache_server")


@pytest.fixture(scope="module")
def running() -> Iterator[BoardServer]:
    """One sandbox for this file."""
    with BoardServer() as server:
        yield server


@pytest.fixture
def board_server(running: BoardServer) -> Iterator[BoardServer]:
    """The sandbox with every board well."""
    with healthy(running) as server:
        yield server


def market_of(server: BoardServer, *, pace: timedelta = timedelta()) -> Market:
    """Three boards with their real parts, built anew: as after a restart, only the database remembers."""
    whole = market_at(server, deadline=timedelta(seconds=3))
    return replace(whole, sources=tuple(source for source in whole.sources if source.board.name in THREE), pace=pace)


def tick(server: BoardServer, *, at: datetime) -> Ticked:
    """A tick by a new process, in a world whose clocks stand at that moment."""
    server.stand_at(at)
    return operations.update_prices(market=market_of(server), now=at)


def asked(server: BoardServer, *, at: datetime) -> set[str]:
    """The boards that a tick asks."""
    before = len(server.calls())
    tick(server, at=at)
    return {call["board"] for call in server.calls()[before:]}


def test_a_board_that_failed_five_times_is_asked_once_an_hour_until_it_is_well(board_server: BoardServer) -> None:
    board_server.misbehave("milli", "html")
    for number in range(5):
        assert asked(board_server, at=NOW + number * 5 * MINUTE) == THREE
    opened = NOW + 20 * MINUTE
    assert asked(board_server, at=opened + 5 * MINUTE) == THREE - {"milli"}
    assert asked(board_server, at=opened + HOUR) == THREE
    assert asked(board_server, at=opened + HOUR + 5 * MINUTE) == THREE - {"milli"}
    board_server.heal("milli")
    assert asked(board_server, at=opened + 2 * HOUR) == THREE
    assert asked(board_server, at=opened + 2 * HOUR + 5 * MINUTE) == THREE


def test_a_board_that_is_left_alone_is_seen_in_the_tick_and_named_where_too_few_agree(
    board_server: BoardServer,
) -> None:
    board_server.misbehave("milli", "error403")
    tick(board_server, at=NOW)
    board_server.misbehave("tgju", "error500")
    decision = tick(board_server, at=NOW + 5 * MINUTE).decision
    assert isinstance(decision, Stale)
    assert "milli (left_alone)" in decision.reason
    [row] = QuoteRecord.objects.filter(tick=Tick.objects.latest("at"), source="milli")
    assert (row.why, row.verdict) == (Why.LEFT_ALONE, "rejected")
    assert row.detail == "until 11-23 12:30:00: refusal 1: it answered 403"


def test_a_board_that_forbids_is_not_hammered(board_server: BoardServer) -> None:
    board_server.misbehave("milli", "error403")
    wanted = [NOW + minutes * MINUTE for minutes in range(0, 10 * 60, 10)]
    when = [at for at in wanted if "milli" in asked(board_server, at=at)]
    assert when == [NOW, NOW + HOUR, NOW + 7 * HOUR]


def test_a_board_that_asks_for_twenty_minutes_is_given_twenty_minutes(board_server: BoardServer) -> None:
    board_server.misbehave("milli", "busy", seconds=20 * 60)
    assert "milli" in asked(board_server, at=NOW)
    board_server.heal("milli")
    assert "milli" not in asked(board_server, at=NOW + 15 * MINUTE)
    assert "milli" in asked(board_server, at=NOW + 20 * MINUTE)


def test_an_hour_in_the_dark_costs_no_board_its_turn_afterwards(board_server: BoardServer) -> None:
    for board in THREE:
        board_server.misbehave(board, "refuse")
    for number in range(12):
        assert asked(board_server, at=NOW + number * 5 * MINUTE) == THREE
    board_server.heal(*THREE)
    assert asked(board_server, at=NOW + HOUR) == THREE


def test_two_ticks_at_once_ask_each_board_once(board_server: BoardServer) -> None:
    board_server.stand_at(NOW)
    for board in THREE:
        board_server.misbehave(board, "delay", seconds=1)
    polite = market_of(board_server, pace=timedelta(seconds=30))

    def one(_: int) -> Ticked:
        try:
            return operations.update_prices(market=polite, now=NOW)
        finally:
            connection.close()

    before = len(board_server.calls())
    with ThreadPoolExecutor(2) as both:
        ticked = list(both.map(one, range(2)))
    assert sorted(call["board"] for call in board_server.calls()[before:]) == sorted(THREE)
    assert sorted(str(each.summary()["decision"]) for each in ticked) == ["None", "accepted"]
    assert Tick.objects.count() == 1


def test_a_tick_that_died_while_it_asked_has_asked(board_server: BoardServer) -> None:
    polite = market_of(board_server, pace=timedelta(seconds=30))
    turn = asking.take_turn(polite.quick, politely=True, rules=polite.manners, now=NOW)
    assert {source.board.name for source in turn.sources} == THREE  # and here the process ends
    before = len(board_server.calls())
    ticked = operations.update_prices(market=polite, now=NOW + timedelta(seconds=20))
    assert (ticked.decision, len(board_server.calls()) - before) == (None, 0)
    assert asked(board_server, at=NOW + timedelta(seconds=30)) == THREE


def test_a_process_that_is_killed_while_it_asks_leaves_word_of_whom_it_asked(
    board_server: BoardServer, database: ScratchDatabase, cache_server: str
) -> None:
    board_server.stand_at(None)
    for board in THREE:
        board_server.misbehave(board, "silent")
    env = {
        **os.environ, **database.env, "CACHE_URL": cache_server, "ZARGAR_SANDBOX_URL": board_server.url,
        "ZARGAR_PRICES_SOURCES": ",".join(THREE), "ZARGAR_PRICES_DEADLINE_SECONDS": "60",
    }  # fmt: skip
    before, began = len(board_server.calls()), datetime.now(UTC)
    with subprocess.Popen(
        [sys.executable, "-m", "zargar.cli", "prices", "update"], env=env, stdout=subprocess.DEVNULL
    ) as process:
        for _ in range(300):
            if {call["board"] for call in board_server.calls()[before:]} >= THREE:
                break
            time.sleep(0.1)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    standing = operations.standings()
    assert all((standing[board].last_asked or datetime.min.replace(tzinfo=UTC)) >= began for board in THREE)
    assert Tick.objects.count() == 0


def test_the_check_leaves_alone_whom_the_ticks_leave_alone_and_says_so(board_server: BoardServer) -> None:
    board_server.misbehave("milli", "error403")
    tick(board_server, at=NOW)
    before = len(board_server.calls())
    told = operations.validate_boards(
        market=market_of(board_server), next_price=lambda at: at + HOUR, now=NOW + 2 * MINUTE
    )
    assert {call["board"] for call in board_server.calls()[before:]} == THREE - {"milli"}
    assert told["asked"] == 2
    assert told["left_alone"] == {
        "milli": {
            "cause": "forbidden", "until": "2026-11-23T09:00:00+00:00", "because": "refusal 1: it answered 403",
        }
    }  # fmt: skip


def test_a_failure_in_the_check_counts_like_any_other(board_server: BoardServer) -> None:
    board_server.misbehave("milli", "html")
    operations.validate_boards(market=market_of(board_server), next_price=lambda at: at + HOUR, now=NOW)
    row = BoardStanding.objects.get(source="milli")
    assert (row.failures, row.why, row.last_asked, row.status) == (1, "not_json", NOW, 200)


def test_an_operator_has_a_board_asked_again_and_the_audit_knows(board_server: BoardServer) -> None:
    board_server.misbehave("milli", "error403")
    tick(board_server, at=NOW)
    board_server.heal("milli")
    market = market_of(board_server)
    operations.retry_board(
        name="milli", reason="they let us in again", actor="sara", rules=market.manners, now=NOW + 5 * MINUTE
    )
    assert "milli" in asked(board_server, at=NOW + 5 * MINUTE)
    record = AuditRecord.objects.get(action="board.retry")
    assert (record.actor, record.subject, record.reason) == ("sara", "milli", "they let us in again")
    assert record.before == {
        "failures": 1, "refusals": 1, "not_before": "2026-11-23T09:00:00+00:00", "why": "http_status",
    }  # fmt: skip


def test_a_board_that_nothing_holds_back_cannot_be_forgiven(board_server: BoardServer) -> None:
    rules = market_of(board_server).manners
    with pytest.raises(NotLeftAloneError, match="milli is not left alone"):
        operations.retry_board(name="milli", reason="why not", actor="sara", rules=rules, now=NOW)


def test_nobody_is_forgiven_without_a_reason(board_server: BoardServer) -> None:
    board_store.keep({"milli": Manners(failures=5, last_asked=NOW)})
    rules = market_of(board_server).manners
    with pytest.raises(InvalidError, match="needs a reason"):
        operations.retry_board(name="milli", reason=" ", actor="sara", rules=rules, now=NOW)
    assert BoardStanding.objects.get(source="milli").failures == 5


def test_the_commands_show_how_a_board_stands_and_have_it_asked_again(
    database: ScratchDatabase, cache_server: str
) -> None:
    now = datetime.now(UTC)
    board_store.keep(
        {"wallgold": Manners(failures=6, last_asked=now, why=Why.TIMEOUT), "tgju": Manners(last_asked=now)}
    )
    env = {**os.environ, **database.env, "CACHE_URL": cache_server}

    def zargar(*arguments: str) -> str:
        command = [sys.executable, "-m", "zargar.cli", "prices", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    listed = {one["source"]: one["standing"] for one in json.loads(zargar("sources", "--json"))}
    assert listed["wallgold"]["failures"] == 6
    assert listed["wallgold"]["left_alone"]["cause"] == "failing"
    assert listed["tgju"]["left_alone"] is None
    assert listed["milli"] is None
    assert "6 failures in a row, last timeout" in zargar("sources")
    assert "6 failures in a row (timeout)" in zargar("retry", "wallgold", "--reason", "they say it is mended")
    assert BoardStanding.objects.get(source="wallgold").failures == 0
