"""What befalls a backup while it is made: full disks, a database that restarts, another backup, stores with moods.

Never "complete" unless it is; the run says what went wrong; the next one, when all is well again, makes a whole one.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.support import s3
from tests.support.backups import house_of
from tests.support.databases import (
    TEMPLATE_SHOP,
    ScratchDatabase,
    Server,
    create_template_shop,
    django_uses,
)
from tests.support.processes import wait_until
from tests.support.siege import at_directory, siege
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import manifest, operations
from zargar.backups.making import House
from zargar.backups.models import Backup, Copy, CopyState, KeyRecord, State
from zargar.backups.ports import Vault
from zargar.backups.retention import Kind
from zargar.backups.vaults.directory import DirectoryVault
from zargar.backups.vaults.holding import At, HoldingVault
from zargar.backups.vaults.s3 import LEAST_PART_BYTES, S3Vault
from zargar.backups.vaults.s3_calls import Patience
from zargar.embedded.postgres import Postgres
from zargar.outcomes import Permanent, Retryable
from zargar.shops.models import Shop

PATIENCE = Patience(connect=5, read=30, attempts=3, pause=lambda _: None)


def backed_up(house: House) -> Backup:
    operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")
    return Backup.objects.order_by("-number")[0]


def assert_proven(house: House, backup: Backup) -> None:
    """The backup is whole, and every vault's copy has been read back and found good."""
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=20)
    backup.refresh_from_db()
    assert backup.state == State.COMPLETE
    assert set(backup.copies.values_list("state", flat=True)) == {CopyState.GOOD}


def noise(database: ScratchDatabase, schema: str, *, rows: int) -> None:
    """Fill a table with words of 64 hexadecimal digits, which compress to a little more than half."""
    with database.owner() as owner:
        table = Identifier(schema, "noise")
        words = "SELECT n, encode(sha256(n::text::bytea), 'hex') AS word FROM generate_series(1, {}) AS n"
        owner.execute(SQL("CREATE TABLE {} AS " + words).format(table, rows))


# -- disks ------------------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(at: Path, megabytes: int) -> Iterator[Callable[[int], None]]:
    """A file system of its own that is so large, and a way to make it larger. Skips where nobody may mount one."""
    at.mkdir()
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a file system of a few megabytes")
    size = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(at)]
    if subprocess.run(["/bin/mount", *size], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield lambda larger: subprocess.run(
            ["/bin/mount", "-o", f"remount,size={larger}m", str(at)], check=True, capture_output=True
        ).check_returncode()
    finally:
        subprocess.run(["/bin/umount", str(at)], check=True, capture_output=True)


def test_a_full_disk_leaves_the_backup_degraded_and_is_completed_when_there_is_room(
    database: ScratchDatabase, shop: Shop, tmp_path: Path
) -> None:
    noise(database, shop.schema_name, rows=100_000)
    with small_disk(tmp_path / "two", 2) as grow:
        full = DirectoryVault(tmp_path / "two", name="two")
        house = house_of(database, [directory(tmp_path, "one"), full])
        backup = backed_up(house)
        assert backup.state == State.DEGRADED
        assert "No space left on device; make room" in backup.fault
        assert dict(backup.copies.values_list("vault", "state")) == {"one": CopyState.STORED, "two": CopyState.MISSING}
        assert full.stat(manifest.key_of(str(backup.id))) is None
        assert list((tmp_path / "two" / ".unfinished").iterdir()) == []

        grow(32)
        assert_proven(house, backup)


def test_where_every_disk_is_full_the_backup_failed_and_a_person_is_asked_for_room(
    database: ScratchDatabase, shop: Shop, tmp_path: Path
) -> None:
    noise(database, shop.schema_name, rows=100_000)
    with small_disk(tmp_path / "one", 2), small_disk(tmp_path / "two", 2):
        vaults = [DirectoryVault(tmp_path / name, name=name) for name in ("one", "two")]
        with pytest.raises((Permanent, Retryable), match="No space left on device; make room"):
            backed_up(house_of(database, vaults))
        assert Backup.objects.get().state == State.FAILED
        assert [list(vault.keys("manifests/")) for vault in vaults] == [[], []]


# -- the database -----------------------------------------------------------------------------------------------------


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[tuple[Postgres, ScratchDatabase]]:
    """A PostgreSQL of this test alone, which it may restart."""
    cluster = Postgres(tmp_path / "postgres", durable=False)
    try:
        cluster.start()
        made = Server(cluster.url()).migrated("zargar_restarted")
        with django_uses(made.owner_url):
            create_template_shop()
        with django_uses(made.app_url):
            yield cluster, ScratchDatabase("zargar_restarted", made.app_url, made.owner_url, made.env)
    finally:
        cluster.destroy()


def test_a_database_that_restarts_while_rows_flow_ends_the_run_and_the_next_makes_a_whole_one(
    own_server: tuple[Postgres, ScratchDatabase], tmp_path: Path
) -> None:
    cluster, database = own_server
    noise(database, TEMPLATE_SHOP, rows=300_000)
    vaults = directory(tmp_path, "one"), directory(tmp_path, "two")

    asked, done, over = Event(), Event(), Event()

    def restart() -> None:
        asked.set()
        assert done.wait(30)

    def restarter() -> None:
        """A server ends with the thread that started it: this one stays."""
        asked.wait(60)
        cluster.start()
        done.set()
        over.wait(60)

    thread = Thread(target=restarter, daemon=True)
    thread.start()
    restarting = HoldingVault(vaults[0], at=At.HALF, prefix="segments/", reached=restart)
    house = house_of(database, vaults)
    with pytest.raises(Retryable, match="the backup came to nothing"):
        backed_up(replace(house, vaults=(restarting, vaults[1])))
    [cut] = Backup.objects.all()
    assert cut.state == State.FAILED
    assert [list(vault.keys("manifests/")) for vault in vaults] == [[], []]

    assert_proven(house, backed_up(house))
    over.set()
    thread.join()


def test_a_session_that_is_ended_after_some_bytes_leaves_no_half_pack_that_counts(
    database: ScratchDatabase, shop: Shop, tmp_path: Path
) -> None:
    noise(database, shop.schema_name, rows=300_000)
    vaults = directory(tmp_path, "one"), directory(tmp_path, "two")

    def end_readers() -> None:
        """End the session that copies the large table out: once begun, it cannot end while the vault waits for us."""
        with database.owner() as owner:
            copying = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND state = 'active' AND query LIKE 'COPY%noise%'"
            )
            wait_until(lambda: bool(owner.execute(copying).fetchall()), what="a COPY of the large table")

    ending = HoldingVault(vaults[0], at=At.HALF, prefix="segments/", reached=end_readers)
    house = house_of(database, vaults)
    with pytest.raises(Retryable, match="the backup came to nothing"):
        backed_up(replace(house, vaults=(ending, vaults[1])))
    assert Backup.objects.get().state == State.FAILED
    assert [list(vault.keys("manifests/")) for vault in vaults] == [[], []]
    assert_proven(house, backed_up(house))


