"""Kill whatever runs, again and again, while a price is due every two seconds: no slot is missed, none is done twice.

The chaos is seeded; the processes are the documented commands under the demo's own supervisor, which starts again what
died. The verdict is plain SQL by a connection that the system does not use, and the sandbox's journal of calls.
"""

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.support.boards import BoardServer
from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from tests.support.processes import wait_until
from zargar.embedded.process import Command
from zargar.embedded.supervisor import Supervisor

CADENCE = 2
CHAOS_SECONDS = 40
DRAIN_SECONDS = 150
NAMES = ("worker-1", "worker-2", "beat-1", "beat-2")


@dataclass
class Battle:
    """The system under attack, and what was done to it."""

    supervisor: Supervisor
    broker: Broker
    database: ScratchDatabase
    rng: random.Random
    blows: dict[str, int] = field(default_factory=dict)

    def watch(self, seconds: float) -> None:
        """Let time pass while the supervisor does its work."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.supervisor.tick()
            time.sleep(0.1)

    def strike(self, blow: str) -> None:
        """Deal one blow of the four kinds."""
        self.blows[blow] = self.blows.get(blow, 0) + 1
        match blow:
            case "kill a worker" | "kill a beat":
                self._kill(blow.rpartition(" ")[2])
            case "restart the broker empty":
                self.broker.server.kill()
                self.watch(self.rng.uniform(0.2, 1.5))
                shutil.rmtree(self.broker.server.folder / "valkey")
                self.broker.server.start()
            case "stop the broker for a while":
                self.broker.server.pause()
                self.watch(self.rng.uniform(2, 5))
                self.broker.server.resume()
            case "wipe the broker":
                self.broker.server.wipe()

    def _kill(self, kind: str) -> None:
        alive = {name: pid for name, pid in self.supervisor.pids().items() if name.startswith(kind)}
        if alive:
            os.killpg(alive[self.rng.choice(sorted(alive))], signal.SIGKILL)

    def settled(self) -> bool:
        """Whether nothing waits and nothing runs; the supervisor goes on meanwhile."""
        self.supervisor.tick()
        return self.ask("SELECT count(*) FROM ledger_run WHERE state IN ('due', 'running')") == 0

    def ask(self, sql: str) -> int:
        """Ask the database for one number, as a session of the test's own."""
        with psycopg.connect(self.database.app_url, autocommit=True) as judge:
            row = judge.execute(sql).fetchone()
        assert row is not None
        return int(row[0])


def besieged(
    folder: Path, database: ScratchDatabase, broker: Broker, boards: BoardServer, *, app: str, seed: int
) -> Battle:
    env = {
        **os.environ,
        **database.env,
        **broker.env,
        "CACHE_URL": broker.server.url(2),
        "ZARGAR_SANDBOX_URL": boards.url,
        "ZARGAR_PRICES_EVERY_SECONDS": str(CADENCE),
        "ZARGAR_LEASE_SECONDS": "8",
        "ZARGAR_RING_GRACE_SECONDS": "2",
        "PYTHONUNBUFFERED": "1",
    }
    supervisor = Supervisor(folder, clock=lambda: datetime.now(UTC))
    for name in NAMES:
        quick = ("-c", "1", "-n", f"{name}@%h", "--without-gossip", "--without-mingle")
        role = ("worker", *quick) if name.startswith("worker") else ("beat", "--pidfile=")
        supervisor.start(name, Command((sys.executable, "-m", "celery", "-A", app, *role, "-l", "info"), env))
    return Battle(supervisor, broker, database, random.Random(seed))  # noqa: S311 -- a seeded test


@pytest.fixture
def boards() -> Iterator[BoardServer]:
    with BoardServer() as server:
        yield server


PRICES = "(SELECT * FROM schedules_slot WHERE entry = 'update-gold-prices') AS prices"
"""The slots that are counted; those of other entries come by the minute or the hour, if the test meets one."""


