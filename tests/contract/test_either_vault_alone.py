"""Any one vault is enough: with its objects and escrow's key alone, every shop comes back, whatever kind it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from tests.support import s3
from tests.support.vaults import BACKUP, directory, noise, shop_members
from zargar.backups import age, keys, manifest
from zargar.backups.facts import ShopFacts
from zargar.backups.manifest import Manifest, PackEntry, SegmentEntry
from zargar.backups.members import Member
from zargar.backups.packs import WrongKeyError, open_pack
from zargar.backups.ports import Vault
from zargar.backups.reading_back import damaged
from zargar.backups.segments import SegmentWriter
from zargar.backups.vaults.both import put_in_all
from zargar.backups.vaults.s3 import LEAST_PART_BYTES, S3Vault

AT = datetime(2026, 11, 23, tzinfo=UTC)
OPERATIONS, ESCROW = age.generate(), age.generate()
HOLDERS = keys.Keyholders(operations=OPERATIONS.recipient, escrow=ESCROW.recipient)


@dataclass(frozen=True)
class Written:
    """A backup in several vaults, and what its shops had."""

    vaults: dict[str, Vault]
    shops: dict[str, list[Member]]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    with s3.moto_server() as moto, s3.store(moto) as r2, s3.store(moto, versions=True, conditions=False) as b2:
        vaults: dict[str, Vault] = {
            "r2": S3Vault(s3.bucket(r2), name="r2", part_bytes=LEAST_PART_BYTES),
            "b2": S3Vault(s3.bucket(b2, versioned=True), name="b2", part_bytes=LEAST_PART_BYTES),
            "disk": directory(tmp_path_factory.mktemp("vaults"), "disk"),
        }
        shops = {f"shop_{number}": shop_members(f"t{number}") for number in range(5)}
        shops["shop_3"] = list(noise(20_000_000))
        back_up(list(vaults.values()), shops)
        yield Written(vaults, shops)


def back_up(vaults: list[Vault], shops: dict[str, list[Member]]) -> None:
    """Keys, segments of two and more parts, the manifest last; every object in every vault."""
    made = {shop: keys.create(shop, vaults, HOLDERS)[0] for shop in shops}
    with SegmentWriter(BACKUP, vaults, most_bytes=12 << 20) as writer:
        places = [writer.write_pack(shop, members, made[shop].recipient) for shop, members in shops.items()]
        segments = writer.close()
    packs = tuple(
        PackEntry(place.pack, place.pack, made[place.pack].object, place, facts(place.pack)) for place in places
    )
    listed = tuple(SegmentEntry(one.key, one.size, one.sha256) for one in segments)
    whole = Manifest(BACKUP, "daily", AT, AT, "zargar", 180006, packs, listed)
    stored = put_in_all(vaults, manifest.key_of(BACKUP), manifest.dump(whole))
    assert all(outcome.error is None for one in segments for outcome in (*one.outcomes, *stored))


def facts(schema: str) -> ShopFacts:
    return ShopFacts(schema, AT, 180006, "ab", (), (), ())


@pytest.mark.parametrize("name", ["r2", "b2", "disk"])
def test_every_shop_comes_back_out_of_one_vault_by_escrows_key(written: Written, name: str) -> None:
    vault = written.vaults[name]
    (stored,) = vault.keys(manifest.PREFIX)
    found = manifest.load(b"".join(vault.read(stored.key)))
    assert damaged(vault, [entry.place for entry in found.packs]) == {}
    opened = {
        entry.shop: list(open_pack(vault, entry.place, keys.read_object(vault, entry.key, ESCROW.identity)))
        for entry in found.packs
    }
    assert opened == written.shops


def test_every_vault_holds_the_same_bytes_under_the_same_keys(written: Written) -> None:
    listings = [[(one.key, one.size) for one in vault.keys("")] for vault in written.vaults.values()]
    assert listings[0] == listings[1] == listings[2]
    assert len([key for key, _ in listings[0] if key.startswith("segments/")]) == 2


def test_one_shops_key_opens_no_other_shop(written: Written) -> None:
    vault = written.vaults["disk"]
    first, second, *_ = manifest.load(b"".join(vault.read(manifest.key_of(BACKUP)))).packs
    with pytest.raises(WrongKeyError):
        list(open_pack(vault, second.place, keys.read_object(vault, first.key, OPERATIONS.identity)))
