"""Starts the children of a running system, starts again what ended, and ends them all.

A worker whose broker dies under a running task ends itself (Celery 5.7), so somebody has to start it again: here it is
this class, elsewhere compose or the cluster. When to do so is decided in `restarts`.

Each child logs to `<folder>/logs/<name>.log`. `<folder>/processes.json` says what runs (name, pid, creation time) and
what was started again (name, exit code, at), for people and for the next start, which ends what a killed one left over.
"""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Final

import psutil

from zargar.embedded import process
from zargar.embedded.process import Command
from zargar.embedded.restarts import Standing, due
from zargar.embedded.secret_file import write_private

GRACE_SECONDS: Final = 20.0
"""How long an asked child may take: longer than a worker's soft shutdown (10 s) and its pool's end after it."""

LEFTOVER_SECONDS: Final = 15.0


class Tier(IntEnum):
    """What stands on what. The upper tier is ended first, as a whole; a server is the last to go."""

    SERVER = 0
    PROGRAM = 1


@dataclass(frozen=True)
class Restart:
    """A child that ended by itself at `at` (aware); a negative `exit_code` is the signal it died of, as in Popen."""

    name: str
    exit_code: int
    at: datetime


@dataclass
class Child:
    """A supervised child: its command, and the process that runs it now (or ran it last)."""

    name: str
    command: Command
    tier: Tier
    process: subprocess.Popen[bytes] = field(repr=False)
    standing: Standing
    created: float


class Supervisor:
    """The children of one data folder. `clock` gives the aware time; `told` hears of each restart as it is decided."""

    def __init__(
        self, folder: Path, *, clock: Callable[[], datetime], told: Callable[[Restart], None] = lambda _: None
    ) -> None:
        self.folder = folder
        self.restarts: list[Restart] = []
        self._clock = clock
        self._told = told
        self._children: dict[str, Child] = {}
        (folder / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)

    def log(self, name: str) -> Path:
        """Where a child's output goes."""
        return self.folder / "logs" / f"{name}.log"

    def start(self, name: str, command: Command, *, tier: Tier = Tier.PROGRAM) -> subprocess.Popen[bytes]:
        """Start a child and answer for it from now on. Raises `OSError` when it cannot be run at all."""
        running = process.start(command, log=self.log(name))
        standing = Standing(started_at=self._clock())
        self._children[name] = Child(name, command, tier, running, standing, _created(running.pid))
        self._write()
        return running

    def pids(self) -> dict[str, int]:
        """Name what runs, with its pid."""
        return {child.name: child.process.pid for child in self._children.values() if child.standing.start_at is None}

    def tick(self) -> None:
        """See what ended, and start what is due. Call it a few times a second; it does not wait."""
        now = self._clock()
        ended = [child for child in self._children.values() if self._has_ended(child, now)]
        again = due({name: child.standing for name, child in self._children.items()}, now)
        for name in again:
            self._start_again(self._children[name], now)
        if ended or again:
            self._write()

    def stop_all(self) -> None:
        """End everything, the programs before the servers. Interrupted once more, it kills what is left at once."""
        try:
            for tier in sorted(Tier, reverse=True):
                self._stop_tier([child for child in self._children.values() if child.tier is tier])
        finally:
            for child in self._children.values():
                if child.process.poll() is None:
                    process.kill_group(child.process)
                    child.process.wait()
            self._children.clear()
            self._write()

    def _has_ended(self, child: Child, now: datetime) -> bool:
        if child.standing.start_at is not None or (code := child.process.poll()) is None:
            return False
        child.standing = child.standing.ended(now)
        restart = Restart(child.name, code, now)
        self.restarts.append(restart)
        self._told(restart)
        return True

    def _start_again(self, child: Child, now: datetime) -> None:
        child.process = process.start(child.command, log=self.log(child.name))
        child.created = _created(child.process.pid)
        child.standing = child.standing.started(now)

    def _stop_tier(self, children: list[Child]) -> None:
        """Ask all of them at once, then wait for all of them together."""
        running = [child for child in children if child.process.poll() is None]
        for child in running:
            with suppress(ProcessLookupError):
                child.process.send_signal(child.command.stop_signal)
        deadline = time.monotonic() + GRACE_SECONDS
        for child in running:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))

    def _write(self) -> None:
        running = [
            {
                "name": child.name,
                "pid": child.process.pid,
                "created": child.created,
                "stop_signal": child.command.stop_signal.name,
            }
            for child in self._children.values()
            if child.standing.start_at is None
        ]
        restarts = [{"name": r.name, "exit_code": r.exit_code, "at": r.at.isoformat()} for r in self.restarts]
        content = {"running": running, "restarts": restarts}
        write_private(self.folder / "processes.json", json.dumps(content, indent=1))


def end_leftovers(folder: Path) -> list[str]:
    """End what a supervisor of this folder left running when it was killed; their names.

    A process is a leftover only when its pid and its creation time both match: a number alone may be anybody's by now.
    """
    record = folder / "processes.json"
    if not record.exists():
        return []
    ended = []
    for entry in reversed(json.loads(record.read_text())["running"]):
        with suppress(psutil.NoSuchProcess):
            leftover = psutil.Process(entry["pid"])
            if abs(leftover.create_time() - entry["created"]) < 1 and leftover.status() != psutil.STATUS_ZOMBIE:
                _end(leftover, signal.Signals[entry["stop_signal"]])
                ended.append(str(entry["name"]))
    return ended


def _end(leftover: psutil.Process, stop_signal: signal.Signals) -> None:
    leftover.send_signal(stop_signal)
    try:
        leftover.wait(LEFTOVER_SECONDS)
    except psutil.TimeoutExpired:
        leftover.kill()
        leftover.wait(LEFTOVER_SECONDS)


def _created(pid: int) -> float:
    """Seconds since 1970 at which the process was made; 0 when it ended before it could be asked."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0
