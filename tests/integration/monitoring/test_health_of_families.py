"""What the ledger counts of a family, and that a worker says it in the mission's words."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.boards import BoardServer
from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from tests.support.processes import running, wait_until, worker
from tests.support.tasks import NOOP
from zargar import clock, names
from zargar.ledger import store as ledger
from zargar.ledger.policy import Bury, TryAt
from zargar.ledger.values import Claim, Failure, Work
from zargar.monitoring import store
from zargar.monitoring.families import Record
from zargar.names import Family, Queue

HOUR = timedelta(hours=1)
FAILURE = Failure(kind="Permanent", message="no")


def claimed(
    task: str = NOOP, *, due: timedelta = timedelta(), family: Family = Family.PRICES, queue: Queue = Queue.REALTIME
) -> Claim:
    """Open a run that fell due so long ago, and claim it now."""
    run = uuid4()
    work = Work(id=run, task=task, family=family, queue=queue, origin="test", due_at=clock.now() - due)
    ledger.open_runs([work], ring_in=timedelta(minutes=1))
    claim = ledger.claim(run, worker="w", lease=timedelta(minutes=1))
    assert claim is not None
    return claim


@pytest.mark.usefixtures("database")
def test_a_family_is_counted_by_how_its_runs_closed_and_how_long_they_waited() -> None:
    for seconds in (1, 2, 60):
        assert ledger.succeed(claimed(due=timedelta(seconds=seconds)), summary={})
    assert ledger.fail(claimed(), failure=FAILURE, verdict=Bury(), counts=True, at=clock.now())
    mended = TryAt(clock.now() + HOUR)
    assert ledger.fail(claimed(), failure=FAILURE, verdict=mended, counts=True, at=clock.now())
    claimed()

    found = store.by_family(since=clock.now() - HOUR)

    prices = found[Family.PRICES]
    assert (prices.successful, prices.failed) == (3, 1)
    assert prices.wait_p50 is not None
    assert prices.wait_p95 is not None
    assert timedelta(seconds=1) <= prices.wait_p50 < timedelta(seconds=2)
    assert timedelta(seconds=60) <= prices.wait_p95 < timedelta(seconds=62)
    assert found[Family.BACKUPS] == Record(successful=0, failed=0)


@pytest.mark.usefixtures("database")
def test_what_follows_a_price_in_a_slower_queue_is_counted_and_not_held_to_the_promise_of_prices() -> None:
    assert ledger.succeed(claimed(due=timedelta(seconds=1)), summary={})
    assert ledger.succeed(claimed(due=timedelta(minutes=20), queue=Queue.BULK), summary={})
    slow = claimed(due=timedelta(minutes=20), family=Family.NOTIFICATIONS, queue=Queue.BULK)
    assert ledger.succeed(slow, summary={})

    found = store.by_family(since=clock.now() - HOUR)

    prices, notifications = found[Family.PRICES], found[Family.NOTIFICATIONS]
    assert prices.successful == 2
    assert prices.wait_p95 is not None
    assert prices.wait_p95 < timedelta(seconds=3)
    assert notifications.wait_p95 is not None
    assert notifications.wait_p95 > timedelta(minutes=19)


@pytest.mark.usefixtures("database")
def test_what_was_opened_before_the_window_is_not_counted() -> None:
    assert ledger.succeed(claimed(), summary={})
    assert store.by_family(since=clock.now() + HOUR)[Family.PRICES] == Record(successful=0, failed=0)
    assert store.of_tasks([NOOP], since=clock.now() + HOUR) == Record(successful=0, failed=0)
    assert store.of_tasks([NOOP], since=clock.now() - HOUR) == Record(successful=1, failed=0)


def test_a_worker_says_the_mission_s_lines_when_a_price_has_been_made_and_not_for_upkeep(
    tmp_path: Path, database: ScratchDatabase, broker: Broker, cache_server: str
) -> None:
    with BoardServer() as boards:
        env = {**database.env, **broker.env, "CACHE_URL": cache_server, "ZARGAR_SANDBOX_URL": boards.url}
        hands = worker(tmp_path, env)
        with running(hands):
            hands.ready()
            from tests.support.app import app  # noqa: PLC0415 -- the app reads the broker's address

            app.tasks[names.CLEANUP_GOLD_PRICE_CACHE].delay()
            app.tasks[names.UPDATE_GOLD_PRICES].delay()
            wait_until(lambda: "gold_price_sources" in hands.words(), what="the lines", show=hands.words)
        assert "HEALTH_METRIC: gold_price_update success_rate=100.0% successful=1 failed=0" in hands.words()
        assert "HEALTH_METRIC: gold_price_sources success_rate=100.0% successful=" in hands.words()
        assert hands.words().count("HEALTH_METRIC") == 2
