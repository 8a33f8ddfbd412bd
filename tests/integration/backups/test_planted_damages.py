"""Damages planted in a backup, every hash sealed again: reading it back finds nothing wrong, and every drill is red.

The whole path: the pack is opened, changed, sealed for the shop's key, written to both vaults under a manifest with the
facts that were recorded, and entered in the catalogue as whole. Only a restored copy can tell.
"""

import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase, Server, django_uses
from tests.support.drills import entry_of, members_of, published, resealed
from tests.support.packs import edited
from tests.support.rich_schema import create_rich_schema
from tests.support.vaults import directory
from zargar import clock
from zargar.backups import age, alarm_facts_store, drill_store, drills, making, operations, sitting_store
from zargar.backups.ddl import PgDump
from zargar.backups.drills import DrillYard
from zargar.backups.keys import Keyholders
from zargar.backups.making import House
from zargar.backups.members import Member
from zargar.backups.models import Backup, Copy, CopyState, Drill, State
from zargar.backups.retention import Kind
from zargar.backups.scratch import DrillServer
from zargar.shops.models import Shop

OPERATIONS, ESCROW = age.generate(), age.generate()
RICH = "gold"

Members = Sequence[Member]


@dataclass(frozen=True)
class Scene:
    """An honest backup of a rich shop, its pack's members, and the parts to make and drill others."""

    house: House
    yard: DrillYard
    made: making.Made
    members: list[Member]
    lead: list[Member]
    folder: Path

    def drilled(self, backup: Backup) -> tuple[str, ...]:
        """Drill the rich shop out of the first vault; return the faults."""
        [verdict] = drills.run_named(self.yard, backup=backup.id, shop=RICH, vault="one").verdicts
        return verdict.faults


