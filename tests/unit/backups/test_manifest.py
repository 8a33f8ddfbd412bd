"""A manifest is read back equal, or refused: never half understood."""

import hashlib
import json
import subprocess
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.vaults import BACKUP
from zargar.backups.facts import Extension, SequenceFacts, ShopFacts, TableFacts
from zargar.backups.file_facts import FilesFacts
from zargar.backups.manifest import (
    DamagedManifestError,
    Manifest,
    PackEntry,
    SegmentEntry,
    UnknownFormatError,
    compressed,
    dump,
    key_of,
    load,
)
from zargar.backups.packs import PackPlace, Piece

AT = datetime(2026, 11, 22, 23, 30, 5, 123456, tzinfo=UTC)
SEGMENT = f"segments/{BACKUP}/00000"


def facts(schema: str, rows: int = 7) -> ShopFacts:
    return ShopFacts(
        schema=schema,
        moment=AT,
        postgres=180006,
        fingerprint="ab" * 32,
        tables=(TableFacts("pieces", ("id", "وزن"), rows, "cd" * 32), TableFacts("sales", ("id",), 0, "00" * 32)),
        sequences=(SequenceFacts("pieces_id_seq", 9_223_372_036_854_775_807, is_called=True),),
        migrations=("customers.0001_initial", "shops.0003_more"),
    )


def entry(shop: str, offset: int) -> PackEntry:
    place = PackPlace(shop, (Piece(SEGMENT, offset, 100),), "12" * 32, "34" * 32, 10240)
    return PackEntry(
        shop, f"shop_{shop}", f"keys/{shop}/0123456789abcdef0123.age", place, facts(f"shop_{shop}"), None, ("cube",)
    )


FILES = PackEntry(
    None, "", "keys/roles/0.age", PackPlace("roles", (Piece(SEGMENT, 0, 9),), "1" * 64, "2" * 64, 1), None,
    FilesFacts(1, 9, "ef" * 16),
)  # fmt: skip
MANIFEST = Manifest(
    backup=BACKUP,
    kind="daily",
    began_at=AT - timedelta(seconds=9),
    ended_at=AT,
    made_by="zargar 0.1.0",
    postgres=180006,
    packs=(FILES, entry("zar", 9), entry("sim", 109)),
    segments=(SegmentEntry(SEGMENT, 209, "56" * 32),),
    excluded=("celery_results: made again from the ledger",),
    extensions=(Extension("cube", "1.5", "public"), Extension("earthdistance", "1.2", "maps")),
)


def resealed(**changes: object) -> bytes:
    """The manifest with fields set (`...` removes one), its hash made good."""
    body = json.loads(dump(MANIFEST))["manifest"] | changes
    return sealed(json.dumps({name: value for name, value in body.items() if value is not ...}).encode())


def sealed(body: bytes) -> bytes:
    return b'{"manifest":' + body + b',"sha256":"' + hashlib.sha256(body).hexdigest().encode() + b'"}\n'


def test_what_was_dumped_is_loaded_equal() -> None:
    assert load(dump(MANIFEST)) == MANIFEST
    assert dump(load(dump(MANIFEST))) == dump(MANIFEST)


@given(
    shop=st.text(st.characters(exclude_categories=["Cs"])),
    rows=st.integers(0, 2**63 - 1),
    words=st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
    moment=st.datetimes(timezones=st.just(UTC)),
)
def test_any_names_counts_and_times_come_back(shop: str, rows: int, words: list[str], moment: datetime) -> None:
    one = replace(entry("zar", 0), shop=shop, facts=facts(shop, rows))
    manifest = replace(MANIFEST, packs=(one,), excluded=tuple(words), began_at=moment)
    assert load(dump(manifest)) == manifest


def test_it_is_json_that_says_what_it_holds_once() -> None:
    text = dump(MANIFEST).decode()
    assert json.loads(text)["manifest"]["packs"][1]["shop"] == "zar"
    assert text.count("وزن") == 1
    assert text.endswith("}\n")
    assert " " not in text.replace("zargar 0.1.0", "").replace(MANIFEST.excluded[0], "")


@pytest.mark.debian("zstd")
def test_stock_tools_prove_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "manifest.zst"
    path.write_bytes(compressed(dump(MANIFEST)))
    line = f"zstd -dc {path} | tail -c +13 | head -c -78 | sha256sum"
    proof = subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout.decode()  # noqa: S607 -- as the docs have it
    assert proof.split()[0] == json.loads(dump(MANIFEST))["sha256"]


