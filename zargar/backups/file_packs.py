"""Write the packs of files of a backup of everything: the roles, and what `ZARGAR_BACKUP_FILES` names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from zargar.backups.continuing import SoFar
from zargar.backups.files import NothingThereError, Source
from zargar.backups.keys import ShopKey
from zargar.backups.manifest import PackEntry
from zargar.backups.segments import SegmentWriter
from zargar.backups.store import Held


@dataclass(frozen=True, slots=True)
class FilesWritten:
    """The packs by name, of this sitting and those before; what is left out, in words; how many packs are to come."""

    entries: dict[str, PackEntry]
    excluded: list[str]
    left: int


def write(
    writer: SegmentWriter,
    sources: Sequence[Source],
    so_far: SoFar,
    *,
    connect: Callable[[], psycopg.Connection[Any]],
    key: Callable[[Held], ShopKey],
    stop: Callable[[], bool],
) -> FilesWritten:
    """Read and write each source that no earlier sitting has, until all are or `stop` says so, asked after each.

    A place that is missing or empty, or of which nothing could be read, makes no pack, so that the newest one that
    holds something is kept. Raises what the writer and the database raise.
    """
    entries = {one.name: so_far.entries[one.name] for one in sources if one.name in so_far.entries}
    excluded = [line for line in so_far.excluded if line.partition(": ")[0] in entries]
    unread = [one for one in sources if one.name not in entries]
    for number, source in enumerate(unread, start=1):
        try:
            reading = source.reading(connect)
        except NothingThereError as why:
            excluded.append(f"{source.name}: {why}")
            continue
        own = key(Held(source.name, source.name, ""))
        place = writer.write_pack(source.name, reading.members(), own.recipient)
        excluded += reading.excluded
        if reading.facts.entries:
            entries[source.name] = PackEntry(None, "", own.object, place, None, reading.facts)
        if stop() and number < len(unread):
            return FilesWritten(entries, excluded, len(unread) - number)
    return FilesWritten(entries, excluded, 0)
