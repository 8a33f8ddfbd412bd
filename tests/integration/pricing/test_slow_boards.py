"""A board that takes longer than a tick can wait: the hourly check has the patience, and ticks use what it heard."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.boards import BoardServer, healthy, market_at
from zargar.pricing import operations
from zargar.pricing.board import Source
from zargar.pricing.market import Market
from zargar.pricing.models import QuoteRecord, SlowQuote, Verdict
from zargar.pricing.readings import Accepted, Decision
from zargar.pricing.sources import named

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 11:30 in Tehran on a Monday
MINUTE = timedelta(minutes=1)

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


def market_of(server: BoardServer, *, patience: timedelta = timedelta(seconds=15)) -> Market:
    """Two boards that answer within the second that a tick waits, and the union."""
    whole = market_at(server, deadline=timedelta(seconds=1))
    union = named("union")
    slow = Source(replace(union.board, patience=patience), union.reader)
    return replace(whole, sources=(named("wallgold"), named("milli"), slow))


def check(server: BoardServer, market: Market, *, at: datetime) -> Any:  # noqa: ANN401 -- JSON
    server.stand_at(at)
    return operations.validate_boards(market=market, next_price=lambda after: after + timedelta(days=1), now=at)


def tick(server: BoardServer, *, at: datetime) -> Decision:
    server.stand_at(at)
    decision = operations.update_prices(market=market_of(server), now=at).decision
    assert decision is not None
    return decision


def test_no_tick_asks_it_and_nothing_is_said_of_it_before_a_check_has(board_server: BoardServer) -> None:
    before = len(board_server.calls())
    decision = tick(board_server, at=NOW)
    assert {call["board"] for call in board_server.calls()[before:]} == {"wallgold", "milli"}
    assert (decision.used, decision.rejected) == (("milli", "wallgold"), ())


def test_what_it_said_after_seven_seconds_carries_the_ticks_of_two_hours(board_server: BoardServer) -> None:
    board_server.misbehave("union", "delay", seconds=7)
    told = check(board_server, market_of(board_server), at=NOW)
    assert told["boards"]["union"]["readable"] is True
    assert told["boards"]["union"]["latency_ms"] >= 7_000
    assert set(SlowQuote.objects.values_list("source", "instrument")) == {
        ("union", "gold_750"), ("union", "mesghal"), ("union", "emami"),
    }  # fmt: skip
    before = len(board_server.calls())
    decision = tick(board_server, at=NOW + 10 * MINUTE)
    assert isinstance(decision, Accepted)
    assert decision.used == ("milli", "union", "wallgold")
    assert {call["board"] for call in board_server.calls()[before:]} == {"wallgold", "milli"}
    kept = QuoteRecord.objects.get(source="union", instrument="gold_750")
    slow = SlowQuote.objects.get(instrument="gold_750")
    assert (kept.bid, kept.raw, kept.unit, kept.source_time) == (slow.bid, slow.raw, "Toman", NOW)
    assert kept.verdict == Verdict.USED


def test_its_own_stamp_is_judged_as_before_and_after_two_hours_it_is_heard_no_more(board_server: BoardServer) -> None:
    check(board_server, market_of(board_server), at=NOW)
    later = tick(board_server, at=NOW + 100 * MINUTE)
    assert [(one.source, one.why) for one in later.rejected] == [("union", "stale")]
    last = tick(board_server, at=NOW + 130 * MINUTE)
    assert [(one.source, one.why) for one in last.rejected] == [("union", "left_alone")]
    assert last.rejected[0].detail == "only the hourly check asks it, which is too long ago"


def test_a_check_that_it_fails_keeps_what_it_said_before_and_says_so_when_that_is_old(
    board_server: BoardServer,
) -> None:
    market = market_of(board_server, patience=timedelta(seconds=2))
    check(board_server, market, at=NOW)
    board_server.misbehave("union", "silent")
    told = check(board_server, market, at=NOW + 60 * MINUTE)
    assert [one["why"] for one in told["boards"]["union"]["rejected"]] == ["timeout"]
    assert tick(board_server, at=NOW + 70 * MINUTE).used == ("milli", "union", "wallgold")
    silent = tick(board_server, at=NOW + 130 * MINUTE)
    assert [one.detail for one in silent.rejected] == ["only the hourly check asks it, where it failed: timeout"]


def test_its_patience_holds_up_no_other_board(board_server: BoardServer) -> None:
    board_server.misbehave("union", "silent")
    told = check(board_server, market_of(board_server, patience=timedelta(seconds=3)), at=NOW)
    assert told["boards"]["wallgold"]["latency_ms"] < 1_500
    assert (told["asked"], told["readable"]) == (3, 2)


def test_the_union_has_the_patience_that_it_was_measured_to_need() -> None:
    assert named("union").board.patience == timedelta(seconds=75)
