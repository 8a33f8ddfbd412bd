"""The programs of the house and how each is started: sandbox, workers, beats, web.

Two workers, since a queue is a promise about latency: `realtime` has one of its own, so that nothing else can delay a
price. A third is for `drills` alone, since it holds a key that opens backups. Two beats, since none may matter: the
database lets one of them have each slot. One process each, for a machine with few processors; production sizes them
elsewhere.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from zargar.embedded.process import LOOPBACK, Command


@dataclass(frozen=True)
class Program:
    """A child by its name and its Python module's arguments. It serves once it has logged `says`, or answers HTTP.

    `needs` names the values that it is given beside what every child gets.
    """

    name: str
    arguments: tuple[str, ...]
    says: str = ""
    port: int | None = None
    needs: tuple[str, ...] = ()

    def command(self, env: Mapping[str, str]) -> Command:
        """Run it by this very interpreter, with its output unbuffered in its log."""
        return Command((sys.executable, "-m", *self.arguments), {**env, "PYTHONUNBUFFERED": "1"})


CELERY: Final = ("celery", "-A", "zargar")


def sandbox(port: int, mail_port: int) -> Program:
    """Give the stand-in of the world outside: the price boards and a mail server, by their real protocols."""
    ports = ("--port", str(port), "--mail-port", str(mail_port))
    return Program("sandbox", ("zargar.sandbox", *ports), "listening http://")


def workers() -> tuple[Program, ...]:
    """Give the two workers."""
    # Two processes: a backup must not keep the minute's messages waiting.
    house = _worker("house", "bulk,maintenance,backups", "ZARGAR_BACKUP_DATABASE_URL", processes="2")
    return _worker("realtime", "realtime"), house


def drills() -> Program:
    """Give the worker of drills, which alone is given the key of operations."""
    return _worker("drills", "drills", "ZARGAR_BACKUP_IDENTITY_FILE", "ZARGAR_DRILL_DATABASE_URL")


def beats() -> tuple[Program, ...]:
    """Give the two beats; they keep no file, and none is the main one."""
    return _beat("beat-1"), _beat("beat-2")


def web(port: int) -> Program:
    """Give the web process."""
    flags = (
        "--workers", "1", "--threads", "4", "--no-control-socket", "--graceful-timeout", "5",
        "--logger-class", "zargar.web_logs.WebLogger",
    )  # fmt: skip
    return Program("web", ("gunicorn", "zargar.wsgi", "--bind", f"{LOOPBACK}:{port}", *flags), port=port)


def _worker(name: str, queues: str, *needs: str, processes: str = "1") -> Program:
    flags = ("-n", f"{name}@%h", "-Q", queues, "-c", processes, "-l", "info", "--without-gossip", "--without-mingle")
    return Program(name, (*CELERY, "worker", *flags), " ready.", needs=needs)


def _beat(name: str) -> Program:
    return Program(name, (*CELERY, "beat", "-l", "info", "--pidfile="), "beat: Starting")
