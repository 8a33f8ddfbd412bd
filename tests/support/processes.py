"""Celery processes of a test: real ones, started by the documented commands, killed as reality kills."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

QUICK = ("--without-gossip", "--without-mingle")


@dataclass
class Process:
    """A Celery worker or beat in a process group of its own, so that a SIGKILL takes its children too."""

    name: str
    arguments: tuple[str, ...]
    env: dict[str, str] = field(repr=False)
    log: Path
    app: str = "tests.support.app"
    _popen: subprocess.Popen[bytes] | None = None

    def start(self) -> "Process":
        """Start it (again); its log goes on in the same file."""
        with self.log.open("ab") as out:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", self.app, *self.arguments],
                env={**os.environ, **self.env}, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        return self

    @property
    def pid(self) -> int:
        """The process id of the main process."""
        assert self._popen is not None
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self._popen is not None and self._popen.poll() is None

    def kill(self) -> None:
        """SIGKILL the whole group."""
        self.signal(signal.SIGKILL)
        self.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group, if it lives."""
        if self.running:
            os.killpg(self.pid, number)

    def stop(self) -> None:
        """End it as a deploy does, and the hard way after 20 s."""
        if not self.running:
            return
        assert self._popen is not None
        self._popen.send_signal(signal.SIGTERM)
        try:
            self._popen.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def wait(self) -> None:
        """Wait until it has ended."""
        assert self._popen is not None
        self._popen.wait()

    def words(self) -> str:
        """What it has logged so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def ready(self) -> "Process":
        """Wait until the worker consumes."""
        wait_until(
            lambda: " ready." in self.words() or not self.running, what=f"{self.name} to be ready", show=self.words
        )
        assert self.running, self.words()
        return self


def worker(folder: Path, env: dict[str, str], *, name: str = "worker", queues: str = "", children: int = 1) -> Process:
    """Describe a worker of the tests' app; all queues unless some are named."""
    chosen = ("-Q", queues) if queues else ()
    arguments = ("worker", "-l", "info", "-n", f"{name}@%h", "-c", str(children), *QUICK, *chosen)
    return Process(name, arguments, env, folder / f"{name}.log")


def beat(folder: Path, env: dict[str, str], *, name: str = "beat") -> Process:
    """Describe a beat of the tests' app."""
    return Process(name, ("beat", "-l", "info", "--pidfile="), env, folder / f"{name}.log")


@contextmanager
def running(*processes: Process) -> Iterator[None]:
    """Start them, and stop them whatever happens."""
    try:
        for process in processes:
            process.start()
        yield
    finally:
        for process in processes:
            process.stop()


def wait_until(
    condition: Callable[[], bool], *, what: str, seconds: float = 30, show: Callable[[], str] | None = None
) -> None:
    """Wait for something to come true; fail with its name, and with what `show` says, when it does not."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            message = f"waited {seconds} s in vain for {what}" + (f"\n{show()}" if show else "")
            raise AssertionError(message)
        time.sleep(0.05)
