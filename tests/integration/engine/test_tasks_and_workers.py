"""What happens between a message and the end of a run, with a real broker, a real worker and a real ledger."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from celery import states

from tests.support import tasks
from tests.support.app import app
from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from tests.support.processes import Process, wait_until, worker
from zargar.engine.task import LedgerTask
from zargar.ledger.models import Run, State
from zargar.ledger.operations import show

WITHIN = 20


@pytest.fixture
def hands(tmp_path: Path, database: ScratchDatabase, broker: Broker) -> Iterator[Process]:
    process = worker(tmp_path, {**database.env, **broker.env}).start()
    try:
        yield process.ready()
    finally:
        process.kill()


def task(name: str) -> LedgerTask:
    found = app.tasks[name]
    assert isinstance(found, LedgerTask)
    return found


def settled(run: str, state: State) -> Run:
    wait_until(Run.objects.filter(id=run, state=state).exists, what=f"run {run} to be {state}", seconds=WITHIN)
    return show(UUID(run))


def test_a_call_is_a_row_first_and_its_summary_is_kept_in_both_places(hands: Process) -> None:
    result = task(tasks.NAP).delay(milliseconds=5)

    assert result.get(timeout=WITHIN) == {"slept_ms": 5}
    run = settled(result.id, State.SUCCEEDED)
    assert (run.summary, run.origin, run.attempts, run.fence) == ({"slept_ms": 5}, "call", 0, 1)


def test_a_message_from_elsewhere_gets_a_row_and_is_done_once_however_often_it_comes(hands: Process) -> None:
    for _ in range(3):
        app.send_task(tasks.NAP, kwargs={"milliseconds": 1}, task_id="0d5e6f4e-0000-4000-8000-00000000abcd")

    run = settled("0d5e6f4e-0000-4000-8000-00000000abcd", State.SUCCEEDED)
    wait_until(lambda: hands.words().count("succeeded in") == 3, what="three messages to be answered")
    assert show(run.id).fence == 1
    assert Run.objects.count() == 1


def test_a_failure_that_may_pass_is_due_again_by_the_family_s_policy(hands: Process) -> None:
    result = task(tasks.STUMBLE).delay(how="retryable")

    wait_until(lambda: show(UUID(result.id)).attempts == 1, what="the first attempt to fail", seconds=WITHIN)
    run = show(UUID(result.id))
    assert (run.state, run.lease_until) == (State.DUE, None)
    [error] = run.errors
    waited = (run.due_at - run.started_at).total_seconds() if run.started_at else 0
    assert 60 <= waited < 62
    assert error["kind"] == "Retryable"
    assert result.state == states.RETRY


def test_what_cannot_pass_is_a_dead_letter_at_once_and_the_caller_learns_why(hands: Process) -> None:
    result = task(tasks.STUMBLE).delay(how="permanent")

    run = settled(result.id, State.DEAD)
    assert [error["message"] for error in run.errors] == ["karat 19 is not one of ours"]
    with pytest.raises(Exception, match="karat 19 is not one of ours -> dead letter"):
        result.get(timeout=WITHIN)


@pytest.mark.parametrize("how", ["retryable", "bug"])
def test_no_secret_and_no_phone_number_reaches_the_ledger_the_result_or_the_log(hands: Process, how: str) -> None:
    result = task(tasks.STUMBLE).delay(how=how)

    wait_until(lambda: show(UUID(result.id)).attempts == 1, what="the attempt to fail", seconds=WITHIN)
    wait_until(lambda: "raised unexpected" in hands.words(), what="the worker to log it")
    told = f"{show(UUID(result.id)).errors} {result.result} {hands.words()}"
    assert not [secret for secret in ("hunter2", "09121234567", "abcdef123456") if secret in told]
    assert "***" in told


def test_work_that_kills_its_process_is_taken_back_by_the_lease_not_lost(
    database: ScratchDatabase, broker: Broker, tmp_path: Path
) -> None:
    process = worker(tmp_path, {**database.env, **broker.env, "ZARGAR_LEASE_SECONDS": "1"}).start()
    try:
        process.ready()
        result = task(tasks.DIE).delay()
        settled(result.id, State.RUNNING)
        wait_until(lambda: "WorkerLostError" in process.words(), what="the child to die", seconds=WITHIN)
        assert show(UUID(result.id)).lease_until is not None
    finally:
        process.stop()


def test_positional_arguments_and_broker_delays_are_refused_before_anything_is_written(
    database: ScratchDatabase, broker: Broker
) -> None:
    with pytest.raises(TypeError, match="takes keyword arguments"):
        task(tasks.NAP).apply_async(args=[5])
    with pytest.raises(TypeError, match="expires"):
        task(tasks.NAP).apply_async(kwargs={"milliseconds": 5}, expires=10)
    with pytest.raises(TypeError, match="Retryable"):
        task(tasks.NAP).retry()
    assert Run.objects.count() == 0


def test_a_call_while_the_broker_is_away_is_kept_for_the_sweeper(database: ScratchDatabase, broker: Broker) -> None:
    broker.server.kill()

    result = task(tasks.NAP).delay(milliseconds=1)

    assert show(UUID(result.id)).state == State.DUE
