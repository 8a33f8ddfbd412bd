"""After the database is lost: everything comes back out of one vault and one key, and stands still until let go."""

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command

from tests.support import s3
from tests.support.broker import Broker
from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase, Server, django_uses
from tests.support.packs import Shops
from tests.support.restores import ESCROW, OPERATIONS, Recording, house_of
from tests.support.vaults import damage, directory
from zargar import clock
from zargar.audit.models import AuditRecord
from zargar.backups import everything, keys, making, operations, rebuilding
from zargar.backups.everything import BrokenOffError, Everything, NotEmptyDatabaseError, NotEverythingError
from zargar.backups.files import FolderSource
from zargar.backups.making import House
from zargar.backups.models import Backup
from zargar.backups.models import State as BackupState
from zargar.backups.retention import Kind
from zargar.backups.roles import RolesSource
from zargar.backups.vaults.s3 import S3Vault
from zargar.customers.models import Consent, Customer
from zargar.embedded import databases
from zargar.embedded.databases import Database
from zargar.ledger import store as ledger
from zargar.ledger.models import Run
from zargar.ledger.models import State as RunState
from zargar.ledger.values import Work
from zargar.names import Family, Queue
from zargar.schedules import operations as schedules
from zargar.schedules.models import EntryState
from zargar.schedules.wiring import entries
from zargar.shops.models import Domain, Shop, State
from zargar.tenancy import ShopNotReadyError, in_tenant


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    return house_of(database.owner_url, (directory(tmp_path, "one"), directory(tmp_path, "two")))


@pytest.fixture
def gold(shops: Shops, rich: str) -> Shop:
    """A second, suspended shop whose schema has one of everything, beside the template's active one."""
    made: Shop = Shop.objects.create(schema_name=rich, name="طلا", state=State.SUSPENDED)
    Domain.objects.create(domain="gold.example", tenant=made, is_primary=True)
    active = Shop.objects.get(schema_name=TEMPLATE_SHOP)
    with in_tenant(active.id):
        Customer.objects.create(full_name="نگار", mobile="+989120000001")
    return made


@pytest.fixture
def new(postgres: Server) -> Iterator[Database]:
    """An empty database with the two roles, as `zargar database prepare` makes it."""
    name = f"zargar_new_{secrets.token_hex(4)}"
    yield databases.prepare(postgres.admin_url, name=name, passwords=postgres.passwords)
    postgres.drop(name)


def all_of_it(house: House) -> making.Made:
    return operations.back_up_all(house=house, kind=Kind.DAILY, reason="a test")


def put(house: House, made: making.Made, new: Database, **more: Any) -> Everything:  # noqa: ANN401 -- the call's own
    return everything.restore(
        lambda: psycopg.connect(new.owner_url), vaults=house.vaults, backup=made.manifest.backup,
        identity=OPERATIONS.identity, **more,
    )  # fmt: skip


def schemas_of(new: Database) -> set[str]:
    with psycopg.connect(new.owner_url) as owner:
        return {
            name for (name,) in owner.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_)'")
        }


@pytest.mark.usefixtures("gold")
def test_every_schema_comes_back_as_it_was(
    house: House, shops: Shops, new: Database, database: ScratchDatabase, rich: str
) -> None:
    seen: list[tuple[int, int]] = []
    made = all_of_it(house)

    done = put(house, made, new, progress=lambda count, total: seen.append((count, total)))

    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert done.vaults == {"public": "one", rich: "one", TEMPLATE_SHOP: "one"}
    there = Shops(replace(database, owner_url=new.owner_url))
    assert there.dumped(rich) == shops.dumped(rich)
    recorded = {entry.schema: entry.facts for entry in made.manifest.packs}
    found = {schema: there.facts(schema) for schema in recorded}
    assert {name: facts.tables for name, facts in found.items()} == {
        name: facts.tables for name, facts in recorded.items() if facts
    }
    with psycopg.connect(new.app_url) as app:
        assert app.execute("SELECT count(*) FROM public.shops_shop").fetchone() == (2,)


