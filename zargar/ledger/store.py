"""The ledger's SQL. Each function is one statement or one short transaction, timed by the database's clock.

Raw SQL, because the claim is what it says to the letter, and because a task costs two of these: they stay at one round
trip each. Every write after a claim requires its fence.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from json import loads
from typing import Any, Final, LiteralString, TypeAlias
from uuid import UUID

from django.db import connection, transaction
from psycopg import Cursor
from psycopg.types.json import Jsonb

from zargar.ledger.models import Run, State
from zargar.ledger.policy import MESSAGE_LIFE, Bury, Supersede, TryAt, Verdict, after_loss, grace
from zargar.ledger.retention import EndedBefore
from zargar.ledger.values import Claim, Failure, Ring, Work
from zargar.names import Queue
from zargar.outcomes import Summary

Rows: TypeAlias = list[tuple[Any, ...]]

SWEEP_LOCK: Final = 0x5A41_5247_4152  # "ZARGAR"; one sweeper at a time, whichever beat it lives in
SWEEP_AT_MOST: Final = 500

_STATE_AFTER: Final = {TryAt: State.DUE, Bury: State.DEAD, Supersede: State.SUPERSEDED}


def query(sql: str, parameters: Sequence[Any] = ()) -> Rows:
    """Run one statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def prepared(sql: LiteralString, parameters: Sequence[object]) -> Rows:
    """Run one statement that PostgreSQL plans once a session; it names its tables with their schema.

    The three statements that every task pays for go this way, past Django's cursor, which binds on the client and so
    has them planned anew each time: a quarter of their cost (`make bench`, overhead). Raises Django's database errors.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.execute(sql, parameters, prepare=True)
        return cursor.fetchall() if cursor.description else []


def now() -> datetime:
    """Return the database's clock (aware, UTC), by which all beats and workers agree."""
    [(moment,)] = query("SELECT clock_timestamp()")
    assert isinstance(moment, datetime)  # noqa: S101 -- for the type checker; the statement can give nothing else
    return moment


def open_runs(works: Sequence[Work], *, ring_in: timedelta) -> None:
    """Add runs; one whose id is there already is left as it is.

    `ring_in` is when, after it falls due, the sweeper looks at a run first: zero to have it ring at once, a grace where
    the caller rings by itself.
    """
    if not works:
        return
    columns = zip(
        *((w.id, w.task, w.family, w.queue, Jsonb(w.kwargs), w.origin, w.due_at, w.stop_at) for w in works),
        strict=True,
    )
    prepared(
        """
        INSERT INTO public.ledger_run (id, task, family, queue, kwargs, origin, due_at, stop_at, state, errors, ring_at,
                                       rings, attempts, losses, fence, worker)
        SELECT id, task, family, queue, kwargs, origin, coalesce(due_at, statement_timestamp()), stop_at, 'due', '[]',
               coalesce(due_at, statement_timestamp()) + %s, 0, 0, 0, 0, ''
        FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::text[], %s::timestamptz[],
                    %s::timestamptz[])
             AS work (id, task, family, queue, kwargs, origin, due_at, stop_at)
        ON CONFLICT (id) DO NOTHING
        """,
        [ring_in, *(list(column) for column in columns)],
    )


def claim(run: UUID, *, worker: str, lease: timedelta) -> Claim | None:
    """Take a run that is due, or return None: somebody else has it, it is done, or it is not due yet."""
    rows = prepared(
        """
        UPDATE public.ledger_run
        SET state = 'running', fence = fence + 1, worker = %s, started_at = statement_timestamp(),
            lease_until = statement_timestamp() + %s
        WHERE id = %s AND state = 'due' AND due_at <= statement_timestamp()
        RETURNING fence, attempts, kwargs::text, stop_at
        """,
        [worker, lease, run],
    )
    return _claim(run, rows)


def exists(run: UUID) -> bool:
    """Say whether the ledger knows the run; a message from elsewhere may name one that it does not."""
    return bool(query("SELECT 1 FROM ledger_run WHERE id = %s", [run]))


def renew(claim: Claim, *, lease: timedelta) -> bool:
    """Prolong the lease from now; False when the claim is no longer ours."""
    return bool(
        query(
            """
            UPDATE ledger_run SET lease_until = statement_timestamp() + %s
            WHERE id = %s AND state = 'running' AND fence = %s RETURNING 1
            """,
            [lease, claim.run, claim.fence],
        )
    )


def succeed(claim: Claim, *, summary: Summary) -> bool:
    """Close the run with its summary; False when the claim is no longer ours, and then nothing changed."""
    return bool(
        prepared(
            """
            UPDATE public.ledger_run
            SET state = 'succeeded', summary = %s, finished_at = statement_timestamp(), lease_until = NULL
            WHERE id = %s AND state = 'running' AND fence = %s RETURNING 1
            """,
            [Jsonb(summary), claim.run, claim.fence],
        )
    )


