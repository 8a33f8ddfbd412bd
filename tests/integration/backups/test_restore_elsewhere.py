"""A shop out of a backup becomes another shop; an old one is migrated forward; the command does all of it."""

# ruff: noqa: S608 -- the names in the statements are the test's own

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import zstandard
from django.core.management import call_command

from tests.support.broker import Broker
from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase, Server, django_uses
from tests.support.packs import Shops
from tests.support.restores import ESCROW, OPERATIONS, Recording, Unmoved, desk_of, house_of
from tests.support.vaults import directory
from zargar.audit.models import AuditRecord
from zargar.backups import copied, forward, manifest, operations, restore, restores
from zargar.backups.forward import Known, NewerBackupError
from zargar.backups.making import House
from zargar.backups.models import Backup, Restore, RestoreState
from zargar.backups.retention import Kind
from zargar.customers.models import Customer
from zargar.outcomes import Retryable
from zargar.shops.models import Domain, Shop, State
from zargar.shops.operations import ShopNameError
from zargar.shops.schemas import migrate_schema
from zargar.tenancy import in_tenant

SHOP = TEMPLATE_SHOP
DOMAIN = "negin.example"


@pytest.fixture
def house(database: ScratchDatabase, tmp_path: Path) -> House:
    return house_of(database.owner_url, (directory(tmp_path, "one"), directory(tmp_path, "two")))


@pytest.fixture
def shop(database: ScratchDatabase) -> Shop:
    """The template's shop with a domain and a customer."""
    found: Shop = Shop.objects.get(schema_name=SHOP)
    Domain.objects.create(domain=DOMAIN, tenant=found, is_primary=True)
    with in_tenant(found.id):
        Customer.objects.create(full_name="نگار", mobile="+989120000001")
    return found


@pytest.fixture
def as_owner(database: ScratchDatabase) -> Iterator[None]:
    """Restores are the owner's, as `zargar restore` is."""
    with django_uses(database.owner_url):
        yield


def backed_up(house: House, shop: Shop) -> UUID:
    made = operations.back_up_shop(house=house, shop_id=shop.id, kind=Kind.SHOP, reason="a test")
    found: UUID = made.backup.id
    return found


def customers(shop: Shop) -> list[str]:
    with in_tenant(shop.id):
        return list(Customer.objects.values_list("full_name", flat=True))


def schemas(shops: Shops) -> set[str]:
    return {name for (name,) in shops.rows("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'")} - {
        "public", "information_schema",
    }  # fmt: skip


NEW: dict[str, Any] = {
    "slug": SHOP, "identity": OPERATIONS.identity, "to": "negin2", "name": "نگین ۲", "domain": "negin2.example",
    "actor": "a test", "reason": "to train on",
}  # fmt: skip


@pytest.mark.usefixtures("as_owner")
def test_a_shop_comes_back_as_another_one_that_works_beside_it(house: House, shop: Shop) -> None:
    domain = Recording()
    backup = backed_up(house, shop)

    made = copied.as_new(desk_of(house, domain), backup=backup, **NEW)

    assert (made.schema_name, made.name, made.state) == ("negin2", "نگین ۲", State.ACTIVE)
    assert [one.domain for one in made.domains.all()] == ["negin2.example"]
    assert [(told, schema) for told, _, schema in domain.told] == [(made.id, "negin2")]
    assert customers(made) == customers(shop) == ["نگار"]
    with in_tenant(made.id):
        Customer.objects.create(full_name="پری", mobile="+989120000002")
    assert customers(shop) == ["نگار"]
    assert set(AuditRecord.objects.values_list("action", flat=True)) == {"shop.create", "backup.restore_as"}


class Refusing(Unmoved):
    """A domain that cannot look at the shop now."""

    def restored(self, shop_id: int, *, taken_at: datetime, replaced: str | None) -> None:
        message = f"shop {shop_id} of {taken_at} in place of {replaced} cannot be looked at"
        raise Retryable(message)


