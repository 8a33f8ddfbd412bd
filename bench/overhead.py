"""What the ledger costs: 5,000 no-ops on the base of all tasks against 5,000 on bare Celery, one run, same settings.

Measured from the first publish to the last stored result, with one worker of two children, a durable PostgreSQL
(fsync and synchronous_commit on, both printed) and Valkey with AOF. Each round measures both in turn; the ratio is of
medians.
"""

import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import psycopg
import redis

from bench.machine import report
from tests.support.processes import Process
from zargar.embedded import databases
from zargar.embedded.databases import Passwords
from zargar.embedded.postgres import Postgres
from zargar.embedded.settle import as_owner
from zargar.embedded.valkey import Valkey

TASKS: Final = 5_000
ROUNDS: Final = 5
PATIENCE: Final = 300.0


def main() -> None:
    """Start the parts, measure in turn, print one line a round and one with the ratio."""
    with tempfile.TemporaryDirectory(prefix="zargar-bench-") as folder, Valkey(Path(folder) / "valkey") as valkey:
        cluster = Postgres(Path(folder) / "postgres", durable=True)
        cluster.start()
        try:
            _measure(Path(folder), cluster, valkey)
        finally:
            cluster.destroy()


def _measure(folder: Path, cluster: Postgres, valkey: Valkey) -> None:
    passwords = Passwords(owner=secrets.token_urlsafe(24), app=secrets.token_urlsafe(24))
    made = databases.prepare(cluster.url(), name="bench", passwords=passwords)
    env = {
        **made.env,
        "CELERY_BROKER_URL": valkey.url(0),
        "CELERY_RESULT_BACKEND": valkey.url(1),
        "CACHE_URL": valkey.url(2),
        "SECRET_KEY": secrets.token_urlsafe(24),
        "DJANGO_SETTINGS_MODULE": "zargar.settings.test",
    }
    os.environ.update(env)
    as_owner(os.environ)
    from bench import tasks  # noqa: PLC0415 -- the app reads the environment that was just set

    arguments = ("worker", "-l", "warning", "-c", "2", "--without-gossip", "--without-mingle")
    worker = Process("bench", arguments, env, folder / "worker.log", app="bench.tasks").start()
    with psycopg.connect(made.app_url, autocommit=True) as database:
        try:
            _warm_up(tasks.bare, valkey)
            before = _sessions(database)
            rounds = [_round(tasks, valkey) for _ in range(ROUNDS)]
            time.sleep(1)  # PostgreSQL counts sessions when they report, at most a second late
            sessions = _sessions(database) - before
        finally:
            worker.stop()
        settings = {name: database.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")}
    for times in rounds:
        report("overhead.round", tasks=TASKS, **{f"{name}_seconds": round(time_, 2) for name, time_ in times.items()})
    bare, ledger = (statistics.median(times[name] for times in rounds) for name in ("bare", "ledger"))
    report(
        "overhead",
        tasks=TASKS,
        children=2,
        bare_per_second=round(TASKS / bare),
        ledger_per_second=round(TASKS / ledger),
        ratio=round(ledger / bare, 2),
        at_most=2.0,
        database_sessions_opened=sessions,
        **{name: value[0] for name, value in settings.items() if value},
    )


def _round(tasks: ModuleType, valkey: Valkey) -> dict[str, float]:
    return {
        "bare": _time(lambda: _loop(tasks.bare), valkey),
        "ledger": _time(lambda: _loop(tasks.ledger), valkey),
    }


def _loop(task: Any) -> None:  # noqa: ANN401 -- celery is not typed
    for _ in range(TASKS):
        task.delay()


def _time(publish: Callable[[], object], valkey: Valkey, *, count: int = TASKS) -> float:
    with redis.Redis.from_url(valkey.url(1)) as results:
        results.flushdb()
        began = time.monotonic()
        publish()
        _wait_for(lambda: int(results.dbsize()) >= count)
        return time.monotonic() - began


def _warm_up(task: Any, valkey: Valkey) -> None:  # noqa: ANN401 -- celery is not typed
    _time(lambda: [task.delay() for _ in range(50)], valkey, count=50)


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            message = f"not all results were stored within {PATIENCE} s"
            raise TimeoutError(message)
        time.sleep(0.01)


def _sessions(database: psycopg.Connection) -> int:
    row = database.execute("SELECT sessions FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert row is not None
    return int(row[0])