def test_it_starts_at_rest_and_is_let_go_shop_by_shop_or_whole(house: House, gold: Shop, new: Database) -> None:
    schedules.pause(entries(), "daily-gold-price-report", actor="a person", reason="no reader", now=clock.now())
    work = Work(
        id=Backup().id, task="zargar.core.x", family=Family.BACKUPS, queue=Queue.BACKUPS, origin="a test", kwargs={}
    )
    ledger.open_runs([work], ring_in=timedelta(hours=1))
    made = all_of_it(house)
    taken = {entry.schema: entry.facts.moment for entry in made.manifest.packs if entry.facts}
    done = put(house, made, new)
    domain = Recording()
    with django_uses(new.owner_url):
        active = Shop.objects.get(schema_name=TEMPLATE_SHOP)

        rest = everything.pause(
            done,
            vaults=house.vaults,
            unwound=(domain,),
            entries=entries(),
            actor="a test",
            reason="the disk died",
            now=clock.now(),
        )

        assert (rest.migrated, rest.closed, rest.runs) == ((), (TEMPLATE_SHOP,), 1)
        assert len(rest.entries) == len(entries()) - 1
        assert dict(Shop.objects.values_list("schema_name", "state")) == {
            TEMPLATE_SHOP: State.RESTORING, gold.schema_name: State.SUSPENDED,
        }  # fmt: skip
        assert not EntryState.objects.filter(paused_at=None).exists()
        assert Run.objects.get().state == RunState.SUPERSEDED
        assert Backup.objects.get().state == BackupState.COMPLETE  # its own row was read while it was being made
        assert domain.told == [(active.id, taken[TEMPLATE_SHOP], TEMPLATE_SHOP)]
        with pytest.raises(ShopNotReadyError), in_tenant(active.id):
            pass

        opened = everything.release(entries=entries(), slug=None, actor="a test", reason="looked at it")

        assert opened["shops"] == [TEMPLATE_SHOP]
        assert list(opened["entries"]) == list(rest.entries)
        assert EntryState.objects.filter(paused_at__isnull=False).values_list("paused_by").get() == ("a person",)
        with in_tenant(active.id):
            assert Customer.objects.get().full_name == "نگار"
        assert AuditRecord.objects.filter(action="run.lay_aside", reason="the disk died").count() == 1


@pytest.mark.usefixtures("gold")
def test_one_vault_that_is_damaged_is_made_up_for_by_the_other(house: House, new: Database, tmp_path: Path) -> None:
    made = all_of_it(house)
    [segment] = made.manifest.segments
    damage(tmp_path / "one", segment.key, b"\x00" * 64, at=-100)
    assert "two" in put(house, made, new).vaults.values()


def test_a_shop_that_was_erased_since_is_named_and_the_others_come_back(
    house: House, gold: Shop, new: Database
) -> None:
    Shop.objects.filter(id=gold.id).update(state=State.ACTIVE)
    made = all_of_it(house)
    keys.destroy([entry.key for entry in made.manifest.packs if entry.shop == "gold"], house.vaults, at=clock.now())

    done = put(house, made, new)

    assert done.erased == ("gold",)
    assert schemas_of(new) == {"public", TEMPLATE_SHOP}
    with django_uses(new.owner_url):
        everything.pause(
            done, vaults=house.vaults, unwound=(Recording(),), entries=entries(), actor="a test", reason="lost",
            now=clock.now(),
        )  # fmt: skip
        everything.release(entries=entries(), slug=None, actor="a test", reason="looked at it")
        assert dict(Shop.objects.values_list("schema_name", "state")) == {
            TEMPLATE_SHOP: State.ACTIVE, "gold": State.SUSPENDED,
        }  # fmt: skip


@pytest.mark.usefixtures("gold")
def test_a_system_of_an_older_program_is_migrated_forward(
    house: House, new: Database, database: ScratchDatabase
) -> None:
    with django_uses(database.owner_url):
        call_command("migrate_schemas", "customers", "0001", schema_name=TEMPLATE_SHOP, interactive=False, verbosity=0)
    made = all_of_it(house)
    done = put(house, made, new)
    with django_uses(new.owner_url):
        rest = everything.pause(
            done, vaults=house.vaults, unwound=(), entries=entries(), actor="a test", reason="lost", now=clock.now()
        )
        assert rest.migrated == (TEMPLATE_SHOP,)
        everything.release(entries=entries(), slug=TEMPLATE_SHOP, actor="a test", reason="looked at it")
        with in_tenant(Shop.objects.get(schema_name=TEMPLATE_SHOP).id):
            assert Consent.objects.count() == 0  # a table of the second migration
        assert not EntryState.objects.filter(paused_at=None).exists()


@pytest.mark.usefixtures("gold")
def test_what_no_vault_has_whole_stops_it_and_says_so(house: House, new: Database, tmp_path: Path) -> None:
    made = all_of_it(house)
    [segment] = made.manifest.segments
    for vault in ("one", "two"):
        damage(tmp_path / vault, segment.key, b"\x00" * 64, at=-100)
    with pytest.raises(BrokenOffError, match=r"was not restored, [12] packs were: one: .*; two: .*; drop the database"):
        put(house, made, new)


