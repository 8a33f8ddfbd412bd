"""Write the packs of files of a backup of everything: the roles, and what `ZARGAR_BACKUP_FILES` names."""

from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from zargar.backups import sitting_pace
from zargar.backups.files import NothingThereError, Source
from zargar.backups.keys import ShopKey
from zargar.backups.manifest import PackEntry
from zargar.backups.packs import seal
from zargar.backups.segments import SegmentWriter
from zargar.backups.sitting_pace import Pace, Read
from zargar.backups.store import Held


def write(
    writer: SegmentWriter,
    sources: Sequence[Source],
    read: Read,
    *,
    connect: Callable[[], psycopg.Connection[Any]],
    key: Callable[[Held], ShopKey],
    pace: Pace,
) -> list[str]:
    """Read and write these until all are or the time is up, and note in `read` what came of it.

    `read` is what this sitting has read already: where there is something and the sitting is tired, a heavy source
    begins another one. A place that is missing or empty, or of which nothing could be read, makes no pack, so that the
    newest one that holds something is kept. Returns in words what is left out of those that were read, or missing.
    Raises what the writer and the database raise.
    """
    unread = list(sources)
    excluded: list[str] = []
    while unread:
        source = unread[0]
        if source.heavy and read.entries and pace.tired():
            break
        excluded += _one(writer, source, read, connect=connect, key=key, pace=pace)
        if read.ended and source.name not in read.given_up:
            break
        del unread[0]
        pace.progress(len(sources) - len(unread), len(sources))
        if read.ended or pace.over():
            break
    read.left = len(unread)
    return excluded


def _one(
    writer: SegmentWriter,
    source: Source,
    read: Read,
    *,
    connect: Callable[[], psycopg.Connection[Any]],
    key: Callable[[Held], ShopKey],
    pace: Pace,
) -> list[str]:
    """Read and write one source; return in words what is left out of it."""
    try:
        reading = source.reading(connect)
    except NothingThereError as why:
        return [f"{source.name}: {why}"]
    own = key(Held(source.name, source.name, ""))
    excluded: list[str] = []
    with read.giving_up(source.name, fresh=not pace.tired()):
        place = sitting_pace.write(
            writer, source.name, lambda into: seal(reading.members(), own.recipient, into), pace, heavy=source.heavy
        )
        if reading.facts.entries:
            read.entries[source.name] = PackEntry(None, "", own.object, place, None, reading.facts)
        excluded += reading.excluded
    return excluded
