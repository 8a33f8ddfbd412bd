"""A shop comes back in its own place: what was live is kept, what differs is listed, and whatever fails is put back."""

# ruff: noqa: S608 -- the names in the statements are the test's own

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from tests.support.databases import ScratchDatabase, django_uses
from tests.support.packs import Shops
from tests.support.paying import DOMAIN, SHOP, paid, pay, restored, schemas, taking_payments, undone
from tests.support.restores import OPERATIONS, Recording, Unmoved, desk_of, house_of
from tests.support.vaults import directory
from zargar import clock
from zargar.audit.models import AuditRecord
from zargar.backups import copied, operations, put_aside, restore_store
from zargar.backups.making import House
from zargar.backups.models import Backup, Restore, RestoreState
from zargar.backups.restores import (
    ConfirmError,
    NothingKeptError,
    RestoreBusyError,
)
from zargar.backups.restoring import NotInBackupError
from zargar.backups.retention import Kind
from zargar.outcomes import Retryable
from zargar.refusals import InvalidError
from zargar.shops import operations as shop_operations
from zargar.shops.models import Shop, State
from zargar.shops.operations import ShopStateError
from zargar.tenancy import ShopNotReadyError, in_tenant


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


def test_a_shop_is_as_it_was_backed_up_and_what_was_live_is_kept_listed_and_snapshot(
    house: House, shops: Shops, shop: Shop, backup: UUID
) -> None:
    pay(shops, 4)
    shops.run(f"DELETE FROM {SHOP}.payments WHERE id = 1; UPDATE {SHOP}.payments SET note = 'changed' WHERE id = 2")
    domain = Recording()

    done = restored(desk_of(house, domain), backup)

    assert (paid(shops), paid(shops, done.kept)) == ({1, 2, 3}, {2, 3, 4})
    assert schemas(shops) == {SHOP, done.kept}
    shop.refresh_from_db()
    assert (shop.state, done.state) == (State.ACTIVE, RestoreState.DONE)
    assert done.apart == [
        {"table": "payments", "only_live": 1, "only_restored": 1, "changed": 1, "keys": ["(1)", "(2)", "(4)"]},
        {"table": "receipts", "only_live": 1, "only_restored": 0, "changed": 0, "keys": ["(4)"]},
    ]
    assert done.snapshot is not None
    safe = Backup.objects.get(id=done.snapshot)
    assert (safe.kind, safe.state, safe.reason) == ("snapshot", "complete", f"before restore {done.pk} of {SHOP}")
    [(told, taken_at, schema)] = domain.told
    assert (told, schema) == (shop.id, SHOP)
    assert domain.replaced == [done.kept]
    assert taken_at == Backup.objects.get(id=backup).packs.get().taken_at
    assert list(AuditRecord.objects.order_by("id").values_list("action", flat=True)) == [
        "shop.close", "backup.restore", "shop.reopen",
    ]  # fmt: skip


def test_the_safety_snapshot_holds_what_was_put_aside(house: House, shops: Shops, shop: Shop, backup: UUID) -> None:
    pay(shops, 4)
    done = restored(desk_of(house), backup)

    assert done.snapshot is not None
    restores_to = f"{SHOP}_looked_at"
    copied.beside(
        house.connect, house.vaults, slug=SHOP, backup=done.snapshot, to=restores_to, identity=OPERATIONS.identity,
        actor="a test", reason="to look",
    )  # fmt: skip
    assert paid(shops, restores_to) == {1, 2, 3, 4}


def test_undo_brings_back_what_was_live_and_can_be_undone_itself(
    house: House, shops: Shops, shop: Shop, backup: UUID
) -> None:
    pay(shops, 4)
    domain = Recording()
    desk = desk_of(house, domain)
    first = restored(desk, backup)
    pay(shops, 5)

    back = undone(desk)

    assert paid(shops) == {1, 2, 3, 4}
    assert paid(shops, back.kept) == {1, 2, 3, 5}
    first.refresh_from_db()
    assert (first.state, back.state) == (RestoreState.UNDONE, RestoreState.DONE)
    assert back.apart[0] == {
        "table": "payments",
        "only_live": 1,
        "only_restored": 1,
        "changed": 0,
        "keys": ["(4)", "(5)"],
    }
    assert [taken_at for _, taken_at, _ in domain.told][1] == first.swapped_at
    again = undone(desk)
    assert paid(shops) == {1, 2, 3, 5}
    assert schemas(shops) == {SHOP, again.kept}