def test_the_file_is_compressed_and_what_does_not_open_whole_is_damage() -> None:
    file = compressed(dump(MANIFEST))
    assert load(file) == MANIFEST
    assert len(file) < len(dump(MANIFEST))
    for at in range(4, len(file)):
        with pytest.raises(DamagedManifestError):
            load(file[:at])
        with suppress(DamagedManifestError):  # a bit that zstd does not look at changes nothing
            assert load(file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :]) == MANIFEST
    with pytest.raises(DamagedManifestError, match="something follows"):
        load(file + b"\n")


def test_times_of_another_zone_are_written_as_utc() -> None:
    tehran = AT.astimezone(timezone(timedelta(hours=3, minutes=30)))
    assert load(dump(replace(MANIFEST, ended_at=tehran))).ended_at == AT
    assert b"+03:30" not in dump(replace(MANIFEST, ended_at=tehran))
    with pytest.raises(ValueError, match="aware"):
        dump(replace(MANIFEST, ended_at=AT.replace(tzinfo=None)))


def test_every_changed_byte_and_every_cut_is_damage() -> None:
    data = dump(MANIFEST)
    for at in range(0, len(data), 7):
        with pytest.raises(DamagedManifestError):
            load(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(DamagedManifestError):
            load(data[:at])
    with pytest.raises(DamagedManifestError):
        load(data + b"\n")


def test_a_later_format_is_named_and_not_called_damage() -> None:
    with pytest.raises(UnknownFormatError, match="format is 3; this program reads 1 to 2"):
        load(resealed(format=3, whatever="new"))


def test_the_format_before_extensions_is_read_and_is_the_same_again_when_it_is_written() -> None:
    packs = json.loads(dump(MANIFEST))["manifest"]["packs"]
    old = [{name: value for name, value in pack.items() if name != "extensions"} for pack in packs]
    found = load(resealed(format=1, extensions=..., packs=old))
    assert (found.format, found.extensions, [pack.extensions for pack in found.packs]) == (1, (), [(), (), ()])
    assert load(dump(found)) == found
    assert b"extensions" not in dump(found)
    with pytest.raises(DamagedManifestError, match="unknown fields: extensions"):
        load(resealed(format=1))
    with pytest.raises(DamagedManifestError, match="leans on an extension that is not listed"):
        load(resealed(extensions=[]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": ...}, "manifest.kind is missing"),
        ({"kind": None}, "manifest.kind"),
        ({"surprise": 1}, "unknown fields: surprise"),
        ({"postgres": "180006"}, "manifest.postgres"),
        ({"postgres": True}, "manifest.postgres"),
        ({"postgres": -1}, "manifest.postgres"),
        ({"postgres": 1.5}, "manifest.postgres"),
        ({"began_at": "yesterday"}, "manifest.began_at"),
        ({"began_at": "2026-11-22T10:00:00"}, "manifest.began_at"),
        ({"began_at": "2026-11-22T10:00:00+03:30"}, "manifest.began_at"),
        ({"excluded": ["a", 1]}, "manifest.excluded"),
        ({"packs": {}}, "manifest.packs"),
        ({"packs": ["zar"]}, r"manifest.packs\[0\] is no object"),
        ({"backup": "yesterdays"}, "no UUID"),
        ({"segments": []}, "pack roles lies outside of"),
        ({"tables": []}, "no table 0"),
    ],
)
def test_a_resealed_manifest_of_another_shape_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(DamagedManifestError, match=words):
        load(resealed(**changes))


@pytest.mark.parametrize(
    "piece", [Piece(SEGMENT, 200, 10), Piece("segments/x", 0, 1), Piece(SEGMENT, 0, 0), Piece(SEGMENT, -1, 2)]
)
def test_a_pack_outside_of_its_segments_is_refused(piece: Piece) -> None:
    pack = entry("zar", 0)
    with pytest.raises(DamagedManifestError, match="pack zar lies outside"):
        load(dump(replace(MANIFEST, packs=(replace(pack, place=replace(pack.place, pieces=(piece,))),))))


def test_a_pack_listed_twice_is_refused() -> None:
    with pytest.raises(DamagedManifestError, match="listed twice"):
        load(dump(replace(MANIFEST, packs=(entry("zar", 0), entry("zar", 100)))))


def test_what_is_not_json_under_a_good_hash_is_refused() -> None:
    for body in (b"{", b"\xff", b"[]", b"null"):
        with pytest.raises(DamagedManifestError):
            load(sealed(body))


def test_ten_thousand_shops_take_what_their_digests_take() -> None:
    packs = tuple(replace(entry("zar", 0), place=replace(entry("zar", 0).place, pack=str(n))) for n in range(1_000))
    assert len(dump(replace(MANIFEST, packs=packs))) < 1_000 * 900


def test_its_key_says_whose_it_is() -> None:
    assert key_of(BACKUP) == f"manifests/{BACKUP}.zst"
