"""The manifest: what a backup holds, and the object whose being there makes the backup exist. Written last.

Its key is `manifests/<backup>.zst`: whoever restores one shop reads all of it, so it is compressed (one zstd frame with
its checksum), to a quarter. Inside is one line of canonical JSON (keys sorted, no spaces, UTF-8 unescaped):

    {"manifest":{...},"sha256":"<hexadecimal>"}

where the SHA-256 is that of the bytes of `{...}`. Tables of the same name and columns are described once, in `tables`,
and a shop's facts name them by number: ten thousand shops of one shape repeat their rows and digests alone.

Reading is strict: an unknown format, an unknown or missing field, another type, a pack that lies outside of its
segments, and the manifest is refused, never half understood. It is checked against accident, not against malice:
whoever may write in both vaults could forge it. Names of shops, tables and columns and numbers of rows stand in it in
plain.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import zstandard

from zargar.backups.facts import Extension, SequenceFacts, ShopFacts, TableFacts
from zargar.backups.fields import Fields, MisreadError
from zargar.backups.file_facts import FilesFacts
from zargar.backups.packs import PackPlace, Piece
from zargar.refusals import RefusedError

FORMAT: Final = 2
OLDEST: Final = 1
"""Format 1 does not know of extensions; it is read, and no longer written."""

PREFIX: Final = "manifests/"
_HEAD: Final = b'{"manifest":'
_MIDDLE: Final = b',"sha256":"'
_TAIL: Final = b'"}\n'
_DIGEST: Final = re.compile(r"[0-9a-f]{32}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class UnknownFormatError(RefusedError):
    """A manifest of a newer format than this program knows: use the version that made it."""


class DamagedManifestError(Exception):
    """It is no manifest, or not the one that was written. Read the other vault's."""


@dataclass(frozen=True, slots=True)
class PackEntry:
    """A pack of the backup.

    `shop` is the slug (of the shared schema: `shared`), None for files. `key` is the object that holds the secret half
    of the pack's key. A pack holds a schema and has its `facts`, or files and has theirs (`files`); `schema` is empty.
    `extensions`: names of those that the schema leans on.
    """

    shop: str | None
    schema: str
    key: str
    place: PackPlace
    facts: ShopFacts | None
    files: FilesFacts | None = None
    extensions: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What people call it: its schema, or the name of a pack of files."""
        return self.schema or self.place.pack


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """A segment as it was written: object key, size in bytes, SHA-256 (hexadecimal)."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup. Times are aware UTC; `backup` is a UUID in its usual form; `postgres` such as 180006.

    `made_by`: the program and its version. `excluded`: in words, what is not in it and why. `extensions`: those of the
    database, in an order in which they can be made; a manifest of format 1 knows of none.
    """

    backup: str
    kind: str
    began_at: datetime
    ended_at: datetime
    made_by: str
    postgres: int
    packs: tuple[PackEntry, ...]
    segments: tuple[SegmentEntry, ...]
    excluded: tuple[str, ...] = ()
    format: int = FORMAT
    extensions: tuple[Extension, ...] = ()


def key_of(backup: str) -> str:
    """Return the key of a backup's manifest."""
    return f"{PREFIX}{backup}.zst"


def dump(manifest: Manifest) -> bytes:
    """Return the file's content. `load` gives back an equal manifest."""
    shapes = _Shapes()
    packs = [_pack_json(pack, shapes, manifest.format) for pack in manifest.packs]
    body = _canonical(
        _of_format(manifest.format, extensions=[[one.name, one.version, one.schema] for one in manifest.extensions])
        | {
            "backup": manifest.backup,
            "began_at": _time(manifest.began_at),
            "ended_at": _time(manifest.ended_at),
            "excluded": list(manifest.excluded),
            "format": manifest.format,
            "kind": manifest.kind,
            "made_by": manifest.made_by,
            "packs": packs,
            "postgres": manifest.postgres,
            "segments": [{"key": one.key, "sha256": one.sha256, "size": one.size} for one in manifest.segments],
            "tables": [{"columns": list(columns), "name": name} for name, columns in shapes.numbers],
        }
    )
    return _HEAD + body + _MIDDLE + hashlib.sha256(body).hexdigest().encode() + _TAIL


