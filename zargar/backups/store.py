"""The catalogue's rows: what was begun, what came of it, which key locks what, what each vault was found to hold."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from zargar.backups import drill_store
from zargar.backups.keys import ShopKey
from zargar.backups.manifest import Manifest, PackEntry
from zargar.backups.models import Backup, Copy, CopyState, KeyRecord, Pack, State
from zargar.backups.retention import Copy as Kept
from zargar.backups.retention import Kind

SHARED = "shared"
"""What the pack of the shared schema is called, and what it holds."""


@dataclass(frozen=True, slots=True)
class Held:
    """Something that a backup holds: the shop's id as text, what it is called, and its schema."""

    id: str
    slug: str
    schema: str


def begin(*, kind: Kind, reason: str, now: datetime) -> Backup:
    """Open a backup, before its first byte."""
    return Backup.objects.create(kind=kind, reason=reason, began_at=now)


def give_up(*, older_than: timedelta, now: datetime) -> int:
    """Close backups whose process was lost: nothing runs for longer than `older_than`. Returns how many."""
    lost = Backup.objects.filter(state=State.RUNNING, began_at__lt=now - older_than)
    return lost.update(state=State.FAILED, ended_at=now, fault="its process was lost")


def fail(backup: Backup, *, fault: str, now: datetime) -> None:
    """Close a backup that came to nothing."""
    Backup.objects.filter(number=backup.number).update(state=State.FAILED, ended_at=now, fault=fault)


def finish(
    backup: Backup, manifest: Manifest, *, sha256: str, held: Mapping[str, Held], faults: Mapping[str, str | None]
) -> State:
    """Close a backup that exists: its packs, and by vault what went wrong there (None: stored). Returns its state."""
    missing = {vault: fault for vault, fault in faults.items() if fault is not None}
    state = State.DEGRADED if missing else State.COMPLETE
    with transaction.atomic():
        Pack.objects.bulk_create(_pack(backup, entry, held[entry.place.pack]) for entry in manifest.packs)
        Copy.objects.bulk_create(
            Copy(
                backup=backup,
                vault=vault,
                state=CopyState.STORED if fault is None else CopyState.MISSING,
                detail=fault or "",
            )
            for vault, fault in faults.items()
        )
        Backup.objects.filter(number=backup.number).update(
            state=state,
            ended_at=manifest.ended_at,
            manifest_sha256=sha256,
            stored_bytes=sum(segment.size for segment in manifest.segments),
            plain_bytes=sum(entry.place.plain_length for entry in manifest.packs),
            fault="; ".join(f"{vault}: {fault}" for vault, fault in sorted(missing.items())),
        )
    return state


def key_of(held: Held) -> ShopKey | None:
    """Return the key in use for it."""
    row = KeyRecord.objects.filter(holds=held.id, destroyed_at=None).first()
    return ShopKey(row.shop, row.recipient) if row else None


def keep_key(held: Held, key: ShopKey) -> None:
    """Remember a key that at least one vault has the secret half of."""
    KeyRecord.objects.create(holds=held.id, shop=key.shop, recipient=key.recipient)


def destroyed(objects: Iterable[str]) -> set[str]:
    """Return those key objects that were destroyed with intent, so that nothing brings them back."""
    gone = KeyRecord.objects.filter(destroyed_at__isnull=False)
    return {ShopKey(row.shop, row.recipient).object for row in gone} & set(objects)


def abandoned(*, before: datetime) -> Sequence[UUID]:
    """Return the backups that failed before a moment: what they left in vaults is nobody's."""
    rows = Backup.objects.filter(state=State.FAILED, ended_at__lt=before)
    return list(rows.order_by("number").values_list("id", flat=True))


def found(backup: UUID) -> Backup | None:
    """Return a backup with its packs and copies."""
    return Backup.objects.filter(id=backup).prefetch_related("packs", "copies").first()


def listed(*, limit: int, holds: str | None = None) -> Sequence[Backup]:
    """Return the newest backups, those that hold something if it is named."""
    rows = Backup.objects.order_by("-number").prefetch_related("packs", "copies")
    return list((rows.filter(packs__holds=holds) if holds else rows)[:limit])


def in_vaults(*, states: Iterable[CopyState], limit: int | None = None) -> Sequence[Copy]:
    """Return the copies in these states whose backup exists: those never read back first, then by how long ago."""
    rows = Copy.objects.filter(state__in=list(states), backup__state__in=[State.COMPLETE, State.DEGRADED])
    return list(
        rows.select_related("backup").order_by(F("checked_at").asc(nulls_first=True), "backup_id", "vault")[:limit]
    )


def note(copy: Copy, *, state: CopyState, now: datetime, detail: str = "") -> None:
    """Keep what was found of a copy; a backup that is stored everywhere is whole.

    A copy whose last drill was red stays damaged, however sound its bytes are.
    """
    red = drill_store.red(copy) if state == CopyState.GOOD else ""
    if red:
        state, detail = CopyState.DAMAGED, red
    with transaction.atomic():
        Copy.objects.filter(pk=copy.pk).update(state=state, checked_at=now, detail=detail)
        backup = Backup.objects.select_for_update().get(number=copy.backup_id)
        lacking = backup.copies.filter(state__in=[CopyState.MISSING, CopyState.DAMAGED]).exists()
        backup.state = State.DEGRADED if lacking else State.COMPLETE
        backup.save(update_fields=["state"])


def condemn(may_go: Collection[tuple[str, str]], *, now: datetime) -> None:
    """Mark the copies (backup id, vault) that may go, and take the mark from all others."""
    for copy in Copy.objects.exclude(state=CopyState.REMOVED).select_related("backup"):
        condemned = (str(copy.backup.id), copy.vault) in may_go
        if condemned != (copy.condemned_at is not None):
            Copy.objects.filter(pk=copy.pk).update(condemned_at=now if condemned else None)


def condemned(*, before: datetime) -> Sequence[Copy]:
    """Return the copies that have been marked since before a moment, the oldest backup first."""
    rows = Copy.objects.exclude(state=CopyState.REMOVED).filter(condemned_at__lt=before)
    return list(rows.select_related("backup").order_by("backup_id", "vault"))


def removed(copy: Copy, *, now: datetime) -> None:
    """Keep that a vault has nothing of a backup any more."""
    Copy.objects.filter(pk=copy.pk).update(state=CopyState.REMOVED, checked_at=now, detail="removed by retention")


def for_retention() -> list[Kept]:
    """Return every backup that exists as retention sees it."""
    rows = Backup.objects.filter(state__in=[State.COMPLETE, State.DEGRADED]).prefetch_related("packs", "copies")
    return [
        Kept(
            backup=str(row.id),
            number=row.number,
            kind=Kind(row.kind),
            made_at=row.began_at,
            holds=frozenset(pack.holds for pack in row.packs.all()),
            good_in={
                copy.vault: copy.state == CopyState.GOOD
                for copy in row.copies.all()
                if copy.state not in {CopyState.REMOVED, CopyState.MISSING}
            },
        )
        for row in rows
    ]


def _pack(backup: Backup, entry: PackEntry, held: Held) -> Pack:
    facts = entry.facts
    return Pack(
        backup=backup,
        holds=held.id,
        schema=entry.schema,
        taken_at=facts.moment if facts else backup.began_at,
        tables=len(facts.tables) if facts else 0,
        rows=sum(table.rows for table in facts.tables) if facts else 0,
        plain_bytes=entry.place.plain_length,
        stored_bytes=entry.place.stored_length,
    )
