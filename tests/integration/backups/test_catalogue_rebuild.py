"""The catalogue is made again from the vaults alone: the same rows, in the same order, with what is damaged named."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.support.broker import Broker
from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase
from tests.support.restores import house_of
from tests.support.vaults import damage, directory
from zargar import clock
from zargar.backups import keys, manifest, operations, rebuilding
from zargar.backups.making import House, Made
from zargar.backups.manifest import Manifest
from zargar.backups.models import Backup, Copy, CopyState, Drill, KeyRecord, Pack, State
from zargar.backups.ports import Stored, Vault, VaultUnreachableError
from zargar.backups.rebuild_store import CatalogueBusyError, FoundBackup, Known, from_the_first_new
from zargar.backups.retention import Kind
from zargar.backups.vaults.breaking import BreakingVault
from zargar.backups.vaults.directory import DirectoryVault
from zargar.backups.vaults.lock import PREFIXES
from zargar.shops.models import Shop

NOW = clock.now()


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    return house_of(database.owner_url, (directory(tmp_path, "one"), directory(tmp_path, "two")))


def all_of_it(house: House) -> Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def one_shop(house: House) -> Made:
    shop = Shop.objects.get(schema_name=TEMPLATE_SHOP)
    return operations.back_up_shop(house=house, shop_id=shop.id, kind=Kind.SHOP, reason="a test")


def rows() -> dict[str, Any]:
    """The catalogue as people see it: each backup with its packs and copies, in its order."""
    return {
        str(backup.id): (
            backup.kind, backup.state, backup.began_at, backup.ended_at, backup.manifest_sha256, backup.stored_bytes,
            backup.plain_bytes, backup.fault,
            sorted(backup.packs.values_list("holds", "schema", "taken_at", "tables", "rows", "stored_bytes")),
            sorted(backup.copies.values_list("vault", "state", "detail")),
        )
        for backup in Backup.objects.order_by("number")
    }  # fmt: skip


def forgotten() -> None:
    """Lose the catalogue, keys and all."""
    Backup.objects.all().delete()
    KeyRecord.objects.all().delete()


def copies(made: Made) -> dict[str, tuple[str, str]]:
    found = Copy.objects.filter(backup__id=made.manifest.backup).values_list("vault", "state", "detail")
    return {vault: (state, detail) for vault, state, detail in found}


def test_a_catalogue_that_was_lost_is_the_same_again(house: House) -> None:
    for made in (all_of_it(house), one_shop(house), all_of_it(house)):
        assert made.state == State.COMPLETE
    before = rows()
    forgotten()

    done = rebuilding.rebuild(house.vaults, now=NOW)

    assert (done.backups, done.added, done.faults, done.silent) == (3, 3, (), ())
    assert rows() == before
    assert list(rows()) == list(before)
    assert set(Backup.objects.values_list("reason", flat=True)) == {"found in the vaults"}


def test_rebuilding_again_and_on_a_healthy_catalogue_changes_nothing(house: House) -> None:
    made = all_of_it(house)
    operations.verify(vaults=house.vaults, now=NOW, backup=UUID(made.manifest.backup))
    before, numbers = rows(), list(Backup.objects.values_list("number", flat=True))
    assert copies(made)["one"][0] == CopyState.GOOD

    for _ in range(2):
        assert rebuilding.rebuild(house.vaults, now=NOW).added == 0
        assert rows() == before
        assert list(Backup.objects.values_list("number", flat=True)) == numbers


def test_what_was_written_to_see_whether_a_lock_holds_is_nobody_s_backup(house: House) -> None:
    all_of_it(house)
    for vault in house.vaults:
        for prefix in PREFIXES:
            vault.put(f"{prefix}20261123T040000.000000Z", [b"a probe that a lock has kept"])
    done = rebuilding.rebuild(house.vaults, now=NOW)
    assert (done.backups, done.added, done.faults) == (1, 0, ())


def test_one_vault_alone_is_enough(house: House) -> None:
    made = all_of_it(house)
    forgotten()
    rebuilding.rebuild(house.vaults[1:], now=NOW)
    assert copies(made) == {"two": (CopyState.STORED, "")}


def test_what_lies_before_what_the_catalogue_knows_keeps_its_place_and_their_drills_theirs(house: House) -> None:
    first, second, third, fourth = (all_of_it(house) for _ in range(4))
    for lost in (first, third):
        Backup.objects.get(id=lost.manifest.backup).delete()
    Drill.objects.create(
        backup=Backup.objects.get(id=fourth.manifest.backup), vault="one", holds="shared", schema="public",
        drilled_at=NOW, proven_at=NOW, milliseconds=1,
    )  # fmt: skip

    assert rebuilding.rebuild(house.vaults, now=NOW).added == 2

    order = [str(backup) for backup in Backup.objects.order_by("number").values_list("id", flat=True)]
    assert order == [made.manifest.backup for made in (first, second, third, fourth)]
    assert str(Drill.objects.get().backup.id) == fourth.manifest.backup
    fifth = all_of_it(house)
    assert str(Backup.objects.order_by("number").last().id) == fifth.manifest.backup  # type: ignore[union-attr]  # five


@given(
    known=some.lists(some.integers(0, 20), max_size=8),
    new=some.lists(some.integers(0, 20), max_size=8).map(sorted),
)
def test_nobody_s_order_is_changed_and_each_goes_before_the_first_that_began_later(
    known: list[int], new: list[int]
) -> None:
    def at(minute: int) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)

    empty = Manifest("b", "daily", at(0), at(0), "x", 180000, (), ())
    rows = [Known(number, str(number), at(minute)) for number, minute in enumerate(known)]
    found = [FoundBackup(replace(empty, backup=str(n), began_at=at(minute)), "", ()) for n, minute in enumerate(new)]

    tail = from_the_first_new(rows, found)

    assert [one for one in tail if isinstance(one, FoundBackup)] == found
    kept = rows[: len(rows) - len([one for one in tail if isinstance(one, Known)])]
    assert [*kept, *(one for one in tail if isinstance(one, Known))] == rows
    whole = [*kept, *tail]
    for place, one in enumerate(whole):
        if isinstance(one, FoundBackup):
            before = [row for row in whole[:place] if isinstance(row, Known)]
            after = [row for row in whole[place:] if isinstance(row, Known)]
            assert all(row.began_at <= one.manifest.began_at for row in before)
            assert not after or after[0].began_at > one.manifest.began_at


def test_a_backup_whose_row_says_failed_exists_by_its_manifest(house: House) -> None:
    made = all_of_it(house)
    before = rows()
    Copy.objects.all().delete()
    Pack.objects.all().delete()
    Backup.objects.update(state=State.FAILED, manifest_sha256="", fault="its process was lost")
    rebuilding.rebuild(house.vaults, now=NOW)
    assert rows() == before
    assert copies(made)["one"] == (CopyState.STORED, "")


def test_damage_is_named_and_the_other_vault_s_copy_stands(house: House, tmp_path: Path) -> None:
    cut, changed, lacking, bare = (all_of_it(house) for _ in range(4))
    segment = tmp_path / "one" / cut.manifest.segments[0].key
    segment.chmod(0o600)
    segment.write_bytes(segment.read_bytes()[:-1])
    damage(tmp_path / "one", manifest.key_of(changed.manifest.backup), b"?", at=40)
    house.vaults[0].delete(lacking.manifest.segments[0].key)
    house.vaults[0].delete(manifest.key_of(bare.manifest.backup))
    forgotten()

    done = rebuilding.rebuild(house.vaults, now=NOW)

    assert {made.manifest.backup: copies(made)["one"][0] for made in (cut, changed, lacking, bare)} == {
        cut.manifest.backup: CopyState.DAMAGED, changed.manifest.backup: CopyState.DAMAGED,
        lacking.manifest.backup: CopyState.MISSING, bare.manifest.backup: CopyState.MISSING,
    }  # fmt: skip
    assert {copies(made)["two"] for made in (cut, changed, lacking, bare)} == {(CopyState.STORED, "")}
    assert set(Backup.objects.values_list("state", flat=True)) == {State.DEGRADED}
    assert len(done.faults) == 3
    assert any("another size" in fault for fault in done.faults)
    assert any("does not open" in fault for fault in done.faults)
    assert any("objects are gone" in fault for fault in done.faults)


def test_a_manifest_that_no_vault_has_whole_is_named_and_no_backup(house: House, tmp_path: Path) -> None:
    made = all_of_it(house)
    for vault in ("one", "two"):
        damage(tmp_path / vault, manifest.key_of(made.manifest.backup), b"?", at=40)
    forgotten()
    done = rebuilding.rebuild(house.vaults, now=NOW)
    assert (done.backups, len(done.faults), Backup.objects.count()) == (0, 2, 0)


def test_a_key_that_is_gone_is_missed_unless_it_was_destroyed_with_intent(house: House) -> None:
    made = one_shop(house)
    house.vaults[0].delete(made.manifest.packs[0].key)
    rebuilding.rebuild(house.vaults, now=NOW)
    assert copies(made)["one"][0] == CopyState.MISSING
    keys.destroy([made.manifest.packs[0].key], house.vaults, at=NOW)
    forgotten()
    rebuilding.rebuild(house.vaults, now=NOW)
    assert copies(made) == {"one": (CopyState.STORED, ""), "two": (CopyState.STORED, "")}


def test_a_shop_that_nobody_knows_any_more_goes_by_its_name_until_somebody_does(house: House, shop: Shop) -> None:
    one_shop(house)
    forgotten()
    Shop.objects.filter(id=shop.id).update(schema_name="renamed")
    rebuilding.rebuild(house.vaults, now=NOW)
    assert Pack.objects.get().holds == TEMPLATE_SHOP
    Shop.objects.filter(id=shop.id).update(schema_name=TEMPLATE_SHOP)
    rebuilding.rebuild(house.vaults, now=NOW)
    assert Pack.objects.get().holds == str(shop.id)


def test_what_the_catalogue_believes_and_a_vault_has_not_is_missing(house: House) -> None:
    made = all_of_it(house)
    house.vaults[1].delete(manifest.key_of(made.manifest.backup))
    rebuilding.rebuild(house.vaults[1:], now=NOW)
    assert {vault: state for vault, (state, _) in copies(made).items()} == {
        "one": CopyState.STORED, "two": CopyState.MISSING,
    }  # fmt: skip
    assert Backup.objects.get().state == State.DEGRADED


def test_a_silent_vault_is_named_and_its_copies_stay_what_they_were(house: House) -> None:
    made = all_of_it(house)

    class Silent(BreakingVault):
        """A vault that does not answer at all."""

        def keys(self, prefix: str = "") -> Any:  # noqa: ANN401 -- it never returns
            message = f"{self.name} does not answer about {prefix}"
            raise VaultUnreachableError(message)

    silent = Silent(house.vaults[0], error=VaultUnreachableError, after=0)
    done = rebuilding.rebuild((silent, house.vaults[1]), now=NOW)
    assert len(done.silent) == 1
    assert copies(made)["one"] == (CopyState.STORED, "")


def test_while_a_backup_is_being_made_the_catalogue_is_left_alone(house: House) -> None:
    Backup.objects.create(kind=Kind.DAILY, reason="a test", began_at=clock.now())
    with pytest.raises(CatalogueBusyError):
        rebuilding.rebuild(house.vaults, now=clock.now())


@pytest.mark.parametrize("asked", ["one first", "two first"])
def test_a_backup_that_others_make_while_the_vaults_are_asked_stays_what_they_say(
    house: House, tmp_path: Path, asked: str
) -> None:
    class Slow(DirectoryVault):
        """A vault whose list of manifests takes so long that a backup is made meanwhile."""

        def keys(self, prefix: str = "") -> Iterator[Stored]:
            listed = list(super().keys(prefix))
            if prefix == manifest.PREFIX:
                made.append(all_of_it(house))
            return iter(listed)

    old, made = all_of_it(house), list[Made]()
    vaults: list[Vault] = [Slow(tmp_path / "one", name="one"), house.vaults[1]]
    rebuilding.rebuild(vaults if asked == "one first" else vaults[::-1], now=clock.now())

    assert len(made) == 1
    both = {"one": (CopyState.STORED, ""), "two": (CopyState.STORED, "")}
    assert [copies(one) for one in (old, *made)] == [both, both]
    assert set(Backup.objects.values_list("state", flat=True)) == {State.COMPLETE}


def test_what_others_note_of_a_copy_while_the_vaults_are_asked_stays(house: House, tmp_path: Path) -> None:
    class Removing(DirectoryVault):
        """A vault that is listed while the sweep removes a backup of it."""

        def keys(self, prefix: str = "") -> Iterator[Stored]:
            listed = list(super().keys(prefix))
            if prefix == "segments/":
                Copy.objects.filter(vault="one").update(state=CopyState.REMOVED, checked_at=clock.now())
            return iter(listed)

    made = all_of_it(house)
    rebuilding.rebuild([Removing(tmp_path / "one", name="one"), house.vaults[1]], now=clock.now())
    assert copies(made)["one"][0] == CopyState.REMOVED


def test_a_backup_whose_process_was_lost_is_settled_in_all_vaults_though_one_is_asked(
    house: House, database: ScratchDatabase, tmp_path: Path
) -> None:
    program = (
        "import django, sys; django.setup(); from tests.support import restores; restores.sealing_killed(sys.argv[1])"
    )
    process = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, **database.env}, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert process.returncode == -9, process.stderr.decode()
    row = Backup.objects.get()
    assert row.sealed is not None
    later = clock.now() + operations.LONGEST * 2

    rebuilding.rebuild(house.vaults[1:], configured=house.vaults, now=later)

    assert rows()[str(row.id)][-1] == [("one", CopyState.STORED, ""), ("two", CopyState.STORED, "")]
    assert Backup.objects.get().state == State.COMPLETE
    assert all(vault.stat(manifest.key_of(str(row.id))) for vault in house.vaults)


def test_more_manifests_than_one_listing_holds_are_all_found(house: House) -> None:
    told = one_shop(house).manifest
    for number in range(1_005):
        more = replace(told, backup=str(uuid4()), began_at=told.began_at + timedelta(seconds=number))
        house.vaults[0].put(manifest.key_of(more.backup), [manifest.dump(more)])
    seen: list[tuple[int, int]] = []
    done = rebuilding.rebuild(house.vaults[:1], now=NOW, progress=lambda count, total: seen.append((count, total)))
    assert (done.backups, done.added, done.faults) == (1_006, 1_005, ())
    assert seen[-1] == (1_006, 1_006)
    began = list(Backup.objects.order_by("number").values_list("began_at", flat=True))
    assert began == sorted(began)


def test_the_command_says_what_it_found_and_fails_on_damage(
    house: House, database: ScratchDatabase, broker: Broker, tmp_path: Path
) -> None:
    made = all_of_it(house)
    forgotten()
    env = {**database.env, **broker.env, "ZARGAR_VAULTS": f"one={tmp_path}/one,two={tmp_path}/two"}

    def rebuild(*options: str) -> tuple[int, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "zargar.cli", "backups", "catalogue", "rebuild", "--json", *options],
            env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    assert rebuild("--vault", "two") == (0, {"backups": 1, "added": 1, "faults": [], "unanswered": []})
    code, said = rebuild("--vault", "three")
    assert (code, "no vault is called 'three'" in said) == (3, True)
    house.vaults[0].delete(made.manifest.segments[0].key)
    code, said = rebuild()
    assert (code, len(said["faults"]), said["added"]) == (1, 1, 0)
