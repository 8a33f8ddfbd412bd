"""What becomes of backups when the small objects that hold shops' keys are gone, damaged, or to be gone."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.support.backups import HOLDERS, OPERATIONS, house_of
from tests.support.databases import ScratchDatabase, Server
from tests.support.packs import Shops
from tests.support.vaults import directory, lock_for_another
from zargar import clock
from zargar.backups import (
    age,
    drill_store,
    drills,
    erasing,
    files_back,
    key_store,
    keys,
    operations,
    publishing,
    restoring,
    sitting_store,
    store,
)
from zargar.backups.drills import DrillYard
from zargar.backups.files import FolderSource
from zargar.backups.key_making import KeyMaker
from zargar.backups.key_objects import AT_ONCE, agreed, measured
from zargar.backups.keys import ShopKey, WrongKeyholderError
from zargar.backups.making import House, Made, Sitting
from zargar.backups.manifest import PackEntry
from zargar.backups.models import Backup, Copy, CopyState, Drill, KeyRecord, State
from zargar.backups.ports import Stored, VaultUnreachableError
from zargar.backups.retention import Kind
from zargar.backups.scratch import DrillServer
from zargar.backups.store import Held
from zargar.backups.vaults.both import NoVaultLeftError
from zargar.backups.vaults.breaking import BreakingVault
from zargar.backups.vaults.directory import DirectoryVault
from zargar.outcomes import Permanent, Retryable
from zargar.shops.models import Domain, Shop


@pytest.fixture
def house(database: ScratchDatabase, shop: Shop, gold: Shop, tmp_path: Path) -> House:
    return house_of(database, [directory(tmp_path, "one"), directory(tmp_path, "two")])


@pytest.fixture
def gold(shops: Shops, rich: str, shop: Shop) -> Shop:
    """A suspended shop beside the template's, so that it may be erased."""
    made: Shop = Shop.objects.create(schema_name=rich, name="طلا", state="suspended")
    Domain.objects.create(domain="gold.example.ir", tenant=made, is_primary=True)
    return made


@pytest.fixture
def yard(postgres: Server, house: House) -> DrillYard:
    server = DrillServer(postgres.admin_url, clock=clock.now, surroundings=drill_store.surroundings())
    return DrillYard(house.vaults, server, OPERATIONS.identity)


def all_of_it(house: House) -> Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def entry_of(made: Made, slug: str) -> PackEntry:
    return next(entry for entry in made.manifest.packs if entry.shop == slug)


def labels(made: Made) -> set[str]:
    return {entry.label for entry in made.manifest.packs}


def verified(house: House, made: Made | None = None) -> dict[str, tuple[CopyState, str]]:
    """Read everything back; by vault the state of the newest backup's copy, or of the one named, and its words."""
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=20)
    backup = made.backup if made else Backup.objects.order_by("-number")[0]
    return {copy.vault: (CopyState(copy.state), copy.detail) for copy in Copy.objects.filter(backup=backup)}


def test_a_key_that_is_in_no_vault_costs_its_own_pack_one_backup_and_the_others_none(
    house: House, gold: Shop, shop: Shop
) -> None:
    lost = entry_of(all_of_it(house), "gold").key
    for vault in house.vaults:
        vault.delete(lost)

    degraded = all_of_it(house)

    assert (degraded.state, labels(degraded)) == (State.DEGRADED, {"public", shop.schema_name})
    [line] = degraded.manifest.excluded
    assert line.startswith("gold: no vault has its key; the next backup makes a new one")
    assert degraded.backup.excluded == [line] or Backup.objects.get(pk=degraded.backup.pk).excluded == [line]
    assert {segment.key for segment in degraded.manifest.segments} == {
        piece.segment for entry in degraded.manifest.packs for piece in entry.place.pieces
    }
    whole = all_of_it(house)
    assert (whole.state, labels(whole)) == (State.COMPLETE, {"gold", "public", shop.schema_name})
    assert entry_of(whole, "gold").key != lost
    assert {state for state, _ in verified(house).values()} == {CopyState.GOOD}
    assert KeyRecord.objects.get(lost_at__isnull=False).holds == str(gold.id)


@pytest.mark.parametrize("known", [True, False], ids=["measured", "of before measures"])
def test_keys_that_are_empty_one_in_each_vault_do_not_keep_a_backup_from_being_made(
    house: House, shop: Shop, tmp_path: Path, *, known: bool
) -> None:
    made = all_of_it(house)
    if not known:
        KeyRecord.objects.update(size=None, sha256="")
    one, two = (entry_of(made, slug).key for slug in ("gold", shop.schema_name))
    _empty(tmp_path / "one" / one)
    _empty(tmp_path / "two" / two)

    again = all_of_it(house)

    if known:
        assert (again.state, labels(again)) == (State.COMPLETE, labels(made))
        assert (tmp_path / "one" / one).read_bytes() == (tmp_path / "two" / one).read_bytes()
    else:
        assert (again.state, labels(again)) == (State.DEGRADED, labels(made) - {"gold"})
        [line] = again.manifest.excluded
        assert line.startswith("gold: its key is out of reach")
        assert not KeyRecord.objects.filter(lost_at__isnull=False).exists()
        assert (tmp_path / "one" / one).stat().st_size == 0