def compressed(content: bytes) -> bytes:
    """Return the file as a vault has it."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


def load(data: bytes) -> Manifest:
    """Read a manifest, the file or its content. Raises `UnknownFormatError`, `DamagedManifestError`."""
    try:
        manifest = _read(Fields.of(_body(_content(data)), "manifest"))
        _check(manifest)
    except MisreadError as fault:
        message = f"not a manifest: {fault}"
        raise DamagedManifestError(message) from fault
    return manifest


class _Shapes:
    """Tables by name and columns, numbered as they come."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, tuple[str, ...]], int] = {}

    def number(self, table: TableFacts) -> int:
        return self.numbers.setdefault((table.name, table.columns), len(self.numbers))


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _time(moment: datetime) -> str:
    if moment.tzinfo is None:
        message = "a manifest's times are aware"
        raise ValueError(message)
    return moment.astimezone(UTC).isoformat()


def _of_format(version: int, **fields: object) -> dict[str, object]:
    """Return fields that format 1 does not have."""
    return {} if version == OLDEST else fields


def _pack_json(pack: PackEntry, shapes: _Shapes, version: int) -> dict[str, object]:
    place = pack.place
    return _of_format(version, extensions=list(pack.extensions)) | {
        "facts": None if pack.facts is None else _facts_json(pack.facts, shapes),
        "files": None if pack.files is None else asdict(pack.files),
        "key": pack.key,
        "pack": place.pack,
        "pieces": [[piece.segment, piece.offset, piece.length] for piece in place.pieces],
        "plain_length": place.plain_length,
        "schema": pack.schema,
        "sha256_plain": place.sha256_plain,
        "sha256_stored": place.sha256_stored,
        "shop": pack.shop,
    }


def _facts_json(facts: ShopFacts, shapes: _Shapes) -> dict[str, object]:
    return {
        "fingerprint": facts.fingerprint,
        "migrations": list(facts.migrations),
        "moment": _time(facts.moment),
        "postgres": facts.postgres,
        "schema": facts.schema,
        "sequences": [[one.name, one.last_value, one.is_called] for one in facts.sequences],
        "tables": [[shapes.number(table), table.rows, table.digest] for table in facts.tables],
    }


def _content(data: bytes) -> bytes:
    if not data.startswith(zstandard.FRAME_HEADER):
        return data
    opening = zstandard.ZstdDecompressor().decompressobj()
    try:
        content = opening.decompress(data)
    except zstandard.ZstdError as fault:
        message = f"it does not open: {fault}"
        raise MisreadError(message) from fault
    if not opening.eof or opening.unused_data:
        message = "it is cut short, or something follows it"
        raise MisreadError(message)
    return content


def _body(data: bytes) -> object:
    """Return the manifest's value, its hash proven."""
    at = len(data) - len(_TAIL) - 64
    body, middle = data[len(_HEAD) : at - len(_MIDDLE)], data[at - len(_MIDDLE) : at]
    if at < len(_HEAD) or not (data.startswith(_HEAD) and middle == _MIDDLE and data.endswith(_TAIL)):
        message = "it is cut short, or something else"
        raise MisreadError(message)
    if hashlib.sha256(body).hexdigest().encode() != data[at : at + 64]:
        message = "its content is not what was written: another SHA-256"
        raise MisreadError(message)
    try:
        return json.loads(body)
    except ValueError as fault:  # also bytes that are not UTF-8
        message = "it is not JSON"
        raise MisreadError(message) from fault


