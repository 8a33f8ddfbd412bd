"""A backup from the first byte to the restored shop: made, read back, damaged, completed, put back, removed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.support.databases import ScratchDatabase
from tests.support.packs import Shops
from tests.support.vaults import damage, directory
from zargar import clock
from zargar.backups import age, making, manifest, operations, removing, restoring
from zargar.backups.ddl import PgDump
from zargar.backups.keys import Keyholders, WrongKeyholderError
from zargar.backups.making import House
from zargar.backups.models import Backup, Copy, CopyState, KeyRecord, State
from zargar.backups.ports import VaultUnreachableError
from zargar.backups.restoring import NotInBackupError, NoVaultHasItError
from zargar.backups.retention import Keep, Kind
from zargar.backups.vaults.breaking import BreakingVault
from zargar.backups.vaults.directory import DirectoryVault
from zargar.outcomes import Permanent, Retryable
from zargar.shops.models import Shop

OPERATIONS, ESCROW = age.generate(), age.generate()


@pytest.fixture
def vaults(tmp_path: Path) -> tuple[DirectoryVault, DirectoryVault]:
    return directory(tmp_path, "one"), directory(tmp_path, "two")


@pytest.fixture
def house(database: ScratchDatabase, vaults: tuple[DirectoryVault, DirectoryVault]) -> House:
    return House(
        vaults=vaults,
        holders=Keyholders(OPERATIONS.recipient, ESCROW.recipient),
        connect=lambda: psycopg.connect(database.owner_url),
        pg_dump=PgDump.found(),
        clock=clock.now,
    )


@pytest.fixture
def owner(database: ScratchDatabase) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.owner_url) as connection:
        yield connection


def all_of_it(house: House) -> making.Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def states(backup: str) -> dict[str, str]:
    return dict(Copy.objects.filter(backup__id=backup).values_list("vault", "state"))


def test_a_backup_of_everything_is_in_both_vaults_and_is_proven_there(house: House, shop: Shop) -> None:
    made = all_of_it(house)

    assert made.state == State.COMPLETE
    assert {entry.shop for entry in made.manifest.packs} == {"shared", shop.schema_name}
    assert states(made.manifest.backup) == {"one": CopyState.STORED, "two": CopyState.STORED}
    proven = operations.verify(vaults=house.vaults, now=clock.now(), backup=Backup.objects.get().id)["proven"]
    assert isinstance(proven, list)
    assert [one["good"] for one in proven if isinstance(one, dict)] == [True, True]
    assert states(made.manifest.backup) == {"one": CopyState.GOOD, "two": CopyState.GOOD}


@pytest.mark.parametrize("holder", [OPERATIONS, ESCROW], ids=["operations", "escrow"])
def test_a_shop_comes_back_beside_the_live_one_by_either_key(
    house: House, shops: Shops, rich: str, owner: psycopg.Connection, holder: age.KeyPair
) -> None:
    Shop.objects.create(schema_name=rich, name="طلا", state="active")
    made = all_of_it(house)

    done = restoring.beside(
        owner, vaults=house.vaults, backup=made.manifest.backup, slug=rich, to="gold_back", identity=holder.identity
    )

    recorded = next(entry.facts for entry in made.manifest.packs if entry.shop == rich)
    assert recorded is not None
    assert done.facts.tables == recorded.tables
    with shops.database.owner() as other:
        both = other.execute("SELECT count(*) FROM pg_namespace WHERE nspname IN (%s, 'gold_back')", [rich])
        assert both.fetchone() == (2,)


def test_what_makes_backups_cannot_open_them(house: House, shop: Shop, owner: psycopg.Connection) -> None:
    made = all_of_it(house)
    with pytest.raises(WrongKeyholderError):
        restoring.beside(
            owner, vaults=house.vaults, backup=made.manifest.backup, slug=shop.schema_name, to="back",
            identity=age.generate().identity,
        )  # fmt: skip


def test_a_second_backup_locks_a_shop_for_the_key_that_it_has(house: House, shop: Shop) -> None:
    first, second = all_of_it(house), all_of_it(house)
    assert [entry.key for entry in first.manifest.packs] == [entry.key for entry in second.manifest.packs]
    assert KeyRecord.objects.filter(holds=str(shop.id)).count() == 1


def test_damage_in_one_vault_is_named_and_the_other_gives_the_shop_back(
    house: House, shop: Shop, owner: psycopg.Connection, tmp_path: Path
) -> None:
    made = all_of_it(house)
    backup = made.manifest.backup
    damage(tmp_path / "one", made.manifest.segments[0].key, b"\x00\x01\x02", at=-20)

    proven = operations.verify(vaults=house.vaults, now=clock.now(), backup=Backup.objects.get().id)["proven"]

    assert isinstance(proven, list)
    assert {str(one["vault"]): one["good"] for one in proven if isinstance(one, dict)} == {"one": False, "two": True}
    assert states(backup) == {"one": CopyState.DAMAGED, "two": CopyState.GOOD}
    assert Backup.objects.get().state == State.DEGRADED
    name = made.manifest.packs[-1].shop
    assert name is not None
    done = restoring.beside(
        owner, vaults=house.vaults, backup=backup, slug=name, to="back", identity=OPERATIONS.identity
    )  # fmt: skip
    assert done.vault == "two"


def test_a_vault_that_fails_leaves_the_backup_degraded_and_is_completed_later(house: House, shop: Shop) -> None:
    broken = BreakingVault(house.vaults[1], error=VaultUnreachableError, after=2_000)
    made = all_of_it(replace(house, vaults=(house.vaults[0], broken)))
    assert made.state == State.DEGRADED
    assert states(made.manifest.backup) == {"one": CopyState.STORED, "two": CopyState.MISSING}
    assert house.vaults[1].stat(manifest.key_of(made.manifest.backup)) is None

    told = operations.verify(vaults=house.vaults, now=clock.now(), backup=Backup.objects.get().id)

    assert told["completed"] == [f"{made.manifest.backup} in two"]
    assert states(made.manifest.backup) == {"one": CopyState.GOOD, "two": CopyState.GOOD}
    assert Backup.objects.get().state == State.COMPLETE


def test_without_any_vault_the_backup_failed_and_says_so(house: House, shop: Shop) -> None:
    gone = [
        BreakingVault(vault, error=VaultUnreachableError, after=0) for vault in house.vaults
    ]  # fmt: skip
    with pytest.raises(Retryable, match="broke"):
        all_of_it(replace(house, vaults=tuple(gone)))
    assert Backup.objects.get().state == State.FAILED
    assert "broke" in Backup.objects.get().fault
    assert [list(vault.keys("manifests/")) for vault in house.vaults] == [[], []]


def test_a_shop_that_is_not_there_is_refused(house: House, database: ScratchDatabase) -> None:
    with pytest.raises(Permanent, match="no shop 404"):
        operations.back_up_shop(house=house, shop_id=404, kind=Kind.SNAPSHOT, reason="a test")


def test_one_shop_alone_and_what_a_backup_does_not_hold(house: House, shop: Shop, owner: psycopg.Connection) -> None:
    made = operations.back_up_shop(house=house, shop_id=shop.id, kind=Kind.SNAPSHOT, reason="before an import")
    assert [entry.shop for entry in made.manifest.packs] == [shop.schema_name]
    with pytest.raises(NotInBackupError, match=shop.schema_name):
        restoring.beside(
            owner, vaults=house.vaults, backup=made.manifest.backup, slug="other", to="back",
            identity=OPERATIONS.identity,
        )  # fmt: skip


def test_what_retention_lets_go_is_condemned_first_and_removed_after_its_grace(house: House, shop: Shop) -> None:
    backups = [all_of_it(house).manifest.backup for _ in range(3)]
    now, vaults = clock.now(), {vault.name: vault for vault in house.vaults}
    keep = Keep(days=1, weeks=0, months=0, years=0)
    operations.verify(vaults=house.vaults, now=now, at_most=10)

    first = removing.sweep(vaults, keep, grace=timedelta(hours=72), now=now)
    assert (first.removed, first.waiting) == ((), 4)
    early = removing.sweep(vaults, keep, grace=timedelta(hours=72), now=now + timedelta(hours=71))
    assert early.removed == ()
    late = removing.sweep(vaults, keep, grace=timedelta(hours=72), now=now + timedelta(hours=73))

    assert sorted(late.removed) == sorted((backup, vault) for backup in backups[:2] for vault in ("one", "two"))
    for vault in house.vaults:
        assert [stored.key for stored in vault.keys("manifests/")] == [manifest.key_of(backups[2])]
        assert {stored.key.split("/")[1] for stored in vault.keys("segments/")} == {backups[2]}


def test_nothing_is_condemned_while_the_newest_was_not_read_back(house: House, shop: Shop) -> None:
    for _ in range(3):
        all_of_it(house)
    assert removing.planned(Keep(days=1, weeks=0, months=0, years=0), now=clock.now()).remove == ()


def test_what_was_never_read_back_is_read_back_first(house: House, shop: Shop) -> None:
    first = all_of_it(house).manifest.backup
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=2)
    second = all_of_it(house).manifest.backup

    proven = operations.verify(vaults=house.vaults, now=clock.now(), at_most=2)["proven"]

    assert isinstance(proven, list)
    assert [one["backup"] for one in proven if isinstance(one, dict)] == [second, second]
    assert set(states(first).values()) == {CopyState.GOOD}


def test_a_backup_whose_process_was_lost_is_closed_by_the_next(house: House, shop: Shop) -> None:
    lost = Backup.objects.create(kind=Kind.DAILY, reason="killed", began_at=clock.now() - timedelta(hours=1))
    all_of_it(house)
    lost.refresh_from_db()
    assert (lost.state, lost.fault) == (State.FAILED, "its process was lost")


def test_when_every_vault_is_damaged_nothing_is_left_behind(
    house: House, shop: Shop, owner: psycopg.Connection, tmp_path: Path
) -> None:
    made = operations.back_up_shop(house=house, shop_id=shop.id, kind=Kind.SHOP, reason="a test")
    for vault in ("one", "two"):
        damage(tmp_path / vault, made.manifest.segments[0].key, b"\x00\x01\x02", at=-20)
    with pytest.raises(NoVaultHasItError, match=r"one: .*two: "):
        restoring.beside(
            owner, vaults=house.vaults, backup=made.manifest.backup, slug=shop.schema_name, to="back",
            identity=OPERATIONS.identity,
        )  # fmt: skip
    assert owner.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'back'").fetchone() == (0,)
