"""A shop whose keys are destroyed is erased in its backups: told as erased, not as damaged; all else goes on."""

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.support.databases import ScratchDatabase, Server
from tests.support.packs import Shops
from tests.support.vaults import directory
from zargar import clock
from zargar.audit.models import AuditRecord
from zargar.backups import age, copied, drill_store, drills, erasing, keys, making, operations, removing, restoring
from zargar.backups.ddl import PgDump
from zargar.backups.drills import DrillYard
from zargar.backups.erasing import NoSuchKeyError, NotConfirmedError, ShopInUseError
from zargar.backups.keys import ErasedKeyError, Keyholders
from zargar.backups.making import House
from zargar.backups.models import Backup, Copy, CopyState, Drill, KeyRecord, State
from zargar.backups.ports import VaultRefusedError
from zargar.backups.retention import Keep, Kind
from zargar.backups.scratch import DrillServer
from zargar.backups.vaults.directory import DirectoryVault
from zargar.refusals import InvalidError
from zargar.shops import operations as shops_operations
from zargar.shops.models import Domain, Shop

OPERATIONS, ESCROW = age.generate(), age.generate()
DOMAIN = "gold.example.ir"


class KeepingVault(DirectoryVault):
    """A vault under a lock that covers keys: it deletes nothing."""

    def delete(self, key: str) -> None:
        message = f"vault {self.name}: a lock protects {key}"
        raise VaultRefusedError(message)


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
def yard(postgres: Server, house: House) -> DrillYard:
    server = DrillServer(postgres.admin_url, clock=clock.now, surroundings=drill_store.surroundings())
    return DrillYard(house.vaults, server, OPERATIONS.identity)


@pytest.fixture
def gold(shops: Shops, rich: str, shop: Shop) -> Shop:
    """A suspended shop with a domain, beside the template's."""
    made: Shop = Shop.objects.create(schema_name=rich, name="طلا", state="suspended")
    Domain.objects.create(domain=DOMAIN, tenant=made, is_primary=True)
    return made


def all_of_it(house: House) -> making.Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def erased(house: House, *, slug: str = "gold", confirm: str = DOMAIN) -> erasing.Erasure:
    return erasing.erase(
        slug=slug, confirm=confirm, vaults=house.vaults, actor="a test", reason="he asked for it", now=clock.now()
    )


def test_an_erased_shop_is_told_as_erased_by_drill_and_restore_and_the_others_go_on(
    house: House, yard: DrillYard, gold: Shop, shop: Shop, database: ScratchDatabase
) -> None:
    made = all_of_it(house)

    done = erased(house)

    assert done.complete
    assert [len(done.objects), *(one.vault for one in done.outcomes)] == [1, "one", "two"]
    verdicts = drills.run_named(yard, backup=Backup.objects.get().id).verdicts
    assert {one.schema: (one.proven, one.faults, "was erased" in one.undecided) for one in verdicts} == {
        "gold": (False, (), True), shop.schema_name: (True, (), False), "public": (True, (), False),
    }  # fmt: skip
    assert not Drill.objects.filter(holds=str(gold.id)).exists()
    with psycopg.connect(database.owner_url) as owner, pytest.raises(ErasedKeyError, match="was erased at"):
        restoring.beside(
            owner, vaults=house.vaults, backup=made.manifest.backup, slug="gold", to="back", identity=ESCROW.identity
        )
    told = operations.verify(vaults=house.vaults, now=clock.now(), backup=Backup.objects.get().id)["proven"]
    assert isinstance(told, list)
    assert [one["erased"] for one in told if isinstance(one, dict)] == [["gold"], ["gold"]]
    assert drills.erased_of(Backup.objects.get()) == {"gold"}
    assert set(Copy.objects.values_list("state", flat=True)) == {CopyState.GOOD}
    assert Backup.objects.get().state == State.COMPLETE
    [record] = AuditRecord.objects.filter(action="backup.erase")
    assert (record.subject, record.reason) == ("gold", "he asked for it")
    assert record.after == {"keys": 1, "new": 1, "vaults": ["one", "two"]}


def test_an_erased_shop_is_off_the_rota_and_a_later_backup_has_a_key_of_its_own(
    house: House, yard: DrillYard, gold: Shop
) -> None:
    first = all_of_it(house)
    erased(house)
    assert {target.holds for target in drill_store.candidates()} == {
        "shared",
        str(Shop.objects.exclude(id=gold.id).get().id),
    }
    second = all_of_it(house)
    of = {entry.shop: entry.key for entry in first.manifest.packs}
    again = {entry.shop: entry.key for entry in second.manifest.packs}
    assert (of["gold"] == again["gold"], of["shared"] == again["shared"]) == (False, True)
    newest = drill_store.candidates()
    assert {str(one.backup.id) for one in newest.values()} == {second.manifest.backup}
    assert all(one.proven for one in drills.run_named(yard, shop="gold").verdicts)


def test_what_an_erased_shop_alone_was_kept_for_may_go(house: House, gold: Shop) -> None:
    first = all_of_it(house).manifest.backup
    erased(house)
    Shop.objects.filter(id=gold.id).delete()
    all_of_it(house)
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=10)
    keep = Keep(days=1, weeks=0, months=0, years=0)
    assert removing.planned(keep, now=clock.now()).remove == ((first, "one"), (first, "two"))