@pytest.mark.usefixtures("as_owner")
def test_of_another_shop_that_cannot_be_finished_nothing_is_left(house: House, shop: Shop, shops: Shops) -> None:
    with pytest.raises(Retryable, match="cannot be looked at"):
        copied.as_new(desk_of(house, Refusing()), backup=backed_up(house, shop), **NEW)
    assert Shop.objects.count() == 1
    assert schemas(shops) == {SHOP}


@pytest.mark.usefixtures("as_owner")
@pytest.mark.parametrize(("field", "taken"), [("to", SHOP), ("to", "Bad-Name"), ("domain", DOMAIN)])
def test_another_shop_needs_a_name_and_a_domain_of_its_own(house: House, shop: Shop, field: str, taken: str) -> None:
    with pytest.raises(ShopNameError):
        copied.as_new(desk_of(house), backup=backed_up(house, shop), **{**NEW, field: taken})


def migrated_to(app: str, name: str, schema: str = SHOP) -> None:
    call_command("migrate_schemas", app, name, schema_name=schema, interactive=False, verbosity=0)


def columns(shops: Shops, schema: str) -> set[tuple[Any, ...]]:
    return set(
        shops.rows(f"SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
                   f"WHERE table_schema = '{schema}'")
    )  # fmt: skip


@pytest.mark.usefixtures("as_owner")
@pytest.mark.parametrize("way", ["in place", "as another shop"])
def test_a_backup_of_an_older_program_is_migrated_forward_before_it_is_live(
    house: House, shop: Shop, shops: Shops, way: str
) -> None:
    migrated_to("customers", "0001")
    old = {name for (name,) in shops.rows(f"SELECT app || '.' || name FROM {SHOP}.django_migrations")}
    backup = backed_up(house, shop)
    migrate_schema(SHOP)
    now = columns(shops, SHOP)
    assert len(old) < len(forward.known().current)

    if way == "in place":
        restores.in_place(
            desk_of(house), slug=SHOP, backup=backup, identity=OPERATIONS.identity, confirm=DOMAIN, actor="a test",
            reason="a test",
        )  # fmt: skip
        live = SHOP
    else:
        live = copied.as_new(desk_of(house), backup=backup, **NEW).schema_name

    assert {name for (name,) in shops.rows(f"SELECT app || '.' || name FROM {live}.django_migrations")} == (
        forward.known().current
    )
    assert columns(shops, live) == now
    assert customers(Shop.objects.get(schema_name=live)) == ["نگار"]


@pytest.mark.usefixtures("as_owner")
def test_what_was_put_aside_by_an_older_program_is_migrated_forward_before_it_is_live_again(
    house: House, shop: Shop, shops: Shops
) -> None:
    now = columns(shops, SHOP)
    done = restores.in_place(
        desk_of(house), slug=SHOP, backup=backed_up(house, shop), identity=OPERATIONS.identity, confirm=DOMAIN,
        actor="a test", reason="a test",
    )  # fmt: skip
    migrated_to("customers", "0001", done.kept)
    assert columns(shops, done.kept) != now

    restores.undo(desk_of(house), slug=SHOP, confirm=DOMAIN, actor="a test", reason="the wrong day")

    assert columns(shops, SHOP) == now
    assert {name for (name,) in shops.rows(f"SELECT app || '.' || name FROM {SHOP}.django_migrations")} == (
        forward.known().current
    )
    assert customers(shop) == ["نگار"]


