"""Reading the ten boards after the first six: their shapes, their clocks, and each way of not being a price."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from zargar.pricing.answers import Answer
from zargar.pricing.board import Said
from zargar.pricing.quotes import Instrument, Rejection, Why, plain
from zargar.pricing.sources import CATALOGUE, named

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EPOCH = int(AT.timestamp())


def read(source: str, body: object) -> Said:
    return named(source).read(Answer(200, "application/json", json.dumps(body).encode(), AT))


def page(html: str) -> Said:
    return named("union").read(Answer(200, "text/html", html.encode(), AT))


def rejections(said: Said) -> list[tuple[str, Why]]:
    return [(one.field, one.why) for one in said.rejections]


def gold(said: Said) -> tuple[str, str, datetime | None]:
    found = next(quote for quote in said.quotes if quote.instrument is Instrument.GOLD_750)
    return plain(found.bid), plain(found.ask), found.source_time


def test_the_union_and_tala_ir_are_one_family_and_everybody_else_is_his_own() -> None:
    families = [source.board.family for source in CATALOGUE]
    assert (len(families), len(set(families))) == (16, 15)
    assert named("talair").board.family == named("union").board.family


@pytest.mark.parametrize("source", CATALOGUE, ids=lambda source: source.board.name)
@pytest.mark.parametrize("body", [b"\xff\xfe", b'{"data": {}} x', b'{"a": 1, "a": 2}', b"[" * 50_000, b'{"data": NaN}'])
def test_no_source_stumbles_over_bytes_that_are_no_answer(source: Any, body: bytes) -> None:  # noqa: ANN401 -- a fixture
    said = source.read(Answer(200, "application/json", body, AT))
    assert (said.quotes, bool(said.rejections)) == ((), True)


def test_a_byte_order_mark_is_no_change_of_shape() -> None:
    body = "\ufeff" + json.dumps({"gold18": {"price": 185_946}})
    assert len(named("digikala").read(Answer(200, "application/json", body.encode(), AT)).quotes) == 1


@pytest.mark.parametrize("source", CATALOGUE, ids=lambda source: source.board.name)
def test_an_error_status_is_no_price_whatever_the_body(source: Any) -> None:  # noqa: ANN401 -- as above
    assert rejections(source.read(Answer(503, "text/html", b"<html>", AT))) == [("", Why.HTTP_STATUS)]


OLD = {"base_price": 810_000_000, "buy": 189_200_000, "sell": 184_600_000, "created_at": "2026-11-22T11:58:00.000000Z"}
GOLDIKA = {"base_price": 810_000_000, "mid_price": 186_900_000, "old_price": OLD, "commission": {}}


def test_goldika_is_rial_with_the_clock_of_its_older_shape() -> None:
    said = read("goldika", {"data": GOLDIKA})
    assert gold(said) == ("18460000", "18920000", datetime(2026, 11, 22, 11, 58, tzinfo=UTC))
    assert {quote.instrument: quote.mid for quote in said.quotes}[Instrument.MESGHAL] == 81_000_000


def test_goldikas_middle_stands_alone_where_the_older_shape_is_of_another_price_or_absent() -> None:
    assert gold(read("goldika", {"data": {**GOLDIKA, "base_price": 811_000_000}})) == ("18690000", "18690000", None)
    without = {key: value for key, value in GOLDIKA.items() if key != "old_price"}
    assert gold(read("goldika", {"data": without})) == ("18690000", "18690000", None)
    bare = {"mid_price": "186900000", "old_price": None, "base_price": None, "price": None}
    assert read("goldika", {"data": bare}) == Said(read("goldika", {"data": without}).quotes[:1], ())


def test_goldikas_first_version_is_read_too() -> None:
    price = {"buy": "189200000", "sell": "184600000", "createdAt": "2026-11-22T11:58:00Z"}
    said = read("goldika", {"data": {"price": price}})
    assert gold(said) == ("18460000", "18920000", datetime(2026, 11, 22, 11, 58, tzinfo=UTC))


@pytest.mark.parametrize(
    ("data", "field", "why"),
    [
        (None, "data", Why.MISSING),
        ({**GOLDIKA, "mid_price": 0}, "data.mid_price", Why.NOT_POSITIVE),
        ({**GOLDIKA, "mid_price": "۱۸۶۹۰۰۰۰۰"}, "data.mid_price", Why.NOT_A_NUMBER),
        ({**GOLDIKA, "old_price": {**OLD, "buy": None}}, "data.old_price.buy", Why.MISSING),
        (
            {**GOLDIKA, "old_price": {**OLD, "created_at": "2026-11-22 11:58"}},
            "data.old_price.created_at",
            Why.NOT_A_TIME,
        ),
    ],
)
def test_goldika_that_is_not_as_documented_is_rejected(data: object, field: str, why: Why) -> None:
    assert rejections(read("goldika", {"data": data}))[:1] == [(field, why)]


def test_technogold_has_two_sides_in_toman_as_numbers_or_strings() -> None:
    sides = {"sell_price": 18_400_000, "buy_price": "18630000"}
    assert gold(read("technogold", {"succeed": True, "results": sides, "new": 1})) == ("18400000", "18630000", None)


def test_technogold_says_when_it_has_failed() -> None:
    body = {"succeed": False, "results": {"sell_price": 1, "buy_price": 1}}
    assert read("technogold", body) == Said((), (Rejection("succeed", Why.REFUSED, "false"),))
    assert rejections(read("technogold", {"succeed": "yes"})) == [("succeed", Why.WRONG_TYPE)]


def eco(**changed: object) -> dict[str, object]:
    row = {"symbol": "GOLD18-IRT", "sell_price": "18495000.00000000", "buy_price": "18533000.00000000"}
    silver = {**row, "symbol": "SILVER999-IRT", "sell_price": "409000", "created_at": "2026-11-22T11:59:00.25Z"}
    return {"data": [silver, {**row, "created_at": "2026-11-22T11:59:52.521737Z", **changed}]}


def test_ecogold_is_read_from_its_row_of_gold() -> None:
    said = read("ecogold", eco(valid_at="2026-11-22T12:01:52Z"))
    assert gold(said)[2] == datetime(2026, 11, 22, 11, 59, 52, 521737, tzinfo=UTC)
    assert said.quotes[0].mid == 18_514_000


@pytest.mark.parametrize(
    ("changed", "field", "why"),
    [
        ({"symbol": "GOLD24-IRT"}, "data[symbol=GOLD18-IRT]", Why.MISSING),
        ({"symbol": "SILVER999-IRT"}, "data[symbol=GOLD18-IRT]", Why.MISSING),
        ({"buy_price": "18,533,000"}, "data[symbol=GOLD18-IRT].buy_price", Why.NOT_A_NUMBER),
        ({"sell_price": None}, "data[symbol=GOLD18-IRT].sell_price", Why.MISSING),
        ({"created_at": "2026-11-22T11:59:52"}, "data[symbol=GOLD18-IRT].created_at", Why.NOT_A_TIME),
    ],
)
def test_ecogold_that_is_not_as_documented_is_rejected(changed: dict[str, object], field: str, why: Why) -> None:
    assert rejections(read("ecogold", eco(**changed))) == [(field, why)]


@pytest.mark.parametrize("price", [185_946, "185946"])
def test_digikala_is_hundreds_of_toman(price: object) -> None:
    assert gold(read("digikala", {"gold18": {"price": price, "ttl": 60}})) == ("18594600", "18594600", None)


@pytest.mark.parametrize(("price", "why"), [(None, Why.MISSING), (0, Why.NOT_POSITIVE), ("185,946", Why.NOT_A_NUMBER)])
def test_digikala_without_a_price_is_rejected(price: object, why: Why) -> None:
    assert rejections(read("digikala", {"gold18": {"price": price}})) == [("gold18.price", why)]


@pytest.mark.parametrize(
    "body",
    [
        {"bestBuy": {"price": 18_423_383}, "bestSell": {"price": "18579884"}},
        {"Data": {"BestBuyPrice": "18423383", "BestSellPrice": "18579884"}, "Success": True},
    ],
)
def test_daric_is_the_top_of_a_book_at_either_address(body: object) -> None:
    assert gold(read("daric", body)) == ("18423383", "18579884", None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"bestBuy": {"price": 18_423_383}, "bestSell": None}, "bestSell"),
        ({"bestBuy": {"price": None}, "bestSell": {"price": 1}}, "bestBuy.price"),
        ({"Data": {"BestBuyPrice": "18423383", "BestSellPrice": None}}, "Data.BestSellPrice"),
    ],
)
def test_half_of_darics_book_is_no_price(body: object, field: str) -> None:
    assert rejections(read("daric", body)) == [(field, Why.MISSING)]


def tala(**gold_fields: object) -> dict[str, object]:
    return {"gold": gold_fields, "arz": {"arz_dolar": {"v": "0"}}, "sekke": {}}


def test_tala_ir_is_toman_with_commas_and_the_clock_of_its_page() -> None:
    fields = {"gold_18k": {"v": "18,559,700", "m": EPOCH}, "gold_bazaruser": {"v": "80,397,000", "m": str(EPOCH)}}
    said = read("talair", {**tala(**fields), "sekke": {"sekke-jad": {"v": "185,000,000", "m": EPOCH}}})
    assert gold(said) == ("18559700", "18559700", AT)
    assert {quote.instrument for quote in said.quotes} == {Instrument.GOLD_750, Instrument.MESGHAL, Instrument.EMAMI}
    assert said.rejections == ()


@pytest.mark.parametrize(
    ("item", "field", "why"),
    [
        ({"v": "0", "m": EPOCH}, "gold.gold_18k.v", Why.NOT_POSITIVE),
        ({"v": "۱۸,۵۵۹,۷۰۰", "m": EPOCH}, "gold.gold_18k.v", Why.NOT_A_NUMBER),
        ({"v": "18,559,700", "m": EPOCH // 1000}, "gold.gold_18k.m", Why.NOT_A_TIME),
        ({"v": "18,559,700"}, "gold.gold_18k.m", Why.MISSING),
        (None, "gold.gold_18k", Why.MISSING),
    ],
)
def test_tala_ir_with_a_bad_field_is_rejected(item: object, field: str, why: Why) -> None:
    assert rejections(read("talair", tala(gold_18k=item))) == [(field, why)]


def test_tala_irs_bad_mesghal_does_not_cost_its_gram() -> None:
    said = read("talair", tala(gold_18k={"v": "18,559,700", "m": EPOCH}, gold_bazaruser={"v": "0", "m": EPOCH}))
    assert [quote.instrument for quote in said.quotes] == [Instrument.GOLD_750]
    assert rejections(said) == [("gold.gold_bazaruser.v", Why.NOT_POSITIVE)]


@pytest.mark.parametrize("stamp", [EPOCH, str(EPOCH)])
def test_melligold_has_two_sides_and_a_clock_in_seconds(stamp: object) -> None:
    data = {"price_buy": 18_506_373, "price_sell": "18506373", "timestamp": stamp}
    assert gold(read("melligold", {"data": data})) == ("18506373", "18506373", AT)


@pytest.mark.parametrize("stamp", [EPOCH * 1000, 0, -5, "soon", None])
def test_melligold_without_a_clock_of_our_time_is_rejected(stamp: object) -> None:
    said = read("melligold", {"data": {"price_buy": 1, "price_sell": 1, "timestamp": stamp}})
    assert [field for field, _ in rejections(said)] == ["data.timestamp"]


def span(field: str, text: str) -> str:
    return f'<span data-field="{field}">{text}</span><span data-field-delta="{field}">▲ ۱٫۵۹٪</span>'


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("آخرین بروزرسانی قیمت: ۱۴۰۵/۰۹/۰۱ - ۱۵:۳۰", AT),
        ("<b>یکشنبه</b> ۱ آذر ۱۴۰۵ ساعت ۱۵:۳۰:۰۰", AT),
        ("15:30 1405-9-1", AT),
        ("يكشنبه 1 آذر ماه 1405، 15:30", AT),
        ("۱۴۰۵/۰۹/۰۱", None),
        ("ساعت ۱۵:۳۰", None),
        ("آخرین بروزرسانی", None),
    ],
)
def test_the_unions_page_is_read_with_its_jalali_clock(stamp: str, at: datetime | None) -> None:
    said = page(
        f'<p id="tt-price-date">{stamp}<br></p><div>{span("IRG18", "۱۸٫۵۵۹٫۷۰۰")}{span("GOLD", "$ ۴۲۸۵")}</div>'
    )
    assert gold(said) == ("18559700", "18559700", at)
    assert said.rejections == ()


def test_the_union_has_a_mesghal_and_a_coin() -> None:
    said = page(span("IRG18", "18,559,700") + span("IRG17", "<b>۸۰٬۳۹۷٬۰۰۰</b> تومان") + span("IRCNEW", "۱۸۵٫۰۰۰٫۰۰۰"))
    assert [f"{quote.bid}" for quote in said.quotes] == ["18559700", "80397000", "185000000"]


@pytest.mark.parametrize("stamp", ["۱۴۰۵/۱۳/۴۵ - ۱۱:۴۲", "۱۴۰۵/۰۹/۰۱ - ۲۵:۴۲", "26/09/01 15:30", "2647-10-28 15:30"])
def test_a_corrupt_jalali_clock_costs_the_unions_price(stamp: str) -> None:
    said = page(f'<i id="tt-price-date">{stamp}</i>{span("IRG18", "۱۸٫۵۵۹٫۷۰۰")}')
    assert (said.quotes, rejections(said)) == ((), [("tt-price-date", Why.NOT_A_TIME)])


@pytest.mark.parametrize(
    ("html", "why"),
    [
        (span("IRG18", ""), Why.NOT_A_NUMBER),
        (span("IRG18", "-"), Why.NOT_A_NUMBER),
        (span("IRG18", "۱۸۵٫۵۹۷٫۰۰۰ ریال"), Why.NOT_A_NUMBER),
        (span("IRG18", "۱۸٫۵۵"), Why.NOT_A_NUMBER),
        (span("IRG18", "۰"), Why.NOT_POSITIVE),
        (span("IRG18", "۱۸٫۵۵۹٫۷۰۰") + span("IRG18", "۱۸٫۶۵۹٫۷۰۰"), Why.WRONG_TYPE),
        (span("IRG24", "۲۴٫۷۴۳٫۸۰۰"), Why.MISSING),
        ("<html><title>Just a moment...</title></html>", Why.MISSING),
    ],
)
def test_a_page_without_the_unions_price_is_rejected(html: str, why: Why) -> None:
    assert (page(html).quotes, rejections(page(html))) == ((), [("IRG18", why)])


def brs(symbol: str, price: object, unit: str = "تومان", at: object = EPOCH) -> dict[str, object]:
    return {"symbol": symbol, "price": price, "unit": unit, "time_unix": at, "date": "1405/09/01", "time": "15:30"}


def test_brsapi_is_toman_by_its_own_words_and_its_ounce_dollars() -> None:
    rows = [brs("XAUUSD", 4258, "دلار"), brs("IR_GOLD_18K", 18_560_000), brs("IR_GOLD_MELTED", "80398200")]
    said = read("brsapi", {"gold": rows, "currency": [brs("USD", "x")]})
    assert gold(said) == ("18560000", "18560000", AT)
    assert {quote.instrument: quote.mid for quote in said.quotes}[Instrument.OUNCE] == 4258


@pytest.mark.parametrize(
    ("row", "field", "why"),
    [
        (brs("IR_GOLD_18K", 185_600_000, "ریال"), ".unit", Why.WRONG_UNIT),
        (brs("IR_GOLD_18K", 18_560, ""), ".unit", Why.MISSING),
        (brs("IR_GOLD_18K", None), ".price", Why.MISSING),
        (brs("IR_GOLD_18K", 18_560_000, at="1405/02/28"), ".time_unix", Why.NOT_A_NUMBER),
        (brs("IR_COIN_1G", 1), "", Why.MISSING),
    ],
)
def test_brsapi_in_another_unit_or_without_its_row_is_rejected(row: object, field: str, why: Why) -> None:
    assert rejections(read("brsapi", {"gold": [row]})) == [(f"gold[symbol=IR_GOLD_18K]{field}", why)]


def test_brsapi_says_with_status_200_that_a_key_is_none() -> None:
    said = read("brsapi", {"successful": False, "message_error": "کلید"})
    assert rejections(said) == [("successful", Why.REFUSED)]


@pytest.mark.parametrize(
    "item",
    [
        {"value": "18559700", "change": -100, "timestamp": EPOCH, "date": "1405-09-01 15:30:00"},
        {"value": 18_559_700, "change_val": 0, "date": EPOCH},
    ],
)
def test_navasan_is_toman_in_the_shape_of_its_api_and_of_its_page(item: object) -> None:
    assert gold(read("navasan", {"18ayar": item, "": None, "usd_xau": {"value": ""}})) == ("18559700", "18559700", AT)


@pytest.mark.parametrize(
    ("item", "field", "why"),
    [
        ({"value": "", "timestamp": EPOCH}, "18ayar.value", Why.NOT_A_NUMBER),
        ({"value": 0, "timestamp": EPOCH}, "18ayar.value", Why.NOT_POSITIVE),
        ({"value": "18559700", "timestamp": 1_656_484.352}, "18ayar.timestamp", Why.NOT_A_TIME),
        ({"value": "18559700", "date": "1405-09-01"}, "18ayar.date", Why.NOT_A_NUMBER),
        ({"value": "18559700"}, "18ayar.date", Why.MISSING),
    ],
)
def test_navasan_without_a_value_or_a_clock_of_our_time_is_rejected(item: object, field: str, why: Why) -> None:
    assert rejections(read("navasan", {"18ayar": item})) == [(field, why)]
