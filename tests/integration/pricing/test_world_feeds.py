"""The feeds of the world's ounce are asked and kept with each tick, and carry no price."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.boards import BoardServer, healthy, market_at
from zargar.monitoring import store as monitoring
from zargar.pricing import operations
from zargar.pricing.market import Market
from zargar.pricing.models import QuoteRecord, Verdict
from zargar.pricing.readings import Accepted, Held, Stale
from zargar.pricing.sources import WORLD

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # Monday noon: the world's market is open
FEEDS = {"goldapi", "goldprice"}

pytestmark = pytest.mark.usefixtures("database", "cache_server")


@pytest.fixture(scope="module")
def running() -> Iterator[BoardServer]:
    """One sandbox for this file."""
    with BoardServer() as server:
        yield server


@pytest.fixture
def board_server(running: BoardServer) -> Iterator[BoardServer]:
    """The sandbox with every board well, at NOW."""
    with healthy(running) as server:
        server.stand_at(NOW)
        yield server


def market_of(server: BoardServer, *boards: str) -> Market:
    """Some boards, and the feeds."""
    whole = market_at(server, deadline=timedelta(seconds=2))
    some = tuple(source for source in whole.sources if source.board.name in boards)
    return replace(whole, sources=some, world=WORLD)


def test_the_feeds_are_asked_with_the_boards_and_their_ounce_is_kept_with_the_tick(board_server: BoardServer) -> None:
    before = len(board_server.calls())
    ticked = operations.update_prices(market=market_of(board_server, "wallgold", "tgju"), now=NOW)
    assert {call["board"] for call in board_server.calls()[before:]} == {"wallgold", "tgju", *FEEDS}
    rows = QuoteRecord.objects.filter(family="world")
    assert {row.source: (row.instrument, row.unit, row.verdict) for row in rows} == dict.fromkeys(
        FEEDS, ("ounce", "US dollar", Verdict.KEPT)
    )
    assert all(row.source_time is not None and row.bid is not None and 4_000 < row.bid < 4_500 for row in rows)
    assert ticked.decision is not None
    assert ticked.decision.used == ("tgju", "wallgold")


def test_two_feeds_and_one_board_make_no_quorum_and_no_missing_family(board_server: BoardServer) -> None:
    board_server.misbehave("goldapi", "html")
    decision = operations.update_prices(market=market_of(board_server, "wallgold"), now=NOW).decision
    assert isinstance(decision, Stale)
    assert decision.reason.startswith("1 of 2 needed families agree")
    assert "world" not in decision.reason
    assert QuoteRecord.objects.get(source="goldapi").why == "not_json"


@pytest.mark.parametrize("how", ["silent", "times_ten", "null", "error500"])
def test_feeds_that_fail_or_lie_cost_no_price(how: str, board_server: BoardServer) -> None:
    for feed in FEEDS:
        board_server.misbehave(feed, how)
    decision = operations.update_prices(market=market_of(board_server, "wallgold", "milli"), now=NOW).decision
    assert isinstance(decision, Accepted)


def test_the_band_of_the_world_holds_a_first_price_that_all_boards_tell_in_another_unit(
    board_server: BoardServer,
) -> None:
    boards = ("wallgold", "milli", "bonbast", "tgju")
    for board in boards:
        board_server.misbehave(board, "times_ten")
    decision = operations.update_prices(market=market_of(board_server, *boards), now=NOW).decision
    assert isinstance(decision, Held)


def test_a_feed_that_fails_is_left_alone_like_a_board_and_is_none_of_monitorings_boards(
    board_server: BoardServer,
) -> None:
    board_server.misbehave("goldprice", "error403")
    market = market_of(board_server, "wallgold", "tgju")
    operations.update_prices(market=market, now=NOW)
    before = len(board_server.calls())
    operations.update_prices(market=market, now=NOW + timedelta(minutes=5))
    assert {call["board"] for call in board_server.calls()[before:]} == {"wallgold", "tgju", "goldapi"}
    assert list(QuoteRecord.objects.filter(source="goldprice").values_list("why", flat=True).order_by("pk")) == [
        "http_status", "left_alone",
    ]  # fmt: skip
    assert set(monitoring.by_source(since=NOW)) == {"wallgold", "tgju"}


def test_feeds_are_not_asked_where_no_board_is(board_server: BoardServer) -> None:
    polite = replace(market_of(board_server, "wallgold", "tgju"), pace=timedelta(seconds=30))
    operations.update_prices(market=polite, now=NOW)
    before = len(board_server.calls())
    operations.update_prices(market=polite, now=NOW + timedelta(seconds=10))
    assert len(board_server.calls()) == before


def test_a_way_to_tehran_that_is_cut_is_no_boards_failure_and_one_to_the_world_is_the_feeds(
    board_server: BoardServer,
) -> None:
    market = market_of(board_server, "wallgold", "tgju")
    for ways, failures in (({"wallgold", "tgju"}, (0, 0)), (FEEDS, (0, 1))):
        board_server.heal()
        for board in ways:
            board_server.misbehave(board, "refuse")
        operations.update_prices(market=market, now=NOW)
        standing = operations.standings()
        assert (standing["wallgold"].failures, standing["goldapi"].failures) == failures
