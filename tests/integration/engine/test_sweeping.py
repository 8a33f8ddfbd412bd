"""The bell rings again: after a broker's absence, under long work, and past a worker that slept."""

import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection

from tests.support import tasks
from tests.support.app import app
from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase, Server
from tests.support.processes import Process, running, wait_until, worker
from zargar.engine.doorbell import CeleryDoorbell
from zargar.engine.sweeper import Sweeper, sweep_once
from zargar.ledger.models import Run, State
from zargar.ledger.operations import show

GRACE = timedelta(seconds=1)
LEASE = {"ZARGAR_LEASE_SECONDS": "2"}


@pytest.fixture
def sweeper(database: ScratchDatabase, broker: Broker) -> Iterator[Sweeper]:
    made = Sweeper(CeleryDoorbell(app), every=timedelta(milliseconds=200), ring_grace=GRACE)
    made.start()
    yield made
    made.stop(within=timedelta(seconds=10))


def state(run: str) -> State:
    return State(show(UUID(run)).state)


def test_what_could_not_be_rung_is_rung_when_the_broker_is_back(
    tmp_path: Path, database: ScratchDatabase, broker: Broker
) -> None:
    bell = CeleryDoorbell(app)
    broker.server.kill()
    result = app.tasks[tasks.NAP].apply_async(kwargs={"milliseconds": 1}, countdown=0)
    assert sweep_once(bell, ring_grace=timedelta()) == 0
    assert state(result.id) is State.DUE

    broker.server.start()
    assert sweep_once(bell, ring_grace=GRACE) == 1
    hands = worker(tmp_path, {**database.env, **broker.env})
    with running(hands):
        wait_until(lambda: state(result.id) is State.SUCCEEDED, what="the work to be done", show=hands.words)


def test_work_that_outlasts_its_lease_keeps_it(
    tmp_path: Path, database: ScratchDatabase, broker: Broker, sweeper: Sweeper
) -> None:
    hands = worker(tmp_path, {**database.env, **broker.env, **LEASE})
    with running(hands):
        result = app.tasks[tasks.NAP].delay(milliseconds=5000)
        wait_until(lambda: state(result.id) is State.SUCCEEDED, what="the long work to end", show=hands.words)

    run = show(UUID(result.id))
    assert (run.fence, run.losses) == (1, 0)


def test_a_worker_that_sleeps_through_its_lease_is_replaced_and_changes_nothing_when_it_wakes(
    tmp_path: Path, database: ScratchDatabase, broker: Broker, sweeper: Sweeper
) -> None:
    env = {**database.env, **broker.env, **LEASE}
    sleeper, other = worker(tmp_path, env, name="sleeper"), worker(tmp_path, env, name="other")
    with running(sleeper):
        result = app.tasks[tasks.NAP].delay(milliseconds=1500)
        wait_until(lambda: state(result.id) is State.RUNNING, what="the first claim", show=sleeper.words)
        sleeper.signal(signal.SIGSTOP)
        with running(other):
            wait_until(lambda: state(result.id) is State.SUCCEEDED, what="the other to do it", show=other.words)
            done = Run.objects.get(id=result.id)
            sleeper.signal(signal.SIGCONT)
            wait_until(lambda: "no longer ours" in sleeper.words(), what="the sleeper to notice", show=sleeper.words)

    after = Run.objects.get(id=result.id)
    assert (after.fence, after.losses, after.worker.startswith("other@")) == (2, 1, True)
    assert after.finished_at == done.finished_at


def test_a_poison_pill_is_put_aside_after_five_lost_processes(
    tmp_path: Path, database: ScratchDatabase, broker: Broker, sweeper: Sweeper
) -> None:
    hands: Process = worker(tmp_path, {**database.env, **broker.env, "ZARGAR_LEASE_SECONDS": "0.5"})
    with running(hands):
        result = app.tasks[tasks.DIE].delay()
        wait_until(
            lambda: state(result.id) is State.DEAD, what="the pill to be put aside", seconds=60, show=hands.words
        )

    run = show(UUID(result.id))
    assert (run.losses, {error["kind"] for error in run.errors}) == (5, {"LeaseLost"})


def test_a_database_session_that_is_lost_under_the_work_does_not_cost_its_result(
    tmp_path: Path, postgres: Server, database: ScratchDatabase, broker: Broker
) -> None:
    hands = worker(tmp_path, {**database.env, **broker.env})
    with running(hands):
        result = app.tasks[tasks.NAP].delay(milliseconds=1500)
        wait_until(lambda: state(result.id) is State.RUNNING, what="the claim", show=hands.words)
        connection.close()
        with postgres.admin() as admin:
            lost = admin.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s", [database.name]
            ).fetchone()
        assert lost is not None
        assert lost[0] >= 1
        wait_until(lambda: state(result.id) is State.SUCCEEDED, what="the work to be closed", show=hands.words)

    assert show(UUID(result.id)).fence == 1
