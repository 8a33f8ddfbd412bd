"""Reading the two feeds of the world's ounce: strict about what is priced, and by which clock."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from zargar.pricing.answers import Answer
from zargar.pricing.board import Said
from zargar.pricing.quotes import Instrument, Quote, Unit, Why
from zargar.pricing.replay import FAMILIES
from zargar.pricing.sources import CATALOGUE, WORLD, UnknownSourceError, known, named

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GOLDAPI = {"name": "Gold", "price": 4258.899902, "symbol": "XAU", "updatedAt": "2026-11-22T11:59:00Z",
           "updatedAtReadable": "a minute ago"}  # fmt: skip
GOLDPRICE = {"ts": 1795348801939, "tsj": 1795348795567, "date": "Nov 22nd 2026, 06:59:55 am NY",
             "items": [{"curr": "USD", "xauPrice": 4258.895, "xagPrice": 42.3833, "xauClose": 4201.3575}]}  # fmt: skip


def read(source: str, body: object) -> Said:
    return known(source).read(Answer(200, "application/json", json.dumps(body).encode(), AT))


def test_gold_api_gives_the_ounce_with_its_own_clock() -> None:
    assert read("goldapi", GOLDAPI).quotes == (
        Quote.one_sided(
            Instrument.OUNCE, Decimal("4258.899902"), Unit.US_DOLLAR,
            source_time=datetime(2026, 11, 22, 11, 59, tzinfo=UTC),
        ),
    )  # fmt: skip


def test_goldprice_gives_the_ounce_at_the_moment_that_it_was_priced_and_not_answered() -> None:
    [quote] = read("goldprice", GOLDPRICE).quotes
    assert (quote.instrument, quote.bid, quote.raw) == (Instrument.OUNCE, Decimal("4258.895"), "4258.895")
    assert quote.source_time == datetime.fromtimestamp(1795348795, UTC)


def without(body: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != key}


@pytest.mark.parametrize(
    ("source", "body", "field", "why"),
    [
        ("goldapi", {**GOLDAPI, "symbol": "XAG"}, "symbol", Why.WRONG_UNIT),
        ("goldapi", without(GOLDAPI, "symbol"), "symbol", Why.MISSING),
        ("goldapi", {**GOLDAPI, "price": 0}, "price", Why.NOT_POSITIVE),
        ("goldapi", {**GOLDAPI, "price": None}, "price", Why.MISSING),
        ("goldapi", {**GOLDAPI, "price": "n/a"}, "price", Why.NOT_A_NUMBER),
        ("goldapi", {**GOLDAPI, "updatedAt": "2026-11-22T11:59:00"}, "updatedAt", Why.NOT_A_TIME),
        ("goldapi", without(GOLDAPI, "updatedAt"), "updatedAt", Why.MISSING),
        ("goldprice", {**GOLDPRICE, "items": []}, "items[curr=USD]", Why.MISSING),
        ("goldprice", {**GOLDPRICE, "items": [{"curr": "EUR", "xauPrice": 3900}]}, "items[curr=USD]", Why.MISSING),
        ("goldprice", {**GOLDPRICE, "items": GOLDPRICE["items"] * 2}, "items[curr=USD]", Why.WRONG_TYPE),  # type: ignore[operator]  # a list
        ("goldprice", {**GOLDPRICE, "tsj": 1795348795}, "tsj", Why.NOT_A_TIME),
        ("goldprice", without(GOLDPRICE, "tsj"), "tsj", Why.MISSING),
    ],
)  # fmt: skip
def test_what_is_not_as_documented_is_no_price(source: str, body: object, field: str, why: Why) -> None:
    said = read(source, body)
    assert (said.quotes, [(one.field, one.why) for one in said.rejections]) == ((), [(field, why)])


@pytest.mark.parametrize("source", WORLD, ids=lambda source: source.board.name)
@pytest.mark.parametrize("body", ["", "null", "[]", "{}", '{"items": 7}', '{"price": true}', "<html>"])
def test_junk_is_no_price(source: Any, body: str) -> None:  # noqa: ANN401 -- a source
    assert source.read(Answer(200, "application/json", body.encode(), AT)).quotes == ()


def test_the_feeds_of_the_world_are_in_no_list_of_boards_and_in_no_recording() -> None:
    names = {source.board.name for source in WORLD}
    assert names.isdisjoint(source.board.name for source in CATALOGUE)
    assert names.isdisjoint(FAMILIES)
    assert {source.board.family for source in WORLD} == {"world"}
    with pytest.raises(UnknownSourceError, match="goldapi, goldprice"):
        named("goldapi")