def test_where_all_keys_are_gone_the_backup_says_so_and_the_next_one_makes_them_anew(house: House) -> None:
    all_of_it(house)
    for vault in house.vaults:
        for stored in list(vault.keys("keys/")):
            vault.delete(stored.key)
    with pytest.raises(Retryable, match=r"keys/gold/.*no vault that answers has it whole"):
        all_of_it(house)
    assert "keys/" in Backup.objects.order_by("-number")[0].fault
    assert all_of_it(house).state == State.COMPLETE


def test_a_key_that_is_destroyed_before_the_manifest_is_written_holds_nothing_up(house: House, gold: Shop) -> None:
    made = all_of_it(house)
    erasing.erase(
        slug="gold", confirm="gold.example.ir", vaults=house.vaults, actor="a test", reason="he asked for it",
        now=clock.now(),
    )  # fmt: skip
    row = sitting_store.begin(kind=Kind.DAILY, reason="a test", now=clock.now())
    told = replace(made.manifest, backup=str(row.id), excluded=())
    _, state = publishing.publish(
        row, house.vaults, told, faults=dict.fromkeys(("one", "two")), held=publishing.holders(told), now=clock.now()
    )
    assert state == State.COMPLETE
    assert all(vault.stat(entry_of(made, "gold").key) is None for vault in house.vaults)


class NoManifests(DirectoryVault):
    """A vault that breaks where the backup would begin to exist."""

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        if key.startswith("manifests/"):
            message = f"vault {self.name}: away"
            raise VaultUnreachableError(message)
        return super().put(key, chunks)


@pytest.mark.parametrize("nowhere", [True, False], ids=["nowhere", "another one in each vault"])
def test_a_sealed_backup_whose_keys_no_vault_can_have_is_given_up_and_its_job_makes_another(
    house: House, shop: Shop, tmp_path: Path, *, nowhere: bool
) -> None:
    made, job = all_of_it(house), uuid4()
    breaking = tuple(NoManifests(tmp_path / name, name=name) for name in ("one", "two"))
    with pytest.raises(Retryable, match="away"):
        operations.back_up_all(
            house=replace(house, vaults=breaking), kind=Kind.DAILY, reason="a test", sitting=Sitting(job)
        )
    sealed = Backup.objects.get(sealed__isnull=False)
    if nowhere:
        for vault in house.vaults:
            vault.delete(entry_of(made, "gold").key)
    else:
        KeyRecord.objects.update(size=None, sha256="")
        _empty(tmp_path / "one" / entry_of(made, "gold").key)
        _empty(tmp_path / "two" / entry_of(made, shop.schema_name).key)

    again = operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test", sitting=Sitting(job))

    assert (again.state, "gold" in labels(again)) == ((State.COMPLETE, True) if nowhere else (State.DEGRADED, False))
    assert again.backup.id != sealed.id
    sealed.refresh_from_db()
    assert (sealed.state, sealed.sealed) == (State.FAILED, None)


class Away(DirectoryVault):
    """A vault that does not answer a put, and counts how often it is tried."""

    puts = 0

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        self.puts += 1
        del chunks
        message = f"vault {self.name}: away, and {key} is not stored"
        raise VaultUnreachableError(message)


def test_a_vault_that_is_away_is_tried_for_some_new_keys_and_not_for_each(house: House, tmp_path: Path) -> None:
    away = Away(tmp_path / "two", name="two")
    several = [Held(str(number), f"new_{number}", f"new_{number}") for number in range(5 * AT_ONCE)]
    maker = KeyMaker([house.vaults[0], away], HOLDERS)
    made = maker.several(several)
    assert len(made) == len(list(house.vaults[0].keys("keys/"))) == len(several)
    assert away.puts <= AT_ONCE
    assert maker.several(several) == made


def test_new_keys_are_made_until_the_sitting_is_over_and_the_next_one_makes_the_others(
    house: House,
) -> None:
    several = [Held(str(number), f"new_{number}", f"new_{number}") for number in range(3 * AT_ONCE)]
    first = KeyMaker(house.vaults, HOLDERS).several(several, over=lambda: True)
    assert len(first) == AT_ONCE
    assert first.items() < KeyMaker(house.vaults, HOLDERS).several(several).items()


