"""After the database is lost: everything comes back out of one vault and one key, and stands still until let go."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.core.management import call_command

from tests.support import s3
from tests.support.broker import Broker
from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase, Server, django_uses
from tests.support.packs import Shops
from tests.support.restores import ESCROW, OPERATIONS, Recording, Unmoved, desk_of, house_of
from tests.support.vaults import damage, directory, lock_for_another
from zargar import clock
from zargar.audit.models import AuditRecord
from zargar.backups import at_rest, copied, everything, keys, making, operations, rebuilding, restores
from zargar.backups.at_rest import Finished, Rest, UnfinishedSystemError
from zargar.backups.everything import (
    BrokenOffError,
    Everything,
    LeftOutError,
    NotEmptyDatabaseError,
    NotEverythingError,
)
from zargar.backups.files import FolderSource
from zargar.backups.making import House
from zargar.backups.models import Backup, RestoreState
from zargar.backups.models import State as BackupState
from zargar.backups.ports import RestoredShop
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
from zargar.outcomes import Retryable
from zargar.refusals import InvalidError
from zargar.schedules import operations as schedules
from zargar.schedules.models import EntryState
from zargar.schedules.wiring import entries
from zargar.shops import operations as shop_operations
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
        identity=OPERATIONS.identity, rest=rest(), **more,
    )  # fmt: skip


def rest() -> Rest:
    return Rest([entry.name for entry in entries()], "a test", "the disk died", clock.now())


def finish(house: House, done: Everything, *unwound: RestoredShop) -> Finished:
    """Bring the restored system, which Django uses, to its end."""
    return at_rest.finish(
        done.manifest, erased=done.erased, vaults=house.vaults, unwound=unwound, actor="a test", reason="the disk died",
        now=clock.now(),
    )  # fmt: skip


def release(slug: str | None = None) -> dict[str, Sequence[str]]:
    return at_rest.release(entries=entries(), slug=slug, actor="a test", reason="looked at it")


def states() -> dict[str, str]:
    return dict(Shop.objects.values_list("schema_name", "state"))


class RefusingOne(Unmoved):
    """A domain that cannot look at one of the shops."""

    def __init__(self, refused: int) -> None:
        self.refused, self.told = refused, list[int]()

    def restored(self, shop_id: int, *, taken_at: datetime, replaced: str | None) -> None:  # noqa: ARG002 -- the port's arguments
        if shop_id == self.refused:
            message = f"shop {shop_id} cannot be looked at"
            raise Retryable(message)
        self.told.append(shop_id)


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
    changed = {
        (name, table.name)
        for name, facts in recorded.items()
        for table, there in zip(facts.tables if facts else (), found[name].tables, strict=True)
        if table != there
    }
    brought_to_rest = {"shops_shop", "schedules_entrystate", "audit_auditrecord"}
    assert changed == {("public", table) for table in brought_to_rest}
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

        assert states() == {TEMPLATE_SHOP: State.RESTORING, gold.schema_name: State.SUSPENDED}
        assert not EntryState.objects.filter(paused_at=None).exists()
        assert Run.objects.get().state == RunState.SUPERSEDED

        end = finish(house, done, domain)

        assert (end, done.rest.closed, done.rest.runs) == (Finished((), ()), (TEMPLATE_SHOP,), 1)
        assert len(done.rest.entries) == len(entries()) - 1
        assert states() == {TEMPLATE_SHOP: State.RESTORING, gold.schema_name: State.SUSPENDED}
        assert Backup.objects.get().state == BackupState.COMPLETE  # its own row was read while it was being made
        assert domain.told == [(active.id, taken[TEMPLATE_SHOP], TEMPLATE_SHOP)]
        with pytest.raises(ShopNotReadyError), in_tenant(active.id):
            pass

        opened = release()

        assert opened["shops"] == [TEMPLATE_SHOP]
        assert sorted(opened["entries"]) == list(done.rest.entries)
        assert EntryState.objects.filter(paused_at__isnull=False).values_list("paused_by").get() == ("a person",)
        with in_tenant(active.id):
            assert Customer.objects.get().full_name == "نگار"
        acts = AuditRecord.objects.filter(reason="the disk died").order_by("id").values_list("action", flat=True)
        assert list(acts) == [
            "backup.restore_system", "shop.close", *["schedule.pause"] * len(done.rest.entries), "run.lay_aside",
            "backup.restore_system_end",
        ]  # fmt: skip


@pytest.mark.usefixtures("gold")
def test_one_vault_that_is_damaged_is_made_up_for_by_the_other(house: House, new: Database, tmp_path: Path) -> None:
    made = all_of_it(house)
    [segment] = made.manifest.segments
    damage(tmp_path / "one", segment.key, b"\x00" * 64, at=-100)
    assert "two" in put(house, made, new).vaults.values()


@pytest.mark.usefixtures("gold")
def test_a_key_that_one_vault_has_damaged_is_taken_from_the_other(house: House, new: Database, tmp_path: Path) -> None:
    made = all_of_it(house)
    lock_for_another(tmp_path / "one", made.manifest.packs[0].key)
    came_from = put(house, made, new).vaults
    assert came_from.pop(made.manifest.packs[0].label) == "two"
    assert set(came_from.values()) == {"one"}


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
        assert finish(house, done, Recording()).absent == ("gold",)
        release()
        assert states() == {TEMPLATE_SHOP: State.ACTIVE, "gold": State.SUSPENDED}


@pytest.mark.usefixtures("gold")
def test_a_system_of_an_older_program_is_migrated_forward(
    house: House, new: Database, database: ScratchDatabase
) -> None:
    with django_uses(database.owner_url):
        call_command("migrate_schemas", "customers", "0001", schema_name=TEMPLATE_SHOP, interactive=False, verbosity=0)
    made = all_of_it(house)
    done = put(house, made, new)
    with django_uses(new.owner_url):
        assert finish(house, done).migrated == (TEMPLATE_SHOP,)
        release(TEMPLATE_SHOP)
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
def test_files_and_roles_come_into_folders_of_their_own(house: House, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "انگشتر.jpg").write_bytes(b"\x00\xff")
    sources = (RolesSource(), FolderSource("files.media", tmp_path / "media"))
    made = all_of_it(replace(house, sources=sources))
    (tmp_path / "back").mkdir()

    done = everything.restore_files(
        made.manifest, vaults=house.vaults, identity=OPERATIONS.identity, into=tmp_path / "back"
    )

    assert done == {str(tmp_path / "back" / name): "one" for name in ("files.media", "roles")}
    assert (tmp_path / "back" / "files.media" / "انگشتر.jpg").read_bytes() == b"\x00\xff"
    assert b"zargar_app" in (tmp_path / "back" / "roles" / "roles.sql").read_bytes()


@pytest.mark.usefixtures("gold")
def test_files_that_cannot_be_written_leave_a_whole_system_at_rest(house: House, new: Database, tmp_path: Path) -> None:
    made = all_of_it(replace(house, sources=(RolesSource(),)))
    done = put(house, made, new)
    with django_uses(new.owner_url):
        finish(house, done)
        with pytest.raises(BrokenOffError, match="whole and at rest: `zargar restore files roles --from"):
            everything.restore_files(
                made.manifest, vaults=house.vaults, identity=OPERATIONS.identity, into=tmp_path / "nowhere"
            )
        assert release()["shops"] == [TEMPLATE_SHOP]


@pytest.mark.usefixtures("gold")
def test_a_restore_of_everything_that_is_killed_between_two_schemas_leaves_nothing_that_works_or_is_let_go(
    house: House, new: Database, database: ScratchDatabase, tmp_path: Path
) -> None:
    with django_uses(database.owner_url):
        schedules.fill(entries(), now=clock.now())
    work = Work(id=Backup().id, task="zargar.core.x", family=Family.BACKUPS, queue=Queue.BACKUPS, origin="x", kwargs={})
    ledger.open_runs([work], ring_in=timedelta(hours=1))
    made = all_of_it(house)
    env = {**os.environ, **database.env, "ZARGAR_BACKUP_IDENTITY": OPERATIONS.identity, "NEW_DATABASE": new.owner_url}
    program = (
        "import django, sys; django.setup();"
        "from tests.support import restores; restores.system_to_be_killed(*sys.argv[1:])"
    )
    process = subprocess.run(
        [sys.executable, "-c", program, made.manifest.backup, str(tmp_path / "one")],
        env=env, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert process.returncode == -9, process.stderr.decode()

    assert schemas_of(new) == {"public"}
    with django_uses(new.app_url):
        assert State.ACTIVE not in states().values()
        assert set(EntryState.objects.filter(paused_at__isnull=False).values_list("entry", flat=True)) == {
            entry.name for entry in entries()
        }
        assert not Run.objects.exclude(state=RunState.SUPERSEDED).exists()
        for slug in (None, TEMPLATE_SHOP):
            with pytest.raises(UnfinishedSystemError, match="begin anew"):
                release(slug)
        assert State.ACTIVE not in states().values()


def test_a_shop_that_cannot_be_handed_over_stays_suspended_and_the_others_go_on(
    house: House, gold: Shop, new: Database, database: ScratchDatabase
) -> None:
    Shop.objects.filter(id=gold.id).update(state=State.ACTIVE)
    with django_uses(database.owner_url):
        call_command("migrate_schemas", schema_name=gold.schema_name, interactive=False, verbosity=0)
    made = all_of_it(house)
    done = put(house, made, new)
    with django_uses(new.owner_url):
        active = Shop.objects.get(schema_name=TEMPLATE_SHOP)
        domain = RefusingOne(active.id)

        end = finish(house, done, domain)

        assert end.failed == {TEMPLATE_SHOP: f"shop {active.id} cannot be looked at"}
        assert domain.told == [gold.id]
        assert release()["shops"] == [gold.schema_name]
        assert states() == {TEMPLATE_SHOP: State.SUSPENDED, gold.schema_name: State.ACTIVE}


@pytest.mark.parametrize("was", [State.ACTIVE, State.MIGRATING])
def test_a_shop_whose_migration_fails_stays_suspended_and_those_that_owe_nothing_go_on(
    house: House, gold: Shop, new: Database, database: ScratchDatabase, was: State
) -> None:
    Shop.objects.filter(id=gold.id).update(state=State.ACTIVE)
    Shop.objects.filter(schema_name=TEMPLATE_SHOP).update(state=was)
    with django_uses(database.owner_url):
        call_command("migrate_schemas", schema_name=gold.schema_name, interactive=False, verbosity=0)
        call_command("migrate_schemas", "customers", "0001", schema_name=TEMPLATE_SHOP, interactive=False, verbosity=0)
    with database.owner() as owner:  # by hand, and in the migration's way
        owner.execute(f"CREATE TABLE {TEMPLATE_SHOP}.customers_consent (n integer)".encode())
    made = all_of_it(house)
    done = put(house, made, new)
    domain = Recording()
    with django_uses(new.owner_url):
        end = finish(house, done, domain)

        assert ([*end.failed], "already exists" in end.failed[TEMPLATE_SHOP], end.migrated) == (
            [TEMPLATE_SHOP], True, (),
        )  # fmt: skip
        assert [(shop, schema) for shop, _, schema in domain.told] == [(gold.id, gold.schema_name)]
        assert release()["shops"] == [gold.schema_name]
        assert states() == {TEMPLATE_SHOP: State.SUSPENDED, gold.schema_name: State.ACTIVE}


def test_a_restore_of_everything_without_a_reason_is_refused_before_anything_is_read() -> None:
    with pytest.raises(InvalidError, match="needs a reason"):
        Rest([], "a test", " \t", clock.now())


def test_a_backup_without_some_shop_is_restored_only_where_that_is_said_and_the_shop_stays_suspended(
    house: House, gold: Shop, new: Database, postgres: Server, database: ScratchDatabase
) -> None:
    Shop.objects.filter(id=gold.id).update(state=State.ACTIVE)
    older = all_of_it(house)
    there = psycopg.conninfo.make_conninfo(postgres.admin_url, dbname=database.name)
    with psycopg.connect(there, autocommit=True) as dba:
        dba.execute(f"CREATE TABLE {gold.schema_name}.hidden (n integer)".encode())
    made = all_of_it(house)
    assert made.manifest.excluded

    with pytest.raises(LeftOutError, match=f"(?s)does not hold all shops: {gold.schema_name}: .*`--incomplete`"):
        put(house, made, new)
    assert schemas_of(new) == {"public"}

    done = put(house, made, new, incomplete=True)
    with django_uses(new.owner_url):
        assert finish(house, done).absent == (gold.schema_name,)
        assert release()["shops"] == [TEMPLATE_SHOP]
        assert states() == {TEMPLATE_SHOP: State.ACTIVE, gold.schema_name: State.SUSPENDED}

        # As the runbook has it: out of an older backup, its schema first, and then with what is not rewound.
        here, name = house_of(new.owner_url, house.vaults), str(gold.schema_name)
        asked: dict[str, Any] = {
            "slug": name, "backup": UUID(older.manifest.backup), "identity": OPERATIONS.identity, "actor": "a test",
            "reason": "it is lacking",
        }  # fmt: skip
        copied.beside(here.connect, here.vaults, to=name, **asked)
        assert restores.in_place(desk_of(here), confirm="gold.example", **asked).state == RestoreState.DONE
        shop_operations.resume(slug=name, actor="a test", reason="it is back")
        assert states() == {TEMPLATE_SHOP: State.ACTIVE, name: State.ACTIVE}


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
            finish(alone, done)
            found = rebuilding.rebuild(alone.vaults, now=clock.now())
            assert (found.backups, found.added, found.faults) == (2, 1, ())
            order = [str(backup) for backup in Backup.objects.order_by("number").values_list("id", flat=True)]
            assert order == [one.manifest.backup for one in made]
