"""Shops are read by processes of their own, exactly as in this one; one that dies is an error at once, never a hang."""

# ruff: noqa: S608 -- the names in the statements are the test's own

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import psutil
import psycopg
import pytest

from tests.support.databases import Server
from tests.support.fleets import Counted, Taking, street
from tests.support.packs import PG_DUMP, Shops
from zargar.backups import age, changes, fingerprint, fleet
from zargar.backups.catalogue import catalogues
from zargar.backups.crew import Crew, ReaderLostError
from zargar.backups.ddl import DumpFailedError
from zargar.backups.differences import compare
from zargar.backups.readers import AtSnapshot, ByItself, Gone, Packed, Whole
from zargar.backups.snapshot import prepare

NAMES_OF_READERS = "zargar.backups.reader"
SOON = 5.0

ASKER = """
import sys, time
import psycopg
from zargar.backups.crew import Crew
from zargar.backups.ddl import PgDump
with psycopg.connect(sys.stdin.readline().strip()) as session, Crew(session, PgDump.found(), 2) as crew:
    print(*crew.pids, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def names(shops: Shops) -> list[str]:
    """More shops than are read in one process."""
    return street(shops, fleet.FEW + 4)


@pytest.fixture
def take(shops: Shops, tmp_path: Path) -> Taking:
    return Taking(shops, tmp_path)


def readers() -> list[psutil.Process]:
    """The readers that this process has started and that live."""
    children = psutil.Process().children()
    return [child for child in children if NAMES_OF_READERS in child.cmdline()]


Dba: TypeAlias = Callable[[str], None]


@pytest.fixture
def made_by_a_dba(postgres: Server, shops: Shops) -> Dba:
    """Make a table in a shop that nobody but the superuser may read, of a shape that no other shop has."""

    def make(schema: str) -> None:
        there = psycopg.conninfo.make_conninfo(postgres.admin_url, dbname=shops.database.name)
        with psycopg.connect(there, autocommit=True) as dba:
            dba.execute(f"CREATE TABLE {schema}.scratch_{schema} (n integer)".encode())

    return make


def tasks(shops: Shops, names: list[str], session: psycopg.Connection) -> Iterator[AtSnapshot]:
    """What a fleet asks readers for."""
    prepare(session)
    session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    [(snapshot, taken)] = session.execute("SELECT pg_export_snapshot(), clock_timestamp()").fetchall()
    contents, shapes = catalogues(session, names), fingerprint.shapes(session, names)
    ddl, recipient = PG_DUMP.dump(session, names[0]), age.generate().recipient
    for name in names:
        yield AtSnapshot(contents[name], ddl, shapes[name].fingerprint, snapshot, taken, recipient)


def test_readers_read_what_one_process_reads(shops: Shops, names: list[str], take: Taking) -> None:
    here, there = take(names, Counted()), take(names, Counted(), readers=2)

    assert sorted(there.packs) == sorted(here.packs) == names
    for name in names:
        members, facts = there.packs[name]
        assert compare(here.packs[name][1], facts) == ()
        assert compare(facts, shops.facts(name)) == ()
        assert [member for member in members if member.name != "facts.json"] == [
            member for member in here.packs[name][0] if member.name != "facts.json"
        ]
    shops.restore(there.packs[names[7]][0], names[7], "copy", expected=there.packs[names[7]][1])
    assert readers() == []


def test_what_moves_and_what_is_large_comes_from_readers_too(shops: Shops, names: list[str], take: Taking) -> None:
    shops.run(f"ALTER TABLE {names[2]}.t ALTER body SET STORAGE EXTERNAL;"
              f"INSERT INTO {names[2]}.t (body) SELECT repeat('x', 1000) FROM generate_series(1, 12000);"
              f"ANALYZE {names[2]}.t")  # fmt: skip

    def happenings() -> None:
        shops.run(f"TRUNCATE {names[3]}.t; ALTER TABLE {names[4]}.t ADD more text; DROP SCHEMA {names[5]} CASCADE")

    taken = take(names, Counted(happenings), readers=2)

    assert sorted(taken.packs) == sorted(set(names) - {names[5]})
    assert set(taken.everything.left_out) == {names[5]}
    assert sorted(name for name, why in taken.redone.items() if why) == [names[3], names[4]]
    for name in names[2:5]:
        members, facts = taken.packs[name]
        assert compare(facts, shops.facts(name)) == ()
        shops.restore(members, name, f"{name}_copy", expected=facts)


def test_a_reader_that_is_killed_is_an_error_at_once(shops: Shops, names: list[str], take: Taking) -> None:
    killed: list[float] = []

    def kill() -> None:
        readers()[0].kill()
        killed.append(time.monotonic())

    with pytest.raises(ReaderLostError, match="before its work did: signal 9"):
        take(names, Counted(kill), readers=2)
    assert time.monotonic() - killed[0] < SOON
    assert readers() == []


def test_a_reader_that_is_killed_in_the_middle_of_a_large_shop_is_an_error_at_once(
    shops: Shops, names: list[str]
) -> None:
    shops.run(f"INSERT INTO {names[0]}.t (body) SELECT string_agg(md5(n::text), '') FROM generate_series(1, 500000) n")
    written: list[int] = []

    def write(piece: bytes) -> None:
        if not written:
            readers()[0].kill()
        written.append(len(piece))

    with shops.connect() as session, Crew(session, PG_DUMP, 1) as crew:
        large = crew.by_itself(ByItself(names[0], {}, age.generate().recipient))
        assert isinstance(large, Packed)
        with pytest.raises(ReaderLostError, match="signal 9"):
            large.write_to(write)
        with pytest.raises(RuntimeError, match="when its pack was written"):
            _ = large.facts
        assert sum(written) < 8 << 20


@pytest.mark.parametrize("readers_of", [0, 2], ids=["here", "in readers"])
def test_a_shop_with_something_that_its_owner_may_not_read_is_left_out_and_all_others_are_read(
    shops: Shops, names: list[str], take: Taking, made_by_a_dba: Dba, readers_of: int
) -> None:
    hidden, foreign, large = names[9], names[10], names[11]
    shops.run(f"ALTER TABLE {hidden}.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    shops.run(f"ALTER TABLE {large}.t ALTER body SET STORAGE EXTERNAL;"
              f"INSERT INTO {large}.t (body) SELECT repeat('x', 1000) FROM generate_series(1, 12000);"
              f"ANALYZE {large}.t;"
              f"ALTER TABLE {large}.u ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")  # fmt: skip
    made_by_a_dba(foreign)

    taken = take(names, Counted(), readers=readers_of)

    assert sorted(taken.packs) == sorted(set(names) - {hidden, foreign, large})
    assert sorted(taken.unread) == [hidden, foreign, large]
    assert "row-level security" in taken.unread[hidden]
    assert "permission denied" in taken.unread[foreign]
    for name in names[6:9]:
        members, facts = taken.packs[name]
        assert compare(facts, shops.facts(name)) == ()
        shops.restore(members, name, f"{name}_copy", expected=facts)
    assert readers() == []


def test_a_pg_dump_that_fails_for_every_shop_ends_the_backup_at_once(
    names: list[str], take: Taking, made_by_a_dba: Dba
) -> None:
    for name in names:
        made_by_a_dba(name)
    pg_dump = Counted()
    with pytest.raises(DumpFailedError, match="permission denied"):
        take(names, pg_dump)
    assert pg_dump.asked < len(names), "it is not tried for each of them"


def test_more_shops_that_cannot_be_dumped_than_that_do_not_end_it_where_others_can(
    names: list[str], take: Taking, made_by_a_dba: Dba
) -> None:
    bad = names[1 : fleet.FAILURES + 3]
    for name in bad:
        made_by_a_dba(name)
    taken = take(names, Counted())
    assert sorted(taken.packs) == sorted(set(names) - set(bad))
    assert sorted(taken.unread) == bad


def test_a_server_that_is_lost_ends_all_readers(shops: Shops, names: list[str], take: Taking) -> None:
    def lose() -> None:
        shops.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                  "WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip

    with pytest.raises(psycopg.OperationalError):
        take(names, Counted(lose), readers=2)
    assert readers() == []


def test_a_shop_that_is_gone_is_said_to_be_and_the_reader_goes_on(shops: Shops, names: list[str]) -> None:
    recipient = age.generate().recipient
    with shops.connect() as session, Crew(session, PG_DUMP, 1) as crew:
        gone = crew.by_itself(ByItself("never_there", {}, recipient))
        assert isinstance(gone, Gone)
        assert "no schema" in gone.why
        read = [answer for _, answer in crew.at_snapshot(tasks(shops, names[:3], session))]
        assert [type(answer) for answer in read] == [Whole] * 3


def test_nobody_waits_for_a_reader_that_was_never_asked(shops: Shops, names: list[str]) -> None:
    with shops.connect() as session, Crew(session, PG_DUMP, 3) as crew:
        [(task, answer)] = crew.at_snapshot(tasks(shops, names[:1], session))
        assert isinstance(answer, Whole)
        assert answer.facts.schema == task.schema == names[0]
        assert changes.states(session, [task.schema])


def test_readers_know_the_password_from_nothing_that_others_can_see(shops: Shops) -> None:
    with shops.connect() as session, Crew(session, PG_DUMP, 2) as crew:
        password = session.info.password
        assert password
        for pid in crew.pids:
            reader = psutil.Process(pid)
            assert password not in " ".join(reader.cmdline())
            assert password not in " ".join(reader.environ().values())


def test_readers_end_with_whoever_asked_them(shops: Shops, tmp_path: Path) -> None:
    asker = subprocess.Popen(
        [sys.executable, "-c", ASKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert asker.stdin is not None
    assert asker.stdout is not None
    asker.stdin.write(f"{shops.database.owner_url}\n")
    asker.stdin.flush()
    orphans = [psutil.Process(int(pid)) for pid in asker.stdout.readline().split()]
    os.kill(asker.pid, signal.SIGKILL)
    asker.wait(SOON)
    asker.stdin.close()
    asker.stdout.close()
    _, alive = psutil.wait_procs(orphans, SOON)
    assert (len(orphans), alive) == (2, [])