def test_where_no_vault_takes_a_key_each_one_s_words_are_told(house: House) -> None:
    broken = [BreakingVault(vault, after=0) for vault in house.vaults]
    with pytest.raises(NoVaultLeftError, match=r"vault one: broke.*vault two: broke"):
        KeyMaker(broken, HOLDERS).several([Held("7", "new", "new")])


class Refusing(DirectoryVault):
    """A vault that takes no key of one shop."""

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        if key.startswith("keys/new_3/"):
            message = f"vault {self.name}: takes no {key}"
            raise VaultUnreachableError(message)
        return super().put(key, chunks)


def test_keys_that_were_made_beside_one_that_no_vault_took_are_known(house: House, tmp_path: Path) -> None:
    several = [Held(str(number), f"new_{number}", f"new_{number}") for number in range(AT_ONCE)]
    with pytest.raises(NoVaultLeftError, match="new_3"):
        KeyMaker([Refusing(tmp_path / name, name=name) for name in ("one", "two")], HOLDERS).several(several)
    there = {stored.key for stored in house.vaults[0].keys("keys/")}
    assert {ShopKey(row.shop, row.recipient).object for row in KeyRecord.objects.all()} == there
    assert len(there) == AT_ONCE - 1


def test_keys_to_be_measured_are_first_those_of_the_newest_backup_and_never_lost_ones(house: House, gold: Shop) -> None:
    for number in range(3):
        key = keys.create(f"old_{number}", house.vaults, HOLDERS)[0]
        store.keep_key(Held(f"gone-{number}", f"old_{number}", ""), replace(key, measure=None))
    made = all_of_it(house)
    KeyRecord.objects.update(size=None, sha256="")
    names = {entry.key for entry in made.manifest.packs}
    assert set(key_store.unmeasured(at_most=len(names))) == names
    key_store.lose([entry_of(made, "gold").key])
    assert set(key_store.unmeasured(at_most=len(names) - 1)) == names - {entry_of(made, "gold").key}
    assert len(key_store.unmeasured(at_most=50)) == len(names) - 1 + 3


class Read(DirectoryVault):
    """A vault that counts what is read in it."""

    reads = 0

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self.reads += 1
        return super().read(key, start=start, length=length)


def test_one_vault_alone_is_not_asked_for_what_nobody_can_agree_on(house: House, tmp_path: Path) -> None:
    names = [entry.key for entry in all_of_it(house).manifest.packs]
    alone = Read(tmp_path / "one", name="one")
    assert (agreed([alone], names), alone.reads) == (({}, {}), 0)
    assert (len(agreed([alone, house.vaults[1]], names)[0]), alone.reads) == (len(names), len(names))


