"""Read many packs back from a vault, each segment once from its beginning to its end; needs no key.

Pack by pack (`packs.check_stored`) it takes two requests for each shop, which a store counts and charges; this takes
two for each segment. It finds the same, and tells it by pack as well.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from zargar.backups.packs import PackPlace, Piece
from zargar.backups.ports import Vault
from zargar.backups.streams import ByteSource, Meter

_READ_BYTES: Final = 256 << 10


def damaged(vault: Vault, places: Sequence[PackPlace]) -> dict[str, str]:
    """Return what is wrong by pack, in words that name the vault; nothing means that every stored byte is right.

    A pack's pieces lie in segments in the order of their keys, as `SegmentWriter` numbers them. Raises the vault's
    errors where it does not answer.
    """
    faults: dict[str, str] = {}
    meters = {place.pack: Meter() for place in places}
    for segment, pieces in sorted(_by_segment(places).items()):
        stored = vault.stat(segment)
        size = 0 if stored is None else stored.size
        what = f"{segment} is gone" if stored is None else f"{segment} is cut short at {size} bytes"
        faults |= {pack: what for pack, piece in pieces if piece.end > size}
        for pack, data in _cut(vault, segment, [one for one in pieces if one[1].end <= size]):
            meters[pack].take(data)
    for place in places:
        if (meters[place.pack].length, meters[place.pack].sha256) != (place.stored_length, place.sha256_stored):
            faults.setdefault(place.pack, "its stored bytes are not those that were written")
    return {pack: f"vault {vault.name}: pack {pack}: {what}" for pack, what in sorted(faults.items())}


def _by_segment(places: Sequence[PackPlace]) -> dict[str, list[tuple[str, Piece]]]:
    found: dict[str, list[tuple[str, Piece]]] = {}
    for place in places:
        for piece in place.pieces:
            found.setdefault(piece.segment, []).append((place.pack, piece))
    return {segment: sorted(pieces, key=lambda one: one[1].offset) for segment, pieces in found.items()}


def _cut(vault: Vault, segment: str, pieces: Sequence[tuple[str, Piece]]) -> Iterator[tuple[str, bytes]]:
    """Read one segment and give each pack its bytes; what no pack names is passed over.

    Where two pieces claim the same bytes, the second gets what is left, and its hash tells.
    """
    if not pieces:
        return
    at, end = pieces[0][1].offset, max(piece.end for _, piece in pieces)
    source = ByteSource(vault.read(segment, start=at, length=end - at))
    for pack, piece in pieces:
        for data in _taken(source, piece.offset - at):
            at += len(data)
        for data in _taken(source, piece.end - at):
            at += len(data)
            yield pack, data


def _taken(source: ByteSource, length: int) -> Iterator[bytes]:
    while length > 0 and (data := source.read(min(length, _READ_BYTES))):
        length -= len(data)
        yield data
