"""A backup that does not fit into a task's time limit is made in several sittings, and is one backup in the end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.support.app import app
from tests.support.backups import OPERATIONS, folders, house_of, settings_of
from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from tests.support.packs import Shops
from tests.support.processes import beat, running, wait_until, worker
from tests.support.vaults import directory
from zargar import clock, names
from zargar.backups import continuing, lost, manifest, operations, proving, removing, restoring
from zargar.backups.making import House, Made, Sitting
from zargar.backups.models import Backup, State
from zargar.backups.ports import VaultUnreachableError
from zargar.backups.retention import Keep, Kind
from zargar.backups.vaults.breaking import BreakingVault
from zargar.engine import limits
from zargar.ledger.models import State as RunState
from zargar.ledger.operations import show
from zargar.outcomes import Retryable, Snooze
from zargar.shops.models import Shop

NAMES = [f"shop_{number}" for number in range(5)]


@pytest.fixture
def five(shops: Shops) -> list[str]:
    """Five shops beside the template's, each with a table of its own."""
    with shops.database.owner() as owner:
        for name in NAMES:
            owner.execute(f"CREATE SCHEMA {name}; CREATE TABLE {name}.ring AS SELECT 1 AS id, '{name}' AS title")
            Shop.objects.create(schema_name=name, name=name, state="active")
    return NAMES


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    return house_of(database, [directory(tmp_path, "one"), directory(tmp_path, "two")])


def after(shops: int) -> Callable[[], bool]:
    """Say stop after so many shops."""
    asked = iter([False] * (shops - 1))
    return lambda: next(asked, True)


def sit(house: House, job: UUID, stop: Callable[[], bool] = lambda: False) -> Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test", sitting=Sitting(job, stop))


def test_three_sittings_make_one_backup_that_holds_each_shop_once_and_comes_back(
    house: House, five: list[str], database: ScratchDatabase
) -> None:
    job = uuid4()
    for _ in range(2):
        with pytest.raises(Snooze, match="the time is up: 3 read and stored"):
            sit(house, job, after(3))
        assert [list(vault.keys("manifests/")) for vault in house.vaults] == [[], []], "nothing exists yet"
        assert Backup.objects.get().state == State.RUNNING
    made = sit(house, job)

    assert made.state == State.COMPLETE
    assert {entry.shop for entry in made.manifest.packs} >= {"shared", *five}
    assert made.manifest.began_at == Backup.objects.get().began_at
    assert len(made.manifest.segments) == 3
    for vault in house.vaults:
        assert proving.prove(vault, made.manifest.backup, sha256=Backup.objects.get().manifest_sha256).good
    assert Backup.objects.get().checkpoint is None
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        for name in (five[0], five[-1]):
            restoring.beside(
                owner, vaults=house.vaults, backup=made.manifest.backup, slug=name, to=f"{name}_back",
                identity=OPERATIONS.identity,
            )  # fmt: skip
            asked = SQL("SELECT title FROM {}.ring").format(Identifier(f"{name}_back"))
            assert owner.execute(asked).fetchone() == (name,)


def test_another_job_begins_a_backup_of_its_own(house: House, five: list[str]) -> None:
    with pytest.raises(Snooze):
        sit(house, uuid4(), after(3))
    made = sit(house, uuid4())
    assert len(made.manifest.segments) == 1
    assert Backup.objects.count() == 2


def test_a_sitting_that_fails_is_gone_on_from_the_last_that_did_not(house: House, five: list[str]) -> None:
    job = uuid4()
    with pytest.raises(Snooze):
        sit(house, job, after(3))
    gone = [BreakingVault(vault, error=VaultUnreachableError, after=100) for vault in house.vaults]
    with pytest.raises(Retryable, match="broke"):
        sit(replace(house, vaults=tuple(gone)), job)
    assert Backup.objects.get().state == State.FAILED

    made = sit(house, job)
    assert (made.state, Backup.objects.count()) == (State.COMPLETE, 1)
    assert len(made.manifest.packs) >= 6


def test_what_a_killed_sitting_left_is_not_written_over_nor_named(house: House, five: list[str]) -> None:
    job = uuid4()
    with pytest.raises(Snooze):
        sit(house, job, after(3))
    backup = Backup.objects.get()
    for vault in house.vaults:
        vault.put(f"segments/{backup.id}/00001", [b"of a process that was killed"])

    made = sit(house, job)
    assert [segment.key.rpartition("/")[2] for segment in made.manifest.segments] == ["00000", "2-00000"]
    assert proving.prove(house.vaults[0], made.manifest.backup, sha256=Backup.objects.get().manifest_sha256).good


