"""What monitoring counts: runs in the ledger by family, and what the boards said in the stored ticks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from zargar.backups.alarms import CLEAN_UP, DRILLS, Job
from zargar.ledger.store import query
from zargar.monitoring.families import Record
from zargar.monitoring.sources import SourceRecord
from zargar.names import Family
from zargar.pricing.sources import WORLD_FAMILY


def by_family(*, since: datetime) -> Mapping[Family, Record]:
    """Count the runs opened since a moment that have closed, for every family; one with none has zeros.

    Of prices only those in the realtime queue are timed: their promise is that queue's, and what follows a price in
    another (contracts, checks) may wait there behind slower work.
    """
    rows = query(
        """
        SELECT family,
               count(*) FILTER (WHERE state = 'succeeded'),
               count(*) FILTER (WHERE state IN ('dead', 'superseded')),
               percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY greatest(started_at - due_at, interval '0'))
                   FILTER (WHERE family <> 'prices' OR queue = 'realtime'),
               percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY finished_at - started_at)
                   FILTER (WHERE family <> 'prices' OR queue = 'realtime')
        FROM ledger_run WHERE created_at >= %s AND finished_at IS NOT NULL GROUP BY family
        """,
        [since],
    )
    found = {family: _record(*counted) for family, *counted in rows}
    return {family: found.get(family.value, Record(successful=0, failed=0)) for family in Family}


def of_tasks(tasks: Sequence[str], *, since: datetime) -> Record:
    """Count the closed runs of some tasks, opened since a moment; answered by the index of runs by task."""
    [(successful, failed)] = query(
        """
        SELECT count(*) FILTER (WHERE state = 'succeeded'), count(*) FILTER (WHERE state IN ('dead', 'superseded'))
        FROM ledger_run WHERE task = ANY(%s) AND created_at >= %s
        """,
        [list(tasks), since],
    )
    return Record(successful=successful, failed=failed)


def last_is_dead(tasks: Sequence[str], *, since: datetime) -> bool:
    """Say whether the newest of the closed runs of some tasks, opened since a moment, is a dead letter."""
    rows = query(
        """
        SELECT state = 'dead' FROM ledger_run
        WHERE task = ANY(%s) AND created_at >= %s AND finished_at IS NOT NULL
        ORDER BY created_at DESC LIMIT 1
        """,
        [list(tasks), since],
    )
    return bool(rows and rows[0][0])


def waits() -> Mapping[str, timedelta]:
    """Return how long the oldest due run of each queue has been due; a queue in which none is due is absent."""
    rows = query(
        """
        SELECT queue, max(clock_timestamp() - due_at) FROM ledger_run
        WHERE state = 'due' AND due_at <= clock_timestamp() GROUP BY queue
        """
    )
    return dict(rows)


def newest_backups(tasks: Sequence[str], *, since: datetime) -> list[Job]:
    """Return the newest run of these tasks that was opened since a moment and has closed, for each scope."""
    rows = query(
        """
        SELECT DISTINCT ON (scope) scope, state = 'dead', finished_at, coalesce(errors -> -1 ->> 'message', '')
        FROM (SELECT coalesce(kwargs ->> 'shop_id', '') AS scope, * FROM ledger_run
              WHERE created_at >= %s AND family = 'backups' AND task = ANY(%s) AND finished_at IS NOT NULL) AS closed
        ORDER BY scope, finished_at DESC
        """,
        [since, list(tasks)],
    )
    return [Job(scope=scope, dead=dead, at=at, words=words) for scope, dead, at, words in rows]


def newest_upkeep(tasks: Sequence[str], *, since: datetime) -> list[Job]:
    """Return the newest run of these tasks that was opened since a moment and has closed: of drills, and of the others.

    What a person asked of one backup is no upkeep.
    """
    rows = query(
        """
        SELECT DISTINCT ON (scope) scope, state = 'dead', finished_at, coalesce(errors -> -1 ->> 'message', '')
        FROM (SELECT CASE WHEN kwargs -> 'drill' = 'true'::jsonb THEN %s ELSE %s END AS scope, * FROM ledger_run
              WHERE created_at >= %s AND family = 'backups' AND task = ANY(%s) AND finished_at IS NOT NULL
                AND kwargs ->> 'backup' IS NULL) AS closed
        ORDER BY scope, finished_at DESC
        """,
        [DRILLS, CLEAN_UP, since, list(tasks)],
    )
    return [Job(scope=scope, dead=dead, at=at, words=words) for scope, dead, at, words in rows]


def by_source(*, since: datetime) -> Mapping[str, SourceRecord]:
    """Count what each board said in the ticks since a moment, from the stored quotes; a board never asked is absent.

    The feeds of the world are no boards: they never give the price of a gram.
    """
    rows = query(
        """
        WITH said AS (
            SELECT quote.source, tick.at, tick.id,
                   bool_or(quote.instrument = 'gold_750' AND quote.bid IS NOT NULL) AS priced,
                   bool_or(quote.verdict = 'used') AS used,
                   max(quote.why) FILTER (WHERE quote.verdict = 'rejected') AS why
            FROM pricing_tick AS tick JOIN pricing_quoterecord AS quote ON quote.tick_id = tick.id
            WHERE tick.at >= %s AND quote.family <> %s GROUP BY quote.source, tick.at, tick.id
        ), last AS (
            SELECT source, max(at) FILTER (WHERE priced) AS priced_at FROM said GROUP BY source
        )
        SELECT source, count(*), count(*) FILTER (WHERE priced), count(*) FILTER (WHERE used),
               min(at) FILTER (WHERE priced_at IS NULL OR at > priced_at),
               (array_agg(why ORDER BY at DESC, id DESC) FILTER (WHERE why IS NOT NULL))[1]
        FROM said JOIN last USING (source) GROUP BY source
        """,
        [since, WORLD_FAMILY],
    )
    return {
        source: SourceRecord(asked=asked, priced=priced, used=used, silent_since=silent, why=why or "")
        for source, asked, priced, used, silent, why in rows
    }


def _record(successful: int, failed: int, waits: Sequence[Any] | None, runs: Sequence[Any] | None) -> Record:
    wait_p50, wait_p95 = waits or (None, None)
    run_p50, run_p95 = runs or (None, None)
    return Record(
        successful=successful, failed=failed, wait_p50=wait_p50, wait_p95=wait_p95, run_p50=run_p50, run_p95=run_p95
    )
