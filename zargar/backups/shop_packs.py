"""Write the packs of shops and of the shared schema, until all are or the sitting's time is up."""

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import psycopg

from zargar.backups import sitting_pace
from zargar.backups.ddl import DdlSource
from zargar.backups.ddl_store import KnownShapes
from zargar.backups.fleet import Fleet
from zargar.backups.key_making import KeyMaker
from zargar.backups.manifest import PackEntry
from zargar.backups.readers import UnreadableError
from zargar.backups.recognising import Recognising
from zargar.backups.segments import SegmentWriter
from zargar.backups.sitting_pace import Pace, Read
from zargar.backups.store import Held


def write(
    writer: SegmentWriter, holds: Sequence[Held], *, connect: Callable[[], psycopg.Connection[Any]],
    pg_dump: DdlSource, readers: int, shapes: KnownShapes | None, keys: KeyMaker, pace: Pace,
    recognising: Recognising | None = None,
) -> Read:  # fmt: skip
    """Read and write each of `holds`; one that cannot be read is left out, in words, and the others go on.

    What has no key yet and gets none before the sitting is over is left for the next one. Raises what `keys` and the
    writer raise, and as `Fleet` for the server's sake.
    """
    found = keys.several(holds, over=pace.over)
    own = {held.schema: found[held.id] for held in holds if held.id in found}
    by_schema = {held.schema: held for held in holds if held.schema in own}
    before = shapes.load() if shapes else {}
    known = dict(before)
    fleet = Fleet(
        connect, list(by_schema), pg_dump=pg_dump, readers=readers, known=known,
        believed=recognising.believed if recognising else None,
        recipient=lambda schema: own[schema].recipient,
    )  # fmt: skip
    read = Read()
    with closing(iter(fleet)) as packs:
        for packed in packs:
            name = by_schema[packed.schema].slug
            tired = pace.tired()
            if packed.heavy and read.entries and tired:
                break
            try:
                with read.giving_up(name, fresh=not tired):
                    place = sitting_pace.write(writer, name, packed.write_to, pace, heavy=packed.heavy)
                    object_of = own[packed.schema].object
                    read.entries[name] = PackEntry(name, packed.schema, object_of, place, packed.facts)
            except UnreadableError as why:
                read.left_out[name] = str(why)
            pace.progress(len(read.entries) + len(read.left_out), len(holds))
            if read.ended or pace.over():
                break
    if shapes and (met := {shape: ddl for shape, ddl in known.items() if shape not in before}):
        shapes.keep(met)
    if recognising:
        recognising.keep(fleet.met)
    read.left_out |= {by_schema[schema].slug: why for schema, why in fleet.left_out.items()}
    read.left = len(holds) - len(read.entries) - len(read.left_out) - len(read.given_up)
    return read
