"""What a worker, a beat and the web process write in production: JSON, every line of it, and nothing secret."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import tasks
from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from tests.support.processes import Process, beat, running, wait_until, worker

SECRETS = ("hunter2", "09121234567", "abcdef123456")


@pytest.fixture
def env(database: ScratchDatabase, broker: Broker) -> dict[str, str]:
    return {**database.env, **broker.env, "ZARGAR_LOG_JSON": "true"}


def records(process: Process) -> list[dict[str, object]]:
    """Read the records; past every logger Celery prints its banner at the start, and that it was told to end."""
    lines = process.words().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("{"))
    return [json.loads(line) for line in lines[first:] if line.strip() and not line.startswith("worker: ")]


def test_a_worker_and_a_beat_write_json_and_what_tests_and_the_demo_wait_for(
    tmp_path: Path, env: dict[str, str]
) -> None:
    from tests.support.app import app  # noqa: PLC0415 -- the app reads the broker's address

    hands, ticker = worker(tmp_path, env), beat(tmp_path, env)
    with running(hands, ticker):
        hands.ready()
        for how in ("retryable", "bug"):
            app.tasks[tasks.STUMBLE].delay(how=how)
        wait_until(lambda: hands.words().count("raised unexpected") == 2, what="two failures", show=hands.words)
        wait_until(lambda: "beat: Starting" in ticker.words(), what="the beat", show=ticker.words)
    for process in (hands, ticker):
        assert {record["level"] for record in records(process)} <= {"info", "warning", "error"}
        assert not [secret for secret in SECRETS if secret in process.words()]
    assert any(str(record["process"]).startswith("ForkPoolWorker") for record in records(hands))


def test_the_web_process_writes_json_from_its_first_line(tmp_path: Path, env: dict[str, str]) -> None:
    log = tmp_path / "web.log"
    command = ("gunicorn", "zargar.wsgi", "--bind", "127.0.0.1:0", "--logger-class", "zargar.web_logs.WebLogger")
    with log.open("wb") as out:
        web = subprocess.Popen([sys.executable, "-m", *command], env=env, stdout=out, stderr=out)
        try:
            wait_until(lambda: "Booting worker" in log.read_text(), what="gunicorn", show=log.read_text)
        finally:
            web.terminate()
            web.wait(20)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert any(str(line["event"]).startswith("Listening at: http") for line in lines)
