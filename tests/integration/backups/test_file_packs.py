"""Roles, uploads and configuration go along with a backup of everything, are drilled, and come back as they were."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import Identifier

from tests.support.databases import ScratchDatabase, Server
from tests.support.drills import resealed
from tests.support.packs import PG_DUMP
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import (
    age,
    alarm_facts_store,
    drill_store,
    drills,
    keys,
    making,
    manifest,
    operations,
    removing,
    roles,
)
from zargar.backups.continuing import StoppedError
from zargar.backups.ddl import PgDump
from zargar.backups.drills import DrillYard
from zargar.backups.file_restore import restore_files
from zargar.backups.files import FilesReading, FolderSource, given
from zargar.backups.keys import Keyholders
from zargar.backups.making import House, Sitting
from zargar.backups.members import Member
from zargar.backups.models import Backup, CopyState, Pack, State
from zargar.backups.packs import open_pack
from zargar.backups.retention import Keep, Kind
from zargar.backups.roles import RolesSource
from zargar.backups.scratch import DrillServer
from zargar.backups.store import SHARED, Held
from zargar.shops.models import Shop

OPERATIONS, ESCROW = age.generate(), age.generate()


@dataclass(frozen=True)
class Given:
    """The roles' pack with another text: what a program with a mistake would have written."""

    text: bytes
    name: str = roles.PACK
    heavy: bool = False

    def reading(self, connect: Callable[[], psycopg.Connection[Any]]) -> FilesReading:  # noqa: ARG002 -- the port's
        return given(roles.PACK, roles.FILE, self.text)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A folder of uploads."""
    root = tmp_path / "media"
    (root / "negin").mkdir(parents=True)
    (root / "negin" / "انگشتر.jpg").write_bytes(b"\x00\xff" * 9_000)
    (root / "negin" / "empty").write_bytes(b"")
    return root


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path, media: Path) -> House:
    (tmp_path / "nginx.conf").write_text("ssl_certificate_key /secret;\n")
    return House(
        vaults=(directory(tmp_path, "one"), directory(tmp_path, "two")),
        holders=Keyholders(OPERATIONS.recipient, ESCROW.recipient),
        connect=lambda: psycopg.connect(database.owner_url),
        pg_dump=PgDump.found(),
        clock=clock.now,
        sources=(
            RolesSource(), FolderSource("files.media", media), FolderSource("files.nginx", tmp_path / "nginx.conf"),
        ),
    )  # fmt: skip


@pytest.fixture
def yard(postgres: Server, house: House) -> DrillYard:
    server = DrillServer(postgres.admin_url, clock=clock.now, surroundings=drill_store.surroundings())
    return DrillYard(house.vaults, server, OPERATIONS.identity)


@pytest.fixture
def clerks(postgres: Server) -> Iterator[tuple[str, str]]:
    """Two roles with everything that a role may have; their names need quotes."""
    first, second = (f"zargar test {word}'s \\ {secrets.token_hex(4)}" for word in ("clerk", "group"))
    with postgres.admin() as admin:
        admin.execute(
            f"""CREATE ROLE "{second}" CREATEDB NOINHERIT;
            CREATE ROLE "{first}" LOGIN CREATEROLE PASSWORD 'a-secret' CONNECTION LIMIT 3
                VALID UNTIL '2030-03-21 00:00+03:30' IN ROLE pg_monitor;
            GRANT "{second}" TO "{first}" WITH ADMIN OPTION;
            ALTER ROLE "{first}" SET search_path = "$user", 'a "b", c', public;
            ALTER ROLE "{first}" SET statement_timeout = '5s';
            ALTER ROLE "{first}" SET zargar.note = 'it''s = "so"';
            COMMENT ON ROLE "{first}" IS 'فروشنده''s'
            """.encode()
        )
    try:
        yield first, second
    finally:
        with postgres.admin() as admin:
            for role in (first, second):
                admin.execute(f'DROP ROLE IF EXISTS "{role}"'.encode())


def all_of_it(house: House) -> making.Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def test_a_backup_of_everything_holds_roles_uploads_and_configuration_and_each_comes_back(
    house: House, yard: DrillYard, shop: Shop, media: Path, tmp_path: Path
) -> None:
    made = all_of_it(house)

    by_name = {entry.place.pack: entry for entry in made.manifest.packs}
    assert {name: entry.shop for name, entry in by_name.items()} == {
        "shared": "shared", shop.schema_name: shop.schema_name,
        "roles": None, "files.media": None, "files.nginx": None,
    }  # fmt: skip
    assert made.manifest.excluded == ()
    assert {pack.holds: (pack.schema, pack.files) for pack in Pack.objects.filter(files__gt=0)} == {
        "roles": ("roles", 1), "files.media": ("files.media", 3), "files.nginx": ("files.nginx", 1),
    }  # fmt: skip
    done = drills.run_named(yard)
    assert sorted((one.schema, one.vault) for one in done.verdicts if one.proven) == sorted(
        (name, vault)
        for name in ("files.media", "files.nginx", "public", "roles", shop.schema_name)
        for vault in ("one", "two")
    )
    [proven] = drills.run_named(yard, shop="files.media", vault="two").verdicts
    assert proven.proven
    members = members_named(house, made, "files.media")
    restore_files(members, tmp_path / "back", name="files.media", expected=by_name["files.media"].files)
    assert (tmp_path / "back" / "negin" / "انگشتر.jpg").read_bytes() == (media / "negin" / "انگشتر.jpg").read_bytes()


def members_named(house: House, made: making.Made, name: str) -> list[Member]:
    """Open a pack that belongs to no shop."""
    entry = next(entry for entry in made.manifest.packs if entry.place.pack == name)
    secret = keys.read_object(house.vaults[0], entry.key, OPERATIONS.identity)
    return list(open_pack(house.vaults[0], entry.place, secret))


def test_no_word_of_a_file_or_a_role_is_in_a_vault_in_plain(house: House, shop: Shop, tmp_path: Path) -> None:
    made = all_of_it(house)
    stored = b"".join(path.read_bytes() for path in (tmp_path / "one").rglob("*") if path.is_file())
    stored += manifest.dump(made.manifest)
    assert b"files.media" in stored
    assert "انگشتر".encode() not in stored
    assert b"ssl_certificate_key" not in stored
    assert b"NOSUPERUSER" not in stored


def test_a_backup_of_one_shop_holds_the_shop_alone(house: House, shop: Shop) -> None:
    made = operations.back_up_shop(house=house, shop_id=shop.id, kind=Kind.SHOP, reason="a test")
    assert [entry.place.pack for entry in made.manifest.packs] == [shop.schema_name]


def test_whoever_waits_for_a_backup_hears_of_files_as_of_shops(house: House, shop: Shop, media: Path) -> None:
    shutil.rmtree(media)
    heard: list[tuple[int, int]] = []
    sitting = Sitting(progress=lambda done, total: heard.append((done, total)))
    made = operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test", sitting=sitting)
    assert len(made.manifest.packs) == 4, "the shared schema, a shop, roles and a file"
    assert heard == [(number, 5) for number in range(1, 6)], "what is not there has had its turn too"


def test_what_could_be_read_of_a_folder_replaces_no_copy_of_all_of_it(house: House, shop: Shop, media: Path) -> None:
    """A disk that dies gives some files and refuses others; here it is a name that cannot be written down."""
    one = house.vaults[0]
    backups = [operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test").manifest.backup]
    os.mkdir(os.fsencode(media) + b"/\xff")  # noqa: PTH102 -- no Path has such a name
    backups += [operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test").manifest.backup for _ in range(2)]
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=9)
    keep = Keep(days=0, weeks=0, months=0, years=0)
    decided = removing.planned(keep, now=clock.now())
    assert {backup for backup, vault in decided.remove if vault == one.name} == {backups[1]}
    [why] = [why for backup, vault, why in decided.stay if (backup, vault) == (backups[0], one.name)]
    assert why.startswith("1 of its ")

    os.rmdir(os.fsencode(media) + b"/\xff")  # noqa: PTH106 -- as above
    operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=9)
    assert len(removing.planned(keep, now=clock.now()).remove) == 6, "the newest alone stays, in both vaults"


def test_a_folder_that_is_not_mounted_makes_no_pack_and_is_named(
    house: House, shop: Shop, media: Path, tmp_path: Path
) -> None:
    all_of_it(house)
    media.rename(tmp_path / "away")
    media.mkdir()
    made = all_of_it(house)
    assert made.manifest.excluded == (f"files.media: {media} is empty: is its disk mounted?",)
    assert "files.media" not in {entry.place.pack for entry in made.manifest.packs}
    newest = {target.holds: candidate.backup.number for target, candidate in drill_store.candidates().items()}
    assert newest["files.media"] < newest["files.nginx"]


def test_a_folder_of_which_nothing_could_be_read_makes_no_pack(house: House, shop: Shop, media: Path) -> None:
    shutil.rmtree(media / "negin")
    os.mkfifo(media / "pipe")
    made = all_of_it(house)
    assert made.manifest.excluded == ("files.media: 'pipe' is neither file, folder nor link",)
    assert "files.media" not in {entry.place.pack for entry in made.manifest.packs}


def test_a_file_that_was_changed_in_the_pack_its_facts_sealed_again_turns_the_drill_red(
    house: House, yard: DrillYard, shop: Shop
) -> None:
    made = all_of_it(house)
    members = members_named(house, made, "files.nginx")
    forged = [replace(one, data=one.data.replace(b"/secret", b"/public")) for one in members]
    told = replace(
        made.manifest,
        packs=tuple(
            replace(entry, shop="files.nginx") for entry in made.manifest.packs if entry.place.pack == "files.nginx"
        ),
    )
    backup = resealed(house, replace(made, manifest=told), {"files.nginx": forged})
    [verdict] = drills.run_named(yard, backup=backup.id, vault="one").verdicts
    assert "FilesDifferError" in verdict.faults[0]
    assert "the content of its entry 1" in verdict.faults[0]
    assert "nginx.conf" not in str(verdict.faults), "files may be called as customers are"
    assert Backup.objects.get(number=backup.number).copies.get(vault="one").state == CopyState.DAMAGED
    [red] = alarm_facts_store.reds()
    assert (red.vault, red.holds, red.words) == ("one", "files.nginx", verdict.faults[0])


def test_roles_come_back_as_pg_dumpall_sees_them_and_without_a_password(
    postgres: Server, clerks: tuple[str, str], database: ScratchDatabase
) -> None:
    before = dumped(postgres, clerks)
    with psycopg.connect(database.owner_url) as owner:
        text = roles.script(owner)
    assert b"a-secret" not in text
    assert b"SCRAM" not in text
    with postgres.admin() as admin:
        for role in clerks:
            admin.execute(f'DROP ROLE "{role}"'.encode())
        admin.execute(text)
    assert dumped(postgres, clerks) == before
    with psycopg.connect(database.owner_url) as owner:
        assert roles.script(owner) == text


def dumped(postgres: Server, names: tuple[str, str]) -> list[str]:
    """What pg_dumpall says of two roles, but for who granted what."""
    said = subprocess.run(
        [str(PG_DUMP.folder / "pg_dumpall"), "--roles-only", "--no-role-passwords", "-d", postgres.admin_url],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    lines = [line.partition(" GRANTED BY")[0] for line in said.splitlines()]
    return sorted(line for line in lines if any(name in line for name in names))


def test_replaying_roles_over_those_that_are_there_changes_nothing_of_them(
    postgres: Server, clerks: tuple[str, str]
) -> None:
    before = dumped(postgres, clerks)
    with postgres.admin() as admin:
        text = roles.script(admin)
        admin.execute(text)
        admin.execute(text)
    assert dumped(postgres, clerks) == before


@pytest.mark.parametrize("damage", ["does not parse", "unknown group"])
def test_roles_that_cannot_be_replayed_turn_the_drill_red(
    house: House, yard: DrillYard, shop: Shop, damage: str
) -> None:
    line = {"does not parse": b"ALTER ROLE x WITH NONSENSE;\n", "unknown group": b"GRANT nobody_at_all TO postgres;\n"}
    damaged = replace(house, sources=(Given(line[damage]),))
    all_of_it(damaged)
    [verdict] = drills.run_named(yard, shop="roles", vault="one").verdicts
    assert "it cannot be replayed" in verdict.faults[0]


def test_a_role_that_is_not_what_it_was_after_the_replay_turns_the_drill_red(
    house: House, yard: DrillYard, shop: Shop, clerks: tuple[str, str]
) -> None:
    name = Identifier(clerks[0]).as_string(None).encode()
    text = b"ALTER ROLE %b CONNECTION LIMIT 3;\nALTER ROLE %b CONNECTION LIMIT 4;\n" % (name, name)
    all_of_it(replace(house, sources=(Given(text),)))
    [verdict] = drills.run_named(yard, shop="roles", vault="one").verdicts
    assert all("this is not there" in fault for fault in verdict.faults)
    assert verdict.faults


def test_a_login_that_may_not_make_roles_gives_no_verdict_of_them(
    house: House, yard: DrillYard, shop: Shop, database: ScratchDatabase
) -> None:
    all_of_it(house)
    weak = replace(yard, server=DrillServer(database.owner_url, clock=clock.now))
    [verdict] = drills.run_named(weak, shop="roles", vault="one").verdicts
    assert (verdict.proven, verdict.faults) == (False, ())
    assert "may not make these roles" in verdict.undecided


def test_files_are_read_in_several_sittings_and_what_was_left_out_is_said_at_the_end(
    house: House, shop: Shop, media: Path
) -> None:
    os.mkfifo(media / "pipe")
    everything = [Held(SHARED, SHARED, "public"), Held(str(shop.id), shop.schema_name, shop.schema_name)]
    job, sittings = uuid4(), 0
    while True:
        try:
            made = making.make(
                house, kind=Kind.DAILY, reason="a test", holds=everything, sitting=Sitting(job, lambda: True)
            )
            break
        except StoppedError:
            sittings += 1
    assert sittings == 3
    assert [entry.place.pack for entry in made.manifest.packs] == [
        "files.media", "files.nginx", "roles", "shared", shop.schema_name,
    ]  # fmt: skip
    assert made.manifest.excluded == ("files.media: 'pipe' is neither file, folder nor link",)
    assert made.state == State.COMPLETE