@pytest.mark.usefixtures("as_owner")
def test_what_was_put_aside_by_a_newer_program_stays_aside(house: House, shop: Shop, shops: Shops) -> None:
    done = restores.in_place(
        desk_of(house), slug=SHOP, backup=backed_up(house, shop), identity=OPERATIONS.identity, confirm=DOMAIN,
        actor="a test", reason="a test",
    )  # fmt: skip
    shops.run(f"INSERT INTO {done.kept}.django_migrations (app, name, applied) VALUES ('shops', '0099_later', now())")
    with pytest.raises(NewerBackupError, match="0099_later"):
        restores.undo(desk_of(house), slug=SHOP, confirm=DOMAIN, actor="a test", reason="the wrong day")
    shop.refresh_from_db()
    assert (shop.state, schemas(shops)) == (State.ACTIVE, {SHOP, done.kept})


@pytest.mark.usefixtures("as_owner")
def test_a_backup_of_a_newer_program_is_refused_and_the_shop_works_on(house: House, shop: Shop, shops: Shops) -> None:
    shops.run(f"INSERT INTO {SHOP}.django_migrations (app, name, applied) VALUES ('customers', '0099_later', now())")
    backup = backed_up(house, shop)
    with pytest.raises(NewerBackupError, match="0099_later"):
        restores.in_place(
            desk_of(house), slug=SHOP, backup=backup, identity=OPERATIONS.identity, confirm=DOMAIN, actor="a test",
            reason="a test",
        )  # fmt: skip
    assert schemas(shops) == {SHOP}
    assert Restore.objects.get().state == RestoreState.FAILED
    assert Shop.objects.get().state == State.ACTIVE


def test_what_is_owed_is_what_this_program_has_and_the_schema_has_not() -> None:
    program = Known(frozenset({"a.0001", "a.0002_squashed", "b.0001"}), frozenset({"a.0002", "a.0003"}))
    assert forward.owed(["a.0001", "a.0002", "a.0003", "a.0002_squashed", "b.0001"], program) == ()
    assert forward.owed(["a.0001", "a.0002", "b.0001"], program) == ("a.0002_squashed",)
    assert forward.owed([], program) == ()
    with pytest.raises(NewerBackupError, match="0004, c"):
        forward.owed(["a.0001", "c.0001", "a.0004"], program)


