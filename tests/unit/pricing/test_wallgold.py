"""Reading WallGold."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from zargar.pricing.answers import Answer
from zargar.pricing.board import Said
from zargar.pricing.quotes import Instrument, Rejection, Unit, Why
from zargar.pricing.sources import named

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FIELD = "result[symbol=GLD_18C_750TMN]"


def market(symbol: str = "GLD_18C_750TMN", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 -- whatever JSON holds
    price = changes.pop("lastPrice", "18611000")
    flags = {"IsEnableBuySide": True, "IsEnableSellSide": True, "buyStatus": "enable", "sellStatus": "enable"}
    cap = {"symbol": symbol, "lastPrice": price, "lastBuyPrice": price, "lastSellPrice": price}
    return {"symbol": symbol, "minQty": "0.007", **flags, "marketCap": cap, **changes}


def read(body: object, *, status: int = 200) -> Said:
    text = body if isinstance(body, str) else json.dumps(body)
    return named("wallgold").read(Answer(status, "application/json", text.encode(), AT))


def read_market(**changes: Any) -> Said:  # noqa: ANN401 -- as above
    silver = market("SLV_990TMN", lastPrice=None)
    return read({"result": [silver, market(**changes)], "message": "ok", "success": True})


def test_its_price_is_toman_per_gram_and_both_sides_are_equal() -> None:
    (quote,) = read_market().quotes
    assert quote.instrument is Instrument.GOLD_750
    assert quote.bid == quote.ask == 18_611_000
    assert (quote.unit, quote.source_time, quote.toman_per_gram_18k) == (Unit.TOMAN, None, Decimal(18_611_000))


@pytest.mark.parametrize(
    ("price", "why"),
    [
        (None, Why.MISSING),
        ("0", Why.NOT_POSITIVE),
        ("-18611000", Why.NOT_POSITIVE),
        ("NaN", Why.NOT_A_NUMBER),
        ("1.8611e7", Why.NOT_A_NUMBER),
        ("18,611,000", Why.NOT_A_NUMBER),
        ("۱۸۶۱۱۰۰۰", Why.NOT_A_NUMBER),
        (True, Why.NOT_A_NUMBER),
        ({}, Why.NOT_A_NUMBER),
    ],
)
def test_a_price_that_is_none_is_rejected_with_its_field(price: object, why: Why) -> None:
    said = read_market(lastPrice=price)
    assert said.quotes == ()
    assert [(one.field, one.why) for one in said.rejections] == [(f"{FIELD}.marketCap.lastPrice", why)]


@pytest.mark.parametrize(
    ("flag", "value"),
    [("buyStatus", "disable"), ("sellStatus", "disable"), ("IsEnableBuySide", False), ("IsEnableSellSide", False)],
)
def test_a_venue_that_has_stopped_trading_has_no_price(flag: str, value: object) -> None:
    said = read_market(**{flag: value})
    assert said == Said((), (Rejection(f"{FIELD}.marketCap.lastPrice", Why.SUSPENDED, flag),))


def test_a_flag_that_is_not_there_says_nothing() -> None:
    bare = {"symbol": "GLD_18C_750TMN", "marketCap": {"lastPrice": "18611000"}}
    assert len(read({"result": [bare]}).quotes) == 1


def test_a_flag_of_another_type_is_not_believed() -> None:
    said = read_market(IsEnableBuySide="false")
    assert [(one.field, one.why) for one in said.rejections] == [(f"{FIELD}.IsEnableBuySide", Why.WRONG_TYPE)]


@pytest.mark.parametrize(
    ("body", "field", "why"),
    [
        ({"result": []}, FIELD, Why.MISSING),
        ({"result": [market("SLV_990TMN")]}, FIELD, Why.MISSING),
        ({"result": [market(), market()]}, FIELD, Why.WRONG_TYPE),
        ({"result": {}}, "result", Why.WRONG_TYPE),
        ({"success": False, "message": "خطا"}, "result", Why.MISSING),
        ({"result": [{"symbol": "GLD_18C_750TMN"}]}, f"{FIELD}.marketCap", Why.MISSING),
        ("[]", "", Why.NOT_JSON),
        ("", "", Why.NOT_JSON),
        ("<!doctype html><html></html>", "", Why.NOT_JSON),
        ('{"result": NaN}', "", Why.NOT_JSON),
        ('{"result": [], "result": []}', "", Why.NOT_JSON),
        ("[" * 100_000, "", Why.NOT_JSON),
        ('{"result": ' + "9" * 5000 + "}", "", Why.NOT_JSON),
    ],
)
def test_an_answer_of_another_shape_is_rejected(body: object, field: str, why: Why) -> None:
    said = read(body)
    assert said.quotes == ()
    assert [(one.field, one.why) for one in said.rejections] == [(field, why)]


@pytest.mark.parametrize("status", [204, 403, 422, 500, 502])
def test_another_status_is_no_answer(status: int) -> None:
    assert read({"result": [market()]}, status=status) == Said((), (Rejection("", Why.HTTP_STATUS, str(status)),))


def test_bytes_that_are_no_utf8_are_no_answer() -> None:
    said = named("wallgold").read(Answer(200, "application/json", b"\xff\xfe\x00", AT))
    assert said.rejections[0].why is Why.NOT_JSON
