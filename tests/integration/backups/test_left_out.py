"""A shop that cannot be read costs no other its backup; that it is lacking is seen wherever anybody looks."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.test.utils import override_settings
from typer.testing import CliRunner, Result

from tests.support.backups import OPERATIONS, folders, house_of
from tests.support.databases import ScratchDatabase, Server
from tests.support.fleets import street
from tests.support.packs import Shops
from zargar import clock
from zargar.admin_panel import backup_page
from zargar.backups import exclusions, operations, rebuilding, reporting, restoring, wiring
from zargar.backups.alarms import Kind as AlarmKind
from zargar.backups.files import FolderSource
from zargar.backups.making import House
from zargar.backups.models import Backup, State
from zargar.backups.retention import Kind
from zargar.backups.vaults.directory import DirectoryVault
from zargar.backups.watch import Watched, look
from zargar.cli.main import app as cli
from zargar.outcomes import Retryable
from zargar.shops.models import Shop

WATCHED = Watched(vaults=["one", "two"], locked=(), objective=timedelta(hours=50))
CLOSED = "shop_01"


@pytest.fixture
def names(shops: Shops, postgres: Server) -> list[str]:
    """Four shops, in the second of which a DBA has made a table as the superuser."""
    made = street(shops, 4)
    for name in made:
        Shop.objects.create(schema_name=name, name=name, state="active")
    there = psycopg.conninfo.make_conninfo(postgres.admin_url, dbname=shops.database.name)
    with psycopg.connect(there, autocommit=True) as dba:
        dba.execute(f"CREATE TABLE {CLOSED}.scratch (n integer)".encode())
    return made


@pytest.fixture
def house(database: ScratchDatabase, names: list[str], tmp_path: Path) -> Iterator[House]:
    """What this process is configured for."""
    places = folders(tmp_path, "one", "two")
    made = house_of(database, [DirectoryVault(Path(at), name=name) for name, at in places.items()])
    wiring.vaults.cache_clear()
    wiring.house.cache_clear()
    recipients = (made.holders.operations, made.holders.escrow)
    with override_settings(VAULTS=places, BACKUP_RECIPIENTS=recipients, BACKUP_DATABASE_URL=database.owner_url):
        yield made
    wiring.vaults.cache_clear()
    wiring.house.cache_clear()


def opened_up(shops: Shops, postgres: Server) -> None:
    there = psycopg.conninfo.make_conninfo(postgres.admin_url, dbname=shops.database.name)
    with psycopg.connect(there, autocommit=True) as dba:
        dba.execute(f"DROP TABLE {CLOSED}.scratch".encode())


def alarms() -> dict[str, object]:
    standing = look(jobs=[], watched=WATCHED, now=clock.now())
    return {alarm.kind.value: alarm.figures.get("lacks") for alarm in standing}


def backed_up(house: House) -> Backup:
    operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")
    return Backup.objects.order_by("-number")[0]


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def test_every_other_shop_is_in_the_backup_which_is_never_complete(
    house: House, names: list[str], shops: Shops, postgres: Server
) -> None:
    backup = backed_up(house)
    assert set(backup.packs.values_list("schema", flat=True)) >= {"public", *(set(names) - {CLOSED})}
    assert (backup.state, exclusions.names(backup.excluded)) == (State.DEGRADED, [CLOSED])
    assert "permission denied" in backup.excluded[0]
    with shops.connect() as owner:
        owner.autocommit = True
        restoring.beside(
            owner, vaults=house.vaults, backup=str(backup.id), slug=names[2], to="back", identity=OPERATIONS.identity
        )
    operations.verify(vaults=house.vaults, now=clock.now(), at_most=9)
    rebuilding.rebuild(house.vaults, now=clock.now())
    backup.refresh_from_db()
    assert backup.state == State.DEGRADED, "copies that are good do not make up for a shop that is lacking"
    Backup.objects.update(excluded=[])
    rebuilding.rebuild(house.vaults, now=clock.now())
    backup.refresh_from_db()
    assert (backup.state, exclusions.names(backup.excluded)) == (State.DEGRADED, [CLOSED])

    opened_up(shops, postgres)
    assert backed_up(house).state == State.COMPLETE


def test_it_is_an_alarm_that_names_the_shop_until_a_backup_holds_it(
    house: House, names: list[str], shops: Shops, postgres: Server
) -> None:
    backed_up(house)
    assert alarms() == {AlarmKind.LEFT_OUT.value: [CLOSED]}
    opened_up(shops, postgres)
    shop = Shop.objects.get(schema_name=CLOSED)
    operations.back_up_shop(house=house, shop_id=shop.id, kind=Kind.SHOP, reason="a test")
    assert alarms() == {}


def test_nobody_waits_for_a_shop_that_is_gone_but_for_a_folder_that_is_not_there(
    house: House, names: list[str], tmp_path: Path
) -> None:
    backup = backed_up(replace(house, sources=(FolderSource("files.media", tmp_path / "nowhere"),)))
    assert backup.state == State.DEGRADED
    assert alarms() == {AlarmKind.LEFT_OUT.value: [CLOSED, "files.media"]}
    Shop.objects.get(schema_name=CLOSED).delete()
    assert alarms() == {AlarmKind.LEFT_OUT.value: ["files.media"]}


def test_lists_the_report_and_the_page_say_what_is_lacking_and_how_long_it_took(house: House, names: list[str]) -> None:
    made = typed("backups", "create", "--reason", "a test")
    assert (made.exit_code, made.exception) == (0, None)
    assert f"not in it: {CLOSED}: " in made.stdout
    assert " packs" in made.stderr
    [told] = json.loads(typed("backups", "list", "--json").stdout)
    assert exclusions.names(told["excluded"]) == [CLOSED]
    assert isinstance(told["seconds"], int)
    head, row = typed("backups", "list").stdout.splitlines()
    assert ("took" in head, "left out" in head, "0:00:" in row) == (True, True, True)
    shown = typed("backups", "show", told["backup"]).stdout
    assert f"not in it: {CLOSED}: " in shown
    assert "took 0:00:" in shown

    body = reporting.as_of_now(kind="daily", now=clock.now(), vaults=["one", "two"])
    assert body["worries"]["left_out"] == [CLOSED]
    letter = reporting.letter(body, to=("a@example.ir",))
    assert letter.text.count("permission denied") == 1
    [line] = backup_page.page(now=clock.now()).backups
    assert exclusions.names(line.excluded) == [CLOSED]
    assert "ثانیه" in line.took or "لحظه" in line.took


def test_the_backup_of_such_a_shop_alone_is_refused_in_words(house: House, names: list[str]) -> None:
    done = typed("backups", "create", CLOSED, "--reason", "a test")
    assert isinstance(done.exception, Retryable), "which the edge of the command line says in words"
    assert "permission denied" in str(done.exception)
    assert Backup.objects.get().state == State.FAILED


def test_a_snapshot_is_of_one_shop(house: House) -> None:
    done = typed("backups", "create", "--snapshot", "--reason", "a test")
    assert done.exit_code == 2
    assert not Backup.objects.exists()


def test_reading_back_and_restoring_tell_how_far_they_have_come(house: House, names: list[str]) -> None:
    backup = backed_up(house)
    assert "2 of 2 copies" in typed("backups", "verify").stderr
    heard: list[tuple[int, int]] = []
    with house.connect() as owner:
        owner.autocommit = True
        restoring.beside(
            owner, vaults=house.vaults, backup=str(backup.id), slug=names[3], to="back", identity=OPERATIONS.identity,
            progress=lambda done, total: heard.append((done, total)),
        )  # fmt: skip
    assert heard == sorted(heard)
    assert heard[-1][0] > 0