class Till:
    """Takes payments in pairs, each pair in one transaction, until it is told to stop. The shop is its search path."""

    def __init__(self, url: str, schema: str, first: int, lock_timeout: str) -> None:
        self.url, self.schema, self.first, self.lock_timeout = url, schema, first, lock_timeout
        self.paid: list[int] = []
        self.faults: list[BaseException] = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self) -> None:
        try:
            with psycopg.connect(self.url, autocommit=True) as till:
                till.execute(f"SET search_path = {self.schema}".encode())
                till.execute(f"SET lock_timeout = '{self.lock_timeout}'".encode())
                number = self.first
                while not self.stop.is_set():
                    with till.transaction():
                        till.execute("INSERT INTO payments VALUES (%s, 'paid')", [number])
                        time.sleep(0.002)
                        till.execute("INSERT INTO receipts VALUES (%s)", [number])
                    self.paid.append(number)
                    number += 1
        except psycopg.Error as fault:
            self.faults.append(fault)


def test_every_payment_through_the_whole_restore_is_in_exactly_one_copy_and_listed_while_another_shop_serves(
    house: House, shops: Shops, shop: Shop, backup: UUID, database: ScratchDatabase
) -> None:
    shops.run("""CREATE SCHEMA other; GRANT USAGE ON SCHEMA other TO zargar_app;
                 CREATE TABLE other.payments (id bigint PRIMARY KEY, note text);
                 CREATE TABLE other.receipts (payment bigint PRIMARY KEY)""")
    mine = [Till(database.app_url, SHOP, 100_000 * (1 + n), "30s") for n in range(3)]
    other = Till(database.app_url, "other", 1, "500ms")
    tills = [*mine, other]
    for till in tills:
        till.thread.start()
    while not all(till.paid for till in tills):
        time.sleep(0.01)

    done = restored(replace(desk_of(house), wait=timedelta(seconds=10)), backup)

    after = [len(till.paid) for till in tills]
    while any(len(t.paid) < n + 5 and not t.faults for t, n in zip(tills, after, strict=True)):
        time.sleep(0.01)
    for till in tills:
        till.stop.set()
        till.thread.join(60)
    assert [till.faults for till in tills] == [[], [], [], []]
    old, new = paid(shops, done.kept) - {1, 2, 3}, paid(shops) - {1, 2, 3}
    assert old
    assert new
    assert old & new == set()
    assert old | new == {number for till in mine for number in till.paid}
    assert old == paid(shops, done.kept, "receipts", "payment") - {1, 2, 3}
    assert new == paid(shops, SHOP, "receipts", "payment") - {1, 2, 3}
    listed = {table["table"]: table for table in done.apart}
    assert {name: table["only_live"] for name, table in listed.items()} == {"payments": len(old), "receipts": len(old)}
    assert set(listed["payments"]["keys"]) <= {f"({number})" for number in old}
    assert paid(shops, "other") == set(other.paid)


def test_a_suspended_shop_is_restored_and_stays_suspended(house: House, shops: Shops, shop: Shop, backup: UUID) -> None:
    Shop.objects.filter(id=shop.id).update(state=State.SUSPENDED)
    restored(desk_of(house), backup)
    shop.refresh_from_db()
    assert shop.state == State.SUSPENDED


def test_a_shop_that_was_renamed_since_is_found_in_the_backup_by_its_id(
    house: House, shops: Shops, shop: Shop, backup: UUID
) -> None:
    shop_operations.rename(slug=SHOP, to="renamed", actor="a test", reason="a new name")
    shops.run("DELETE FROM renamed.payments")
    restored(desk_of(house), backup, slug="renamed")
    assert paid(shops, "renamed") == {1, 2, 3}


def test_a_shop_that_was_not_backed_up_gets_nothing_of_another_that_had_its_name(
    house: House, shops: Shops, shop: Shop, backup: UUID
) -> None:
    shop_operations.suspend(slug=SHOP, actor="a test", reason="it closes down")
    shop_operations.delete(slug=SHOP, actor="a test", reason="it closed down")
    later = shop_operations.create(slug=SHOP, name="نو", domain="new.example", actor="a test", reason="a free name")
    with pytest.raises(NotInBackupError, match="is of another shop"):
        restored(desk_of(house), backup, confirm="new.example")
    later.refresh_from_db()
    assert later.state == State.ACTIVE
    assert schemas(shops) == {SHOP}


