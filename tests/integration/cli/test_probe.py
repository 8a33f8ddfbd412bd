"""`zargar probe` as a container runs it, beside real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from tests.support.processes import beat, running, wait_until, worker

HEALTHY, RESTART, BAD_INPUT = 0, 1, 2


@pytest.fixture
def env(database: ScratchDatabase, broker: Broker, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ, **database.env, **broker.env, "ZARGAR_HEARTBEAT_SECONDS": "0.3",
        "ZARGAR_HEARTBEAT_FILE": str(tmp_path / "heartbeat"),
    }  # fmt: skip


def probe(env: dict[str, str], *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "zargar.cli", "probe", *arguments], env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_worker_is_healthy_while_it_consumes_and_is_to_be_restarted_when_it_is_stopped(
    tmp_path: Path, env: dict[str, str]
) -> None:
    hands = worker(tmp_path, env)
    assert probe(env, "worker")[0] == RESTART
    with running(hands):
        wait_until((tmp_path / "heartbeat").exists, what="the pulse")
        assert probe(env, "worker", "--within", "5")[0] == HEALTHY
        hands.signal(signal.SIGSTOP)
        time.sleep(1.5)
        code, said = probe(env, "worker", "--within", "1")
        hands.signal(signal.SIGCONT)
    assert code == RESTART, said
    assert "and the broker answers" in said


def test_a_worker_without_its_broker_is_left_alone(tmp_path: Path, env: dict[str, str], broker: Broker) -> None:
    broker.server.stop()
    code, said = probe(env, "worker")
    assert (code, "a restart cures nothing" in said) == (HEALTHY, True), said


def test_a_beat_is_healthy_while_it_ticks_and_left_alone_without_its_database(
    tmp_path: Path, env: dict[str, str]
) -> None:
    with running(beat(tmp_path, env)):
        wait_until((tmp_path / "heartbeat").exists, what="a tick")
        assert probe(env, "beat")[0] == HEALTHY
    os.utime(tmp_path / "heartbeat", (0, 0))
    assert probe(env, "beat")[0] == RESTART
    away = {**env, "DATABASE_URL": "postgresql://zargar_app@127.0.0.1:1/nowhere"}
    assert probe(away, "beat")[0] == HEALTHY


def test_a_probe_without_its_file_is_told_which_variable_is_missing(env: dict[str, str]) -> None:
    code, said = probe({name: value for name, value in env.items() if name != "ZARGAR_HEARTBEAT_FILE"}, "worker")
    assert code == BAD_INPUT
    assert "ZARGAR_HEARTBEAT_FILE" in said