class Zargar:
    """The command in a process of its own, with no terminal."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env

    def run(self, *arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "zargar.cli", *arguments], env=self.env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 -- JSON
        code, out, err = self.run(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
def zargar(database: ScratchDatabase, broker: Broker, cache_server: str, house: House, tmp_path: Path) -> Zargar:
    (tmp_path / "operations.key").write_text(OPERATIONS.identity)
    return Zargar(
        {
            **database.env,
            **broker.env,
            "CACHE_URL": cache_server,
            "ZARGAR_VAULTS": f"one={tmp_path}/one,two={tmp_path}/two",
            "ZARGAR_BACKUP_RECIPIENT_OPERATIONS": OPERATIONS.recipient,
            "ZARGAR_BACKUP_RECIPIENT_ESCROW": ESCROW.recipient,
            "ZARGAR_BACKUP_DATABASE_URL": database.owner_url,
            "ZARGAR_BACKUP_IDENTITY_FILE": str(tmp_path / "operations.key"),
        }
    )


WHY = ("--reason", "a customer was deleted")


def test_the_command_restores_undoes_and_drops(zargar: Zargar, shop: Shop, database: ScratchDatabase) -> None:
    backup = zargar.json("backups", "create", SHOP, *WHY)["backup"]
    with in_tenant(shop.id):
        Customer.objects.all().delete()
    apart = [{"table": "customers_customer", "only_live": 0, "only_restored": 1, "changed": 0, "keys": ["(1)"]}]

    looked = zargar.json("restore", "shop", SHOP, "--from", backup, *WHY)
    assert (looked["schema"], looked["apart"]) == (f"{SHOP}_restored", apart)
    assert customers(shop) == []

    wrong = zargar.run("restore", "shop", SHOP, "--from", backup, "--swap", *WHY)
    assert (wrong[0], f"is not {SHOP}'s domain ({DOMAIN})" in wrong[2]) == (2, True)
    done = zargar.json("restore", "shop", SHOP, "--from", backup, "--swap", "--confirm", DOMAIN, *WHY)
    assert (done["state"], done["apart"], done["backup"]) == ("done", apart, backup)
    assert customers(shop) == ["نگار"]
    [kept] = zargar.json("restore", "kept")
    assert kept["kept"] == done["kept"]

    back = zargar.json("restore", "undo", SHOP, "--confirm", DOMAIN, *WHY)
    assert (back["state"], back["undoes"]) == ("done", done["restore"])
    assert customers(shop) == []
    assert zargar.json("restore", "drop", SHOP, "--confirm", DOMAIN, *WHY)["dropped"] == [back["kept"]]
    nothing = zargar.run("restore", "undo", SHOP, "--confirm", DOMAIN, *WHY)
    assert (nothing[0], "zargar restore kept" in nothing[2]) == (3, True)

    other = zargar.json("restore", "shop", SHOP, "--from", backup, "--as", "negin2", "--domain", "n2.example", *WHY)
    assert (other["shop"], other["state"], other["name"]) == ("negin2", "active", "negin2")
    assert customers(Shop.objects.get(schema_name="negin2")) == ["نگار"]


def test_the_command_lists_as_many_keys_of_rows_that_differ_as_it_is_asked_for(zargar: Zargar, shop: Shop) -> None:
    """The counts are of all rows, whatever is listed: beside, in the shop's place, and where that is undone."""
    with in_tenant(shop.id):
        for number in range(2, 25):
            Customer.objects.create(full_name="نگار", mobile=f"+9891200000{number:02}")
    backup = zargar.json("backups", "create", SHOP, *WHY)["backup"]
    with in_tenant(shop.id):
        Customer.objects.all().delete()
    taken = ("restore", "shop", SHOP, "--from", backup, *WHY)

    def listed(told: Any) -> tuple[int, list[str]]:  # noqa: ANN401 -- JSON
        [table] = told["apart"]
        assert table["table"] == "customers_customer"
        return table["only_restored"] + table["only_live"], table["keys"]

    usual = listed(zargar.json(*taken, "--schema", "usual"))
    assert (usual[0], len(usual[1])) == (24, 20)
    few = zargar.json(*taken, "--schema", "few", "--differences", "2")
    assert listed(few) == (24, usual[1][:2])
    code, said, _ = zargar.run(*taken, "--schema", "none", "--differences", "0")
    head, line = said.splitlines()[1:]
    assert (code, head.split("  ")[0], line.split()) == (0, "table", ["customers_customer", "0", "24", "0"])
    assert zargar.run(*taken, "--schema", "no", "--differences", "-1")[0] == 2

    done = zargar.json(*taken, "--swap", "--confirm", DOMAIN, "--differences", "24")
    assert listed(done)[0] == len(set(listed(done)[1])) == 24
    back = zargar.json("restore", "undo", SHOP, "--confirm", DOMAIN, "--differences", "1", *WHY)
    assert listed(back) == (24, usual[1][:1])


@pytest.mark.parametrize(
    "options",
    [
        ("--swap", "--beside"),
        ("--swap", "--as", "negin2", "--domain", "d"),
        ("--as", "negin2"),
        ("--domain", "d"),
        ("--confirm", DOMAIN),
        ("--swap", "--schema", "copy"),
    ],
)
def test_the_three_ways_are_not_mixed(options: tuple[str, ...]) -> None:
    code, _, err = Zargar({}).run(
        "restore", "shop", SHOP, "--from", "0b5f2c6e-8a55-4c1e-9b0d-2f8f6f1f1a01", *WHY, *options
    )
    assert code == 2, err
    assert "Traceback" not in err


