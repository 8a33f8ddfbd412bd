"""A PostgreSQL cluster of our own."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.support.databases import private_folder
from zargar.embedded import process
from zargar.embedded.account import Account
from zargar.embedded.errors import ClusterGoneError, PartError
from zargar.embedded.postgres import Postgres
from zargar.embedded.process import Command

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers under another account")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Postgres]:
    made = Postgres(private_folder(tmp_path), durable=False)
    try:
        made.start()
        yield made
    finally:
        made.destroy()


def value(cluster: Postgres, query: str) -> object:
    with psycopg.connect(cluster.url()) as connection:
        [(answer,)] = connection.execute(query.encode()).fetchall()
    return answer


def modes(path: Path) -> dict[Path, tuple[int, int, int]]:
    """Mode, owner and group of a path and of every parent."""
    found = {part: part.stat() for part in [path, *path.parents]}
    return {part: (stat.S_IMODE(s.st_mode), s.st_uid, s.st_gid) for part, s in found.items()}


def test_a_second_start_finds_the_data_of_the_first(cluster: Postgres) -> None:
    with psycopg.connect(cluster.url()) as connection:
        connection.execute("CREATE TABLE kept (grams numeric)")
        connection.execute("INSERT INTO kept VALUES (4.608)")
    cluster.stop()
    again = Postgres(cluster.folder, durable=False)
    with again:
        assert str(value(again, "SELECT grams FROM kept")) == "4.608"


def test_it_speaks_utf8_sorts_by_code_point_and_is_asked_for_a_password(cluster: Postgres) -> None:
    assert value(cluster, "SHOW server_encoding") == "UTF8"
    assert value(cluster, "SELECT upper('é') || ('ز' > 'ر')::text") == "Étrue"
    assert (
        value(cluster, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'template1'")
        == "bC.UTF-8"
    )
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{cluster.port}/postgres")


def test_it_listens_on_loopback_and_on_no_socket_file(cluster: Postgres) -> None:
    assert value(cluster, "SHOW listen_addresses") == "127.0.0.1"
    assert value(cluster, "SHOW unix_socket_directories") == ""


def test_the_throwaway_mode_is_only_for_throwing_away(cluster: Postgres) -> None:
    assert value(cluster, "SHOW fsync") == "off"
    cluster.stop()
    durable = Postgres(cluster.folder)
    with durable:
        assert value(durable, "SHOW fsync") == "on"
        assert value(durable, "SHOW synchronous_commit") == "on"


def test_no_existing_permission_is_changed(tmp_path: Path) -> None:
    folder = private_folder(tmp_path)
    package = Path(psycopg.__file__).resolve().parent
    before = modes(folder), modes(package)
    cluster = Postgres(folder, durable=False)
    cluster.start()
    try:
        assert (modes(folder), modes(package)) == before
    finally:
        cluster.destroy()
    assert (modes(folder), modes(package)) == before


@as_root
def test_root_runs_it_under_an_unprivileged_account_outside_the_closed_folder(cluster: Postgres) -> None:
    account = Account.unprivileged()
    assert account is not None
    assert not account.reaches(cluster.folder)
    server = psutil.Process(cluster.pid)
    assert set(server.uids()) == {account.uid}
    assert not Path(server.cwd()).is_relative_to(cluster.folder)


@as_root
def test_destroying_a_cluster_leaves_nothing_outside_its_folder(tmp_path: Path) -> None:
    cluster = Postgres(private_folder(tmp_path), durable=False)
    cluster.start()
    home = Path(psutil.Process(cluster.pid).cwd()).parent
    cluster.destroy()
    assert not home.exists()


@as_root
def test_a_cluster_that_is_gone_is_not_replaced_by_an_empty_one_in_silence(tmp_path: Path) -> None:
    folder = private_folder(tmp_path)
    (folder / "postgres-home").write_text(str(tmp_path / "gone"))
    with pytest.raises(ClusterGoneError, match="gone"):
        Postgres(folder, durable=False).start()


def test_a_killed_server_comes_back_with_what_was_committed(tmp_path: Path) -> None:
    cluster = Postgres(private_folder(tmp_path))
    try:
        cluster.start()
        with psycopg.connect(cluster.url()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        psutil.Process(cluster.pid).kill()
        cluster.start()
        assert value(cluster, "SELECT one FROM kept") == 1
    finally:
        cluster.destroy()


def test_a_server_left_running_on_the_data_is_ended_by_the_next_start(cluster: Postgres) -> None:
    leftover = psutil.Process(cluster.pid)
    again = Postgres(cluster.folder, durable=False)
    with again:
        assert again.pid != leftover.pid
        assert not leftover.is_running() or leftover.status() == psutil.STATUS_ZOMBIE
        assert value(again, "SELECT 1") == 1


def test_a_pid_file_whose_number_is_now_another_programs_is_no_obstacle(cluster: Postgres, tmp_path: Path) -> None:
    data = Path(psutil.Process(cluster.pid).cwd())
    pid_file = data / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    cluster.stop()
    sleeper = process.start(
        Command(("sleep", "60"), {"PATH": "/usr/bin:/bin"}, Account.unprivileged()), log=tmp_path / "log"
    )
    try:
        pid_file.write_text("\n".join([str(sleeper.pid), *lines[1:]]))
        if (account := Account.unprivileged()) is not None:
            account.give(pid_file)
        with cluster:
            assert value(cluster, "SELECT 1") == 1
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_server_that_cannot_start_says_what_its_log_says(cluster: Postgres) -> None:
    data = Path(psutil.Process(cluster.pid).cwd())
    cluster.stop()
    (data / "postgresql.auto.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(PartError, match="no_such_setting"):
        cluster.start()
