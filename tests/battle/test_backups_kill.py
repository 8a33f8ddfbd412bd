"""A process that makes a backup is killed at every stage: what exists is whole, the next makes one, nothing is left.

Each stage is reached, not guessed: the process, or the store, says where it stands and waits there to be killed.
"""

import hashlib
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from psycopg.sql import SQL, Identifier

from tests.support import s3
from tests.support.backups import house_of
from tests.support.databases import ScratchDatabase
from tests.support.processes import wait_until
from tests.support.siege import at_bucket, at_directory, siege
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import duties, manifest, operations, proving, removing
from zargar.backups.making import House
from zargar.backups.manifest import PREFIX
from zargar.backups.models import Backup, Copy, CopyState, State
from zargar.backups.retention import Keep, Kind
from zargar.backups.vaults.s3 import LEAST_PART_BYTES, S3Vault
from zargar.backups.vaults.s3_calls import Patience
from zargar.shops.models import Shop

ONE_DAY = Keep(days=1, weeks=0, months=0, years=0)
AT_ONCE = timedelta()


def first_backup(house: House) -> str:
    """Make one that is whole and proven, before anything goes wrong."""
    made = operations.back_up_all(house=house, kind=Kind.DAILY, reason="before").manifest.backup
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)
    assert set(Copy.objects.values_list("state", flat=True)) == {CopyState.GOOD}
    return made


def killed_row(first: str) -> Backup:
    return Backup.objects.exclude(id=first).get()


def assert_what_exists_is_whole(house: House) -> None:
    """Every manifest that is in a vault is of a backup of which every byte is there."""
    for vault in house.vaults:
        for stored in vault.keys(PREFIX):
            backup = stored.key.removeprefix(PREFIX).removesuffix(".zst")
            found = proving.read_manifest(vault, backup)
            held = {one.key: one.size for one in vault.keys(f"segments/{backup}/")}
            assert {segment.key: segment.size for segment in found.segments} == held
            sha256 = hashlib.sha256(b"".join(vault.read(stored.key))).hexdigest()
            assert proving.prove(vault, backup, sha256=sha256).good


def sweep(house: House, *, now: datetime) -> None:
    """What the nightly clean-up does, without its grace: condemned in one night, removed in the next."""
    for night in (now, now + timedelta(days=1)):
        removing.sweep({vault.name: vault for vault in house.vaults}, ONE_DAY, grace=AT_ONCE, now=night)
        assert [one.fault for one in duties.daily(house.vaults, now=night)] == ["", ""]


def aftermath(house: House, first: str) -> Backup:
    """Go through the days after a kill, and return what became of the killed backup's row."""
    assert_what_exists_is_whole(house)
    killed = killed_row(first)
    assert killed.state == State.RUNNING

    later = clock.now() + operations.LONGEST * 2
    sweep(house, now=later)
    assert states(first) == {CopyState.GOOD}, "the last good one stays as long as nothing newer is proven"

    later += timedelta(days=3)
    ahead = House(**{**vars(house), "clock": lambda: later})
    made = operations.back_up_all(house=ahead, kind=Kind.DAILY, reason="after")
    assert made.state == State.COMPLETE
    operations.verify(vaults=house.vaults, now=later, at_most=20)
    assert states(made.manifest.backup) == {CopyState.GOOD}
    assert_what_exists_is_whole(house)

    sweep(house, now=later + timedelta(days=4))
    killed.refresh_from_db()
    for vault in house.vaults:
        left = {stored.key.split("/")[1] for stored in vault.keys("segments/")}
        assert left == {made.manifest.backup}, "everything else has been replaced or swept"
        assert [stored.key for stored in vault.keys(PREFIX)] == [manifest.key_of(made.manifest.backup)]
    return killed


def states(backup: str) -> set[str]:
    return set(Copy.objects.filter(backup__id=backup).values_list("state", flat=True))


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path, shop: Shop) -> House:
    return house_of(database, [directory(tmp_path, "one"), directory(tmp_path, "two")])


