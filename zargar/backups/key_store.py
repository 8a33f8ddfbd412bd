"""What the catalogue knows of key objects: their measures, and which of them no vault has any more.

A key is in use while it is neither destroyed by intent nor lost; of each shop there is one. A lost key locks nothing
more, and the next backup makes another; should its object come back with a vault, what it locked opens again.
"""

from collections.abc import Collection, Mapping

from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Now

from zargar.backups.key_objects import Measure
from zargar.backups.keys import ShopKey
from zargar.backups.models import Backup, KeyRecord, Pack, State
from zargar.backups.retention import Kind


def measures(objects: Collection[str]) -> dict[str, Measure]:
    """Return the measures of those of these key objects that have one."""
    return {
        name: Measure(row.size, row.sha256)
        for name, row in _rows(objects).items()
        if row.size is not None and row.sha256
    }


def unmeasured(*, at_most: int) -> list[str]:
    """Return key objects in use that have no measure: first those that the newest backup of everything names.

    What no vault has, and what only shops of long ago needed, must not stand before them for ever.
    """
    newest = Backup.objects.filter(state__in=[State.COMPLETE, State.DEGRADED], kind__in=[Kind.DAILY, Kind.WEEKLY])
    named = Pack.objects.filter(backup=Subquery(newest.order_by("-number").values("pk")[:1]), holds=OuterRef("holds"))
    rows = KeyRecord.objects.filter(size=None, destroyed_at=None, lost_at=None)
    rows = rows.order_by(Exists(named).desc(), "pk")[:at_most]
    return [ShopKey(row.shop, row.recipient).object for row in rows]


def learn(found: Mapping[str, Measure]) -> None:
    """Keep measures of key objects that have none yet."""
    for name, row in _rows(found).items():
        if row.size is None:
            KeyRecord.objects.filter(pk=row.pk, size=None).update(size=found[name].size, sha256=found[name].sha256)


def lose(objects: Collection[str]) -> None:
    """Note that no vault has these whole: the next backup makes others."""
    numbers = [row.pk for row in _rows(objects).values()]
    KeyRecord.objects.filter(pk__in=numbers, lost_at=None).update(lost_at=Now())


def _rows(objects: Collection[str]) -> dict[str, KeyRecord]:
    """Return the rows of these objects, by object."""
    shops = {name.split("/")[1] for name in objects}
    rows = {ShopKey(row.shop, row.recipient).object: row for row in KeyRecord.objects.filter(shop__in=shops)}
    return {name: rows[name] for name in objects if name in rows}