def _empty(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(b"")


def _bit(path: Path) -> None:
    lock_for_another(path.parents[2], str(path.relative_to(path.parents[2])))


@pytest.mark.parametrize("harm", [_empty, _bit], ids=["empty", "a bit flipped"])
@pytest.mark.parametrize("old", [False, True], ids=["measured", "of before measures"])
def test_a_copy_whose_key_object_is_damaged_is_not_good(
    house: House, tmp_path: Path, harm: Callable[[Path], None], *, old: bool
) -> None:
    made = all_of_it(house)
    if old:
        KeyRecord.objects.update(size=None, sha256="")
        operations.verify(vaults=house.vaults, now=clock.now())
        assert all(row.size for row in KeyRecord.objects.all()), "two vaults have the same bytes"
    harm(tmp_path / "two" / entry_of(made, "gold").key)

    found = verified(house, made)

    assert found["one"][0] == CopyState.GOOD
    assert found["two"][0] == CopyState.DAMAGED
    assert entry_of(made, "gold").key in found["two"][1]
    assert Backup.objects.get(pk=made.backup.pk).state == State.DEGRADED


def test_a_key_object_that_is_gone_is_missed_and_brought_back_as_it_was_made(house: House, tmp_path: Path) -> None:
    made = all_of_it(house)
    name = entry_of(made, "gold").key
    (tmp_path / "two" / name).unlink()
    told = operations.verify(vaults=house.vaults, now=clock.now())
    assert name in str(told["proven"])
    assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
    assert {state for state, _ in verified(house, made).values()} == {CopyState.GOOD}


def test_a_damaged_key_that_a_person_has_taken_away_is_brought_from_the_other_vault_as_it_was_made(
    house: House, tmp_path: Path
) -> None:
    made = all_of_it(house)
    name = entry_of(made, "gold").key
    lock_for_another(tmp_path / "two", name)
    assert verified(house, made)["two"][0] == CopyState.DAMAGED
    (tmp_path / "two" / name).unlink()
    all_of_it(house)
    assert verified(house, made) == {"one": (CopyState.GOOD, ""), "two": (CopyState.GOOD, "")}


def test_a_damaged_key_is_not_what_completes_the_other_vault(house: House, tmp_path: Path) -> None:
    made = all_of_it(house)
    name = entry_of(made, "gold").key
    for path in sorted((tmp_path / "two").rglob("*")):
        if path.is_file() and path.name != "vault.json":
            path.unlink()
    Copy.objects.filter(vault="two").update(state=CopyState.MISSING, checked_at=None)
    lock_for_another(tmp_path / "one", name)

    found = verified(house, made)

    assert not (tmp_path / "two" / name).exists()
    assert (tmp_path / "two" / entry_of(made, "shared").key).exists()
    assert {state for state, _ in found.values()}.isdisjoint({CopyState.GOOD, CopyState.STORED})


def test_vaults_that_differ_on_a_key_nobody_has_measured_are_told_until_a_drill_opens_one(
    house: House, yard: DrillYard, tmp_path: Path
) -> None:
    made = all_of_it(house)
    name = entry_of(made, "gold").key
    KeyRecord.objects.update(size=None, sha256="")
    lock_for_another(tmp_path / "two", name)
    told = operations.verify(vaults=house.vaults, now=clock.now())["unanswered"]
    assert isinstance(told, list)
    assert [name in str(one) for one in told] == [True]

    verdicts = drills.run_named(yard, shop="gold").verdicts

    assert {one.vault: one.proven for one in verdicts} == {"one": True, "two": False}
    assert key_store.measures([name]) == {name: measured((tmp_path / "one" / name).read_bytes())}
    assert verified(house, made)["two"][0] == CopyState.DAMAGED


@pytest.mark.parametrize("known", [True, False], ids=["measured", "of before measures"])
def test_a_bit_of_a_key_makes_its_drill_red_and_the_packs_after_it_have_their_turn(
    house: House, yard: DrillYard, shop: Shop, tmp_path: Path, *, known: bool
) -> None:
    made = all_of_it(house)
    if not known:
        KeyRecord.objects.update(size=None, sha256="")
    lock_for_another(tmp_path / "one", entry_of(made, "gold").key)

    found = {(one.schema, one.vault): one for one in drills.run_named(yard).verdicts}

    assert len(found) == 6
    assert [place for place, one in found.items() if not one.proven] == [("gold", "one")]
    assert entry_of(made, "gold").key in found["gold", "one"].faults[0]
    assert Drill.objects.filter(proven_at=None, undecided="").count() == 1
    assert {copy.vault: copy.state for copy in Copy.objects.all()}["one"] == CopyState.DAMAGED


def test_an_identity_that_opens_no_key_at_all_is_no_verdict_on_any_copy(house: House, yard: DrillYard) -> None:
    all_of_it(house)
    with pytest.raises(Permanent, match="not locked for the key"):
        drills.run_named(replace(yard, identity=age.generate().identity))
    assert not Drill.objects.exists()


def test_a_sound_key_of_other_keyholders_leaves_its_drill_undecided(house: House, yard: DrillYard, shop: Shop) -> None:
    others = keys.Keyholders(age.generate().recipient, age.generate().recipient)
    KeyMaker(house.vaults, others).of(Held(str(shop.id), shop.schema_name, shop.schema_name))
    all_of_it(house)
    found = {(one.schema, one.vault): one for one in drills.run_named(yard).verdicts}
    assert {place for place, one in found.items() if not one.proven} == {
        (shop.schema_name, "one"), (shop.schema_name, "two"),
    }  # fmt: skip
    assert "not locked for the key" in found[shop.schema_name, "one"].undecided
    assert set(Copy.objects.values_list("state", flat=True)) == {CopyState.STORED}


def test_a_shop_and_files_come_back_from_the_vault_whose_key_is_whole(
    house: House, tmp_path: Path, database: ScratchDatabase
) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "ring").write_bytes(b"gold")
    made = all_of_it(replace(house, sources=(FolderSource("files.media", tmp_path / "media"),)))
    for entry in made.manifest.packs:
        lock_for_another(tmp_path / "one", entry.key)

    with psycopg.connect(database.owner_url) as owner:
        back = restoring.beside(
            owner, vaults=house.vaults, backup=made.manifest.backup, slug="gold", to="back",
            identity=OPERATIONS.identity,
        )  # fmt: skip
    files = files_back.restore(
        vaults=house.vaults, backup=made.manifest.backup, name="media", into=tmp_path / "new",
        identity=OPERATIONS.identity,
    )  # fmt: skip

    assert (back.vault, files.vault) == ("two", "two")
    assert (tmp_path / "new" / "ring").read_bytes() == b"gold"
    with psycopg.connect(database.owner_url) as owner, pytest.raises(WrongKeyholderError):
        restoring.beside(
            owner, vaults=house.vaults, backup=made.manifest.backup, slug="gold", to="again",
            identity=age.generate().identity,
        )  # fmt: skip
