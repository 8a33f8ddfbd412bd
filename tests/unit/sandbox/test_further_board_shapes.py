"""The stand-ins of Talasea, Milli, Tlyn and Bonbast, in the shapes that were recorded."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from zargar.sandbox.boards import ROUTES, bonbast
from zargar.sandbox.market import Market
from zargar.sandbox.misbehaviour import How, Quirk, Scene
from zargar.sandbox.wire import Call, Reply

AT = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
SCENE = Scene(Market(7), AT, None)


def answer(board: str, scene: Scene = SCENE) -> Any:  # noqa: ANN401 -- JSON
    (route,) = ROUTES[board]
    return json.loads(route.answer(scene, Call()).body)


def test_talasea_answers_in_the_recorded_shape() -> None:
    body = answer("talasea")
    assert re.fullmatch(r"\d{5}", body["price"])
    assert {type(body[key]) for key in ("minOrderValue", "minDeposit", "maxDeposit", "percentageCreditLoan")} == {int}
    assert {type(body[key]) for key in ("fee", "goldInstallmentPercent")} == {float}
    flags = ("disableSell", "disableBuy", "disableMargin", "disableLimit")
    assert [body[flag] for flag in flags] == [False] * 4
    assert [type(body[f"{flag}Message"]) for flag in flags] == [str] * 4
    assert len(body) == 20
    closed = answer("talasea", Scene(Market(7), AT, Quirk(How.SUSPENDED, AT)))
    assert (closed["disableBuy"], closed["disableSell"]) == (True, True)


def test_milli_answers_in_the_recorded_shape() -> None:
    body = answer("milli")
    assert {key: type(value) for key, value in body.items()} == {"code": int, "message": str, "data": dict}
    assert body["data"] == {"price18": body["data"]["price18"], "date": "2026-11-22T15:30:30"}
    assert 100_000 < body["data"]["price18"] < 300_000


def test_tlyn_answers_in_the_recorded_shape() -> None:
    rows = {row["symbol"]: row for row in answer("tlyn")["prices"]}
    assert set(rows) == {"GOLD18", "GOLD_MITHQAL17", "SEKEH_E", "SEKEH_NIM", "SEKEH_ROB", "XAU"}
    gold, coin, ounce = rows["GOLD18"], rows["SEKEH_E"], rows["XAU"]
    assert set(gold) == {"symbol", "title", "status", "price", "direction", "date", "visibility"}
    assert {key: type(value) for key, value in gold["price"].items()} == dict.fromkeys(
        ("sell", "buy", "highest", "lowest"), int
    )
    assert gold["price"]["sell"] > gold["price"]["buy"]
    assert set(ounce) - set(gold) == {"id", "quote_currency"}
    assert "status" not in ounce
    assert gold["date"] == {
        "utc_timestamp": "2026-11-22T11:59:50.000000Z",
        "datetime": "2026-11-22 15:29:50",
        "datetime_full": "2026-11-22T15:29:50.000000+0330",
        "iran_timestamp": "2026-11-22T15:29:50.000000+03:30",
        "jdatetime": "1405-09-01 15:29:50",
        "jdatetime_short": "15:29",
        "date_description": "اکنون",
    }
    assert coin["date"]["jdatetime"].startswith("2648-02-")


def test_tlyns_coins_have_a_date_on_every_day_of_the_year() -> None:
    for day in range(1, 366):
        at = datetime.strptime(f"2026-{day:03}+0000", "%Y-%j%z")
        assert answer("tlyn", Scene(Market(7), at, None))["prices"]


def post(param: str, cookies: dict[str, str], quirk: Quirk | None = None) -> Any:  # noqa: ANN401 -- JSON
    call = Call(form={"param": param}, cookies=cookies)
    return json.loads(bonbast.prices(Scene(Market(7), AT, quirk), call).body)


def token_of(page: Reply) -> str:
    found = re.search(r"\$\.post\('/json', \{param: \"([^\"]+)\"", page.body)
    assert found is not None
    return found[1]


def test_bonbast_answers_whoever_brings_the_token_and_the_cookie_of_its_page() -> None:
    page = bonbast.page(SCENE, Call())
    body = post(token_of(page), dict(page.cookies))
    assert (body["last_modified"], body["hour"], body["minute"]) == ("November 22, 2026 12:00", "15", "30")
    assert (body["year"], body["month"], body["day"]) == (1405, 9, 1)
    numbers = {key: value for key, value in body.items() if re.search(r"\d$", key)}
    assert len(numbers) == 28 * 2 + 5 * 2  # currencies, coins (azadi1g has no digit at its end) and gol18
    assert all(re.fullmatch(r"\d+", value) for value in numbers.values())
    assert abs(int(body["mithqal"]) / 4.3318 - int(body["gol18"])) < 1
    assert int(body["usd1"]) > int(body["usd2"])


def test_bonbast_answers_anybody_else_that_there_is_nothing() -> None:
    page = bonbast.page(SCENE, Call())
    token = token_of(page)
    assert post(token, {}) == {"rest": "1"}
    assert post("0" * 48, dict(page.cookies)) == {"rest": "1"}
    assert post(token, dict(page.cookies), Quirk(How.TOKEN_STALE, AT)) == {"rest": "1"}
