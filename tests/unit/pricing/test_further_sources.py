"""Reading Talasea, Milli, Tlyn and Bonbast: four units, four clocks, four ways of not being a price."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from zargar.pricing.answers import Answer, BadAnswer
from zargar.pricing.board import Said
from zargar.pricing.quotes import Instrument, Rejection, Unit, Why
from zargar.pricing.sources import CATALOGUE, UnknownSourceError, named
from zargar.pricing.sources.bonbast import token_form

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def page(text: str, *, status: int = 200) -> Answer:
    return Answer(status, "text/html", text.encode(), AT)


def read(source: str, body: object) -> Said:
    return named(source).read(Answer(200, "application/json", json.dumps(body).encode(), AT))


def rejections(said: Said) -> list[tuple[str, Why]]:
    return [(one.field, one.why) for one in said.rejections]


def test_a_source_that_does_not_exist_is_refused_with_the_ones_that_do() -> None:
    with pytest.raises(UnknownSourceError, match="wallgold, tgju, talasea, milli, tlyn, bonbast"):
        named("nobody")


@pytest.mark.parametrize("source", CATALOGUE, ids=lambda source: source.board.name)
@pytest.mark.parametrize("body", ["", "null", "[]", "{}", '{"prices": 7}', '{"data": []}', "<html>", "error 789"])
def test_no_source_raises_or_makes_a_price_out_of_junk(source: Any, body: str) -> None:  # noqa: ANN401 -- a fixture
    said = source.read(Answer(200, "application/json", body.encode(), AT))
    assert said.quotes == ()
    assert said.rejections


def test_talasea_is_toman_per_milligram() -> None:
    (quote,) = read("talasea", {"price": "18530", "disableBuy": False, "disableSell": False, "fee": 0.01}).quotes
    assert quote.bid == quote.ask == 18_530_000
    assert (quote.unit, quote.source_time) == (Unit.TOMAN_PER_MILLIGRAM, None)


@pytest.mark.parametrize("flag", ["disableBuy", "disableSell"])
def test_talasea_says_when_it_has_stopped_trading(flag: str) -> None:
    said = read("talasea", {"price": "18530", flag: True})
    assert said == Said((), (Rejection("price", Why.SUSPENDED, flag),))


def test_milli_is_hundreds_of_toman_on_a_clock_of_tehran() -> None:
    (quote,) = read("milli", {"code": 0, "data": {"price18": 185380, "date": "2026-11-22T15:29:40"}}).quotes
    assert quote.bid == quote.ask == 18_538_000
    assert quote.source_time == datetime(2026, 11, 22, 11, 59, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "field", "why"),
    [
        ({"price18": 0, "date": "2026-11-22T15:29:40"}, "data.price18", Why.NOT_POSITIVE),
        ({"price18": 185380}, "data.date", Why.MISSING),
        ({"price18": 185380, "date": "2026-11-22 15:29:40"}, "data.date", Why.NOT_A_TIME),
        (None, "data", Why.MISSING),
    ],
)
def test_milli_without_a_price_or_a_clock_is_rejected(data: object, field: str, why: Why) -> None:
    assert rejections(read("milli", {"code": 0, "data": data})) == [(field, why)]


def tlyn_row(symbol: str, sell: object, buy: object, **more: object) -> dict[str, object]:
    date = {"utc_timestamp": "2026-11-22T11:59:20.767606Z", "jdatetime": "2647-10-28 15:29:20"}
    return {"symbol": symbol, "status": "enabled", "price": {"sell": sell, "buy": buy}, "date": date, **more}


def test_tlyn_is_thousands_of_toman_and_its_sell_is_the_ask() -> None:
    said = read("tlyn", {"prices": [tlyn_row("SEKEH_ROB", 1, 1), tlyn_row("GOLD18", 18599, 18451)]})
    (quote,) = said.quotes
    assert [quote.bid, quote.mid, quote.ask] == [18_451_000, 18_525_000, 18_599_000]
    assert quote.source_time == datetime(2026, 11, 22, 11, 59, 20, 767606, tzinfo=UTC)
    assert said.rejections == ()


def test_tlyn_has_other_rows_and_its_ounce_is_in_dollars() -> None:
    ounce = {**tlyn_row("XAU", 4262, 4262), "quote_currency": "USD"}
    del ounce["status"]
    rows = [
        tlyn_row("GOLD18", 18599, 18451),
        tlyn_row("GOLD_MITHQAL17", 80570, 79928),
        tlyn_row("SEKEH_E", 184015, 184015),
    ]
    mids = {quote.instrument: quote.mid for quote in read("tlyn", {"prices": [*rows, ounce]}).quotes}
    assert mids[Instrument.OUNCE] == 4262
    assert mids[Instrument.EMAMI] == 184_015_000
    assert mids[Instrument.MESGHAL] == 80_249_000


@pytest.mark.parametrize(
    ("row", "field", "why"),
    [
        (tlyn_row("GOLD18", None, 18451), "prices[symbol=GOLD18].price.sell", Why.MISSING),
        (tlyn_row("GOLD18", -3.91, 18451), "prices[symbol=GOLD18].price.sell", Why.NOT_POSITIVE),
        (tlyn_row("GOLD18", 18599, 18451, status="disabled"), "prices[symbol=GOLD18].price", Why.SUSPENDED),
        (tlyn_row("GOLD18", 18599, 18451, date={}), "prices[symbol=GOLD18].date.utc_timestamp", Why.MISSING),
        (
            tlyn_row("GOLD18", 18599, 18451, date={"utc_timestamp": "2026-11-22T11:59:20"}),
            "prices[symbol=GOLD18].date.utc_timestamp",
            Why.NOT_A_TIME,
        ),
        (tlyn_row("XAU", 1, 1), "prices[symbol=GOLD18]", Why.MISSING),
    ],
)
def test_tlyn_without_its_row_its_sides_or_its_clock_is_rejected(row: object, field: str, why: Why) -> None:
    assert rejections(read("tlyn", {"prices": [row]}))[:1] == [(field, why)]


BONBAST = {
    "gol18": "18555796", "mithqal": "80380000", "ounce": "4258.49", "usd1": "187400", "usd2": "187300",
    "emami1": "184000000", "emami12": "182000000", "last_modified": "November 22, 2026 11:59", "hour": "15",
}  # fmt: skip


def test_bonbast_is_toman_on_a_clock_of_greenwich() -> None:
    quotes = {quote.instrument: quote for quote in read("bonbast", BONBAST).quotes}
    gold, dollar = quotes[Instrument.GOLD_750], quotes[Instrument.USD]
    assert gold.bid == gold.ask == 18_555_796
    assert gold.source_time == datetime(2026, 11, 22, 11, 59, tzinfo=UTC)
    assert [dollar.bid, dollar.ask] == [187_300, 187_400]
    assert dollar.raw == "187300/187400"
    assert quotes[Instrument.OUNCE].bid == Decimal("4258.49")
    per_gram = quotes[Instrument.MESGHAL].toman_per_gram_18k
    assert per_gram is not None
    assert abs(per_gram - gold.mid) < 1


def test_bonbast_with_a_stale_token_is_no_price() -> None:
    assert read("bonbast", {"rest": "1"}) == Said((), (Rejection("rest", Why.STALE_TOKEN),))


def test_bonbast_rejects_a_bad_field_and_reads_the_others() -> None:
    said = read("bonbast", {**BONBAST, "usd2": "0", "mithqal": ""})
    assert rejections(said) == [("mithqal", Why.NOT_A_NUMBER), ("usd2", Why.NOT_POSITIVE)]
    assert Instrument.GOLD_750 in {quote.instrument for quote in said.quotes}


def test_bonbasts_token_is_found_in_its_page() -> None:
    script = """<script>$.post('/json', {param: "ab12,cd=="}, function (d) {});</script>"""
    assert token_form(page(script)) == {"param": "ab12,cd=="}


@pytest.mark.parametrize(
    ("answer", "why"), [(page("<html>Just a moment</html>"), Why.MISSING), (page("", status=403), Why.HTTP_STATUS)]
)
def test_a_page_without_a_token_ends_the_handshake(answer: Answer, why: Why) -> None:
    with pytest.raises(BadAnswer) as bad:
        token_form(answer)
    assert bad.value.rejection.why is why
