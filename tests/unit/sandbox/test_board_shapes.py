"""The stand-ins answer in the shape that was recorded of the real boards: the same fields, types and ways of writing.

The shapes are described here by hand, from the recorded answers, and not taken from the sandbox.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from zargar.sandbox.boards import ROUTES
from zargar.sandbox.market import Market
from zargar.sandbox.misbehaviour import How, Quirk, Scene
from zargar.sandbox.wire import Call

AT = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)

NAMES = {"symbol", "baseAsset", "quoteAsset", "faName", "enName", "faBaseAsset", "enBaseAsset"}
WALLGOLD_MARKET = {
    **dict.fromkeys(NAMES | {"faQuoteAsset", "enQuoteAsset", "buyStatus", "sellStatus", "createdAt"}, r"\S.*"),
    **dict.fromkeys({"baseAssetPrecision", "quotePrecision", "stepSize", "tickSize"}, r"\d+"),
    **dict.fromkeys({"minNotional", "maxNotional", "minNotionalSLTP", "maxNotionalSLTP"}, r"\d+"),
    **dict.fromkeys({"otcFeeCoefficient", "sltpFeeCoefficient", "sltpThreshold"}, r"0(\.\d+)?"),
    **dict.fromkeys({"minQty", "maxQty", "minQtySLTP", "maxQtySLTP"}, r"\d+\.\d{3}"),
    **dict.fromkeys({"IsEnableBuySide", "IsEnableSellSide", "isNew"}, bool),
    "marketCap": dict,
}
WALLGOLD_CAP = {
    "symbol": "GLD_18C_750TMN",
    "24hVolume": r"\d+\.\d{19}",
    "24hQuoteVolume": r"\d+\.\d{16}",
    "24hHighPrice": r"\d+\.0{16}",
    "24hLowPrice": r"\d+\.0{16}",
    "24hChangePrice": r"0\.\d{16}",
    "lastPrice": r"\d+",
    "lastBuyPrice": r"\d+",
    "lastSellPrice": r"\d+",
}
TGJU_ROW = {
    **dict.fromkeys(["p", "h", "l", "d"], r"\d{1,3}(,\d{3})*(\.\d\d)?"),
    "dp": float,
    "dt": "high|low",
    "t": "[۰-۹]{2}:[۰-۹]{2}:[۰-۹]{2}",
    "t_en": "[0-9]{2}:[0-9]{2}:[0-9]{2}",
    "t-g": "[۰-۹]{2}:[۰-۹]{2}:[۰-۹]{2}",
    "ts": r"2026-11-22 15:30:\d\d",
}


def answer(board: str, *, quirk: Quirk | None = None, seed: int = 7, at: datetime = AT) -> Any:  # noqa: ANN401 -- JSON
    route = ROUTES[board][0]
    return json.loads(route.answer(Scene(Market(seed), at, quirk), Call()).body)


def assert_shape(found: dict[str, Any], shape: dict[str, Any]) -> None:
    assert set(found) == set(shape)
    for key, expected in shape.items():
        if isinstance(expected, str):
            assert isinstance(found[key], str), key
            assert re.fullmatch(expected, found[key]), (key, found[key])
        else:
            assert type(found[key]) is expected, (key, found[key])


def test_wallgold_answers_in_the_recorded_shape() -> None:
    body = answer("wallgold")
    assert set(body) == {"result", "message", "success"}
    assert body["success"] is True
    gold, silver = body["result"]
    for market in (gold, silver):
        assert_shape(market, WALLGOLD_MARKET)
    assert_shape(gold["marketCap"], WALLGOLD_CAP)
    assert silver["marketCap"] == {**dict.fromkeys(WALLGOLD_CAP), "symbol": "SLV_990TMN"}


def test_tgju_answers_in_the_recorded_shape() -> None:
    current = answer("tgju")["current"]
    assert {"geram18", "gold_740k", "geram24", "mesghal", "sekee", "ons", "price_dollar_rl"} == set(current)
    for row in current.values():
        assert_shape(row, TGJU_ROW)


def test_wallgold_and_tgju_show_one_market_in_their_own_units() -> None:
    toman = int(answer("wallgold")["result"][0]["marketCap"]["lastPrice"])
    rial = int(answer("tgju")["current"]["geram18"]["p"].replace(",", ""))
    assert abs(rial / 10 / toman - 1) < 0.006


def test_a_restart_shows_the_same_market_and_another_seed_another_one() -> None:
    assert answer("wallgold") == answer("wallgold")
    assert answer("wallgold") != answer("wallgold", seed=8)


def test_the_market_moves_about_as_much_as_the_real_one() -> None:
    market = Market(7)
    moves = sorted(
        abs(market.gold(at + timedelta(minutes=12)) / market.gold(at) - 1)
        for at in (AT + timedelta(minutes=12 * n) for n in range(500))
    )
    assert Decimal("0.0002") < moves[250] < Decimal("0.002")
    assert moves[-1] < Decimal("0.0124")


@pytest.mark.parametrize(
    ("how", "price"), [(How.ZERO, "0"), (How.NULL, None), (How.TIMES_TEN, r"\d{9}"), (How.TENTH, r"\d{7}")]
)
def test_a_board_can_say_something_wrong(how: How, price: str | None) -> None:
    body = answer("wallgold", quirk=Quirk(how, AT))
    said = body["result"][0]["marketCap"]["lastPrice"]
    assert said is price is None or re.fullmatch(str(price), said)


def test_a_frozen_board_shows_an_old_value_with_a_fresh_stamp() -> None:
    later = AT + timedelta(hours=2)
    frozen = answer("tgju", quirk=Quirk(How.FROZEN, AT), at=later)["current"]["geram18"]
    then = answer("tgju")["current"]["geram18"]
    now = answer("tgju", at=later)["current"]["geram18"]
    assert frozen["ts"] == now["ts"] != then["ts"]
    assert frozen["p"] != now["p"]


def test_a_board_whose_clock_is_behind_shows_an_old_stamp() -> None:
    row = answer("tgju", quirk=Quirk(How.CLOCK, AT, -7200))["current"]["geram18"]
    assert row["ts"] == "2026-11-22 13:30:00"
    assert row["p"] == answer("tgju")["current"]["geram18"]["p"]
