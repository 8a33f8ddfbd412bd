"""A PostgreSQL of another major version than the wheel's: Debian's package, as a throwaway cluster."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe

import psycopg

from zargar.embedded import process
from zargar.embedded.account import Account
from zargar.embedded.postgres import ENVIRONMENT
from zargar.embedded.process import LOOPBACK, Command

PROGRAMS = Path("/usr/lib/postgresql")


@contextmanager
def debian_postgres(major: int) -> Iterator[str]:
    """Run a cluster of Debian's `postgresql-MAJOR` on the loopback, and give its superuser's URL; then remove it."""
    programs, account = PROGRAMS / str(major) / "bin", Account.unprivileged()
    home = Path(tempfile.mkdtemp(prefix="zargar-debian-"))
    data, word, log = home / "data", home / "password", home / "log"
    password = token_urlsafe(16)
    word.write_text(password)
    if account is not None:
        account.give(home)
        account.give(word)
    try:
        argv = (
            str(programs / "initdb"), "-D", str(data), "-U", "postgres", "--pwfile", str(word), "-A", "scram-sha-256",
            "-E", "UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        made = process.start(Command(argv, ENVIRONMENT, account, cwd=home), log=log)
        assert made.wait(60) == 0, log.read_text()
        port = process.free_port(None)
        flags = ("-c", "fsync=off", "-c", f"listen_addresses={LOOPBACK}", "-c", "unix_socket_directories=")
        serve = (str(programs / "postgres"), "-D", str(data), "-p", str(port), *flags)
        server = process.start(Command(serve, ENVIRONMENT, account, cwd=home), log=log)
        try:
            url = f"postgresql://postgres:{password}@{LOOPBACK}:{port}/postgres"
            _wait(url, server, log)
            yield url
        finally:
            server.terminate()
            server.wait(30)
    finally:
        shutil.rmtree(home)


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())
