"""Who may do a run, and what a claimant that lost it can still change: nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection

from tests.support.databases import ScratchDatabase
from zargar.audit.models import AuditRecord
from zargar.ledger import operations, store
from zargar.ledger.models import Run, State
from zargar.ledger.policy import MOST_LOSSES, Bury, Supersede, TryAt
from zargar.ledger.values import Claim, Failure, Work
from zargar.names import Family, Queue

NOW = timedelta()
MINUTE = timedelta(minutes=1)
FAILURE = Failure(kind="Retryable", message="the board did not answer")


def opened(*, ring_in: timedelta = NOW) -> UUID:
    work = Work(id=uuid4(), task="tests.noop", family=Family.PRICES, queue=Queue.REALTIME, origin="call")
    store.open_runs([work], ring_in=ring_in)
    return work.id


def claimed(run: UUID, *, lease: timedelta = MINUTE) -> Claim:
    claim = store.claim(run, worker="w1", lease=lease)
    assert claim is not None
    return claim


def seconds_to_the_next_ring() -> int:
    return round((Run.objects.get().ring_at - store.now()).total_seconds())


def test_of_many_that_ring_at_once_one_may_work(database: ScratchDatabase) -> None:
    run = opened()

    def try_it(number: int) -> Claim | None:
        try:
            return store.claim(run, worker=f"w{number}", lease=MINUTE)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(try_it, range(8)))

    assert len([claim for claim in claims if claim]) == 1


def test_what_every_task_pays_for_is_planned_once_a_session(database: ScratchDatabase) -> None:
    for _ in range(3):
        assert store.succeed(claimed(opened()), summary={})
        Run.objects.first()  # what the ORM asks stays unprepared: its tables may change under a running worker

    prepared = store.query("SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements")
    assert sorted((statement.split()[0], plans) for statement, plans in prepared) == [
        ("INSERT", 3), ("UPDATE", 3), ("UPDATE", 3),
    ]  # fmt: skip


def test_a_run_opened_twice_is_one_run(database: ScratchDatabase) -> None:
    work = Work(id=uuid4(), task="tests.noop", family=Family.PRICES, queue=Queue.REALTIME, origin="call")
    store.open_runs([work, work], ring_in=NOW)
    store.open_runs([work], ring_in=NOW)

    assert Run.objects.count() == 1


def test_a_claimant_that_slept_through_its_lease_changes_nothing(database: ScratchDatabase) -> None:
    run = opened()
    sleeper = claimed(run, lease=-MINUTE)
    store.sweep(ring_grace=MINUTE)
    second = claimed(run)

    assert not store.renew(sleeper, lease=MINUTE)
    assert not store.succeed(sleeper, summary={"price": "wrong"})
    assert not store.fail(sleeper, failure=FAILURE, verdict=Bury(), counts=True, at=datetime.now(UTC))
    assert store.succeed(second, summary={"price": "right"})
    assert not store.succeed(second, summary={"price": "twice"})
    closed = operations.show(run)
    assert (closed.state, closed.summary, closed.losses) == (State.SUCCEEDED, {"price": "right"}, 1)


def test_a_lease_that_is_renewed_is_not_taken_back(database: ScratchDatabase) -> None:
    claim = claimed(opened(), lease=-MINUTE)
    assert store.renew(claim, lease=MINUTE)

    assert store.sweep(ring_grace=MINUTE) == []
    assert operations.show(claim.run).state == State.RUNNING


def test_what_loses_its_process_again_and_again_is_put_aside(database: ScratchDatabase) -> None:
    run = opened()
    for _ in range(MOST_LOSSES):
        claimed(run, lease=-MINUTE)
        store.sweep(ring_grace=MINUTE)

    dead = operations.show(run)
    assert (dead.state, dead.losses, len(dead.errors)) == (State.DEAD, MOST_LOSSES, MOST_LOSSES)


def test_the_bell_rings_again_but_ever_more_seldom(database: ScratchDatabase) -> None:
    run = opened()
    [first] = store.sweep(ring_grace=MINUTE)
    assert (first.run, seconds_to_the_next_ring()) == (run, 60)
    assert store.sweep(ring_grace=MINUTE) == []

    Run.objects.update(ring_at=datetime.now(UTC) - MINUTE)
    store.sweep(ring_grace=MINUTE)
    assert seconds_to_the_next_ring() == 120


def test_a_ring_that_the_broker_did_not_take_is_tried_after_one_grace(database: ScratchDatabase) -> None:
    opened()
    rings = store.sweep(ring_grace=MINUTE)

    store.not_rung(rings, ring_grace=NOW)

    assert len(store.sweep(ring_grace=MINUTE)) == 1
    assert seconds_to_the_next_ring() == 60


def test_while_one_beat_sweeps_another_does_not(database: ScratchDatabase) -> None:
    opened()
    with database.app() as other, other.transaction():
        other.execute("SELECT pg_advisory_xact_lock(%s)", [store.SWEEP_LOCK])
        assert store.sweep(ring_grace=MINUTE) == []
    assert len(store.sweep(ring_grace=MINUTE)) == 1


def test_what_is_due_later_can_be_neither_claimed_nor_rung_before(database: ScratchDatabase) -> None:
    claim = claimed(opened())
    later = datetime.now(UTC) + MINUTE
    store.fail(claim, failure=FAILURE, verdict=TryAt(later), counts=True, at=datetime.now(UTC))

    assert store.claim(claim.run, worker="w2", lease=MINUTE) is None
    assert store.sweep(ring_grace=MINUTE) == []


@pytest.mark.parametrize("verdict", [Bury(), Supersede()])
def test_a_person_can_give_ended_work_another_chance_and_the_audit_says_why(
    database: ScratchDatabase, verdict: Bury | Supersede
) -> None:
    claim = claimed(opened())
    store.fail(claim, failure=FAILURE, verdict=verdict, counts=True, at=datetime.now(UTC))

    run = operations.retry(run=claim.run, actor="sara", reason="the board is back")

    assert (run.state, run.attempts, len(run.errors)) == (State.DUE, 0, 1)
    [record] = AuditRecord.objects.all()
    assert (record.actor, record.action, record.reason) == ("sara", "run.retry", "the board is back")


def test_work_in_hand_cannot_be_retried_by_hand(database: ScratchDatabase) -> None:
    claim = claimed(opened())
    with pytest.raises(operations.NotReplayableError, match="is running"):
        operations.retry(run=claim.run, actor="sara", reason="impatience")
    assert AuditRecord.objects.count() == 0