def test_what_retention_keeps_for_others_is_as_it_was(house: House, gold: Shop) -> None:
    for _ in range(3):
        all_of_it(house)
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=10)
    keep = Keep(days=1, weeks=0, months=0, years=0)
    before = removing.planned(keep, now=clock.now())
    erased(house)
    assert removing.planned(keep, now=clock.now()) == before
    assert len(before.remove) == 4


def test_a_vault_that_keeps_a_key_is_named_and_the_daily_cleanup_tries_again(
    house: House, yard: DrillYard, vaults: tuple[DirectoryVault, DirectoryVault], gold: Shop, tmp_path: Path
) -> None:
    all_of_it(house)
    locked = KeepingVault(tmp_path / "two", name="two")
    done = erasing.erase(
        slug="gold", confirm=DOMAIN, vaults=(vaults[0], locked), actor="a test", reason="asked", now=clock.now()
    )
    assert not done.complete
    assert done.summary()["erased_in"] == ["one"]
    assert done.summary()["still_in"] == {"two": f"vault two: a lock protects {done.objects[0]}"}
    assert vaults[1].stat(done.objects[0]) is not None
    [made] = Backup.objects.all()
    [verdict] = drills.run_named(yard, backup=made.id, shop="gold", vault="two").verdicts
    assert "was erased" in verdict.undecided
    with pytest.raises(ErasedKeyError, match="is to be gone from every vault"):
        copied.beside(
            house.connect, vaults, slug="gold", backup=made.id, to="back", identity=OPERATIONS.identity,
            actor="a test", reason="he wants it back",
        )  # fmt: skip
    since = KeyRecord.objects.get(holds=str(gold.id)).destroyed_at

    assert not erasing.complete(vaults=(vaults[0], locked), now=clock.now()).complete
    assert erasing.complete(vaults=vaults, now=clock.now() + timedelta(days=1)).complete

    assert vaults[1].stat(done.objects[0]) is None
    assert keys.erased(vaults[1]) == {done.objects[0]: since}
    assert erasing.complete(vaults=vaults, now=clock.now()).objects == ()


def test_a_vault_that_was_away_does_not_get_the_key_back(
    house: House, vaults: tuple[DirectoryVault, DirectoryVault], gold: Shop, tmp_path: Path
) -> None:
    made = all_of_it(house)
    for stored in [*vaults[1].keys("keys/gold/"), *vaults[1].keys("manifests/")]:
        vaults[1].delete(stored.key)
    Copy.objects.filter(vault="two").update(state=CopyState.MISSING)
    key = next(entry.key for entry in made.manifest.packs if entry.shop == "gold")
    erased(house)
    operations.verify(vaults=house.vaults, now=clock.now(), backup=Backup.objects.get().id)
    assert Copy.objects.get(vault="two").state == CopyState.GOOD
    assert [vault.stat(key) for vault in vaults] == [None, None]


@pytest.mark.parametrize("confirm", ["gold", "", "other.example.ir"])
def test_the_domain_must_be_typed(house: House, gold: Shop, confirm: str) -> None:
    all_of_it(house)
    with pytest.raises(NotConfirmedError):
        erased(house, confirm=confirm)
    assert KeyRecord.objects.filter(destroyed_at=None).count() == 3


def test_a_shop_that_is_worked_for_is_suspended_first_and_a_reason_is_needed(house: House, gold: Shop) -> None:
    all_of_it(house)
    Shop.objects.filter(id=gold.id).update(state="active")
    with pytest.raises(ShopInUseError):
        erased(house)
    Shop.objects.filter(id=gold.id).update(state="suspended")
    with pytest.raises(InvalidError):
        erasing.erase(
            slug="gold", confirm=DOMAIN, vaults=house.vaults, actor="a test", reason=" ", now=clock.now()
        )  # fmt: skip
    assert KeyRecord.objects.filter(destroyed_at=None).count() == 3


def test_a_deleted_shop_is_erased_by_its_name_and_a_new_one_of_that_name_is_not(
    house: House, gold: Shop, vaults: tuple[DirectoryVault, DirectoryVault]
) -> None:
    all_of_it(house)
    old = KeyRecord.objects.get(holds=str(gold.id))
    Shop.objects.filter(id=gold.id).delete()
    Shop.objects.create(schema_name="gold", name="طلای دیگر", state="active")
    all_of_it(house)
    with pytest.raises(NotConfirmedError):
        erased(house)
    Shop.objects.filter(schema_name="gold").update(schema_name="silver")

    done = erased(house, confirm="gold")

    assert done.complete
    assert list(done.objects) == [keys.ShopKey(old.shop, old.recipient).object]
    heir = KeyRecord.objects.get(destroyed_at=None, shop="gold")
    assert keys.read(vaults[0], keys.ShopKey(heir.shop, heir.recipient), OPERATIONS.identity)


def test_what_was_never_backed_up_has_no_key(house: House, gold: Shop) -> None:
    for slug, confirm in (("gold", DOMAIN), ("nobody", "nobody")):
        with pytest.raises(NoSuchKeyError):
            erased(house, slug=slug, confirm=confirm)


def test_no_shop_can_have_the_name_of_a_pack_that_belongs_to_none(house: House) -> None:
    for slug in ("shared", "roles"):
        with pytest.raises(shops_operations.ShopNameError):
            shops_operations.create(slug=slug, name="x", domain="x.example.ir", actor="a test", reason="x")