@pytest.mark.parametrize(
    "hold",
    [
        pytest.param("reading", id="reading"),
        pytest.param({"vault": "one", "at": "begun", "prefix": "segments/"}, id="before the first byte"),
        pytest.param({"vault": "one", "at": "half", "prefix": "segments/"}, id="encrypting"),
        pytest.param({"vault": "two", "at": "stored", "prefix": "segments/"}, id="a segment is stored"),
        pytest.param({"vault": "one", "at": "begun", "prefix": "keys/"}, id="before a new key"),
    ],
)
def test_killed_before_its_manifest_a_backup_is_none_and_leaves_nothing(
    house: House, database: ScratchDatabase, tmp_path: Path, hold: object
) -> None:
    if isinstance(hold, dict) and hold["prefix"] == "keys/":
        first = first_backup(house)
        with database.owner() as owner:
            owner.execute("CREATE SCHEMA fresh")
        Shop.objects.create(schema_name="fresh", name="fresh", state="active")
    else:
        first = first_backup(house)
    with siege(database, [at_directory(tmp_path, "one"), at_directory(tmp_path, "two")], hold) as process:
        process.said("held")
        process.kill()
    assert [len(list(vault.keys(PREFIX))) for vault in house.vaults] == [1, 1]

    assert aftermath(house, first).state == State.FAILED
    assert [list((tmp_path / name / ".unfinished").iterdir()) for name in ("one", "two")] == [[], []]


@pytest.mark.parametrize(
    ("at", "manifests"),
    [("begun", [1, 0]), ("stored", [1, 1])],
    ids=["between the vaults", "before the catalogue knows"],
)
def test_killed_after_its_manifest_is_sealed_a_backup_exists_and_the_next_one_writes_it_everywhere(
    house: House, database: ScratchDatabase, tmp_path: Path, at: str, manifests: list[int]
) -> None:
    first = first_backup(house)
    hold = {"vault": "two", "at": at, "prefix": "manifests/"}
    with siege(database, [at_directory(tmp_path, "one"), at_directory(tmp_path, "two")], hold) as process:
        process.said("held")
        killed = killed_row(first)
        key = manifest.key_of(str(killed.id))
        wait_until(lambda: house.vaults[0].stat(key) is not None, what="the first vault's manifest")
        process.kill()
    assert [int(vault.stat(key) is not None) for vault in house.vaults] == manifests

    later = clock.now() + operations.LONGEST * 2
    ahead = House(**{**vars(house), "clock": lambda: later})
    operations.back_up_shop(house=ahead, shop_id=Shop.objects.all()[0].id, kind=Kind.SHOP, reason="the next one")
    killed.refresh_from_db()
    assert killed.state == State.COMPLETE
    found = dict(Copy.objects.filter(backup=killed).values_list("vault", "state"))
    assert found == {"one": CopyState.STORED, "two": CopyState.STORED}
    assert killed.packs.count() == Backup.objects.get(id=first).packs.count()

    operations.verify(vaults=house.vaults, now=later, at_most=20)
    assert states(str(killed.id)) == {CopyState.GOOD}
    assert_what_exists_is_whole(house)


# -- in the middle of an upload ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    with s3.moto_server() as port:
        yield port


@pytest.mark.parametrize(
    ("method", "match", "answered"),
    [("PUT", "partNumber=2", False), ("POST", r"segments/.*uploadId=", False), ("POST", r"segments/.*uploadId=", True)],
    ids=["part 2", "before Complete", "after Complete"],
)
def test_killed_in_an_upload_of_several_parts_it_leaves_no_object_that_counts_and_no_parts(
    moto: int, database: ScratchDatabase, shop: Shop, method: str, match: str, *, answered: bool
) -> None:
    with s3.store(moto) as r2, s3.store(moto, versions=True, conditions=False) as b2:
        buckets = s3.bucket(r2), s3.bucket(b2, versioned=True)
        patience = Patience(connect=5, read=30, attempts=2, pause=lambda _: None)
        vaults = [
            S3Vault(bucket, name=name, patience=patience, part_bytes=LEAST_PART_BYTES)
            for name, bucket in zip(("one", "two"), buckets, strict=True)
        ]
        house = house_of(database, vaults)
        first = first_backup(house)
        with database.owner() as owner:  # 14 MB that compress to a little more than half: three parts with the rest
            words = "SELECT n, encode(sha256(n::text::bytea), 'hex') AS word FROM generate_series(1, 300000) AS n"
            owner.execute(SQL("CREATE TABLE {} AS " + words).format(Identifier(shop.schema_name, "noise")))
        met = threading.Event()
        r2.faults.append(s3.Fault(method, match, met=met, swallow=answered))
        with siege(database, [at_bucket(buckets[0], "one"), at_bucket(buckets[1], "two")]) as process:
            assert met.wait(30), process.words()
            process.kill()
        r2.faults.clear()
        unfinished = s3.admin(r2).list_multipart_uploads(Bucket=buckets[0].bucket).get("Uploads", [])
        assert len(unfinished) == (0 if answered else 1)

        with database.owner() as owner:
            owner.execute(SQL("DROP TABLE {}").format(Identifier(shop.schema_name, "noise")))
        assert aftermath(house, first).state == State.FAILED
        for bucket in buckets:
            assert "Uploads" not in s3.admin(r2).list_multipart_uploads(Bucket=bucket.bucket)