@pytest.mark.usefixtures("gold")
def test_a_database_that_holds_something_is_refused_untouched(house: House, new: Database) -> None:
    made = all_of_it(house)
    with psycopg.connect(new.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE public.mine (n integer)")
    with pytest.raises(NotEmptyDatabaseError, match=r"has public\.mine"):
        put(house, made, new)
    assert schemas_of(new) == {"public"}


def test_one_shop_s_backup_is_not_a_system(house: House, gold: Shop, new: Database) -> None:
    made = operations.back_up_shop(house=house, shop_id=gold.id, kind=Kind.SHOP, reason="a test")
    with pytest.raises(NotEverythingError):
        put(house, made, new)
    assert schemas_of(new) == {"public"}


@pytest.mark.usefixtures("gold")
def test_files_and_roles_come_into_folders_of_their_own(house: House, new: Database, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "انگشتر.jpg").write_bytes(b"\x00\xff")
    sources = (RolesSource(), FolderSource("files.media", tmp_path / "media"))
    made = all_of_it(replace(house, sources=sources))
    (tmp_path / "back").mkdir()

    done = put(house, made, new, files=tmp_path / "back")

    assert sorted(done.files) == [str(tmp_path / "back" / name) for name in ("files.media", "roles")]
    assert (tmp_path / "back" / "files.media" / "انگشتر.jpg").read_bytes() == b"\x00\xff"
    assert b"zargar_app" in (tmp_path / "back" / "roles" / "roles.sql").read_bytes()


@pytest.mark.usefixtures("gold")
def test_the_command_brings_a_lost_system_back_out_of_one_bucket_alone(
    house: House, new: Database, postgres: Server, database: ScratchDatabase, broker: Broker, tmp_path: Path
) -> None:
    made = all_of_it(house)
    shutil.rmtree(tmp_path / "one")
    (tmp_path / "operations.key").write_text(OPERATIONS.identity)
    lost = {name: url.replace(database.name, "zargar_is_lost") for name, url in database.env.items()}
    env = {
        **lost, **broker.env,
        "DJANGO_SETTINGS_MODULE": "zargar.settings.test", "SECRET_KEY": database.env["SECRET_KEY"],
        "CACHE_URL": "redis://127.0.0.1:1/2",
        "ZARGAR_VAULTS": f"two={tmp_path}/two", "ZARGAR_BACKUP_IDENTITY_FILE": str(tmp_path / "operations.key"),
        "ZARGAR_BACKUP_RECIPIENT_OPERATIONS": OPERATIONS.recipient,
        "ZARGAR_BACKUP_RECIPIENT_ESCROW": ESCROW.recipient,
    }  # fmt: skip

    def zargar(*arguments: str, **more: str) -> Any:  # noqa: ANN401 -- JSON
        done = subprocess.run(
            [sys.executable, "-m", "zargar.cli", *arguments, "--reason", "the disk died", "--json"],
            env={**env, **more}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    told = zargar("restore", "system", "--from", made.manifest.backup, "--database", new.name, "--vault", "two")

    assert (told["schemas"], told["vaults"], told["closed"], told["paused"]) == (3, ["two"], 1, len(entries()))
    opened = zargar("restore", "release", DATABASE_URL=new.app_url, DATABASE_OWNER_URL=new.owner_url)
    assert opened["shops"] == [TEMPLATE_SHOP]
    with django_uses(new.app_url), in_tenant(Shop.objects.get(schema_name=TEMPLATE_SHOP).id):
        assert Customer.objects.get().full_name == "نگار"


@pytest.mark.usefixtures("gold")
@pytest.mark.parametrize("left", ["r2", "b2"])
def test_from_either_bucket_alone_the_system_and_its_catalogue_come_back(
    database: ScratchDatabase, new: Database, left: str
) -> None:
    with s3.moto_server() as port, s3.store(port) as r2, s3.store(port, versions=True, conditions=False) as b2:
        vaults = {
            "r2": S3Vault(s3.bucket(r2), name="r2"),
            "b2": S3Vault(s3.bucket(b2, versioned=True), name="b2"),
        }
        house = house_of(database.owner_url, tuple(vaults.values()))
        made = [all_of_it(house), all_of_it(house)]
        alone = replace(house, vaults=(vaults[left],))

        done = put(alone, made[0], new)

        assert set(done.vaults.values()) == {left}
        with django_uses(new.owner_url):
            everything.pause(
                done, vaults=alone.vaults, unwound=(), entries=entries(), actor="a test", reason="lost", now=clock.now()
            )
            found = rebuilding.rebuild(alone.vaults, now=clock.now())
            assert (found.backups, found.added, found.faults) == (2, 1, ())
            order = [str(backup) for backup in Backup.objects.order_by("number").values_list("id", flat=True)]
            assert order == [one.manifest.backup for one in made]
