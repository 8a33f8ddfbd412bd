"""`zargar demo`, as a person starts it, ends it, and kills it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from dotenv import dotenv_values

from tests.support.databases import Server
from zargar import names
from zargar.embedded.postgres import Postgres
from zargar.embedded.proofs import PROOFS
from zargar.embedded.valkey import Valkey

ZARGAR = str(Path(sys.executable).parent / "zargar")
NOT_OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "CACHE_URL")
SETTINGS = ("DJANGO_SETTINGS_MODULE", "SECRET_KEY")
PATIENCE = 60.0


def environment(folder: Path, **given: str) -> dict[str, str]:
    """A person's shell: nothing of the test session's own settings."""
    shell = {name: value for name, value in os.environ.items() if name not in {*NOT_OURS, *SETTINGS}}
    return {**shell, "ZARGAR_DATA": str(folder), **given}


def once(folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ZARGAR, "demo", "--once", "--json", "--prices-every", "2"],
        env=environment(folder, **given), capture_output=True, text=True, check=False, timeout=PATIENCE * 3,
    )  # fmt: skip


@contextmanager
def running(folder: Path, *command: str, **given: str) -> Iterator[subprocess.Popen[str]]:
    """A demo (or another command) that has said that it runs."""
    line = [ZARGAR, *(command or ("demo", "--prices-every", "2")), "--json"]
    with subprocess.Popen(line, env=environment(folder, **given), stdout=subprocess.PIPE, text=True) as demo:
        try:
            await_news(demo, "runs")
            yield demo
        finally:
            demo.kill()


def await_news(demo: "subprocess.Popen[str]", kind: str, *, task: str | None = None) -> dict[str, Any]:
    """Read on until the news is of this kind, and of a run of `task` where one is named: others end in between."""
    assert demo.stdout is not None
    for line in demo.stdout:
        news: dict[str, Any] = json.loads(line)
        if news["news"] == kind and task in {None, news.get("task")}:
            return news
    return pytest.fail(f"it ended with {demo.wait()} before it told of {kind!r} {task or ''}")


def children(folder: Path) -> list[psutil.Process]:
    written = json.loads((folder / "processes.json").read_text())["running"]
    return [psutil.Process(child["pid"]) for child in written]


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert not alive


def mine(folder: Path) -> list[psutil.Process]:
    """Every process that has the folder in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("ZARGAR_DATA") == str(folder) and process.pid != os.getpid():
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder that is not there yet; a cluster that root keeps outside it goes with it."""
    folder = tmp_path / "data"
    yield folder
    if folder.exists():
        Postgres(folder).destroy()


def test_one_pass_proves_every_claim_and_leaves_nothing_running(data: Path) -> None:
    done = once(data)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["failed"] is None
    assert list(result["proven"]) == [name for name, _ in PROOFS]
    assert {part["part"] for part in result["parts"]} >= {"PostgreSQL", "Valkey", "sandbox", "web"}
    assert json.loads((data / "processes.json").read_text())["running"] == []
    assert mine(data) == []


def test_on_given_servers_it_starts_none_of_its_own(data: Path, postgres: Server, valkey: Valkey) -> None:
    postgres.drop("somebodys")
    with postgres.admin() as admin:
        admin.execute("CREATE DATABASE somebodys")
    try:
        url = f"{postgres.admin_url.rpartition('/')[0]}/somebodys"
        done = once(data, DATABASE_URL=url, CELERY_BROKER_URL=valkey.url(5))
        assert done.returncode == 0, done.stderr
        assert not (data / "postgres-password").exists()
        assert not (data / "valkey.conf").exists()
        with psycopg.connect(url) as connection:
            [(shops,)] = connection.execute("SELECT count(*) FROM shops_shop WHERE state = 'active'").fetchall()
        assert shops == 3
    finally:
        postgres.drop("somebodys")


def test_ctrl_c_ends_everything_in_order_and_is_a_success(data: Path) -> None:
    with running(data) as demo:
        started = children(data)
        assert len(started) == 9  # two servers, the sandbox, three workers, two beats, the web
        price = await_news(demo, "run", task=names.UPDATE_GOLD_PRICES)
        assert price["summary"]["decision"] in {"accepted", "held", "stale"}
        demo.send_signal(signal.SIGINT)
        assert demo.wait(PATIENCE) == 0
        assert_gone(started)


def test_killed_it_takes_its_children_along_and_the_next_start_finds_its_data(data: Path) -> None:
    with running(data) as demo:
        await_news(demo, "run")
        started = children(data)
        killed_at = time.time()
        demo.kill()
        demo.wait()
        assert_gone(started)
        key = dotenv_values(data / "environment")["SECRET_KEY"]
    with running(data) as again:
        found = dotenv_values(data / "environment")
        assert found["SECRET_KEY"] == key
        with psycopg.connect(str(found["DATABASE_URL"])) as connection:
            shops = connection.execute("SELECT schema_name FROM shops_shop ORDER BY id").fetchall()
            oldest = connection.execute("SELECT min(created_at) FROM ledger_run").fetchone()
        assert [name for (name,) in shops] == ["negin", "zarrinkoob", "mahtab"]
        assert oldest is not None
        assert oldest[0].timestamp() < killed_at
        again.terminate()
        assert again.wait(PATIENCE) == 0


def test_a_killed_child_comes_back_and_the_news_says_so(data: Path) -> None:
    with running(data) as demo:
        written = json.loads((data / "processes.json").read_text())["running"]
        (beat,) = [child["pid"] for child in written if child["name"] == "beat-1"]
        os.kill(beat, signal.SIGKILL)
        assert await_news(demo, "restart")["name"] == "beat-1"
        deadline = time.monotonic() + PATIENCE
        while "beat-1" not in {c["name"] for c in json.loads((data / "processes.json").read_text())["running"]}:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        demo.terminate()
        assert demo.wait(PATIENCE) == 0


def test_up_is_the_system_without_sandbox_and_without_shops_of_its_own(data: Path) -> None:
    nobody = "http://127.0.0.1:1"  # or it would ask the real boards
    with running(data, "up", ZARGAR_SANDBOX_URL=nobody) as up:
        children_of_up = [child["name"] for child in json.loads((data / "processes.json").read_text())["running"]]
        assert children_of_up == ["postgres", "valkey", "realtime", "house", "drills", "beat-1", "beat-2", "web"]
        keys = ("ZARGAR_BACKUP_IDENTITY_FILE", "ZARGAR_DRILL_DATABASE_URL")
        given = {
            child["name"]: [bool(psutil.Process(child["pid"]).environ().get(key)) for key in keys]
            for child in json.loads((data / "processes.json").read_text())["running"]
            if child["name"] not in {"postgres", "valkey"}
        }
        assert [name for name, has in given.items() if any(has)] == ["drills"]
        with psycopg.connect(str(dotenv_values(data / "environment")["DATABASE_URL"])) as connection:
            assert connection.execute("SELECT count(*) FROM shops_shop").fetchone() == (0,)
        up.terminate()
        assert up.wait(PATIENCE) == 0


def test_a_given_server_that_does_not_answer_is_named_and_nothing_is_left_running(data: Path) -> None:
    done = once(data, DATABASE_URL="postgresql://somebody:hunter2@127.0.0.1:1/zargar")
    assert done.returncode == 1
    assert "DATABASE_URL" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    assert mine(data) == []