def test_a_backup_that_the_catalogue_does_not_know_is_read_by_the_shop_s_name(
    house: House, shops: Shops, shop: Shop, backup: UUID
) -> None:
    pay(shops, 4)
    Backup.objects.all().delete()
    restored(desk_of(house), backup)
    assert paid(shops) == {1, 2, 3}


@pytest.mark.parametrize("confirm", ["", SHOP, "another.example"])
def test_only_the_shop_s_own_domain_confirms(house: House, shops: Shops, backup: UUID, confirm: str) -> None:
    with pytest.raises(ConfirmError, match=f"is not {SHOP}'s domain \\({DOMAIN}\\); nothing was done"):
        restored(desk_of(house), backup, confirm=confirm)
    assert not Restore.objects.exists()


def test_a_restore_without_a_why_is_refused(house: House, backup: UUID) -> None:
    with pytest.raises(InvalidError, match="say why"):
        restored(desk_of(house), backup, reason=" ")


@pytest.mark.parametrize("state", [State.MIGRATING, State.RESTORING])
def test_a_shop_that_others_are_changing_is_left_alone(house: House, shop: Shop, backup: UUID, state: State) -> None:
    Shop.objects.filter(id=shop.id).update(state=state)
    with pytest.raises(ShopStateError, match=f"is {state}"):
        restored(desk_of(house), backup)
    assert not Restore.objects.exists()


def test_a_second_restore_of_the_shop_at_the_same_time_is_refused(house: House, shop: Shop, backup: UUID) -> None:
    with house.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [restore_store.SWAP_LOCK, shop.id])
        with pytest.raises(RestoreBusyError):
            restored(desk_of(house), backup)


def test_where_nothing_is_kept_there_is_nothing_to_undo_or_drop(house: House, shop: Shop) -> None:
    with pytest.raises(NothingKeptError, match="zargar restore kept"):
        undone(desk_of(house))
    with pytest.raises(NothingKeptError):
        put_aside.drop_kept(desk_of(house), slug=SHOP, confirm=DOMAIN, actor="a test", reason="x")


def test_the_kept_copy_goes_after_its_grace_or_when_somebody_says_so(
    house: House, shops: Shops, shop: Shop, backup: UUID
) -> None:
    desk = desk_of(house)
    first, second = restored(desk, backup), restored(desk, backup)
    grace = timedelta(days=7)

    assert put_aside.expire(desk, grace=grace, now=clock.now()) == []
    assert schemas(shops) == {SHOP, first.kept, second.kept}
    assert first.ended_at is not None
    assert put_aside.expire(desk, grace=grace, now=first.ended_at + grace + timedelta(microseconds=1)) == [first.kept]
    assert schemas(shops) == {SHOP, second.kept}
    put_aside.drop_kept(desk, slug=SHOP, confirm=DOMAIN, actor="a test", reason="looked at it")
    assert schemas(shops) == {SHOP}
    with pytest.raises(NothingKeptError):
        undone(desk)


class Working(Unmoved):
    """A domain that tries to work in the shop from another session while it is handed over."""

    def __init__(self) -> None:
        self.met: list[type[BaseException]] = []

    def restored(self, shop_id: int, *, taken_at: datetime, replaced: str | None) -> None:  # noqa: ARG002 -- the port's arguments
        def work() -> None:
            try:
                with in_tenant(shop_id):
                    self.met.append(AssertionError)
            except Retryable as refused:
                self.met.append(type(refused))
            finally:
                connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(30)


def test_work_that_comes_meanwhile_is_to_come_again(house: House, shop: Shop, backup: UUID) -> None:
    domain = Working()
    restored(desk_of(house, domain), backup)
    assert domain.met == [ShopNotReadyError]
    with in_tenant(shop.id):
        pass


def test_a_rich_shop_is_dumped_byte_for_byte_the_same_after_it_came_back_in_its_place(
    house: House, shops: Shops, rich: str
) -> None:
    shops.run(f"ALTER TABLE {rich}.scratch ADD twice integer GENERATED ALWAYS AS (n * 2) VIRTUAL")
    gold = Shop.objects.create(schema_name=rich, name="طلا", state=State.ACTIVE)
    made = operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")
    before = shops.dumped(rich)
    shops.run(f"DELETE FROM {rich}.sales; ALTER TABLE {rich}.base ADD more text; DROP VIEW {rich}.shown_pieces")

    done = restored(desk_of(house), made.backup.id, slug=rich, confirm=rich)

    assert shops.dumped(rich) == before
    gold.refresh_from_db()
    assert (gold.state, done.apart[0]["table"]) == (State.ACTIVE, "base")
