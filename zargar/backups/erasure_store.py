"""The rows of erasures: whose keys there are, which are to be gone, which vaults still may hold one."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Max

from zargar.backups.keys import ShopKey
from zargar.backups.models import KeyRecord


def objects_of(holds: Collection[str]) -> set[str]:
    """Return every key object, destroyed or not, of what these names or ids say is held."""
    return {_object(row) for row in KeyRecord.objects.filter(holds__in=holds)}


def gone_by_name(name: str, *, living: Collection[str]) -> set[str]:
    """Return the ids of the shops that had this name when their key was made, and are no more."""
    rows = KeyRecord.objects.filter(shop=name).exclude(holds__in=living)
    return {holds for holds in rows.values_list("holds", flat=True) if holds.isdigit()}


def condemn(holds: Collection[str], *, now: datetime) -> int:
    """Note that these keys are to be gone; return how many were not yet. No backup is made with them any more."""
    return KeyRecord.objects.filter(holds__in=holds, destroyed_at=None).update(destroyed_at=now)


def to_be_gone(name: str) -> bool:
    """Say whether a key object was destroyed with intent."""
    return any(_object(row) == name for row in KeyRecord.objects.filter(destroyed_at__isnull=False))


def unfinished() -> Sequence[tuple[str, datetime]]:
    """Return the key objects that are to be gone and that some vault may still hold, with since when."""
    rows = KeyRecord.objects.filter(destroyed_at__isnull=False, erased_at=None).order_by("pk")
    return [(_object(row), row.destroyed_at) for row in rows if row.destroyed_at is not None]


def done(objects: Collection[str], *, now: datetime) -> None:
    """Note that no vault holds these any more."""
    rows = KeyRecord.objects.filter(destroyed_at__isnull=False, erased_at=None)
    numbers = [row.pk for row in rows if _object(row) in objects]
    KeyRecord.objects.filter(pk__in=numbers).update(erased_at=now)


def erased_since() -> dict[str, datetime]:
    """Return by what packs hold when its last key was destroyed: older packs of it open no more."""
    rows = KeyRecord.objects.exclude(destroyed_at=None).values_list("holds").annotate(last=Max("destroyed_at"))
    return {holds: moment for holds, moment in rows if moment is not None}


def _object(row: KeyRecord) -> str:
    return ShopKey(row.shop, row.recipient).object
