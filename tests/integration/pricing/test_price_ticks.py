"""A tick against real boards' protocols, a real database and a real cache."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.boards import BoardServer, healthy, market_at
from zargar.outcomes import Permanent
from zargar.pricing import operations
from zargar.pricing.answers import Answer
from zargar.pricing.given_boards import GivenBoards
from zargar.pricing.market import Market
from zargar.pricing.models import QuoteRecord, Tick, Verdict
from zargar.pricing.readings import Accepted, Held, Stale, State
from zargar.pricing.sources import CATALOGUE

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 11:30 in Tehran on a Monday; the boards' clocks stand there too
MINUTE = timedelta(minutes=1)
SIX = ("wallgold", "tgju", "talasea", "milli", "tlyn", "bonbast")
KARATS = {"14", "18", "21", "22", "24"}

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


@pytest.fixture
def market(board_server: BoardServer) -> Market:
    """The two first boards against the sandbox, with a short deadline."""
    whole = market_at(board_server, deadline=timedelta(seconds=1))
    first_two = tuple(source for source in whole.sources if source.board.name in {"wallgold", "tgju"})
    return Market(whole.boards, first_two, whole.rules, whole.deadline, whole.pace)


def test_two_healthy_boards_give_a_live_price_and_five_karats(market: Market) -> None:
    summary = operations.update_prices(market=market, now=NOW).summary()
    assert (summary["state"], summary["decision"], summary["fallback"]) == ("live", "accepted", False)
    assert summary["used"] == ["tgju", "wallgold"]
    assert summary["rejected"] == []
    assert summary["age_seconds"] == 0
    assert summary["cache"] == "replaced"
    karats = summary["karats"]
    assert isinstance(karats, dict)
    assert set(karats) == KARATS
    assert str(karats["18"]).isdecimal()


def test_a_tick_is_kept_with_every_quote_its_unit_and_its_verdict(market: Market) -> None:
    operations.update_prices(market=market, now=NOW)
    tick = Tick.objects.get()
    assert (tick.state, tick.at, tick.trigger) == (State.ACCEPTED, NOW, "scheduled")
    gold = {row.source: row for row in tick.quotes.filter(instrument="gold_750")}
    assert {name: (row.verdict, row.unit) for name, row in gold.items()} == {
        "wallgold": (Verdict.USED, "Toman"), "tgju": (Verdict.USED, "Rial"),
    }  # fmt: skip
    assert gold["tgju"].bid == int(gold["tgju"].raw) / 10
    assert gold["tgju"].source_time is not None
    assert set(tick.quotes.exclude(instrument="gold_750").values_list("verdict", flat=True)) == {Verdict.KEPT}


@pytest.mark.parametrize("how", ["silent", "html", "error500", "null", "zero", "redirect", "refuse", "suspended"])
def test_when_a_board_fails_the_last_price_is_answered_and_marked(
    how: str, market: Market, board_server: BoardServer
) -> None:
    before = operations.update_prices(market=market, now=NOW).summary()
    board_server.misbehave("wallgold", how)
    summary = operations.update_prices(market=market, now=NOW + 5 * MINUTE).summary()
    assert (summary["state"], summary["decision"], summary["fallback"]) == ("fallback", "stale", True)
    assert (summary["price"], summary["karats"]) == (before["price"], before["karats"])
    assert summary["age_seconds"] == 300
    (rejected,) = QuoteRecord.objects.filter(verdict=Verdict.REJECTED)
    assert (rejected.source, rejected.bid) == ("wallgold", None)


def test_without_any_price_a_silent_market_is_answered_with_no_number(
    market: Market, board_server: BoardServer
) -> None:
    for board in ("wallgold", "tgju"):
        board_server.misbehave(board, "silent")
    summary = operations.update_prices(market=market, now=NOW).summary()
    assert (summary["state"], summary["price"], summary["karats"]) == ("none", None, {})
    assert Tick.objects.get().deadline_hit


def test_a_board_that_slips_into_rials_never_moves_the_price(market: Market, board_server: BoardServer) -> None:
    before = operations.update_prices(market=market, now=NOW).summary()
    board_server.misbehave("tgju", "times_ten")
    ticked = operations.update_prices(market=market, now=NOW + MINUTE)
    assert isinstance(ticked.decision, Stale)
    assert ticked.summary()["price"] == before["price"]
    rejected = Tick.objects.latest("at").quotes.filter(verdict=Verdict.REJECTED)
    assert set(rejected.values_list("source", "why", "instrument")) == {
        ("wallgold", "far_from_others", "gold_750"), ("tgju", "far_from_others", "gold_750"),
    }  # fmt: skip


def test_a_real_relevel_gets_through_after_a_quarter_of_an_hour(board_server: BoardServer, market: Market) -> None:
    operations.update_prices(market=market, now=NOW)
    board_server.move("0.76")
    try:
        later = [NOW + minutes * MINUTE for minutes in (5, 10, 15, 20)]
        decisions = [operations.update_prices(market=market, now=at).decision for at in later]
    finally:
        board_server.move(str(1 / 0.76))
    assert [type(decision) for decision in decisions] == [Held, Held, Held, Accepted]
    assert decisions[-1] is not None
    assert decisions[-1].reason.startswith("re-level")


def test_an_operators_price_lets_a_relevel_through_at_once(board_server: BoardServer, market: Market) -> None:
    operations.update_prices(market=market, now=NOW)
    board_server.move("0.76")
    try:
        level = str(18_530_000 * 76 // 100)
        end = NOW + timedelta(hours=1)
        operations.set_override(value=level, until=end, reason="the rate was cut", actor="sara", now=NOW + MINUTE)
        ticked = operations.update_prices(market=market, now=NOW + 5 * MINUTE)
    finally:
        board_server.move(str(1 / 0.76))
    assert isinstance(ticked.decision, Accepted)


def test_a_value_that_stands_still_is_dated_from_when_it_changed(market: Market, board_server: BoardServer) -> None:
    board_server.misbehave("tgju", "frozen")
    for minutes in (0, 5, 10):
        operations.update_prices(market=market, now=NOW + minutes * MINUTE)
    dates = QuoteRecord.objects.filter(source="tgju", instrument="gold_750").values_list("changed_at", flat=True)
    assert set(dates) == {NOW}


def test_one_karat_is_answered_after_a_whole_tick(market: Market) -> None:
    summary = operations.update_single_karat(market=market, karat=21, now=NOW)
    karats = summary["karats"]
    assert isinstance(karats, dict)
    assert summary["toman_per_gram"] == karats["21"]
    assert Tick.objects.get().trigger == "single karat"


def test_an_unknown_karat_is_refused_before_any_board_is_asked(market: Market, board_server: BoardServer) -> None:
    before = len(board_server.calls())
    with pytest.raises(Permanent, match="14, 18, 21, 22, 24"):
        operations.update_single_karat(market=market, karat=23, now=NOW)
    assert len(board_server.calls()) == before


def test_a_forced_refresh_says_who_forced_it_and_knows_its_reasons(market: Market) -> None:
    operations.force_refresh(market=market, reason="outage_over", now=NOW)
    assert Tick.objects.get().trigger == "forced: outage_over"
    with pytest.raises(Permanent, match="market_moved"):
        operations.force_refresh(market=market, reason="because", now=NOW)


def test_boards_are_not_asked_faster_than_their_pace(market: Market, board_server: BoardServer) -> None:
    paced = Market(market.boards, market.sources, market.rules, market.deadline, pace=timedelta(seconds=30))
    operations.update_prices(market=paced, now=NOW)
    before = len(board_server.calls())
    ticked = operations.update_prices(market=paced, now=NOW + timedelta(seconds=29))
    assert ticked.summary()["decision"] is None
    assert ticked.summary()["state"] == "live"
    assert len(board_server.calls()) == before
    operations.update_prices(market=paced, now=NOW + timedelta(seconds=30))
    assert Tick.objects.count() == 2


def test_all_boards_together_leave_out_the_wild_one(board_server: BoardServer) -> None:
    board_server.misbehave("milli", "times_ten")
    board_server.misbehave("bonbast", "token_stale")
    board_server.misbehave("talasea", "suspended")
    whole = market_at(board_server)
    six = tuple(source for source in whole.sources if source.board.name in SIX)
    ticked = operations.update_prices(market=replace(whole, sources=six), now=NOW)
    assert isinstance(ticked.decision, Accepted)
    assert ticked.decision.used == ("tgju", "tlyn", "wallgold")
    assert {one.source: one.why for one in ticked.decision.rejected} == {
        "milli": "far_from_others", "bonbast": "stale_token", "talasea": "suspended",
    }  # fmt: skip


def test_a_board_with_a_slower_cadence_sits_out_the_ticks_between(board_server: BoardServer) -> None:
    whole = market_at(board_server)
    some = tuple(source for source in whole.sources if source.board.name in {"wallgold", "ecogold", "navasan"})
    paced = replace(whole, sources=some, pace=timedelta(seconds=30))
    asked = []
    for minute in (0, 5, 10):
        before = len(board_server.calls())
        operations.update_prices(market=paced, now=NOW + minute * MINUTE)
        asked.append({call["board"] for call in board_server.calls()[before:]})
    assert asked == [{"wallgold", "ecogold", "navasan"}, {"wallgold", "ecogold"}, {"wallgold", "ecogold", "navasan"}]
    told = operations.validate_boards(market=paced, next_price=lambda at: at + 60 * MINUTE, now=NOW + 15 * MINUTE)
    assert told["asked"] == 2


def test_while_two_boards_have_moved_on_together_the_price_of_the_others_is_held(market: Market) -> None:
    told = {"wallgold": "18600000", "talasea": "18500"}

    def answers(wallgold: str, talasea: str) -> GivenBoards:
        bodies = {
            "wallgold": {"result": [{"symbol": "GLD_18C_750TMN", "marketCap": {"lastPrice": wallgold}}]},
            "talasea": {"price": talasea},
            "technogold": {"results": {"buy_price": 18_520_000, "sell_price": 18_480_000}},
            "digikala": {"gold18": {"price": 185_400}},
            "daric": {"bestBuy": {"price": 18_500_000}, "bestSell": {"price": 18_520_000}},
        }
        return GivenBoards(
            {name: Answer(200, "application/json", json.dumps(body).encode(), NOW) for name, body in bodies.items()}
        )

    sources = tuple(source for source in CATALOGUE if source.board.name in {*told, "technogold", "digikala", "daric"})
    still = replace(market, sources=sources, boards=answers(**told))
    moved = replace(market, sources=sources, boards=answers("19200000", "19100"))
    assert isinstance(operations.update_prices(market=still, now=NOW).decision, Accepted)
    held = operations.update_prices(market=moved, now=NOW + 5 * MINUTE).decision
    assert isinstance(held, Held)
    assert held.reason == "the market is moving: talasea, wallgold moved together, 3 families not yet"