@pytest.fixture(scope="module")
def scene(postgres: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    name, folder = f"zargar_test_{secrets.token_hex(6)}", tmp_path_factory.mktemp("vaults")
    here = postgres.copy(template, name)
    try:
        with django_uses(here.app_url):
            yield _scene(ScratchDatabase(name, here.app_url, here.owner_url, {}), postgres, folder)
    finally:
        postgres.drop(name)


def _scene(database: ScratchDatabase, postgres: Server, folder: Path) -> Scene:
    with database.owner() as owner:
        for schema in (RICH, "lead"):
            create_rich_schema(owner, schema)
            Shop.objects.create(schema_name=schema, name="طلا", state="active")
        owner.execute("DELETE FROM lead.base")
    house = House(
        vaults=(directory(folder, "one"), directory(folder, "two")),
        holders=Keyholders(OPERATIONS.recipient, ESCROW.recipient),
        connect=lambda: psycopg.connect(database.owner_url),
        pg_dump=PgDump.found(),
        clock=clock.now,
    )
    server = DrillServer(postgres.admin_url, clock=clock.now, surroundings=drill_store.surroundings())
    made = operations.back_up_all(house=house, kind=Kind.DAILY, reason="honest")
    gold, lead = (members_of(house, made, schema, OPERATIONS) for schema in (RICH, "lead"))
    return Scene(house, DrillYard(house.vaults, server, OPERATIONS.identity), made, gold, lead, folder)


def without(name: str) -> Callable[[Scene], Members]:
    def gone(scene: Scene) -> Members:
        kept = [member for member in scene.members if not re.fullmatch(name, member.name)]
        assert len(kept) < len(scene.members)
        return kept

    return gone


def edit(name: str, old: bytes, new: bytes) -> Callable[[Scene], Members]:
    return lambda scene: edited(scene.members, name, old, new)


def relabelled(scene: Scene) -> Members:
    """The other shop's members, which say that they are this one's."""
    named = edited(scene.lead, r"pack\.json", b'"schema": "lead"', b'"schema": "gold"')
    return edited(named, r"facts\.json", b"lead", b"gold")


def with_its_own_facts(scene: Scene) -> Members:
    """A row is gone, and the facts in the pack agree with that; the manifest's do not."""
    fewer = edited(scene.members, r"data/.*base/.*", b"2\t\\N\n", b"")
    [facts] = [member for member in relabelled(scene) if member.name == "facts.json"]
    return [facts if member.name == "facts.json" else member for member in fewer]


def without_a_table(scene: Scene) -> Members:
    """A table is gone from the head of the pack, its rows with it; the DDL makes it, empty."""
    head, *rest = scene.members
    body = json.loads(head.data)
    [lost] = [place["folder"] for place in body["tables"] if place["name"] == "heir"]
    body["tables"] = [place for place in body["tables"] if place["name"] != "heir"]
    kept = [member for member in rest if not member.name.startswith(f"{lost}/")]
    return [replace(head, data=json.dumps(body).encode()), *kept]


def with_columns_in_another_order(scene: Scene) -> Members:
    """The DDL makes two columns in the other order; the rows still say which is which."""
    return edited(scene.members, r"pre-data\.sql", b"    a integer,\n    b text\n", b"    b text,\n    a integer\n")


DAMAGES: dict[str, Callable[[Scene], Members]] = {
    "missing row": edit(r"data/.*base/.*", b"2\t\\N\n", b""),
    "extra row": edit(r"data/.*base/.*", b"2\t\\N\n", b"2\t\\N\n2\t\\N\n"),
    "changed value": edit(r"data/.*base/.*", b"1\tone", b"1\tOne"),
    "'' for NULL": edit(r"data/.*base/.*", b"2\t\\N", b"2\t"),
    "NULL for ''": edit(r"data/.*heir/.*", b"\t\t", b"\t\\N\t"),
    "no rows of a table": without(r"data/.*settings/.*"),
    "no rows at all": without(r"data/.*"),
    "rewound sequence": edit(r"sequences\.sql", b"receipts\"', 1015", b"receipts\"', 1001"),
    "is_called flipped": edit(r"sequences\.sql", b"untouched\"', 1, false", b"untouched\"', 1, true"),
    "dropped trigger": edit(r"post-data\.sql", b"CREATE TRIGGER stamped BEFORE", b"-- CREATE TRIGGER stamped BEFORE"),
    "changed trigger": edit(r"post-data\.sql", b"stamped BEFORE INSERT OR UPDATE ON", b"stamped BEFORE INSERT ON"),
    "dropped index": edit(r"post-data\.sql", b"CREATE INDEX pieces_attributes", b"-- CREATE INDEX pieces_attributes"),
    "dropped policy": edit(r"post-data\.sql", b'CREATE POLICY "', b'-- CREATE POLICY "'),
    "renamed constraint": edit(r"pre-data\.sql", b"CONSTRAINT pieces_code_not_blank CHECK", b"CONSTRAINT other CHECK"),
    "changed default": edit(r"pre-data\.sql", b"DEFAULT 'gold.piece'::text", b"DEFAULT 'lead.piece'::text"),
    "changed type": edit(r"pre-data\.sql", b"ratio double precision", b"ratio real"),
    "changed function": edit(r"pre-data\.sql", b"SELECT weight * 2 FROM", b"SELECT weight * 3 FROM"),
    "changed view": edit(r"pre-data\.sql", b"'gold'::text AS shop", b"'lead'::text AS shop"),
    "missing comment": edit(r"pre-data\.sql", b"COMMENT ON SCHEMA", b"-- COMMENT ON SCHEMA"),
    "missing grant": edit(r"pre-data\.sql", b"GRANT USAGE ON SCHEMA gold", b"-- GRANT USAGE ON SCHEMA gold"),
    "unrefreshed view": edit(r"refresh\.sql", b'REFRESH MATERIALIZED VIEW "gold"."heavy"', b"--"),
    "dropped constraint": edit(
        r"post-data\.sql",
        b"CREATE INDEX pieces_attributes",
        b"ALTER TABLE gold.pieces DROP CONSTRAINT pieces_code_not_blank; CREATE INDEX pieces_attributes",
    ),
    "dropped check of a domain": edit(r"pre-data\.sql", b"CONSTRAINT grams_check CHECK ((VALUE >= (0)::numeric))", b""),
    "dropped foreign key": edit(
        r"post-data\.sql", b"ADD CONSTRAINT sales_piece_fkey FOREIGN KEY (piece)", b"ADD CHECK (true); --"
    ),
    "changed comment": edit(r"pre-data\.sql", b"COMMENT ON TYPE gold.size IS '", b"COMMENT ON TYPE gold.size IS 'x"),
    "columns in another order": with_columns_in_another_order,
    "missing table": without_a_table,
    "a table's DDL missing": edit(
        r"pre-data\.sql", b"CREATE UNLOGGED TABLE gold.scratch", b"CREATE TABLE gold.scratch_2"
    ),
    "a statement that does not parse": edit(r"post-data\.sql", b"CREATE TRIGGER", b"CREATE TIGER"),
    "a grant to nobody": edit(r"pre-data\.sql", b"TO zargar_app", b"TO zargar_nobody"),
    "a member of DDL missing": without(r"post-data\.sql"),
    "another shop in its place": lambda scene: scene.lead,
    "another shop in its place, relabelled": relabelled,
    "facts of the pack that agree with the damage": with_its_own_facts,
}
"""What is done to the members of the rich shop's pack."""


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_planted_damage_is_not_seen_by_reading_back_and_turns_the_drill_red(scene: Scene, damage: str) -> None:
    forged = resealed(scene.house, scene.made, {RICH: DAMAGES[damage](scene)})
    operations.verify(vaults=scene.house.vaults, now=clock.now(), backup=forged.id)
    assert set(Copy.objects.filter(backup=forged).values_list("state", flat=True)) == {CopyState.GOOD}

    faults = scene.drilled(forged)

    assert faults
    copies = dict(Copy.objects.filter(backup=forged).values_list("vault", "state"))
    assert copies == {"one": CopyState.DAMAGED, "two": CopyState.GOOD}
    assert Backup.objects.get(number=forged.number).state == State.DEGRADED


def test_what_was_sealed_again_unchanged_is_proven(scene: Scene) -> None:
    assert scene.drilled(resealed(scene.house, scene.made, {RICH: scene.members})) == ()


CUSTOMER = "نگار 09120000001"
"""What a row of the shop may say, and nobody but the shop may read."""

QUOTING: dict[str, Callable[[Scene], Members]] = {
    "a value of another type in a row": edit(r"data/.*base/.*", b"1\tone", f"{CUSTOMER}\tone".encode()),
    "a value that is there twice": edit(
        r"post-data\.sql",
        b"CREATE TRIGGER stamped BEFORE",
        f"UPDATE gold.base SET b = '{CUSTOMER}'; CREATE UNIQUE INDEX one_each ON gold.base (b);\n".encode()  # noqa: S608 -- ours
        + b"CREATE TRIGGER stamped BEFORE",
    ),
    "a function that quotes it in the words of a missing right": edit(
        r"post-data\.sql",
        b"CREATE TRIGGER stamped BEFORE",
        f"DO $$ BEGIN RAISE EXCEPTION 'not for {CUSTOMER}' USING ERRCODE = '42501'; END $$;\n".encode()
        + b"CREATE TRIGGER stamped BEFORE",
    ),
}
"""Damages at which the server's own words quote a customer."""


@pytest.mark.parametrize("damage", QUOTING)
def test_no_word_of_a_customer_is_in_what_is_kept_and_told_of_a_drill(scene: Scene, damage: str) -> None:
    forged = resealed(scene.house, scene.made, {RICH: QUOTING[damage](scene)})
    done = drills.run_named(scene.yard, backup=forged.id, shop=RICH, vault="one")
    [verdict] = done.verdicts
    assert not verdict.proven
    row, copy = Drill.objects.get(backup=forged), Copy.objects.get(backup=forged, vault="one")
    told = [row.faults, row.undecided, copy.detail, str(verdict), json.dumps(done.summary(), ensure_ascii=False)]
    told += [alarm.words for alarm in alarm_facts_store.reds()]
    told += [alarm.words for alarm in alarm_facts_store.undecided()]
    assert not [words for words in told if "نگار" in words or "0912" in words]
    assert re.search(r"COPY of the table base|the DDL of indexes", row.faults + row.undecided), "where it was is told"


def test_places_of_two_shops_exchanged_in_the_manifest_are_red(scene: Scene) -> None:
    backup = sitting_store.begin(kind=Kind.DAILY, reason="exchanged", now=clock.now())
    gold, lead = (entry_of(scene.made.manifest, name) for name in (RICH, "lead"))
    told = replace(
        scene.made.manifest,
        backup=str(backup.id),
        packs=(replace(gold, place=lead.place), replace(lead, place=gold.place)),
    )
    published(scene.house, backup, told)
    verdicts = drills.run_named(scene.yard, backup=backup.id, vault="two").verdicts
    assert [one.proven for one in verdicts] == [False, False]
    assert all("WrongKeyError" in one.faults[0] for one in verdicts)


def flipped(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


BROKEN: dict[str, Callable[[Path, int], None]] = {
    "a bit of a segment flipped": flipped,
    "a segment cut short": os.truncate,
    "a segment that is gone": lambda path, half: path.unlink(),  # noqa: ARG005 -- one shape for all
    "a segment without a byte": lambda path, half: os.truncate(path, 0),  # noqa: ARG005 -- as above
}
"""What happens to a stored segment behind its vault's back."""


@pytest.mark.parametrize("broken", BROKEN)
def test_a_damaged_object_is_seen_by_the_drill_without_its_being_read_back(scene: Scene, broken: str) -> None:
    made = operations.back_up_shop(
        house=scene.house, shop_id=Shop.objects.get(schema_name=RICH).id, kind=Kind.SHOP, reason=broken
    )
    [segment] = made.manifest.segments
    path = scene.folder / "one" / segment.key
    path.chmod(0o600)
    BROKEN[broken](path, segment.size // 2)
    assert scene.drilled(Backup.objects.get(id=made.manifest.backup))
    [two] = drills.run_named(scene.yard, backup=made.backup.id, shop=RICH, vault="two").verdicts
    assert two.faults == ()


def test_pg_dump_s_text_of_the_copy_is_the_second_witness(scene: Scene) -> None:
    """The copy is as the facts say; the text in the pack says something more that a restore does not keep."""
    said = edited(
        scene.members, r"post-data\.sql", b"CREATE TRIGGER stamped BEFORE",
        b"CREATE TRIGGER later AFTER DELETE ON gold.pieces FOR EACH ROW EXECUTE FUNCTION gold.stamp();\n"
        b"DROP TRIGGER later ON gold.pieces;\nCREATE TRIGGER stamped BEFORE",
    )  # fmt: skip
    [fault] = scene.drilled(resealed(scene.house, scene.made, {RICH: said}))
    assert fault.startswith("DDL of post-data")
    assert "CREATE TRIGGER later" in fault


def of_an_older_pg_dump(members: Members) -> Members:
    """The pack as a pg_dump of another version would have written it."""
    by = rb"-- Dumped by pg_dump version [0-9.]+"
    [head] = [re.search(by, member.data) for member in members if member.name == "pre-data.sql"]
    assert head is not None
    return edited(members, r"pre-data\.sql", head.group(), b"-- Dumped by pg_dump version 17.2")


def test_a_text_of_another_version_that_says_the_same_is_a_witness_too(scene: Scene) -> None:
    backup = resealed(scene.house, scene.made, {RICH: of_an_older_pg_dump(scene.members)})
    [verdict] = drills.run_named(scene.yard, backup=backup.id, shop=RICH, vault="one").verdicts
    assert (verdict.proven, verdict.unwitnessed) == (True, "")


def test_where_texts_of_two_versions_differ_the_drill_keeps_that_it_had_one_witness(scene: Scene) -> None:
    said, otherwise_said = b"CREATE TRIGGER stamped BEFORE", b"CREATE  TRIGGER stamped BEFORE"
    otherwise = edited(scene.members, r"post-data\.sql", said, otherwise_said)
    backup = resealed(scene.house, scene.made, {RICH: of_an_older_pg_dump(otherwise)})
    done = drills.run_named(scene.yard, backup=backup.id, shop=RICH, vault="one")
    [verdict] = done.verdicts
    assert verdict.proven
    assert "pg_dump's text is of other versions" in verdict.unwitnessed
    assert "version 17.2; here" in verdict.unwitnessed
    assert Drill.objects.get(backup=backup).unwitnessed == verdict.unwitnessed
    assert json.loads(json.dumps(done.summary()))["drilled"][0]["unwitnessed"] == verdict.unwitnessed


def test_a_manifest_of_another_backup_is_red(scene: Scene) -> None:
    backup = resealed(scene.house, scene.made, {RICH: scene.members})
    Backup.objects.filter(number=backup.number).update(manifest_sha256="0" * 64)
    assert "not the one that was written" in scene.drilled(backup)[0]


def test_the_honest_backup_is_proven_in_both_vaults(scene: Scene) -> None:
    honest = Backup.objects.get(id=scene.made.manifest.backup)
    verdicts = drills.run_named(scene.yard, backup=honest.id).verdicts
    assert {(one.schema, one.vault): one.faults for one in verdicts} == {
        (schema, vault): () for schema in (RICH, "lead", "public", TEMPLATE_SHOP) for vault in ("one", "two")
    }
