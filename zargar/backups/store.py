"""The catalogue's rows: what was begun, what came of it, which key locks what, what each vault was found to hold."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce

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


def begin(*, kind: Kind, reason: str, now: datetime, scope: str = "", job: UUID | None = None) -> Backup:
    """Open a backup, before its first byte. `scope` is the one shop's id; `job` the run that makes it."""
    return Backup.objects.create(kind=kind, reason=reason, began_at=now, scope=scope, job=job)


def to_go_on_with(job: UUID, *, since: datetime) -> Backup | None:
    """Return the backup that an earlier sitting of a job has left since a moment."""
    left = Backup.objects.filter(job=job, checkpoint__isnull=False, state__in=[State.RUNNING, State.FAILED])
    return left.filter(touched_at__gte=since).order_by("-number").first()


def take_up(backup: Backup, *, now: datetime) -> None:
    """Note that a process goes on with it."""
    Backup.objects.filter(number=backup.number).update(state=State.RUNNING, ended_at=None, fault="", touched_at=now)


def leave(backup: Backup, *, checkpoint: bytes, now: datetime) -> None:
    """Keep what is stored of a backup that is not done."""
    Backup.objects.filter(number=backup.number).update(checkpoint=checkpoint, touched_at=now)


def lost(*, older_than: timedelta, now: datetime) -> Sequence[Backup]:
    """Return the backups whose process was lost: nothing runs for longer than `older_than`."""
    running = Backup.objects.filter(state=State.RUNNING).annotate(seen=Coalesce("touched_at", "began_at"))
    return list(running.filter(seen__lt=now - older_than).order_by("number"))


def fail(backup: Backup, *, fault: str, now: datetime) -> None:
    """Close a backup that came to nothing; on a fresh session if this one is what was lost."""
    row = Backup.objects.filter(number=backup.number)
    try:
        row.update(state=State.FAILED, ended_at=now, fault=fault)
    except (OperationalError, InterfaceError):
        connection.close()
        row.update(state=State.FAILED, ended_at=now, fault=fault)


def finish(
    backup: Backup, manifest: Manifest, *, sha256: str, held: Mapping[str, Held], faults: Mapping[str, str | None]
) -> State:
    """Close a backup that exists: its packs, and by vault what went wrong there (None: stored). Returns its state."""
    missing = {vault: fault for vault, fault in faults.items() if fault is not None}
    state = State.DEGRADED if missing else State.COMPLETE
    with transaction.atomic():
        Pack.objects.bulk_create(pack_row(backup, entry, held[entry.place.pack]) for entry in manifest.packs)
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
            checkpoint=None,
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


def keys_of(holds: Iterable[Held]) -> dict[str, ShopKey]:
    """Return the keys in use, by what they are of (`Held.id`); what has none yet is left out."""
    rows = KeyRecord.objects.filter(holds__in=[held.id for held in holds], destroyed_at=None)
    return {row.holds: ShopKey(row.shop, row.recipient) for row in rows}


def keep_key(held: Held, key: ShopKey) -> ShopKey:
    """Remember a key that at least one vault has the secret half of; return the one in use.

    Another process may have made one for the same shop in the same moment: then that is used, by both.
    """
    try:
        with transaction.atomic():
            KeyRecord.objects.create(holds=held.id, shop=key.shop, recipient=key.recipient)
    except IntegrityError:
        other = key_of(held)
        if other is None:
            raise
        return other
    return key


def destroyed(objects: Iterable[str]) -> set[str]:
    """Return those key objects that were destroyed with intent, so that nothing brings them back."""
    gone = KeyRecord.objects.filter(destroyed_at__isnull=False)
    return {ShopKey(row.shop, row.recipient).object for row in gone} & set(objects)


def abandoned(*, before: datetime) -> Sequence[Backup]:
    """Return the backups that failed before a moment, what they left in vaults being nobody's, if it is still there."""
    return list(Backup.objects.filter(state=State.FAILED, ended_at__lt=before, swept_at=None).order_by("number"))


def swept(backup: Backup, *, now: datetime) -> None:
    """Note that no vault holds anything any more of a backup that failed."""
    Backup.objects.filter(number=backup.number).update(swept_at=now, checkpoint=None)


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


def pack_row(backup: Backup, entry: PackEntry, held: Held) -> Pack:
    """Describe a pack of the manifest as a row, not yet saved."""
    facts = entry.facts
    return Pack(
        backup=backup,
        holds=held.id,
        schema=entry.label,
        files=entry.files.entries if entry.files else 0,
        taken_at=facts.moment if facts else backup.began_at,
        tables=len(facts.tables) if facts else 0,
        rows=sum(table.rows for table in facts.tables) if facts else 0,
        plain_bytes=entry.place.plain_length,
        stored_bytes=entry.place.stored_length,
    )
