"""Real children, started again when they end and ended when we do."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from zargar.embedded.process import Command
from zargar.embedded.supervisor import Restart, Supervisor, Tier, end_leftovers

SLEEPER = Command(("sleep", "300"), {"PATH": "/usr/bin:/bin"})


class Clock:
    """A clock that a test turns by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 8, 6, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[Restart]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, clock: Clock, told: list[Restart]) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, clock=clock, told=told.append)
    yield made
    made.stop_all()


def until(holds: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def test_a_killed_child_is_started_again_after_a_second_and_the_restart_is_recorded(
    supervisor: Supervisor, clock: Clock, told: list[Restart]
) -> None:
    first = supervisor.start("beat-1", SLEEPER)
    first.kill()
    first.wait()
    supervisor.tick()
    assert supervisor.pids() == {}
    assert told == supervisor.restarts == [Restart("beat-1", -signal.SIGKILL, clock.now)]
    clock.turn(0.9)
    supervisor.tick()
    assert supervisor.pids() == {}
    clock.turn(0.1)
    supervisor.tick()
    assert supervisor.pids()["beat-1"] != first.pid


def test_a_child_that_ends_at_once_is_not_started_in_a_busy_loop(supervisor: Supervisor, clock: Clock) -> None:
    child = supervisor.start(
        "worker", Command(("sh", "-c", "echo once >> count; exit 3"), SLEEPER.env, cwd=supervisor.folder)
    )
    count = supervisor.folder / "count"
    child.wait()
    for starts in range(2, 5):
        supervisor.tick()
        clock.turn(2 ** (starts - 2))
        supervisor.tick()
        until(lambda: all(gone(pid) for pid in supervisor.pids().values()))
        assert len(count.read_text().split()) == starts
    assert [restart.exit_code for restart in supervisor.restarts] == [3, 3, 3]


def test_processes_json_says_what_runs_and_what_was_started_again(supervisor: Supervisor) -> None:
    child = supervisor.start("beat-1", SLEEPER)
    doomed = supervisor.start("beat-2", SLEEPER)
    doomed.terminate()
    doomed.wait()
    supervisor.tick()
    written = json.loads((supervisor.folder / "processes.json").read_text())
    assert written["running"] == [
        {
            "name": "beat-1",
            "pid": child.pid,
            "created": psutil.Process(child.pid).create_time(),
            "stop_signal": "SIGTERM",
        }
    ]
    assert written["restarts"] == [{"name": "beat-2", "exit_code": -15, "at": "2026-08-06T12:00:00+00:00"}]


def test_output_goes_to_the_childs_own_log(supervisor: Supervisor) -> None:
    supervisor.start("talker", Command(("sh", "-c", "echo spoken; echo shouted >&2"), SLEEPER.env)).wait()
    assert supervisor.log("talker").read_text() == "spoken\nshouted\n"


def test_all_are_ended_the_programs_before_the_servers(supervisor: Supervisor) -> None:
    last_words = "trap 'sleep 0.3; echo $0 >> ends; exit' TERM; echo up; while true; do sleep 0.05; done"
    for name, tier in (("server", Tier.SERVER), ("program", Tier.PROGRAM)):
        command = Command(("sh", "-c", last_words, name), SLEEPER.env, cwd=supervisor.folder)
        supervisor.start(name, command, tier=tier)
    until(lambda: all("up" in supervisor.log(name).read_text() for name in ("server", "program")))
    pids = supervisor.pids()
    supervisor.stop_all()
    assert (supervisor.folder / "ends").read_text().split() == ["program", "server"]
    assert all(gone(pid) for pid in pids.values())
    assert json.loads((supervisor.folder / "processes.json").read_text())["running"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal is Linux's")
def test_the_children_of_a_killed_supervisor_die_with_it(tmp_path: Path) -> None:
    script = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from zargar.embedded.process import Command
from zargar.embedded.supervisor import Supervisor
supervisor = Supervisor(Path(sys.argv[1]), clock=lambda: datetime.now(UTC))
supervisor.start("sleeper", Command(("sleep", "300"), {"PATH": "/usr/bin:/bin"}))
print("up", flush=True)
time.sleep(300)
"""
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        (child,) = json.loads((tmp_path / "processes.json").read_text())["running"]
        assert not gone(child["pid"])
        parent.kill()
    until(lambda: gone(child["pid"]))


def test_the_next_start_ends_what_a_killed_one_left_over(supervisor: Supervisor) -> None:
    child = supervisor.start("worker", SLEEPER)
    assert end_leftovers(supervisor.folder) == ["worker"]
    assert gone(child.pid)
    assert end_leftovers(supervisor.folder) == []


def test_a_process_that_only_has_a_leftovers_number_is_left_alone(supervisor: Supervisor) -> None:
    innocent = supervisor.start("worker", SLEEPER)
    record = supervisor.folder / "processes.json"
    content = json.loads(record.read_text())
    content["running"][0]["created"] -= 3600
    record.write_text(json.dumps(content))
    assert end_leftovers(supervisor.folder) == []
    assert innocent.poll() is None


def test_a_command_shows_its_arguments_and_never_its_environment() -> None:
    assert "hunter2" not in repr(Command(("true",), {"SECRET_KEY": "hunter2"}))


def test_children_do_not_hear_the_terminals_interrupt(supervisor: Supervisor) -> None:
    child = supervisor.start("worker", SLEEPER)
    assert os.getpgid(child.pid) == child.pid != os.getpgid(0)
