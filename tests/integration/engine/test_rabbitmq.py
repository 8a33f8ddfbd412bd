"""The same engine on another broker: quorum queues of RabbitMQ, chosen by the URL alone."""

from pathlib import Path

import psycopg
import pytest

from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from tests.support.processes import beat, running, wait_until, worker
from tests.support.rabbitmq import rabbitmq
from zargar.ledger import store
from zargar.ledger.models import Run, State
from zargar.ledger.values import Work
from zargar.names import Family, Queue
from zargar.schedules.store import AT_ONCE, run_of_slot


@pytest.mark.debian("rabbitmq-server")
def test_runs_are_rung_claimed_and_closed_over_quorum_queues(
    tmp_path: Path, database: ScratchDatabase, broker: Broker
) -> None:
    with rabbitmq(tmp_path) as url:
        env = {**database.env, **broker.env, "CELERY_BROKER_URL": url}
        runs = [run_of_slot("test", store.now().replace(microsecond=number)) for number in range(20)]
        for run, queue in zip(runs, [Queue.REALTIME, Queue.BULK] * 10, strict=True):
            work = Work(id=run, task="tests.noop", family=Family.PRICES, queue=queue, origin="test")
            store.open_runs([work], ring_in=AT_ONCE)
        hands, bell = worker(tmp_path, env), beat(tmp_path, env)
        with running(hands, bell):
            wait_until(
                lambda: Run.objects.filter(state=State.SUCCEEDED).count() == len(runs),
                what="twenty runs over RabbitMQ",
                seconds=60,
                show=lambda: hands.words() + bell.words(),
            )
    with psycopg.connect(database.app_url) as judge:
        assert judge.execute("SELECT max(fence), sum(losses) FROM ledger_run").fetchone() == (1, 0)