def test_what_a_pack_needs_and_the_database_lacks_is_said_in_words_and_nothing_is_left(
    zargar: Zargar, shops: Shops, postgres: Server
) -> None:
    with postgres.admin() as admin:
        admin.execute("CREATE ROLE zargar_test_gone NOLOGIN")
    shops.run(f"GRANT USAGE ON SCHEMA {SHOP} TO zargar_test_gone")
    backup = zargar.json("backups", "create", SHOP, *WHY)["backup"]
    shops.run(f"REVOKE ALL ON SCHEMA {SHOP} FROM zargar_test_gone")
    with postgres.admin() as admin:
        admin.execute("DROP ROLE zargar_test_gone")

    for way in ("--beside",), ("--as", "other", "--domain", "other.example"):
        code, out, err = zargar.run("restore", "shop", SHOP, "--from", backup, *way, *WHY)
        assert (code, out) == (1, "")
        assert 'role "zargar_test_gone" does not exist' in err
        assert "the DDL of" in err
        assert SHOP in err
        assert "Traceback" not in err
    assert schemas(shops) == {SHOP}


def test_an_error_of_the_database_that_quotes_a_row_is_told_without_it(shops: Shops) -> None:
    with psycopg.connect(shops.database.owner_url) as owner:
        with pytest.raises(psycopg.errors.InvalidTextRepresentation) as data:
            owner.execute("SELECT '0912-secret'::integer")
        owner.rollback()
        with pytest.raises(psycopg.errors.UndefinedObject) as names:
            owner.execute("SELECT NULL::no_such_type")
        owner.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as quoted:
            owner.execute("DO $$ BEGIN RAISE 'not for 0912-secret' USING ERRCODE = '42501'; END $$")
    with pytest.raises(psycopg.OperationalError) as away:
        psycopg.connect("postgresql://x@127.0.0.1:1/x")
    assert restore.refusal(data.value) == "a statement: InvalidTextRepresentation"
    assert restore.refusal(quoted.value) == "a statement: InsufficientPrivilege"
    assert "127.0.0.1" in restore.refusal(away.value)
    names.value.add_note("the DDL of tables")
    assert restore.refusal(names.value) == 'the DDL of tables: UndefinedObject (type "no_such_type" does not exist)'


def test_a_manifest_of_a_later_program_is_said_in_words(zargar: Zargar, shop: Shop, tmp_path: Path) -> None:
    backup = zargar.json("backups", "create", SHOP, *WHY)["backup"]
    for vault in ("one", "two"):
        path = tmp_path / vault / manifest.key_of(backup)
        path.chmod(0o600)
        path.write_bytes(later(path.read_bytes()))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    Backup.objects.filter(id=backup).update(manifest_sha256=sha256)  # as the later program has noted it
    for command in ("shop", SHOP), ("files", "media", "--into", str(tmp_path / "x")), ("system", "--database", "x"):
        code, out, err = zargar.run("restore", *command, "--from", backup, *WHY)
        assert (code, out) == (1, "")
        assert "the manifest's format is 99" in err
        assert "Traceback" not in err
    code, _, err = zargar.run("backups", "show", backup)
    assert "Traceback" not in err


def later(data: bytes) -> bytes:
    """The manifest as a later program would have written it, sealed."""
    content = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    body = json.dumps({**json.loads(content)["manifest"], "format": 99}).encode()
    digest = hashlib.sha256(body).hexdigest().encode()
    return manifest.compressed(b'{"manifest":' + body + b',"sha256":"' + digest + b'"}\n')


def test_files_cannot_go_where_nothing_can_be_written_and_the_place_is_named(
    zargar: Zargar, shop: Shop, tmp_path: Path
) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.jpg").write_bytes(b"a")
    zargar.env["ZARGAR_BACKUP_FILES"] = f"media={tmp_path}/media"
    backup = zargar.json("backups", "create", *WHY)["backup"]
    for place in ("/dev/null/x", str(tmp_path / "no" / "such" / "folder")):
        code, out, err = zargar.run("restore", "files", "media", "--from", backup, "--into", place, *WHY)
        assert (code, out) == (2, "")
        assert f"{place} cannot be written" in err
        assert "Traceback" not in err
