"""What a person types to have files back, to erase a shop in its backups, and what the daily cleanup does of it."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.test.utils import override_settings
from typer.testing import CliRunner

from tests.support.backups import OPERATIONS, folders, house_of
from tests.support.databases import ScratchDatabase, Server
from zargar import clock
from zargar.audit.models import AuditRecord
from zargar.backups import files_back, jobs, manifest, operations, wiring
from zargar.backups.file_inspection import found_in
from zargar.backups.files import FolderSource
from zargar.backups.making import Made
from zargar.backups.models import Copy, CopyState
from zargar.backups.retention import Kind
from zargar.backups.roles import RolesSource
from zargar.backups.vaults.directory import DirectoryVault
from zargar.cli.main import app as cli
from zargar.shops.models import Domain, Shop

DOMAIN = "gold.example.ir"


@pytest.fixture
def made(database: ScratchDatabase, postgres: Server, shop: Shop, tmp_path: Path) -> Iterator[Made]:
    """A backup with files in two vaults, which this process is configured for; the shop is suspended."""
    Shop.objects.filter(id=shop.id).update(state="suspended")
    Domain.objects.update_or_create(tenant=shop, is_primary=True, defaults={"domain": DOMAIN})
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.jpg").write_bytes(b"\x00\xff")
    places = folders(tmp_path, "one", "two")
    house = replace(
        house_of(database, [DirectoryVault(Path(at), name=name) for name, at in places.items()]),
        sources=(RolesSource(), FolderSource("files.media", tmp_path / "media")),
    )
    os.environ |= {"ZARGAR_BACKUP_IDENTITY": OPERATIONS.identity, "ZARGAR_DRILL_DATABASE_URL": postgres.admin_url}
    wiring.vaults.cache_clear()
    wiring.house.cache_clear()
    recipients = (house.holders.operations, house.holders.escrow)
    try:
        with override_settings(VAULTS=places, BACKUP_RECIPIENTS=recipients, BACKUP_DATABASE_URL=database.owner_url):
            yield operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")
    finally:
        del os.environ["ZARGAR_BACKUP_IDENTITY"], os.environ["ZARGAR_DRILL_DATABASE_URL"]
        wiring.vaults.cache_clear()
        wiring.house.cache_clear()


def typed(*arguments: str) -> tuple[int, str, BaseException | None]:
    done = CliRunner().invoke(cli, list(arguments))
    return done.exit_code, done.output, done.exception


def test_files_come_back_by_a_command_that_is_audited(made: Made, tmp_path: Path) -> None:
    into = tmp_path / "back"
    code, said, _ = typed(
        "restore", "files", "media", "--from", made.manifest.backup, "--into", str(into), "--reason", "lost", "--json"
    )
    assert code == 0
    assert {**json.loads(said), "folder": ""} == {
        "pack": "files.media", "backup": made.manifest.backup, "vault": "one", "folder": "", "entries": 1, "bytes": 2,
    }  # fmt: skip
    assert found_in(into) == next(one.files for one in made.manifest.packs if one.place.pack == "files.media")
    [record] = AuditRecord.objects.filter(action="backup.restore_files")
    assert (record.subject, record.reason) == ("files.media", "lost")


def test_the_other_vault_gives_files_back_where_one_is_damaged(made: Made, tmp_path: Path) -> None:
    for segment in made.manifest.segments:
        (tmp_path / "one" / segment.key).unlink()
    arguments = ["--from", made.manifest.backup, "--into", str(tmp_path / "back"), "--reason", "lost", "--json"]
    code, said, _ = typed("restore", "files", "roles", *arguments)
    assert (code, json.loads(said)["vault"]) == (0, "two")
    assert (tmp_path / "back" / "roles.sql").read_bytes().startswith(b"DO ")
    for segment in made.manifest.segments:
        (tmp_path / "two" / segment.key).unlink()
    arguments[3] += "_again"
    assert "is gone" in str(typed("restore", "files", "roles", *arguments)[2])


def test_files_come_out_of_the_vault_whose_copy_the_catalogue_says_is_sound(made: Made, tmp_path: Path) -> None:
    Copy.objects.filter(vault="one").update(state=CopyState.DAMAGED, checked_at=clock.now())
    into = str(tmp_path / "back")
    code, said, _ = typed(
        "restore", "files", "media", "--from", made.manifest.backup, "--into", into, "--reason", "lost", "--json"
    )
    assert (code, json.loads(said)["vault"]) == (0, "two")


def test_a_manifest_that_lacks_the_files_is_that_vault_s_fault_where_another_has_them(
    made: Made, tmp_path: Path
) -> None:
    lacking = tmp_path / "one" / manifest.key_of(made.manifest.backup)
    without = replace(made.manifest, packs=tuple(one for one in made.manifest.packs if one.files is None))
    lacking.chmod(0o600)
    lacking.write_bytes(manifest.compressed(manifest.dump(without)))
    asked = ["restore", "files", "media", "--from", made.manifest.backup, "--reason", "lost", "--json", "--into"]
    code, said, _ = typed(*asked, str(tmp_path / "back"))
    assert (code, json.loads(said)["vault"]) == (0, "two"), "its bytes are not those that the catalogue has"
    done = files_back.restore(
        vaults=wiring.vaults(), backup=made.manifest.backup, name="media", into=tmp_path / "again",
        identity=OPERATIONS.identity,
    )  # fmt: skip
    assert done.vault == "two", "also where nobody knows its hash"


def test_the_command_that_makes_a_backup_tells_how_far_it_is_with_shops_and_files(made: Made, tmp_path: Path) -> None:
    wiring.house.cache_clear()
    with override_settings(BACKUP_FILES={"media": str(tmp_path / "media")}):
        code, said, _ = typed("backups", "create", "--reason", "before a journey")
    packs = len(made.manifest.packs)
    assert (code, f"{packs} of {packs} packs" in said) == (0, True), said


def test_files_that_a_backup_does_not_hold_are_named(made: Made, tmp_path: Path) -> None:
    _, _, fault = typed(
        "restore", "files", "nginx", "--from", made.manifest.backup, "--into", str(tmp_path / "x"), "--reason", "lost"
    )
    assert str(fault) == f"backup {made.manifest.backup} holds no files.nginx: files.media, roles"


def test_keys_are_destroyed_by_a_command_with_the_domain_typed(made: Made, shop: Shop, tmp_path: Path) -> None:
    refused = typed("keys", "destroy", shop.schema_name, "--confirm", "another.ir", "--reason", "he asked")
    assert "nothing was destroyed" in str(refused[2])
    code, said, _ = typed("keys", "destroy", shop.schema_name, "--confirm", DOMAIN, "--reason", "he asked", "--json")
    assert code == 0
    assert json.loads(said)["erased_in"] == ["one", "two"]
    assert [path.suffix for path in (tmp_path / "two" / "keys" / shop.schema_name).iterdir()] == [".erased"]
    assert f"{shop.schema_name} (erased)" in typed("backups", "show", made.manifest.backup)[1]
    code, said, _ = typed("backups", "drill", made.manifest.backup, "--shop", shop.schema_name)
    assert (code, "no verdict" in said, "erased" in said) == (0, True, True)


def test_a_vault_that_is_away_is_an_exit_code_and_the_daily_cleanup_finishes_it(
    made: Made, shop: Shop, tmp_path: Path
) -> None:
    (tmp_path / "two").rename(tmp_path / "away")
    code, said, _ = typed("keys", "destroy", shop.schema_name, "--confirm", DOMAIN, "--reason", "he asked")
    assert code == 1
    assert "one: erased" in said
    assert "two: " in said
    assert [*jobs.clean_up(now=clock.now())["unerased"]] == ["two"]  # type: ignore[misc]  # a JSON object
    (tmp_path / "away").rename(tmp_path / "two")
    assert jobs.clean_up(now=clock.now())["unerased"] == {}
    assert [path.suffix for path in (tmp_path / "two" / "keys" / shop.schema_name).iterdir()] == [".erased"]
