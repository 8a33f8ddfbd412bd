"""The rows of DDL that is known: one `pg_dump` of 2,000 shops' catalogue saved, each time a shape is met again.

A shape says all that the DDL does, so a row is never stale. Rows of another pg_dump or another definition of shapes are
not found and go first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from zargar.backups.ddl import Ddl
from zargar.backups.models import KnownDdl

MOST: Final = 64
"""Rows that are kept: those that came last. Shops of one release share one."""


@dataclass(frozen=True, slots=True)
class KnownShapes:
    """What is known from one source: `source` names the pg_dump and the definition of shapes."""

    source: str

    def load(self) -> dict[str, Ddl]:
        """Return the DDL by exact shape."""
        rows = KnownDdl.objects.filter(source=self.source)
        return {row.shape: Ddl(row.schema, bytes(row.pre_data), bytes(row.post_data)) for row in rows}

    def keep(self, met: Mapping[str, Ddl]) -> None:
        """Keep what is new, at most the last `MOST` of all. A shape that somebody else has kept meanwhile stays his."""
        new = [
            KnownDdl(source=self.source, shape=shape, schema=ddl.schema, pre_data=ddl.pre_data, post_data=ddl.post_data)
            for shape, ddl in list(met.items())[-MOST:]
        ]
        with transaction.atomic():
            KnownDdl.objects.bulk_create(new, ignore_conflicts=True)
            last = KnownDdl.objects.order_by("-id").values("id")[:MOST]
            KnownDdl.objects.exclude(id__in=list(last.values_list("id", flat=True))).delete()