# -- another backup at the same time ----------------------------------------------------------------------------------


def test_two_processes_that_back_everything_up_at_once_make_two_whole_backups_under_one_key(
    database: ScratchDatabase, shop: Shop, tmp_path: Path
) -> None:
    house = house_of(database, [directory(tmp_path, "one"), directory(tmp_path, "two")])
    hold = {"vault": "two", "at": "stored", "prefix": "keys/"}
    with siege(database, [at_directory(tmp_path, "one"), at_directory(tmp_path, "two")], hold) as other:
        other.said("held")  # it has made a key for its first pack, and has not entered it yet
        mine = backed_up(house)
        other.go()
        other.said("made")
    assert KeyRecord.objects.count() == mine.packs.count()
    for backup in Backup.objects.all():
        assert_proven(house, backup)
    assert Backup.objects.count() == 2


# -- stores with moods ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    with s3.moto_server() as port:
        yield port


@pytest.fixture
def stores(moto: int) -> Iterator[tuple[s3.Front, s3.Front]]:
    with s3.store(moto) as r2, s3.store(moto, versions=True, conditions=False) as b2:
        yield r2, b2


def in_buckets(database: ScratchDatabase, stores: tuple[s3.Front, s3.Front]) -> House:
    places = (("r2", s3.bucket(stores[0])), ("b2", s3.bucket(stores[1], versioned=True)))
    vaults: list[Vault] = [
        S3Vault(bucket, name=name, patience=PATIENCE, part_bytes=LEAST_PART_BYTES) for name, bucket in places
    ]
    return house_of(database, vaults)


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([s3.Fault("PUT", "segments/", times=2, status=503, code="SlowDown")], id="SlowDown"),
        pytest.param([s3.Fault("PUT", "segments/", swallow=True)], id="a segment's answer is lost"),
        pytest.param([s3.Fault("PUT", "manifests/", swallow=True)], id="the manifest's answer is lost"),
        pytest.param([s3.Fault("PUT", "keys/", times=1, status=500, code="InternalError")], id="an internal error"),
    ],
)
def test_a_store_with_moods_still_takes_a_whole_backup(
    database: ScratchDatabase, shop: Shop, stores: tuple[s3.Front, s3.Front], faults: list[s3.Fault]
) -> None:
    house = in_buckets(database, stores)
    stores[1].faults += [replace(fault) for fault in faults]
    backup = backed_up(house)
    assert backup.state == State.COMPLETE
    assert [fault.times for fault in stores[1].faults] == [0]
    assert_proven(house, backup)


@pytest.mark.parametrize("where", ["keys/", "segments/", "manifests/"])
def test_a_store_that_has_reached_its_cap_leaves_the_backup_degraded_and_says_what_to_do(
    database: ScratchDatabase, shop: Shop, stores: tuple[s3.Front, s3.Front], where: str
) -> None:
    house = in_buckets(database, stores)
    message = "Cannot upload files, storage cap exceeded."
    stores[1].faults.append(s3.Fault("PUT", where, times=99, status=403, code="AccessDenied", message=message))
    backup = backed_up(house)
    assert backup.state == State.DEGRADED
    assert "raise the cap, or make room" in Copy.objects.get(vault="b2").detail

    stores[1].faults.clear()
    assert_proven(house, backup)


def test_a_slow_store_is_waited_for(
    database: ScratchDatabase, shop: Shop, stores: tuple[s3.Front, s3.Front]
) -> None:  # fmt: skip
    house = in_buckets(database, stores)
    stores[1].bytes_per_second = 100_000
    assert_proven(house, backed_up(house))


def test_an_answer_to_complete_that_is_lost_is_no_loss(
    database: ScratchDatabase, shop: Shop, stores: tuple[s3.Front, s3.Front]
) -> None:
    noise(database, shop.schema_name, rows=300_000)
    house = in_buckets(database, stores)
    stores[0].faults.append(s3.Fault("POST", r"segments/.*uploadId=", swallow=True))
    backup = backed_up(house)
    assert [fault.times for fault in stores[0].faults] == [0]
    assert backup.state == State.COMPLETE
    assert_proven(house, backup)
    with psycopg.connect(database.owner_url) as owner:
        counted = owner.execute(SQL("SELECT count(*) FROM {}").format(Identifier(shop.schema_name, "noise"))).fetchone()
    assert counted == (300_000,)
    assert backup.packs.get(schema=shop.schema_name).rows >= 300_000
