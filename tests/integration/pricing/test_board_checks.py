"""The hourly check of the boards against the sandbox, and what the database remembers of each board."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.support.boards import BoardServer, market_at
from tests.support.databases import ScratchDatabase
from zargar import names
from zargar.celery import app
from zargar.ledger import store as ledger
from zargar.ledger.values import Work
from zargar.monitoring import store
from zargar.monitoring.families import Grade
from zargar.monitoring.sources import judge
from zargar.names import Family, Queue
from zargar.outcomes import Permanent, Snooze
from zargar.pricing import operations
from zargar.pricing.market import Market
from zargar.pricing.models import Tick
from zargar.schedules.wiring import next_price

NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)
SIX = ("wallgold", "tgju", "talasea", "milli", "tlyn", "bonbast")

pytestmark = pytest.mark.usefixtures("database", "cache_server")


@pytest.fixture(scope="module")
def boards() -> Iterator[BoardServer]:
    with BoardServer() as server:
        server.stand_at(NOW)
        yield server


def six(boards: BoardServer, *, deadline: timedelta = timedelta(seconds=5)) -> Market:
    """The six boards of the sandbox's first day, so that figures stay what they are when it learns another."""
    market = market_at(boards, deadline=deadline)
    return replace(market, sources=tuple(source for source in market.sources if source.board.name in SIX))


def tick(boards: BoardServer, *, at: datetime = NOW) -> None:
    """Make a tick at a moment at which the boards' clocks stand too, however long ago this module was imported."""
    boards.stand_at(at)
    operations.update_prices(market=six(boards), now=at)
    boards.stand_at(NOW)


def never(after: datetime) -> datetime:
    """A schedule of prices whose next slot is far."""
    return after + timedelta(days=1)


def test_every_board_is_asked_once_and_told_apart_and_nothing_is_stored(boards: BoardServer) -> None:
    boards.heal(*SIX)
    for board, how in {"milli": "times_ten", "talasea": "silent", "tlyn": "html", "wallgold": "null"}.items():
        boards.misbehave(board, how)
    before = len(boards.calls())
    market = six(boards, deadline=timedelta(seconds=1))

    told: Any = operations.validate_boards(market=market, next_price=never, now=NOW)

    assert (told["asked"], told["answered"], told["readable"]) == (6, 5, 3)
    found = told["boards"]
    assert [one["why"] for one in found["talasea"]["rejected"]] == ["timeout"]
    assert [one["why"] for one in found["tlyn"]["rejected"]] == ["not_json"]
    assert float(found["milli"]["deviation_per_mille"]) > 8_000
    assert abs(float(found["tgju"]["deviation_per_mille"])) < 900
    assert found["talasea"]["latency_ms"] >= 900 > found["tgju"]["latency_ms"]
    assert len(boards.calls()) - before == 7  # one each, and the hand-shake of one
    assert Tick.objects.count() == 0


def test_a_tick_that_asks_just_now_goes_first(boards: BoardServer) -> None:
    boards.heal(*SIX)
    market = six(boards)
    tick(boards)
    before = len(boards.calls())
    polite = replace(market, pace=timedelta(seconds=30))
    with pytest.raises(Snooze) as later:
        operations.validate_boards(market=polite, next_price=never, now=NOW + timedelta(seconds=1))
    assert later.value.until == NOW + timedelta(seconds=30)
    assert len(boards.calls()) == before


def test_without_a_board_there_is_nothing_to_retry(boards: BoardServer) -> None:
    with pytest.raises(Permanent, match="no board"):
        operations.validate_boards(market=replace(six(boards), sources=()), next_price=never, now=NOW)


def test_the_task_is_registered_and_its_entry_live() -> None:
    assert names.VALIDATE_GOLD_PRICE_APIS in app.tasks
    assert app.conf.beat_schedule["validate-gold-price-apis"]["task"] == names.VALIDATE_GOLD_PRICE_APIS
    assert next_price(NOW) > NOW


def test_the_database_remembers_how_often_each_board_gave_a_price_and_since_when_it_is_silent(
    boards: BoardServer,
) -> None:
    boards.heal(*SIX)
    for minute in range(4):
        if minute == 2:
            boards.misbehave("milli", "html")
        tick(boards, at=NOW + minute * MINUTE)
    boards.heal(*SIX)

    found = store.by_source(since=NOW - MINUTE)

    assert {name: (one.asked, one.priced) for name, one in found.items() if name != "milli"} == dict.fromkeys(
        ("wallgold", "tgju", "talasea", "tlyn", "bonbast"), (4, 4)
    )
    milli = found["milli"]
    assert (milli.asked, milli.priced, milli.used, milli.why) == (4, 2, 2, "not_json")
    assert milli.silent_since == NOW + 2 * MINUTE
    assert str(milli.rate) == "50.0"
    assert judge(milli) is Grade.DEGRADED
    assert judge(found["tgju"]) is Grade.OK
    assert found["tgju"].silent_since is None


def test_the_command_lists_each_board_with_its_record_and_the_newest_check(
    boards: BoardServer, database: ScratchDatabase, cache_server: str
) -> None:
    boards.heal(*SIX)
    tick(boards)
    told = operations.validate_boards(market=six(boards), next_price=never, now=NOW)
    run = uuid4()
    work = Work(id=run, task=names.VALIDATE_GOLD_PRICE_APIS, family=Family.PRICES, queue=Queue.MAINTENANCE, origin="t")
    ledger.open_runs([work], ring_in=MINUTE)
    claim = ledger.claim(run, worker="w", lease=MINUTE)
    assert claim is not None
    ledger.succeed(claim, summary=told)

    asked = [sys.executable, "-m", "zargar.cli", "prices", "sources"]
    env = {**os.environ, **database.env, "CACHE_URL": cache_server}
    found = subprocess.run([*asked, "--json"], env=env, capture_output=True, text=True, check=True)
    listed = {one["source"]: one for one in json.loads(found.stdout)}
    words = subprocess.run(asked, env=env, capture_output=True, text=True, check=True).stdout

    assert listed["tgju"]["health"].items() >= {"grade": "ok", "success_rate": "100.0", "asked": 1}.items()
    assert listed["tgju"]["check"]["readable"] is True
    assert set(SIX) <= set(listed)
    assert re.search(r"^tgju +Rial +consent_needed +ok +1/1 +1 ", words, re.MULTILINE)
