"""A restore that fails, or is killed, leaves the shop as it was: its own rows, its own state, and no other schema."""

# ruff: noqa: S608 -- the names in the statements are the test's own

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection

from tests.support.databases import ScratchDatabase, django_uses
from tests.support.packs import Shops
from tests.support.paying import SHOP, as_before, paid, pay, restored, schemas, taking_payments
from tests.support.restores import OPERATIONS, Recording, Unmoved, desk_of, house_of
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import at_rest, forward, inspection, operations, restore_store, restores, watch
from zargar.backups.making import House
from zargar.backups.models import Restore, RestoreState
from zargar.backups.ports import VaultUnreachableError
from zargar.backups.restores import RestoreFailedError, UnfinishedRestoreError
from zargar.backups.retention import Kind
from zargar.backups.vaults.breaking import BreakingVault
from zargar.backups.watch import Watched
from zargar.outcomes import Retryable
from zargar.schedules.wiring import entries
from zargar.shops.models import Domain, Shop, State
from zargar.shops.schemas import SHOP_LOCK

AGES = timedelta(days=1000)


@pytest.fixture(autouse=True)
def _as_owner(database: ScratchDatabase) -> Iterator[None]:
    """Restores are the owner's, as `zargar restore` is."""
    with django_uses(database.owner_url):
        yield


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    return house_of(database.owner_url, (directory(tmp_path, "one"), directory(tmp_path, "two")))


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return taking_payments(shops)


@pytest.fixture
def backup(house: House, shop: Shop) -> UUID:
    made = operations.back_up_shop(house=house, shop_id=shop.id, kind=Kind.SHOP, reason="a test")
    found: UUID = made.backup.id
    return found


class Refusing(Unmoved):
    """A domain that cannot look at the shop now."""

    def restored(self, shop_id: int, *, taken_at: datetime, replaced: str | None) -> None:  # noqa: ARG002 -- the port's arguments
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {SHOP}.payments VALUES (77, 'by a domain')")
        message = f"shop {shop_id} cannot be looked at"
        raise Retryable(message)


class Opening(Unmoved):
    """A domain that cannot look at the shop, which somebody opens at that moment by hand."""

    def __init__(self, house: House) -> None:
        self.house = house

    def restored(self, shop_id: int, *, taken_at: datetime, replaced: str | None) -> None:  # noqa: ARG002 -- the port's arguments
        with self.house.connect() as somebody:
            somebody.execute("UPDATE public.shops_shop SET state = 'active' WHERE id = %s", [shop_id])
        message = f"shop {shop_id} cannot be looked at"
        raise Retryable(message)


class NotTaking(Refusing):
    """A domain that cannot take the shop back, whose tables are at the newest migration by then."""

    def __init__(self, house: House) -> None:
        self.house = house

    def returned(self, shop_id: int) -> None:
        with self.house.connect() as owner:
            assert not forward.owed(inspection.migrations_of(owner, SHOP), forward.known())
        message = f"shop {shop_id} is not taken back"
        raise Retryable(message)


def test_what_a_domain_refuses_is_swapped_back(house: House, shops: Shops, shop: Shop, backup: UUID) -> None:
    pay(shops, 4)
    with pytest.raises(RestoreFailedError, match=f"{SHOP} is as it was and active again.*cannot be looked at"):
        restored(desk_of(house, Recording(), Refusing()), backup)
    as_before(shops, shop)
    restored(desk_of(house), backup)
    assert paid(shops) == {1, 2, 3}


def test_without_a_safety_snapshot_nothing_is_replaced(house: House, shops: Shops, shop: Shop, backup: UUID) -> None:
    pay(shops, 4)
    full = tuple(BreakingVault(vault, error=VaultUnreachableError, after=0) for vault in house.vaults)
    with pytest.raises(RestoreFailedError, match="came to nothing"):
        restored(desk_of(replace(house, vaults=full)), backup)
    as_before(shops, shop)


@pytest.mark.parametrize("mode", ["ACCESS SHARE", "ROW EXCLUSIVE"])
def test_whoever_stays_inside_is_waited_for_only_so_long(
    house: House, shops: Shops, shop: Shop, backup: UUID, mode: str
) -> None:
    pay(shops, 4)
    with shops.database.owner() as holder:
        holder.execute("BEGIN")
        holder.execute(f"LOCK TABLE {SHOP}.payments IN {mode} MODE".encode())
        with pytest.raises(RestoreFailedError, match="lock timeout"):
            restored(desk_of(house), backup)
    as_before(shops, shop)