def _read(fields: Fields) -> Manifest:
    if not OLDEST <= (version := fields.whole("format")) <= FORMAT:
        message = f"the manifest's format is {version}; this program reads {OLDEST} to {FORMAT}"
        raise UnknownFormatError(message)
    shapes = [_read_shape(one) for one in fields.objects("tables")]
    manifest = Manifest(
        backup=fields.text("backup"),
        kind=fields.text("kind"),
        began_at=fields.time("began_at"),
        ended_at=fields.time("ended_at"),
        made_by=fields.text("made_by"),
        postgres=fields.whole("postgres"),
        packs=tuple(_read_pack(one, shapes, version) for one in fields.objects("packs")),
        segments=tuple(_read_segment(one) for one in fields.objects("segments")),
        excluded=fields.texts("excluded"),
        format=version,
        extensions=()
        if version == OLDEST
        else tuple(Extension(*row) for row in fields.rows("extensions", str, str, str)),
    )
    fields.end()
    return manifest


def _read_shape(fields: Fields) -> tuple[str, tuple[str, ...]]:
    shape = fields.text("name"), fields.texts("columns")
    fields.end()
    return shape


def _read_segment(fields: Fields) -> SegmentEntry:
    segment = SegmentEntry(fields.text("key"), fields.whole("size"), fields.matching("sha256", _SHA256))
    fields.end()
    return segment


def _read_pack(fields: Fields, shapes: list[tuple[str, tuple[str, ...]]], version: int) -> PackEntry:
    place = PackPlace(
        pack=fields.text("pack"),
        pieces=tuple(Piece(*row) for row in fields.rows("pieces", str, int, int)),
        sha256_plain=fields.matching("sha256_plain", _SHA256),
        sha256_stored=fields.matching("sha256_stored", _SHA256),
        plain_length=fields.whole("plain_length"),
    )
    facts, files = fields.object_or_none("facts"), fields.object_or_none("files")
    entry = PackEntry(
        shop=fields.text_or_none("shop"),
        schema=fields.text("schema"),
        key=fields.text("key"),
        place=place,
        facts=None if facts is None else _read_facts(facts, shapes),
        files=None if files is None else _read_files(files),
        extensions=() if version == OLDEST else fields.texts("extensions"),
    )
    fields.end()
    return entry


def _read_files(fields: Fields) -> FilesFacts:
    files = FilesFacts(fields.whole("entries"), fields.whole("bytes"), fields.matching("digest", _DIGEST))
    fields.end()
    return files


def _read_facts(fields: Fields, shapes: list[tuple[str, tuple[str, ...]]]) -> ShopFacts:
    facts = ShopFacts(
        schema=fields.text("schema"),
        moment=fields.time("moment"),
        postgres=fields.whole("postgres"),
        fingerprint=fields.text("fingerprint"),
        tables=tuple(_table(row, shapes) for row in fields.rows("tables", int, int, str)),
        sequences=tuple(SequenceFacts(*row) for row in fields.rows("sequences", str, int, bool)),
        migrations=fields.texts("migrations"),
    )
    fields.end()
    return facts


def _table(row: tuple[int, int, str], shapes: list[tuple[str, tuple[str, ...]]]) -> TableFacts:
    number, rows, digest = row
    if not 0 <= number < len(shapes) or rows < 0:
        message = f"no table {number}, or {rows} rows"
        raise MisreadError(message)
    return TableFacts(*shapes[number], rows, digest)


def _check(manifest: Manifest) -> None:
    """What the types do not say: the id is one, keys are unique, every pack lies inside of the segments, and so on."""
    try:
        UUID(manifest.backup)
    except ValueError as fault:
        message = "its backup is no UUID"
        raise MisreadError(message) from fault
    sizes = {segment.key: segment.size for segment in manifest.segments}
    packs = {pack.place.pack for pack in manifest.packs}
    if len(sizes) != len(manifest.segments) or len(packs) != len(manifest.packs):
        message = "a segment or a pack is listed twice"
        raise MisreadError(message)
    extensions = {one.name for one in manifest.extensions}
    for pack in manifest.packs:
        if not extensions.issuperset(pack.extensions):
            message = f"pack {pack.place.pack} leans on an extension that is not listed"
            raise MisreadError(message)
        for piece in pack.place.pieces:
            if piece.offset < 0 or piece.length < 1 or piece.end > sizes.get(piece.segment, 0):
                message = f"pack {pack.place.pack} lies outside of {piece.segment}"
                raise MisreadError(message)
