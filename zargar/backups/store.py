"""The catalogue's rows: what was made, which key locks what, what each vault was found to hold.

The row of a backup that is being made has a room of its own (`sitting_store`).

Note [Verdicts and removals]
----------------------------
Retention removes a copy because a newer one is good. So whoever keeps a verdict on a copy (`note`) and whoever is about
to remove one (`removing`) hold one lock, `deciding`: what is decided under it is decided by the verdicts that stand. A
copy is `REMOVED` from that decision on, and until no vault's object of it is left it keeps its `condemned_at`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from zargar.backups import drill_store, erasure_store
from zargar.backups.exclusions import lacks, names
from zargar.backups.keys import ShopKey
from zargar.backups.manifest import PackEntry
from zargar.backups.models import Backup, Copy, CopyState, KeyRecord, Pack, State
from zargar.backups.retention import Copy as Kept
from zargar.backups.retention import Kind
from zargar.outcomes import Summary

SHARED = "shared"
"""What the pack of the shared schema is called, and what it holds."""

_LOCK: Final = 0x5A41_5242_4343  # "ZARBCC"


@dataclass(frozen=True, slots=True)
class Held:
    """Something that a backup holds: the shop's id as text, what it is called, and its schema."""

    id: str
    slug: str
    schema: str


def key_of(held: Held) -> ShopKey | None:
    """Return the key in use for it."""
    row = KeyRecord.objects.filter(holds=held.id, destroyed_at=None, lost_at=None).first()
    return ShopKey(row.shop, row.recipient) if row else None


def keys_of(holds: Iterable[Held]) -> dict[str, ShopKey]:
    """Return the keys in use, by what they are of (`Held.id`); what has none yet is left out."""
    rows = KeyRecord.objects.filter(holds__in=[held.id for held in holds], destroyed_at=None, lost_at=None)
    return {row.holds: ShopKey(row.shop, row.recipient) for row in rows}


def keep_key(held: Held, key: ShopKey) -> ShopKey:
    """Remember a key that at least one vault has the secret half of; return the one in use.

    Another process may have made one for the same shop in the same moment: then that is used, by both.
    """
    try:
        with transaction.atomic():
            measure = {"size": key.measure.size, "sha256": key.measure.sha256} if key.measure else {}
            KeyRecord.objects.create(holds=held.id, shop=key.shop, recipient=key.recipient, **measure)
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
    """Keep what was found of a copy; a backup that lacks nothing and is stored everywhere is complete.

    A copy whose last drill was red stays damaged, however sound its bytes are; one that retention has removed meanwhile
    stays removed.
    """
    with deciding():
        if state == CopyState.GOOD and (red := drill_store.red(copy)):
            state, detail = CopyState.DAMAGED, red
        there = Copy.objects.filter(pk=copy.pk).exclude(state=CopyState.REMOVED)
        if not there.update(state=state, checked_at=now, detail=detail, half_read=None):
            return
        backup = Backup.objects.select_for_update().get(number=copy.backup_id)
        backup.state = state_of(backup)
        backup.save(update_fields=["state"])


def state_of(backup: Backup) -> State:
    """Say how a backup stands that exists, by what it holds and by its copies."""
    missing = any(copy.state in {CopyState.MISSING, CopyState.DAMAGED} for copy in backup.copies.all())
    return State.DEGRADED if missing or lacks(backup.excluded) else State.COMPLETE


def keep_half_read(copy: Copy, how_far: Summary) -> None:
    """Keep how far reading a copy back has come, for whoever goes on with it."""
    Copy.objects.filter(pk=copy.pk).exclude(state=CopyState.REMOVED).update(half_read=how_far)


@contextmanager
def deciding() -> Iterator[None]:
    """Hold the lock of Note [Verdicts and removals], in a transaction."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        yield


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


def still_condemned(copy: Copy, *, before: datetime) -> bool:
    """Say whether a copy is marked since before a moment now, and not only when it was listed."""
    return Copy.objects.exclude(state=CopyState.REMOVED).filter(pk=copy.pk, condemned_at__lt=before).exists()


def removed(copy: Copy, *, now: datetime) -> None:
    """Keep that a copy is removed; what a vault still has of it is nobody's."""
    Copy.objects.filter(pk=copy.pk).update(
        state=CopyState.REMOVED, checked_at=now, detail="removed by retention", half_read=None
    )


def half_removed() -> Sequence[Copy]:
    """Return the copies that are removed, and of which a vault may still have something."""
    rows = Copy.objects.filter(state=CopyState.REMOVED, condemned_at__isnull=False)
    return list(rows.select_related("backup").order_by("backup_id", "vault"))


def emptied(copy: Copy) -> None:
    """Keep that a vault has nothing any more of a copy that is removed."""
    Copy.objects.filter(pk=copy.pk).update(condemned_at=None)


def has_source(copy: Copy, *, among: Collection[str]) -> bool:
    """Say whether one of these vaults has the backup of a copy, and can give back what that copy lacks."""
    others = Copy.objects.filter(backup=copy.backup_id, vault__in=among).exclude(pk=copy.pk)
    return others.filter(state__in=[CopyState.STORED, CopyState.GOOD]).exists()


def copy_in(backup: str, vault: str) -> Copy:
    """Return a vault's copy of a backup that retention knows of."""
    return Copy.objects.select_related("backup").get(backup__id=backup, vault=vault)


def missing(*, backup: UUID | None = None) -> Sequence[Copy]:
    """Return the copies that a vault lacks, of one backup or of all that exist."""
    found = in_vaults(states=[CopyState.MISSING])
    return [copy for copy in found if backup is None or copy.backup.id == backup]


def for_retention() -> list[Kept]:
    """Return every backup that exists as retention sees it: without what no key opens any more.

    What a vault lacks it may still be brought, and is nobody's to remove; where no other vault has anything of the
    backup any more, what this one has of it is what is left.
    """
    rows = list(Backup.objects.filter(state__in=[State.COMPLETE, State.DEGRADED]).prefetch_related("copies"))
    packs, erased = _packs_by_backup(), erasure_store.erased_since()
    return [_as_kept(row, packs[row.number], erased) for row in rows]


def _as_kept(row: Backup, packs: Collection[tuple[str, str]], erased: Mapping[str, datetime]) -> Kept:
    """Describe a backup for retention. `packs`: what each holds, and how the backup calls it."""
    copies = [copy for copy in row.copies.all() if copy.state != CopyState.REMOVED]
    there = [copy for copy in copies if copy.state != CopyState.MISSING] or copies
    in_part = names(lacks(row.excluded))
    return Kept(
        backup=str(row.id),
        number=row.number,
        kind=Kind(row.kind),
        made_at=row.began_at,
        holds=frozenset(held for held, _ in packs if drill_store.opens(held, row, erased)),
        good_in={copy.vault: copy.state == CopyState.GOOD for copy in there},
        in_part=frozenset(held for held, label in packs if label in in_part),
        remains_in=frozenset(copy.vault for copy in there if copy.state == CopyState.MISSING),
    )


def _packs_by_backup() -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for number, held, label in Pack.objects.values_list("backup_id", "holds", "schema"):
        found[number].append((held, label))
    return found


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
