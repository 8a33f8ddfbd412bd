"""Who lives and works: one row for each worker and beat, written by itself, removed when it leaves in order.

A row tells three things apart. `moved_at` says when the process last did what it is there for: consumed a message, made
a tick. `alive_at` says when it last wrote the row at all. And the row names the database session that wrote it: the
server drops the session of a process that died at once, but keeps that of a process that is stopped or stuck.
All ages are by the database's clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from psycopg.types.json import Jsonb

from zargar.ledger.store import query

FORGET_AFTER: Final = timedelta(days=1)
"""How long the row of a process that died stays; whoever starts next removes it."""


class Kind(StrEnum):
    """What a process is there for."""

    WORKER = "worker"
    BEAT = "beat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What a process says of itself. `moved_ago` is None as long as it has done nothing.

    `silent_after` is its own promise: more than that between two movements means that something is wrong.
    `busy` of its `slots` work; a beat has none.
    """

    name: str
    kind: Kind
    silent_after: timedelta
    moved_ago: timedelta | None
    queues: tuple[str, ...] = ()
    slots: int = 0
    busy: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What the database shows of a process: ages, and whether the session that wrote its row is still there."""

    name: str
    kind: Kind
    silent_after: timedelta
    started_ago: timedelta
    alive_ago: timedelta
    moved_ago: timedelta | None
    has_session: bool
    queues: tuple[str, ...] = ()
    slots: int = 0
    busy: int = 0


def record(heartbeat: Heartbeat) -> None:
    """Write the row of a process, in its own session. Raises Django's database errors."""
    query(
        """
        INSERT INTO ledger_heartbeat AS own (name, kind, queues, slots, busy, silent_after, started_at, alive_at,
                                             moved_at, session_pid, session_since)
        SELECT %s, %s, %s, %s, %s, %s, now(), now(), now() - %s::interval, pid, backend_start
        FROM pg_stat_activity WHERE pid = pg_backend_pid()
        ON CONFLICT (name) DO UPDATE SET
            queues = excluded.queues, slots = excluded.slots, busy = excluded.busy,
            silent_after = excluded.silent_after, alive_at = excluded.alive_at, moved_at = excluded.moved_at,
            session_pid = excluded.session_pid, session_since = excluded.session_since
        """,
        [
            heartbeat.name, heartbeat.kind, Jsonb(list(heartbeat.queues)), heartbeat.slots, heartbeat.busy,
            heartbeat.silent_after, heartbeat.moved_ago,
        ],
    )  # fmt: skip


def begin(name: str) -> None:
    """Forget what an earlier process of this name said, and every process that has been dead for long."""
    query("DELETE FROM ledger_heartbeat WHERE name = %s OR alive_at < now() - %s::interval", [name, FORGET_AFTER])


def leave(name: str) -> None:
    """Remove the row of a process that ends in order."""
    query("DELETE FROM ledger_heartbeat WHERE name = %s", [name])


def pulses() -> Sequence[Pulse]:
    """Return every process that has a row, by name."""
    rows = query(
        """
        SELECT name, kind, ARRAY(SELECT jsonb_array_elements_text(queues)), slots, busy, silent_after,
               now() - started_at, now() - alive_at, now() - moved_at,
               EXISTS (SELECT FROM pg_stat_activity WHERE pid = session_pid AND backend_start = session_since)
        FROM ledger_heartbeat ORDER BY name
        """
    )
    return [
        Pulse(
            name=name, kind=Kind(kind), queues=tuple(queues), slots=slots, busy=busy, silent_after=silent_after,
            started_ago=started, alive_ago=alive, moved_ago=moved, has_session=has_session,
        )
        for name, kind, queues, slots, busy, silent_after, started, alive, moved, has_session in rows
    ]  # fmt: skip