def fail(claim: Claim, *, failure: Failure, verdict: Verdict, counts: bool, at: datetime) -> bool:
    """Apply the verdict on a failed attempt; False when the claim is no longer ours, and then nothing changed.

    `counts` is False for a snooze: nothing failed, so the attempt is not counted and no error is kept.
    """
    due_at = verdict.at if isinstance(verdict, TryAt) else None
    finished_at = None if due_at else at
    return bool(
        query(
            """
            UPDATE ledger_run
            SET state = %s, due_at = coalesce(%s, due_at), ring_at = coalesce(%s, ring_at), rings = 0,
                finished_at = %s, lease_until = NULL, attempts = attempts + %s, errors = errors || %s
            WHERE id = %s AND state = 'running' AND fence = %s RETURNING 1
            """,
            [
                _STATE_AFTER[type(verdict)], due_at, due_at, finished_at, int(counts),
                Jsonb([failure.as_json(at)] if counts else []), claim.run, claim.fence,
            ],
        )
    )  # fmt: skip


def sweep(*, ring_grace: timedelta) -> list[Ring]:
    """Take back what lost its lease, and return what must be rung, already marked as rung.

    Returns nothing while another beat sweeps. The caller publishes after this has committed.
    """
    with transaction.atomic():
        [(locked,)] = query("SELECT pg_try_advisory_xact_lock(%s)", [SWEEP_LOCK])
        if not locked:
            return []
        _take_back()
        return _mark_rung(ring_grace)


def not_rung(rings: Sequence[Ring], *, ring_grace: timedelta) -> None:
    """Undo the mark of rings that the broker did not take: try them again after one grace, not a grown one."""
    query(
        """
        UPDATE ledger_run SET rings = rings - 1, ring_at = statement_timestamp() + %s
        WHERE id = ANY(%s) AND state = 'due' AND rings > 0
        """,
        [ring_grace, [ring.run for ring in rings]],
    )


def replay(run: UUID) -> bool:
    """Make a dead or superseded run due again with its attempts forgiven; its errors stay. False: not in that state."""
    return bool(
        query(
            """
            UPDATE ledger_run
            SET state = 'due', due_at = statement_timestamp(), ring_at = statement_timestamp(), rings = 0,
                attempts = 0, losses = 0, finished_at = NULL, stop_at = NULL
            WHERE id = %s AND state IN ('dead', 'superseded') RETURNING 1
            """,
            [run],
        )
    )


def remove(ended: EndedBefore, *, at_most: int) -> int:
    """Remove runs that have ended before their state's moment, the oldest first; return how many.

    A run that somebody holds (a replay) is passed over. What refers to a run is told by the ORM that it has gone, since
    the ledger does not know by whom it is referred to. No run ends before it is made, so that `run_by_age` finds them.
    """
    with transaction.atomic():
        old = query(
            """
            SELECT id FROM ledger_run
            WHERE created_at < %s AND (state IN ('succeeded', 'superseded') AND finished_at < %s
                                       OR state = 'dead' AND finished_at < %s)
            ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED
            """,
            [max(ended.done, ended.dead), ended.done, ended.dead, at_most],
        )
        Run.objects.filter(id__in=[run for (run,) in old]).delete()
    return len(old)


def _claim(run: UUID, rows: Rows) -> Claim | None:
    if not rows:
        return None
    [(fence, attempts, kwargs, stop_at)] = rows
    return Claim(run=run, fence=fence, attempts=attempts, kwargs=loads(kwargs), stop_at=stop_at)


def _take_back() -> None:
    lost = query(
        """
        SELECT id, fence, losses + 1, worker, clock_timestamp() FROM ledger_run
        WHERE state = 'running' AND lease_until < clock_timestamp()
        ORDER BY lease_until LIMIT %s FOR UPDATE SKIP LOCKED
        """,
        [SWEEP_AT_MOST],
    )
    for run, fence, losses, worker, at in lost:
        failure = Failure(kind="LeaseLost", message=f"{worker} was lost, or slept, while it held claim {fence}")
        buried = isinstance(after_loss(losses=losses, now=at), Bury)
        query(
            """
            UPDATE ledger_run
            SET state = %s, losses = %s, lease_until = NULL, due_at = %s, ring_at = %s, rings = 0,
                finished_at = %s, errors = errors || %s
            WHERE id = %s
            """,
            [
                State.DEAD if buried else State.DUE, losses, at, at, at if buried else None,
                Jsonb([failure.as_json(at)]), run,
            ],
        )  # fmt: skip


def _mark_rung(ring_grace: timedelta) -> list[Ring]:
    due = query(
        """
        SELECT id, task, queue, kwargs::text, rings FROM ledger_run
        WHERE state = 'due' AND ring_at <= clock_timestamp()
        ORDER BY ring_at LIMIT %s FOR UPDATE SKIP LOCKED
        """,
        [SWEEP_AT_MOST],
    )
    if not due:
        return []
    graces = [grace(ring_grace, rings=rings) for *_, rings in due]
    query(
        """
        UPDATE ledger_run SET rings = rings + 1, ring_at = clock_timestamp() + again.after
        FROM unnest(%s::uuid[], %s::interval[]) AS again (id, after) WHERE ledger_run.id = again.id
        """,
        [[row[0] for row in due], graces],
    )
    return [
        Ring(run=run, task=task, queue=Queue(queue), kwargs=loads(kwargs), expires=MESSAGE_LIFE.total_seconds())
        for run, task, queue, kwargs, _ in due
    ]
