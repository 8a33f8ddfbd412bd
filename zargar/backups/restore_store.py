"""The rows of restores in a shop's place: how far each came, and what is kept for undo."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from zargar.audit import operations as audit
from zargar.backups.apart import TableApart
from zargar.backups.models import Backup, Pack, Restore, RestoreState
from zargar.outcomes import JSON

SWAP_LOCK: Final = 0x5357_4150
"""The first half of the advisory key ("SWAP"); the second is the shop's id. Held by who restores it in its place."""

UNFINISHED = (RestoreState.PREPARING, RestoreState.CLOSED, RestoreState.SWAPPED)


def begin(
    *, shop: int, schema: str, backup: UUID | None, undoes: Restore | None, actor: str, reason: str, now: datetime
) -> Restore:
    """Open a restore; its two schemas are named after it. An undo's copy is what the other had put aside."""
    with transaction.atomic():
        row = Restore.objects.create(
            shop=shop, schema=schema, backup=backup, undoes=undoes, actor=actor, reason=reason, began_at=now
        )
        row.copy = undoes.kept if undoes else f"{schema}_restored_{row.pk}"
        row.kept = f"{schema}_undone_{row.pk}" if undoes else f"{schema}_before_{row.pk}"
        row.save(update_fields=["copy", "kept"])
    return row


def closed(row: Restore, *, shop_was: str) -> None:
    """Keep that the shop is about to be closed, and what it was."""
    _save(row, state=RestoreState.CLOSED, shop_was=shop_was)


def listed_apart(row: Restore, apart: Sequence[TableApart]) -> None:
    """Keep in which rows the two copies differ."""
    _save(row, apart=apart_json(apart))


def snapped(row: Restore, *, snapshot: UUID) -> None:
    """Keep the safety snapshot's id."""
    _save(row, snapshot=snapshot)


def swapped(row: Restore, *, now: datetime) -> None:
    """Keep that the copy is live."""
    _save(row, state=RestoreState.SWAPPED, swapped_at=now)


def done(row: Restore, *, now: datetime) -> None:
    """Close a restore that is whole; the one that it undoes is undone. Audited."""
    with transaction.atomic():
        _save(row, state=RestoreState.DONE, ended_at=now)
        if row.undoes is not None:
            _save(row.undoes, state=RestoreState.UNDONE)
        audit.record(
            actor=row.actor, action="backup.undo" if row.undoes else "backup.restore", subject=row.schema,
            reason=row.reason, before={"kept": row.kept}, after=told(row),
        )  # fmt: skip


def failed(row: Restore, *, fault: str, now: datetime) -> None:
    """Close a restore of which nothing is left but this row."""
    _save(row, state=RestoreState.FAILED, swapped_at=None, ended_at=now, fault=fault)


def dropped(row: Restore, *, actor: str, reason: str) -> None:
    """Keep that what was kept for undo is gone. Audited."""
    with transaction.atomic():
        _save(row, state=RestoreState.DROPPED)
        audit.record(
            actor=actor, action="backup.drop_kept", subject=row.schema, reason=reason, before={"kept": row.kept}
        )


def taken(row: Restore, *, taken_at: datetime) -> None:
    """Keep the moment of the rows that become live."""
    _save(row, taken_at=taken_at)


def unfinished(shop: int) -> Sequence[Restore]:
    """Return a shop's restores that did not come to an end, the newest first."""
    return list(_rows().filter(shop=shop, state__in=UNFINISHED).order_by("-id"))


def unfinished_shops() -> Sequence[int]:
    """Return the shops, by id, of which a restore did not come to an end; they may be gone themselves."""
    return list(_rows().filter(state__in=UNFINISHED).order_by("shop").values_list("shop", flat=True).distinct())


def closed_by_one(shop: int) -> bool:
    """Say whether a restore has closed a shop, and did not come to an end."""
    return Restore.objects.filter(shop=shop, state__in=[RestoreState.CLOSED, RestoreState.SWAPPED]).exists()


def last_done(shop: int) -> Restore | None:
    """Return a shop's newest restore, if what it put aside is still kept."""
    newest = _rows().filter(shop=shop).exclude(state=RestoreState.FAILED).order_by("-id").first()
    return newest if newest is not None and newest.state == RestoreState.DONE else None


def kept(*, shop: int | None = None, before: datetime | None = None) -> Sequence[Restore]:
    """Return the restores whose old copy is kept, the oldest first: of one shop or all, of any age or since long."""
    rows = _rows().filter(state=RestoreState.DONE).order_by("id")
    if shop is not None:
        rows = rows.filter(shop=shop)
    return list(rows.filter(ended_at__lt=before) if before is not None else rows)


def names_in(backup: UUID) -> dict[str, str]:
    """Return by what it holds (a shop's id) how a backup calls each schema; empty where the catalogue knows it not."""
    return dict(Pack.objects.filter(backup__id=backup).values_list("holds", "schema"))


def copies_of(backup: UUID) -> tuple[str | None, dict[str, str]]:
    """Return what the catalogue knows of a backup: its manifest's SHA-256, and by vault how the copy is."""
    found = Backup.objects.filter(id=backup).first()
    if found is None:
        return None, {}
    return found.manifest_sha256 or None, {copy.vault: copy.state for copy in found.copies.all()}


def told(row: Restore) -> dict[str, JSON]:
    """Say it in JSON."""
    return {
        "restore": row.pk,
        "shop": row.schema,
        "state": row.state,
        "backup": str(row.backup) if row.backup else None,
        "undoes": row.undoes_id,
        "taken_at": row.taken_at.isoformat() if row.taken_at else None,
        "kept": row.kept,
        "snapshot": str(row.snapshot) if row.snapshot else None,
        "apart": row.apart,
    }


def apart_json(apart: Sequence[TableApart]) -> list[JSON]:
    """Say in which rows two copies differ."""
    return [
        {
            "table": one.name, "only_live": one.only_live, "only_restored": one.only_restored, "changed": one.changed,
            "keys": list(one.keys),
        }
        for one in apart
    ]  # fmt: skip


def _rows() -> QuerySet[Restore]:
    return Restore.objects.select_related("undoes")


def _save(row: Restore, **fields: object) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=list(fields))
