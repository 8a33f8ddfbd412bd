"""What one pack alone breaks a drill off at is kept as undecided: the others are drilled, and people hear of it."""

import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import psycopg
import pytest

from tests.support.backups import OPERATIONS, house_of
from tests.support.databases import ScratchDatabase, Server
from tests.support.packs import Shops
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import alarm_facts_store, drill_store, drilling, drills, operations, scratch_folders, watch
from zargar.backups.alarms import Kind as AlarmKind
from zargar.backups.drills import DrillYard
from zargar.backups.files import FolderSource
from zargar.backups.making import House, Made
from zargar.backups.models import Copy, CopyState, Drill
from zargar.backups.retention import Kind
from zargar.backups.scratch import DrillServer
from zargar.backups.watch import Watched
from zargar.outcomes import Retryable
from zargar.shops.models import Shop

DAY = timedelta(days=1)
LONG = timedelta(hours=1)
WATCHED = Watched(vaults=["one"], locked=[], objective=timedelta(days=365))


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    media = tmp_path / "media"
    media.mkdir()
    (media / "large.jpg").write_bytes(b"\x00\xff" * 200_000)
    made = house_of(database, [directory(tmp_path, "one")])
    return replace(made, sources=(FolderSource("files.media", media),))


@pytest.fixture
def yard(postgres: Server, house: House) -> DrillYard:
    server = DrillServer(postgres.admin_url, clock=clock.now, surroundings=drill_store.surroundings())
    return DrillYard(house.vaults, server, OPERATIONS.identity)


