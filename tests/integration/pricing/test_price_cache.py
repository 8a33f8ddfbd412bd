"""The cache holds a copy of the database, says so when it cannot, and is never believed against it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache

from tests.support.databases import ScratchDatabase
from zargar.embedded.valkey import Valkey
from zargar.pricing import cache as price_cache
from zargar.pricing import operations, store
from zargar.pricing.answers import Answer
from zargar.pricing.cache import KEY, VERSION, Published
from zargar.pricing.current import Standing
from zargar.pricing.given_boards import GivenBoards
from zargar.pricing.market import Market
from zargar.pricing.models import Tick
from zargar.pricing.readings import State
from zargar.pricing.rules import Rules
from zargar.pricing.sources import named

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("database", "cache_server")


def given(price: int = 18_530_000) -> Market:
    """Two boards that show one price at 15:30 Tehran."""
    wallgold = f'{{"result": [{{"symbol": "GLD_18C_750TMN", "marketCap": {{"lastPrice": "{price}"}}}}]}}'
    tgju = f'{{"current": {{"geram18": {{"p": "{price * 10:,}", "ts": "2026-11-22 15:30:00"}}}}}}'
    answers = {
        name: Answer(200, "application/json", body.encode(), NOW)
        for name, body in (("wallgold", wallgold), ("tgju", tgju))
    }
    sources = (named("wallgold"), named("tgju"))
    return Market(GivenBoards(answers), sources, Rules(), timedelta(seconds=1), pace=timedelta())


def tick_without_cache(at: datetime, price: int) -> None:
    Tick.objects.create(
        at=at, trigger="test", state=State.ACCEPTED, toman_per_gram_18k=Decimal(price), reason="two agree",
        latency_ms=1, deadline_hit=False,
    )  # fmt: skip


def test_after_a_tick_the_answer_comes_from_the_cache(database: ScratchDatabase) -> None:
    operations.update_prices(market=given(), now=NOW)
    with database.owner() as owner:
        owner.execute("TRUNCATE pricing_tick CASCADE")
    answered = operations.current_price(now=NOW)
    assert answered.standing is Standing.LIVE
    assert answered.price == 18_530_000


def test_the_cache_is_read_back_as_it_was_written() -> None:
    operations.update_prices(market=given(), now=NOW)
    end = NOW + timedelta(hours=1)
    operations.set_override(value="18600000", until=end, reason="«آزمایش»", actor="sara", now=NOW)
    assert price_cache.facts() == store.facts()


def test_an_older_tick_cannot_overwrite_a_newer_one() -> None:
    tick_without_cache(NOW + timedelta(minutes=5), 18_600_000)
    operations.update_prices(market=given(), now=NOW)
    assert operations.current_price(now=NOW + timedelta(minutes=5)).price == 18_600_000


def test_a_cache_that_is_down_fails_no_tick_and_no_reader(valkey: Valkey) -> None:
    valkey.kill()
    ticked = operations.update_prices(market=given(), now=NOW)
    assert (ticked.summary()["state"], ticked.summary()["cache"]) == ("live", Published.UNREACHABLE)
    assert operations.current_price(now=NOW).price == 18_530_000
    assert operations.cleanup_cache() == {"found": "unreachable", "repaired": False, "old_versions_removed": 0}


@pytest.mark.parametrize("junk", ["{}", "not json", '{"accepted": {"price": "x"}}', 7, ["list"]])
def test_a_cache_that_holds_junk_is_not_believed(junk: object) -> None:
    operations.update_prices(market=given(), now=NOW)
    cache.set(KEY, junk, version=VERSION)
    assert operations.current_price(now=NOW).price == 18_530_000
    assert operations.cleanup_cache() == {"found": "unreadable", "repaired": True, "old_versions_removed": 0}
    assert price_cache.facts() == store.facts()


def test_a_clean_up_says_what_it_found_and_repairs_it() -> None:
    operations.update_prices(market=given(), now=NOW)
    assert operations.cleanup_cache() == {"found": "same", "repaired": False, "old_versions_removed": 0}
    tick_without_cache(NOW + timedelta(minutes=5), 18_600_000)
    assert operations.cleanup_cache()["found"] == "different"
    cache.delete(KEY, version=VERSION)
    cache.set(KEY, "of an older version", version=VERSION - 1)
    assert operations.cleanup_cache() == {"found": "missing", "repaired": True, "old_versions_removed": 1}
    assert operations.cleanup_cache() == {"found": "same", "repaired": False, "old_versions_removed": 0}
