"""The stand-ins of the ten boards after the first six, in the shapes that were recorded or are known of readers."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from zargar.sandbox.boards import ROUTES
from zargar.sandbox.market import Market
from zargar.sandbox.misbehaviour import How, Quirk, Scene
from zargar.sandbox.wire import Call, Reply, Route

AT = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
SCENE = Scene(Market(7), AT, None)
KEY = Call(query={"key": "k", "api_key": "k"})


def reply(board: str, call: Call = KEY, *, how: How | None = None, seconds: float = 0) -> Reply:
    route: Route = ROUTES[board][0]
    return route.answer(Scene(Market(7), AT, Quirk(how, AT, seconds) if how else None), call)


def answer(board: str, *, how: How | None = None) -> Any:  # noqa: ANN401 -- JSON
    return json.loads(reply(board, how=how).body)


def test_goldika_answers_a_middle_made_from_its_mesghal_and_the_older_shape() -> None:
    data = answer("goldika")["data"]
    assert set(data) == {"id", "base_price", "mid_price", "commission", "old_price", "daily_change_percent"}
    assert set(data["old_price"]) == {"id", "base_price", "buy", "sell", "created_at"}
    assert abs(data["base_price"] / 4.6083 * 750 / 705 - data["mid_price"]) < 1
    assert data["old_price"]["buy"] > data["mid_price"] > data["old_price"]["sell"] > 100_000_000
    assert data["old_price"]["created_at"] == "2026-11-22T12:00:30.000000Z"


def test_technogold_answers_two_integers_or_that_it_does_not_trade() -> None:
    body = answer("technogold")
    assert {key: type(value) for key, value in body["results"].items()} == {"sell_price": int, "buy_price": int}
    assert (body["succeed"], answer("technogold", how=How.SUSPENDED)["succeed"]) == (True, False)


def test_ecogold_answers_strings_with_eight_decimals_and_two_stamps() -> None:
    silver, gold = answer("ecogold")["data"]
    assert (silver["symbol"], gold["symbol"]) == ("SILVER999-IRT", "GOLD18-IRT")
    assert set(gold) == {"symbol", "sell_price", "buy_price", "change", "signature", "valid_at", "created_at"}
    assert re.fullmatch(r"\d{8}\.0{8}", gold["buy_price"])
    assert (gold["created_at"], gold["valid_at"]) == ("2026-11-22T12:00:22.000000Z", "2026-11-22T12:02:22.000000Z")


def test_digikala_answers_hundreds_of_toman() -> None:
    body = answer("digikala")
    assert {key: set(value) for key, value in body.items()} == {
        "gold18": {"price", "ttl"}, "silver999": {"price", "ttl"},
    }  # fmt: skip
    assert 100_000 < body["gold18"]["price"] < 300_000


def test_daric_answers_a_book_that_may_lack_its_offer() -> None:
    body = answer("daric")
    assert body["bestBuy"]["price"] < body["bestSell"]["price"]
    assert answer("daric", how=How.SUSPENDED)["bestSell"] is None


def test_melligold_turns_back_who_brings_no_cookie() -> None:
    turned = reply("melligold")
    assert (turned.status, turned.body) == (307, "")
    (cookie,) = turned.cookies.items()
    assert cookie[0].startswith("__arcsco")
    body = json.loads(reply("melligold", Call(cookies=dict([cookie]))).body)
    assert body["data"]["price_buy"] == body["data"]["price_sell"]
    assert body["data"]["timestamp"] == int(AT.timestamp())


def test_tala_ir_answers_commas_persian_digits_and_what_was_broken() -> None:
    body = answer("talair")
    gold = body["gold"]["gold_18k"]
    assert re.fullmatch(r"\d{2},\d{3},\d{3}", gold["v"])
    assert re.fullmatch(r"[۰-۹]{2},[۰-۹]{3},[۰-۹]{3}", gold["v_fa"])
    assert (gold["m"], gold["jdate"]) == (int(AT.timestamp()), "15:30 1405/09/01")
    assert (body["arz"]["arz_dolar"]["v"], body["cbi"]["cbi_usd"]["v"]) == ("0", "4,200/0")


def test_the_union_answers_a_page_whose_clock_can_be_corrupt() -> None:
    page = reply("union").body
    assert re.search(r'<span data-field="IRG18">[۰-۹]{2}٫[۰-۹]{3}٫[۰-۹]{3}</span>', page)
    assert "۱۴۰۵/۰۹/۰۱ - ۱۵:۳۰" in page
    assert "۱۴۰۵/۱۳/۴۵" in reply("union", how=How.CLOCK).body
    assert '<span data-field="IRG18">-</span>' in reply("union", how=How.NULL).body


def test_brsapi_answers_rows_with_their_own_unit_and_clock() -> None:
    rows = {row["symbol"]: row for row in answer("brsapi")["gold"]}
    assert set(rows) == {
        "IR_GOLD_18K", "IR_GOLD_24K", "IR_GOLD_MELTED", "IR_COIN_EMAMI", "XAUUSD", "IR_COIN_1G",
    }  # fmt: skip
    assert {rows[symbol]["unit"] for symbol in ("IR_GOLD_18K", "XAUUSD")} == {"تومان", "دلار"}
    assert rows["IR_COIN_1G"]["time_unix"] < rows["IR_GOLD_18K"]["time_unix"] <= AT.timestamp()


def test_navasan_answers_a_string_with_a_clock() -> None:
    item = answer("navasan")["18ayar"]
    assert {key: type(value) for key, value in item.items()} == {
        "value": str,
        "change": int,
        "timestamp": int,
        "date": str,
    }
    assert (item["timestamp"], item["date"]) == (int(AT.timestamp()), "1405-09-01 15:30:30")


@pytest.mark.parametrize(("board", "said"), [("brsapi", '"successful": false'), ("navasan", "error 789")])
def test_whoever_brings_no_key_or_a_bad_one_is_told_so_with_status_200(board: str, said: str) -> None:
    for turned in (reply(board, Call()), reply(board, how=How.TOKEN_STALE)):
        assert turned.status == 200
        assert said in turned.body


@pytest.mark.parametrize(
    "board", ["goldika", "technogold", "ecogold", "digikala", "daric", "talair", "brsapi", "navasan"]
)
def test_a_board_without_a_price_still_answers_in_its_shape(board: str) -> None:
    assert set(answer(board, how=How.NULL)) == set(answer(board))