@contextmanager
def no_file_longer_than(most: int) -> Iterator[None]:
    """Let the system refuse this process whatever would make a file longer than so many bytes, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def all_of_it(house: House) -> Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def after(yard: DrillYard, days: int) -> DrillYard:
    return replace(yard, server=replace(yard.server, clock=lambda: clock.now() + days * DAY))


def test_a_pack_of_files_that_the_disk_does_not_take_is_undecided_and_the_others_are_drilled(
    house: House, yard: DrillYard, shop: Shop
) -> None:
    all_of_it(house)
    with no_file_longer_than(100_000):
        done = drills.run_due(yard, period=DAY, budget=LONG)
    found = {one.schema: one for one in done.verdicts}
    assert {name for name, one in found.items() if one.proven} == {"public", shop.schema_name}
    media = found["files.media"]
    assert (media.faults, media.broke_off, "File too large" in media.undecided) == ((), True, True)
    assert Copy.objects.get().state == CopyState.STORED, "nothing is known against the copy"
    row = Drill.objects.get(holds="files.media")
    assert (row.proven_at, row.faults, row.undecided) == (None, "", media.undecided)
    assert media.undecided in str(done.summary())


def test_the_rota_moves_on_and_comes_back_the_next_day_until_a_drill_comes_to_a_verdict(
    house: House, yard: DrillYard, shop: Shop
) -> None:
    all_of_it(house)

    def drilled(day: int) -> set[str]:
        done = drills.run_due(after(yard, day), period=timedelta(days=3), budget=LONG)
        return {one.schema for one in done.verdicts}

    def alarms(day: int) -> list[tuple[AlarmKind, str]]:
        found = watch.look(jobs=[], watched=WATCHED, now=clock.now() + day * DAY)
        return [alarm.key for alarm in found if alarm.kind is AlarmKind.UNDECIDED]

    with no_file_longer_than(100_000):
        days = [drilled(day) for day in range(2)]
        assert alarms(1) == [], "a disk may be full for once"
        days.append(drilled(2))
    seen = set().union(*days)
    assert seen == {"public", shop.schema_name, "files.media"}, "one of a day; nothing stood in front of the others"
    with no_file_longer_than(100_000):
        day = 3
        while alarm_facts_store.undecided() == []:
            assert "files.media" in drilled(day) or day < 5
            day += 1
    assert alarms(day) == [(AlarmKind.UNDECIDED, "one/files.media")]
    assert "files.media" in drilled(day + 1)
    assert alarms(day + 1) == []
    assert drill_store.proven(["files.media"])


def test_a_statement_that_the_drills_role_may_not_run_leaves_one_shop_undecided(
    house: House, yard: DrillYard, shops: Shops, shop: Shop, database: ScratchDatabase, postgres: Server
) -> None:
    shops.run(f"CREATE FUNCTION {shop.schema_name}.sure() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    with psycopg.connect(postgres.admin_url, dbname=database.name, autocommit=True) as admin:
        admin.execute(f"ALTER FUNCTION {shop.schema_name}.sure() LEAKPROOF".encode())
    all_of_it(house)
    done = drills.run_named(yard)
    found = {one.schema: one for one in done.verdicts}
    assert {name for name, one in found.items() if one.proven} == {"public", "files.media"}
    assert "only superuser can define a leakproof function" in found[shop.schema_name].undecided
    assert Copy.objects.get().state == CopyState.STORED


def test_a_pack_that_takes_all_the_time_is_undecided_and_the_others_have_their_turn_next(
    house: House, yard: DrillYard, shop: Shop
) -> None:
    all_of_it(house)
    done = drills.run_due(yard, period=DAY, budget=LONG, spent=lambda: True)
    [media] = done.verdicts
    assert (media.schema, media.undecided, media.broke_off) == ("files.media", drilling.TOO_LONG, True)
    assert (done.left, done.more) == (2, True)
    row = Drill.objects.get()
    assert (row.holds, row.proven_at, row.faults, row.undecided) == ("files.media", None, "", drilling.TOO_LONG)
    assert Copy.objects.get().state == CopyState.STORED, "nothing is known against the copy"

    done = drills.run_due(yard, period=DAY, budget=LONG)
    assert [(one.schema, one.proven) for one in done.verdicts] == [
        ("public", True), (shop.schema_name, True), ("files.media", True),
    ]  # fmt: skip
    assert (done.left, done.more) == (0, False)


def test_where_every_pack_takes_all_the_time_the_sittings_come_to_an_end_and_people_hear_of_it(
    house: House, yard: DrillYard, shop: Shop
) -> None:
    all_of_it(house)
    tried: list[str] = []
    for day in range(2):
        more = True
        while more and len(tried) < 9:
            done = drills.run_due(after(yard, day), period=DAY, budget=LONG, spent=lambda: True)
            tried += [one.schema for one in done.verdicts]
            more = done.more
    assert sorted(tried[:3]) == sorted(tried[3:]) == sorted({"files.media", "public", shop.schema_name}), "each, daily"
    found = watch.look(jobs=[], watched=WATCHED, now=clock.now() + DAY)
    assert {(alarm.key[0], alarm.figures["words"]) for alarm in found} == {(AlarmKind.UNDECIDED, drilling.TOO_LONG)}
    assert {alarm.key[1] for alarm in found} == {"one/files.media", "one/shared", f"one/{shop.id}"}


def test_what_was_too_long_begins_a_sitting_of_its_own_once_the_others_have_had_theirs(
    house: House, yard: DrillYard, shop: Shop
) -> None:
    made = all_of_it(house)
    Drill.objects.create(
        backup=made.backup, vault="one", holds="files.media", schema="files.media", drilled_at=clock.now() - DAY,
        milliseconds=5, undecided=drilling.TOO_LONG,
    )  # fmt: skip
    done = drills.run_due(yard, period=DAY, budget=LONG, spent=lambda: False)
    assert {one.schema for one in done.verdicts} == {"public", shop.schema_name}
    assert (done.left, done.more) == (1, True), "though there was time, nobody knows whether it was enough"
    done = drills.run_due(yard, period=DAY, budget=LONG, spent=lambda: False)
    assert [(one.schema, one.proven) for one in done.verdicts] == [("files.media", True)]
    assert (done.left, done.more) == (0, False)


class LimitError(Exception):
    """What a worker's child is interrupted with at its soft limit."""


@contextmanager
def interrupted_while_it_sleeps(postgres: Server) -> Iterator[Event]:
    """Interrupt this thread, by the signal of a soft limit, once a drill's session sleeps; the event is set before."""
    up, over = Event(), Event()

    def interrupt(*_: object) -> None:
        raise LimitError

    def watching() -> None:
        asked = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname LIKE 'zargar\\_drill\\_%'"
        with postgres.admin() as admin:
            while not over.wait(0.05):
                if admin.execute(asked).fetchall():
                    up.set()
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
                    return

    before = signal.signal(signal.SIGUSR1, interrupt)
    watcher = threading.Thread(target=watching)
    watcher.start()
    try:
        yield up
    finally:
        over.set()
        watcher.join()
        signal.signal(signal.SIGUSR1, before)


