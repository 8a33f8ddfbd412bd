"""Read many packs back from a vault, each segment once from its beginning to its end; needs no key.

Pack by pack (`packs.check_stored`) it takes two requests for each shop, which a store counts and charges; this takes
two for each segment. It finds the same, and tells it by pack as well.

Note [Reading in several goes]
------------------------------
A copy may be more than can be read in the time that a task has. So reading may stop between two segments, and go on
there another time. The hash of a pack that was begun in one go cannot be ended in another: such a pack is judged by the
hashes of its segments, which the manifest has as well. A pack that is read in one go is judged by its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from zargar.backups.packs import PackPlace, Piece
from zargar.backups.ports import Vault
from zargar.backups.stopping import Stop, never
from zargar.backups.streams import ByteSource, Meter

_READ_BYTES: Final = 256 << 10


@dataclass(frozen=True, slots=True)
class SoFar:
    """How many segments were read, in the order of their keys, and what is wrong, by pack; `more`: there are others.

    `keys`: how many key objects were read after them, `suspect`: those with which something was wrong then. They are
    read again at the end (`proving`): a key may be brought back between two goes.
    """

    segments: int = 0
    faults: Mapping[str, str] = field(default_factory=dict)
    more: bool = True
    keys: int = 0
    suspect: tuple[str, ...] = ()


def damaged(vault: Vault, places: Sequence[PackPlace]) -> dict[str, str]:
    """Return what is wrong by pack, in words that name the vault; nothing means that every stored byte is right.

    A pack's pieces lie in segments in the order of their keys, as `SegmentWriter` numbers them. Raises the vault's
    errors where it does not answer.
    """
    return in_words(vault, read_on(vault, places))


def in_words(vault: Vault, found: SoFar) -> dict[str, str]:
    """Return the faults in words that name vault and pack."""
    return {pack: f"vault {vault.name}: pack {pack}: {what}" for pack, what in sorted(found.faults.items())}


def read_on(
    vault: Vault, places: Sequence[PackPlace], *, hashes: Mapping[str, str] | None = None, begun: SoFar | None = None,
    stop: Stop = never,
) -> SoFar:  # fmt: skip
    """Read the segments from where `begun` ends, until they are through or `stop` says so after one of them.

    `hashes`: the SHA-256 of segments by key, for packs that are not read in one go; without them they count as damaged.
    Raises the vault's errors where it does not answer.
    """
    so_far = begun or SoFar()
    faults = dict(so_far.faults)
    meters = {place.pack: Meter() for place in places}
    wrong: dict[str, str] = {}
    segments = sorted(_by_segment(places).items())
    reached = so_far.segments
    for segment, pieces in segments[so_far.segments :]:
        whole, gone = _one(vault, segment, pieces, meters)
        faults |= gone
        if whole.sha256 != (hashes or {}).get(segment):
            wrong[segment] = f"its part of {segment} is not what was written"
        reached += 1
        if reached < len(segments) and stop():
            break
    read = {segment for segment, _ in segments[so_far.segments : reached]}
    for place in places:
        if place.pack not in faults and (what := _judged(place, meters[place.pack], read, wrong)):
            faults[place.pack] = what
    return SoFar(reached, faults, more=reached < len(segments))


def _one(
    vault: Vault, segment: str, pieces: Sequence[tuple[str, Piece]], meters: Mapping[str, Meter]
) -> tuple[Meter, dict[str, str]]:
    """Read one segment and give the packs their bytes; return the measure of all of it, and which packs lack some."""
    stored = vault.stat(segment)
    size = 0 if stored is None else stored.size
    what = f"{segment} is gone" if stored is None else f"{segment} is cut short at {size} bytes"
    whole = Meter()
    for pack, data in _cut(vault, segment, [one for one in pieces if one[1].end <= size], size, whole):
        meters[pack].take(data)
    return whole, {pack: what for pack, piece in pieces if piece.end > size}


def _judged(place: PackPlace, meter: Meter, read: set[str], wrong: Mapping[str, str]) -> str:
    """Say what is wrong with a pack by what was read in this go: Note [Reading in several goes]. Empty: nothing."""
    its = [piece.segment for piece in place.pieces]
    if not read.issuperset(its):
        return next((wrong[segment] for segment in its if segment in wrong), "")
    if (meter.length, meter.sha256) != (place.stored_length, place.sha256_stored):
        return "its stored bytes are not those that were written"
    return ""


def _by_segment(places: Sequence[PackPlace]) -> dict[str, list[tuple[str, Piece]]]:
    found: dict[str, list[tuple[str, Piece]]] = {}
    for place in places:
        for piece in place.pieces:
            found.setdefault(piece.segment, []).append((place.pack, piece))
    return {segment: sorted(pieces, key=lambda one: one[1].offset) for segment, pieces in found.items()}


def _cut(
    vault: Vault, segment: str, pieces: Sequence[tuple[str, Piece]], size: int, whole: Meter
) -> Iterator[tuple[str, bytes]]:
    """Read one segment and give each pack its bytes; what no pack names passes `whole` alone.

    Where two pieces claim the same bytes, the second gets what is left, and its hash tells.
    """
    if not pieces:
        return
    at = 0
    source = ByteSource(whole.take(chunk) for chunk in vault.read(segment, start=0, length=size))
    for pack, piece in pieces:
        for data in _taken(source, piece.offset - at):
            at += len(data)
        for data in _taken(source, piece.end - at):
            at += len(data)
            yield pack, data
    for _ in _taken(source, size - at):
        pass


def _taken(source: ByteSource, length: int) -> Iterator[bytes]:
    while length > 0 and (data := source.read(min(length, _READ_BYTES))):
        length -= len(data)
        yield data
