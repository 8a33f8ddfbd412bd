"""What one vault has wrong costs nothing while another has it right: the sound copy is found, and asked first."""

# ruff: noqa: S608 -- the names in the statements are the test's own

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase, django_uses
from tests.support.drills import key_of, members_of
from tests.support.packs import Shops
from tests.support.restores import OPERATIONS, house_of
from tests.support.vaults import directory
from zargar.backups import copied, making, manifest, operations, restoring
from zargar.backups.making import House, Made
from zargar.backups.manifest import Manifest, SegmentEntry
from zargar.backups.members import Member
from zargar.backups.models import Copy, CopyState
from zargar.backups.restoring import NotInBackupError, NoVaultHasItError
from zargar.backups.retention import Kind
from zargar.backups.segments import SegmentWriter
from zargar.backups.vaults.directory import DirectoryVault
from zargar.shops.models import Shop

SHOP, OTHER = TEMPLATE_SHOP, "other"


@pytest.fixture(autouse=True)
def _as_owner(database: ScratchDatabase) -> Iterator[None]:
    with django_uses(database.owner_url):
        yield


@pytest.fixture
def vaults(tmp_path: Path) -> tuple[DirectoryVault, DirectoryVault]:
    return directory(tmp_path, "one"), directory(tmp_path, "two")


@pytest.fixture
def house(database: ScratchDatabase, vaults: tuple[DirectoryVault, DirectoryVault]) -> House:
    return house_of(database.owner_url, vaults)


@pytest.fixture
def made(house: House, shops: Shops, shop: Shop) -> making.Made:
    shops.run(f"CREATE SCHEMA {OTHER}; CREATE TABLE {OTHER}.t (n integer); INSERT INTO {OTHER}.t VALUES (1)")
    Shop.objects.create(schema_name=OTHER, name="other", state="active")
    shops.run(f"CREATE TABLE {SHOP}.rings (n integer); INSERT INTO {SHOP}.rings VALUES (1), (2)")
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def row_lost(house: House, made: Made) -> Manifest:
    """The first vault's pack of the shop, sealed, is without the rows of a table."""
    members = members_of(house, made, SHOP, OPERATIONS)
    return packed(house, made, [one for one in members if one.data != b"1\n2\n"])


def another_s(house: House, made: Made) -> Manifest:
    """The first vault's pack of the shop is another shop's."""
    return packed(house, made, members_of(house, made, OTHER, OPERATIONS))


def not_there(_: House, made: Made) -> Manifest:
    """The first vault's manifest does not name the shop."""
    return replace(made.manifest, packs=tuple(one for one in made.manifest.packs if one.shop != SHOP))


def packed(house: House, made: Made, members: Sequence[Member]) -> Manifest:
    """Write all packs into the first vault anew, the shop's with these members."""
    opened = {one.schema: members_of(house, made, str(one.shop), OPERATIONS) for one in made.manifest.packs}
    opened[SHOP] = list(members)
    for segment in made.manifest.segments:
        house.vaults[0].delete(segment.key)
    entries = []
    with SegmentWriter(made.manifest.backup, house.vaults[:1]) as writer:
        for schema, own in opened.items():
            entry = next(one for one in made.manifest.packs if one.schema == schema)
            entries.append(replace(entry, place=writer.write_pack(entry.place.pack, own, key_of(entry).recipient)))
        written = writer.close()
    segments = tuple(SegmentEntry(one.key, one.size, one.sha256) for one in written)
    return replace(made.manifest, packs=tuple(entries), segments=segments)


FORGED = [row_lost, another_s, not_there]
Forge = Callable[[House, Made], Manifest]


def forge(house: House, made: Made, how: Forge) -> None:
    """Put a manifest into the first vault that says all this, with every hash right."""
    told = how(house, made)
    key = manifest.key_of(made.manifest.backup)
    house.vaults[0].delete(key)
    house.vaults[0].put(key, [manifest.compressed(manifest.dump(told))])


def brought_back(house: House, made: Made) -> restoring.Restored:
    """Restore the shop beside the live one, knowing nothing of the catalogue."""
    with closing(house.connect()) as owner:
        return restoring.beside(
            owner, vaults=house.vaults, backup=made.manifest.backup, slug=SHOP, to="copy",
            identity=OPERATIONS.identity,
        )  # fmt: skip


@pytest.mark.parametrize("how", FORGED)
def test_a_shop_that_one_vault_cannot_give_back_right_comes_out_of_the_other(
    house: House, made: making.Made, shops: Shops, how: Forge
) -> None:
    forge(house, made, how)
    assert brought_back(house, made).vault == "two"
    assert shops.rows("SELECT n FROM copy.rings ORDER BY n") == [(1,), (2,)]


def test_where_no_vault_has_it_right_each_is_named_and_a_shop_that_is_in_none_is_not_found(
    house: House, made: making.Made
) -> None:
    forge(house, made, row_lost)
    alone = replace(house, vaults=house.vaults[:1])
    with pytest.raises(NoVaultHasItError, match=r"one: .*number of rows of rings: recorded 2, found 0"):
        brought_back(alone, made)
    forge(house, made, not_there)
    with pytest.raises(NotInBackupError, match=SHOP):
        brought_back(alone, made)


def beside(house: House, made: making.Made) -> str:
    """Restore the shop beside the live one as the command does; return the vault that gave it."""
    done = copied.beside(
        house.connect, house.vaults, slug=SHOP, backup=made.backup.id, to="copy", identity=OPERATIONS.identity,
        actor="a test", reason="to look",
    )  # fmt: skip
    return done.restored.vault


def test_a_copy_that_is_known_to_be_damaged_is_asked_last(house: House, made: making.Made, shops: Shops) -> None:
    Copy.objects.filter(vault="one").update(state=CopyState.DAMAGED, checked_at=house.clock())
    assert beside(house, made) == "two"
    shops.run("DROP SCHEMA copy CASCADE")
    assert beside(replace(house, vaults=house.vaults[:1]), made) == "one"


def test_a_manifest_that_is_not_the_one_that_was_written_is_not_believed(house: House, made: making.Made) -> None:
    forge(house, made, lambda _, own: replace(own.manifest, kind="weekly"))
    assert beside(house, made) == "two"
    with pytest.raises(NoVaultHasItError, match="not the one that was written"):
        beside(replace(house, vaults=house.vaults[:1]), made)