def with_a_slow_view(shops: Shops, schema: str) -> None:
    """Have the shop a view that takes ten minutes to fill, but only where it is drilled."""
    shops.run(
        f"CREATE FUNCTION {schema}.slow() RETURNS integer LANGUAGE plpgsql AS 'BEGIN IF current_database() LIKE "
        f"''zargar_drill_%'' THEN PERFORM pg_sleep(600); END IF; RETURN 1; END';"
        f"CREATE MATERIALIZED VIEW {schema}.slowly AS SELECT {schema}.slow() AS one"
    )


def test_a_statement_that_outlasts_the_time_is_interrupted_and_the_pack_is_undecided(
    house: House, yard: DrillYard, shops: Shops, shop: Shop, postgres: Server
) -> None:
    slug = shop.schema_name
    with_a_slow_view(shops, slug)
    all_of_it(house)
    with interrupted_while_it_sleeps(postgres) as up:
        done = drills.run_due(yard, period=DAY, budget=LONG, spent=up.is_set)
    assert [(one.schema, one.undecided) for one in done.verdicts] == [
        ("files.media", ""), ("public", ""), (slug, drilling.TOO_LONG),
    ]  # fmt: skip
    assert (done.left, done.more) == (0, False)
    with postgres.admin() as admin:
        assert admin.execute("SELECT FROM pg_database WHERE datname LIKE 'zargar\\_drill\\_%'").fetchall() == []


def test_what_interrupts_before_the_time_is_spent_goes_on_up_and_is_no_verdict(
    house: House, yard: DrillYard, shops: Shops, shop: Shop, postgres: Server
) -> None:
    with_a_slow_view(shops, shop.schema_name)
    all_of_it(house)
    with interrupted_while_it_sleeps(postgres), pytest.raises(LimitError):
        drills.run_due(yard, period=DAY, budget=LONG)
    assert {drill.schema for drill in Drill.objects.all()} == {"files.media", "public"}


def test_a_server_that_is_away_decides_nothing_and_takes_nobody_s_turn(
    house: House, yard: DrillYard, shop: Shop
) -> None:
    all_of_it(house)
    gone = replace(yard, server=DrillServer("postgresql://x@127.0.0.1:1/x", clock=clock.now))
    with pytest.raises(Retryable, match="broke off"):
        drills.run_due(gone, period=DAY, budget=LONG)
    assert not Drill.objects.exists()


def test_a_red_drill_is_not_forgotten_because_the_next_one_broke_off(house: House, shop: Shop) -> None:
    made = all_of_it(house)
    now = clock.now()
    common = {"backup": made.backup, "vault": "one", "holds": str(shop.id), "schema": shop.schema_name}
    Drill.objects.create(**common, drilled_at=now - DAY, milliseconds=5, faults="table sales: 3 rows, not 4")
    Drill.objects.create(**common, drilled_at=now, milliseconds=5, undecided="the drill broke off: a full disk")
    assert [one.words for one in alarm_facts_store.reds()] == ["table sales: 3 rows, not 4"]
    copy = drill_store.copy_of(made.backup, "one")
    assert copy is not None
    assert "3 rows, not 4" in drill_store.red(copy)


def test_what_a_killed_drill_left_of_files_is_removed_and_what_another_holds_is_not(tmp_path: Path) -> None:
    left = tmp_path / f"{scratch_folders.PREFIX}left"
    (left / "files").mkdir(parents=True)
    (left / "files" / "a.jpg").write_bytes(b"a customer's")
    (left / "files").chmod(0o500)
    later = clock.now() + timedelta(hours=3)
    with scratch_folders.folder(tmp_path) as held:
        assert scratch_folders.sweep(now=clock.now(), where=tmp_path) == (), "it may just have been made"
        assert scratch_folders.sweep(now=later, where=tmp_path) == (left.name,)
        assert held.is_dir()
        assert [one.name for one in tmp_path.iterdir()] == [held.name]
    assert list(tmp_path.iterdir()) == []
