"""One child process: how it is started, how it is stopped, and that it never outlives us.

On Linux the kernel signals each child when its parent dies, whatever the parent died of (PR_SET_PDEATHSIG); elsewhere a
child that outlived a killed parent is ended by the next start, from `processes.json` (see `supervisor`).
A child is started in a process group of its own: Ctrl-C in a terminal reaches us alone, and we choose the order.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from zargar.embedded.account import Account

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True)
class Command:
    """What to run: `env` is the whole environment of the child and may hold secrets; `argv` never does."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    cwd: Path | None = None


def start(command: Command, *, log: Path) -> subprocess.Popen[bytes]:
    """Start the child with both its outputs added to `log` (0600). Call it from a thread that lives as long as we do.

    (Linux ties the death signal to the thread that started the child.) Raises `OSError` when it cannot be run.
    """
    account = command.account
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(  # noqa: S603 -- no shell; the arguments are ours
            command.argv,
            env=dict(command.env),
            cwd=command.cwd,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=_die_with_parent(command.stop_signal),  # noqa: PLW1509 -- one system call, prepared before the fork
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    finally:
        os.close(descriptor)


def stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals, *, grace: float) -> int:
    """Ask the child to end, wait `grace` seconds, then kill its whole process group; its exit code, as Popen's."""
    with suppress(ProcessLookupError):
        process.send_signal(stop_signal)
    try:
        return process.wait(grace)
    except subprocess.TimeoutExpired:
        kill_group(process)
        return process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the child and whatever it started (SIGKILL), if it is still there."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def free_port(preferred: int | None = None) -> int:
    """Find a loopback port that nothing listens on: the preferred one if it is free, so that a restart keeps it."""
    for port in filter(None, (preferred,)):
        with closing(socket.socket()) as candidate, suppress(OSError):
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            candidate.bind((LOOPBACK, port))
            return port
    with closing(socket.socket()) as candidate:
        candidate.bind((LOOPBACK, 0))
        port = candidate.getsockname()[1]
        assert isinstance(port, int)  # noqa: S101 -- for the type checker: the address of an AF_INET socket
        return port


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log, for the message of an error."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _die_with_parent(with_signal: signal.Signals) -> Callable[[], None] | None:
    """Prepare the one call that the child makes before it becomes its program.

    It runs after the change of account, which would clear it. A parent that died between fork and call is seen by its
    pid, which the child no longer has as its parent's.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask_the_kernel() -> None:
        if libc.prctl(PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0) != 0 or os.getppid() != parent:
            os._exit(127)

    return ask_the_kernel
