"""The stand-ins of the two feeds of the world's ounce, in the shapes that were recorded or read."""

import json
import re
from datetime import UTC, datetime

from zargar.sandbox.boards import ROUTES
from zargar.sandbox.market import Market
from zargar.sandbox.misbehaviour import How, Quirk, Scene
from zargar.sandbox.wire import Call, Reply

AT = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
REFERER = Call(headers={"Referer": "https://goldprice.org/"})


def answer(board: str, how: How | None = None, call: Call = REFERER) -> Reply:
    (route,) = ROUTES[board]
    reply: Reply = route.answer(Scene(Market(7), AT, Quirk(how, AT) if how else None), call)
    return reply


def test_gold_api_answers_as_its_readers_know_it() -> None:
    body = json.loads(answer("goldapi").body)
    assert {key: type(value) for key, value in body.items()} == {
        "name": str, "price": float, "symbol": str, "updatedAt": str, "updatedAtReadable": str,
    }  # fmt: skip
    assert (body["symbol"], body["updatedAt"]) == ("XAU", "2026-11-22T12:00:30Z")
    assert abs(body["price"] - float(Market(7).ounce(AT))) < 0.001


def test_goldprice_answers_in_the_recorded_shape() -> None:
    body = json.loads(answer("goldprice").body)
    assert list(body) == ["ts", "tsj", "date", "items"]
    assert body["ts"] - body["tsj"] == 6000
    assert re.fullmatch(r"Nov 22nd 2026, 07:00:24 am NY", body["date"])
    [row] = body["items"]
    assert list(row) == ["curr", "xauPrice", "xagPrice", "chgXau", "chgXag", "pcXau", "pcXag", "xauClose", "xagClose"]
    assert row["curr"] == "USD"
    assert {type(value) for key, value in row.items() if key != "curr"} == {float}
    assert abs(row["xauPrice"] - row["xauClose"] - row["chgXau"]) < 0.001


def test_goldprice_turns_away_who_does_not_say_where_he_comes_from() -> None:
    assert answer("goldprice", call=Call()).status == 403


def test_a_feed_can_show_nothing_ten_times_too_much_and_always_the_same() -> None:
    honest = json.loads(answer("goldapi").body)["price"]
    assert json.loads(answer("goldapi", How.NULL).body)["price"] is None
    assert abs(json.loads(answer("goldapi", How.TIMES_TEN).body)["price"] / honest - 10) < 0.001
    assert json.loads(answer("goldprice", How.FROZEN).body)["items"][0]["xauPrice"] == honest
    assert json.loads(answer("goldprice", How.NULL).body)["items"][0]["chgXau"] is None