def verdict(battle: Battle) -> dict[str, int]:
    """Count what the promise forbids; every figure must be zero."""
    return {
        "slots missed": battle.ask("SELECT coalesce(sum(count), 0) FROM schedules_missedrange"),
        "slots without a row": battle.ask(
            f"SELECT (extract(epoch FROM max(due_at) - min(due_at)) / {CADENCE} + 1 - count(*))::int FROM {PRICES}"  # noqa: S608
        ),
        "slots without a run": battle.ask(
            "SELECT count(*) FROM schedules_slot WHERE run_id IS NULL AND state = 'rung'"
        ),
        "runs not completed": battle.ask("SELECT count(*) FROM ledger_run WHERE state <> 'succeeded'"),
        "prices without a slot": battle.ask(  # what follows from a price (re-valuation, alerts) has none
            "SELECT count(*) FROM ledger_run WHERE task = 'zargar.core.gold_price_tasks.update_gold_prices' "
            "AND id NOT IN (SELECT run_id FROM schedules_slot WHERE run_id IS NOT NULL)"
        ),
    }


BLOWS = ("kill a worker", "kill a beat", "restart the broker empty", "stop the broker for a while")


@pytest.mark.parametrize(
    ("app", "seed", "blows"),
    [
        pytest.param("tests.support.app", 1405, BLOWS, id="as deployed"),
        pytest.param(
            "tests.support.careless", 1406, ("wipe the broker", "kill a worker", "kill a beat"), id="celery's nets cut"
        ),
    ],
)
def test_whatever_dies_no_slot_is_missed_and_each_is_completed_once(
    tmp_path: Path,
    database: ScratchDatabase,
    broker: Broker,
    boards: BoardServer,
    app: str,
    seed: int,
    blows: tuple[str, ...],
) -> None:
    battle = besieged(tmp_path, database, broker, boards, app=app, seed=seed)
    try:
        wait_until(lambda: battle.ask("SELECT count(*) FROM ledger_run WHERE state = 'succeeded'") > 0, what="a price")
        began = time.monotonic()
        while time.monotonic() - began < CHAOS_SECONDS:
            for blow in blows:
                battle.watch(battle.rng.uniform(1, 4))
                battle.strike(blow)
        wait_until(
            lambda: battle.ask("SELECT count(*) FROM ledger_run") > CHAOS_SECONDS // CADENCE // 2, what="enough slots"
        )
        _pause_the_schedule(battle)
        wait_until(battle.settled, what="all runs to settle", seconds=DRAIN_SECONDS, show=lambda: _story(battle))
    finally:
        battle.supervisor.stop_all()

    found = verdict(battle)
    slots = battle.ask(f"SELECT count(*) FROM {PRICES} WHERE state = 'rung'")  # noqa: S608
    asked = len(boards.calls("wallgold"))
    print(f"{slots} slots, {asked} askings, blows {battle.blows}, restarts {len(battle.supervisor.restarts)}, {found}")  # noqa: T201 -- the figures of the note
    assert found == dict.fromkeys(found, 0), _story(battle)
    assert asked >= slots
    assert len(battle.supervisor.restarts) >= sum(count for blow, count in battle.blows.items() if "kill" in blow) // 2


def _pause_the_schedule(battle: Battle) -> None:
    """Let no more slots come, while beats and workers live on to settle those that have."""
    with psycopg.connect(battle.database.app_url, autocommit=True) as connection:
        connection.execute("UPDATE schedules_entrystate SET paused_at = now(), paused_by = 'test'")


def _story(battle: Battle) -> str:
    with psycopg.connect(battle.database.app_url, autocommit=True) as connection:
        runs = connection.execute(
            "SELECT id, state, fence, losses, attempts, rings, ring_at, worker, errors FROM ledger_run "
            "WHERE state <> 'succeeded' ORDER BY created_at"
        ).fetchall()
    logs = [f"--- {name}\n" + battle.supervisor.log(name).read_text()[-3000:] for name in NAMES]
    return "\n".join([*map(str, runs), f"blows {battle.blows}", *logs])