def killed(backup: UUID, database: ScratchDatabase, folder: Path, stage: str) -> None:
    """Restore the shop, whose domain is its name, in a process that is killed at a stage."""
    identity = {"ZARGAR_BACKUP_IDENTITY": OPERATIONS.identity}
    env = {**os.environ, **database.env, **identity, "ZARGAR_DATABASE_ROLE": "owner"}
    program = (
        "import django, sys; django.setup(); from tests.support import restores; restores.to_be_killed(*sys.argv[1:])"
    )
    process = subprocess.run(
        [sys.executable, "-c", program, SHOP, str(backup), str(folder), stage],
        env=env, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert process.returncode == -9, process.stderr.decode()


@pytest.mark.parametrize("by", ["undo", "the next restore"])
@pytest.mark.parametrize(
    ("stage", "left", "rows"),
    [
        ("copying", State.ACTIVE, {1, 2, 3, 4}),
        ("closed", State.RESTORING, {1, 2, 3, 4}),
        ("live", State.RESTORING, {1, 2, 3}),
    ],
)
def test_what_a_killed_restore_left_is_settled(
    house: House, shops: Shops, shop: Shop, backup: UUID, database: ScratchDatabase, tmp_path: Path,
    stage: str, left: State, rows: set[int], by: str,
) -> None:  # fmt: skip
    pay(shops, 4)
    Domain.objects.update(domain=SHOP)
    killed(backup, database, tmp_path, stage)
    shop.refresh_from_db()
    assert (shop.state, paid(shops)) == (left, rows)

    if by == "undo":
        settled = restores.undo(desk_of(house), slug=SHOP, confirm=SHOP, actor="a test", reason="it was killed")
        assert (settled.state, settled.fault) == (RestoreState.FAILED, "its process was lost")
        as_before(shops, shop)
    else:
        done = restored(desk_of(house), backup, confirm=SHOP)
        assert (paid(shops), paid(shops, done.kept)) == ({1, 2, 3}, {1, 2, 3, 4})
        assert schemas(shops) == {SHOP, done.kept}
        shop.refresh_from_db()
        assert shop.state == State.ACTIVE


def test_work_inside_the_shop_is_waited_for_only_so_long_and_new_work_comes_back_later(
    house: House, shops: Shops, shop: Shop, backup: UUID
) -> None:
    pay(shops, 4)
    with house.connect() as inside:
        inside.execute("SELECT pg_advisory_lock_shared(%s, %s)", [SHOP_LOCK, shop.id])
        with pytest.raises(RestoreFailedError, match=r"work inside shop .* did not end within 1 s"):
            restored(desk_of(house), backup)
    as_before(shops, shop)


@pytest.mark.parametrize("stage", ["closed", "live"])
def test_a_shop_whose_restore_was_killed_is_not_let_go_with_a_system_at_rest(
    house: House, shops: Shops, shop: Shop, backup: UUID, database: ScratchDatabase, tmp_path: Path, stage: str
) -> None:
    pay(shops, 4)
    Domain.objects.update(domain=SHOP)
    killed(backup, database, tmp_path, stage)

    with pytest.raises(UnfinishedRestoreError, match=f"{SHOP}.*zargar restore undo"):
        at_rest.release(entries=entries(), slug=SHOP, actor="a test", reason="it is closed")
    told = at_rest.release(entries=entries(), slug=None, actor="a test", reason="all of it")

    assert (told["shops"], told["unfinished"]) == ([], [SHOP])
    shop.refresh_from_db()
    assert shop.state == State.RESTORING
    restores.undo(desk_of(house), slug=SHOP, confirm=SHOP, actor="a test", reason="it was killed")
    as_before(shops, shop)


@pytest.mark.parametrize(
    ("stage", "words"), [("copying", "the shop works on"), ("closed", "the shop is closed"), ("live", "shop is closed")]
)
def test_a_restore_whose_process_was_killed_is_an_alarm_until_it_is_settled(
    house: House, shops: Shops, shop: Shop, backup: UUID, database: ScratchDatabase, tmp_path: Path,
    stage: str, words: str,
) -> None:  # fmt: skip
    pay(shops, 4)
    Domain.objects.update(domain=SHOP)
    killed(backup, database, tmp_path, stage)

    def alarms() -> dict[str, str]:
        standing = watch.look(jobs=[], watched=Watched(vaults=[], locked=(), objective=AGES), now=clock.now())
        return {f"{one.kind} {one.subject}": str(one.figures["words"]) for one in standing}

    with house.connect() as at_work:
        at_work.execute("SELECT pg_advisory_lock(%s, %s)", [restore_store.SWAP_LOCK, shop.id])
        assert alarms() == {}, "somebody is at it"
    [(what, why)] = alarms().items()
    assert (what, words in why) == (f"upkeep restore/{shop.id}", True)
    restores.undo(desk_of(house), slug=SHOP, confirm=SHOP, actor="a test", reason="it was killed")
    assert alarms() == {}


@pytest.mark.parametrize("by", ["undo", "the next restore"])
def test_what_a_killed_restore_s_copy_took_since_somebody_opened_it_is_kept(
    house: House, shops: Shops, shop: Shop, backup: UUID, database: ScratchDatabase, tmp_path: Path, by: str
) -> None:
    pay(shops, 4)
    Domain.objects.update(domain=SHOP)
    killed(backup, database, tmp_path, "live")
    Shop.objects.filter(id=shop.id).update(state=State.ACTIVE)  # by hand
    pay(shops, 5)

    if by == "undo":
        done = restores.undo(desk_of(house), slug=SHOP, confirm=SHOP, actor="a test", reason="it was the wrong day")
    else:
        done = restored(desk_of(house), backup, confirm=SHOP)

    first = Restore.objects.order_by("id")[0]
    live = {1, 2, 3, 4} if by == "undo" else {1, 2, 3}
    assert (paid(shops), paid(shops, done.kept)) == (live, {1, 2, 3, 5})
    assert done.snapshot is not None
    assert done.apart[0]["only_live"] == 1
    if by == "undo":
        assert (schemas(shops), first.state) == ({SHOP, done.kept}, RestoreState.UNDONE)
    else:
        assert (paid(shops, first.kept), first.state) == ({1, 2, 3, 4}, RestoreState.DONE)
    shop.refresh_from_db()
    assert shop.state == State.ACTIVE


def test_what_a_killed_restore_put_aside_is_migrated_and_opened_whatever_a_domain_says(
    house: House, shops: Shops, shop: Shop, backup: UUID, database: ScratchDatabase, tmp_path: Path
) -> None:
    pay(shops, 4)
    Domain.objects.update(domain=SHOP)
    killed(backup, database, tmp_path, "live")
    kept = Restore.objects.get().kept  # a deploy between the kill and the undo brings a migration
    call_command("migrate_schemas", "customers", "0001", schema_name=kept, interactive=False, verbosity=0)

    settled = restores.undo(
        desk_of(house, NotTaking(house)), slug=SHOP, confirm=SHOP, actor="a test", reason="it was killed"
    )

    assert settled.fault == f"its process was lost; and it was not handed back: shop {shop.id} is not taken back"
    as_before(shops, shop)
    recorded = shops.rows(f"SELECT app || '.' || name FROM {SHOP}.django_migrations")
    assert {name for (name,) in recorded} == forward.known().current


def test_what_was_opened_while_its_restore_failed_stays_live_and_the_rest_is_kept(
    house: House, shops: Shops, shop: Shop, backup: UUID
) -> None:
    pay(shops, 4)
    with pytest.raises(RestoreFailedError, match=f"{SHOP} was opened meanwhile.*zargar restore undo"):
        restored(desk_of(house, Opening(house)), backup)
    done = Restore.objects.get()
    assert (paid(shops), paid(shops, done.kept), done.state) == ({1, 2, 3}, {1, 2, 3, 4}, RestoreState.DONE)


def test_a_copy_that_was_being_made_when_its_process_was_killed_opens_no_shop_that_is_at_rest(
    house: House, shops: Shops, shop: Shop, backup: UUID, database: ScratchDatabase, tmp_path: Path
) -> None:
    pay(shops, 4)
    Domain.objects.update(domain=SHOP)
    killed(backup, database, tmp_path, "copying")
    Shop.objects.update(state=State.RESTORING)  # as in a system that was restored

    restores.undo(desk_of(house), slug=SHOP, confirm=SHOP, actor="a test", reason="it was killed")

    shop.refresh_from_db()
    assert (shop.state, schemas(shops)) == (State.RESTORING, {SHOP})
    assert at_rest.release(entries=entries(), slug=None, actor="a test", reason="all of it")["shops"] == [SHOP]