def test_a_vault_that_fell_out_in_one_sitting_is_completed_later(house: House, five: list[str]) -> None:
    job = uuid4()
    broken = BreakingVault(house.vaults[1], error=VaultUnreachableError, after=2_000)
    with pytest.raises(Snooze):
        sit(replace(house, vaults=(house.vaults[0], broken)), job, after(3))
    made = sit(house, job)
    assert made.state == State.DEGRADED
    assert house.vaults[1].stat(manifest.key_of(made.manifest.backup)) is None
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=8)
    assert Backup.objects.get().state == State.COMPLETE


def test_where_a_vault_has_lost_what_was_stored_it_is_out_and_where_all_have_it_begins_anew(
    house: House, five: list[str]
) -> None:
    job = uuid4()
    with pytest.raises(Snooze):
        sit(house, job, after(3))
    first = Backup.objects.get()
    house.vaults[0].delete(f"segments/{first.id}/00000")
    with pytest.raises(Snooze):
        sit(house, job, after(1))
    house.vaults[1].delete(f"segments/{first.id}/00000")

    made = sit(house, job)
    assert made.manifest.backup != str(first.id)
    assert made.state == State.COMPLETE


def test_a_shop_that_was_renamed_between_two_sittings_is_read_under_its_new_name(
    house: House, five: list[str], database: ScratchDatabase
) -> None:
    job = uuid4()
    with pytest.raises(Snooze):
        sit(house, job, after(6))
    with database.owner() as owner:
        owner.execute("ALTER SCHEMA shop_0 RENAME TO shop_new")
    Shop.objects.filter(schema_name="shop_0").update(schema_name="shop_new")
    made = sit(house, job)
    assert {entry.shop for entry in made.manifest.packs} >= {"shop_new", *five[1:]}
    assert "shop_0" not in {entry.shop for entry in made.manifest.packs}


def test_what_waits_for_its_next_sitting_is_not_swept_away(house: House, five: list[str]) -> None:
    job, now = uuid4(), clock.now()
    with pytest.raises(Snooze):
        sit(house, job, after(3))
    lost.settle(house.vaults, older_than=operations.LONGEST, now=now + operations.LONGEST * 2)
    places = {vault.name: vault for vault in house.vaults}
    within = now + operations.LONGEST * 2
    removing.sweep(places, Keep(), grace=timedelta(), now=within)
    assert sit(house, job).state == State.COMPLETE

    with pytest.raises(Snooze):
        sit(house, uuid4(), after(3))
    left = Backup.objects.order_by("-number")[0]
    lost.settle(house.vaults, older_than=operations.LONGEST, now=clock.now() + operations.LONGEST * 2)
    late = clock.now() + operations.LONGEST * 2 + continuing.TAKE_UP_WITHIN * 2
    removing.sweep(places, Keep(), grace=timedelta(), now=late)
    assert [list(vault.keys(f"segments/{left.id}/")) for vault in house.vaults] == [[], []]


def test_a_worker_rings_again_for_each_sitting_and_counts_no_attempt(
    database: ScratchDatabase, broker: Broker, five: list[str], tmp_path: Path
) -> None:
    given = {**settings_of(database, folders(tmp_path, "one")), "ZARGAR_BACKUP_SITTING_SECONDS": "0"}
    env = {**database.env, **broker.env, **given}
    process = worker(tmp_path, env)
    with running(process, beat(tmp_path, env)):
        run = UUID(app.tasks[names.CREATE_DAILY_BACKUP].delay().id)
        over = {RunState.SUCCEEDED, RunState.DEAD}
        wait_until(lambda: show(run).state in over, what="the backup", seconds=60, show=process.words)
    done = show(run)
    assert (done.state, done.attempts, done.losses) == (RunState.SUCCEEDED, 0, 0), process.words()
    assert done.fence == len(five) + 2, "a claim for each shop and the shared schema"
    made = Backup.objects.get()
    assert (made.state, made.job) == (State.COMPLETE, run)
    assert made.packs.count() >= len(five) + 2


def test_soon_before_its_soft_limit_work_in_hand_is_told_that_its_time_is_up() -> None:
    run = uuid4()
    assert (limits.current_run(), limits.time_is_up(), limits.time_is_spent()) == (None, False, False)
    with limits.working(run, soft_limit=1500):
        assert (limits.current_run(), limits.time_is_up(), limits.time_is_spent()) == (run, False, False)
        with limits.working(uuid4(), soft_limit=0):
            assert (limits.time_is_up(), limits.time_is_spent()) == (True, True)
        assert not limits.time_is_up()
    with limits.working(run, soft_limit=None):
        assert (limits.time_is_up(), limits.time_is_spent()) == (False, False)
