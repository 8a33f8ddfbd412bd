"""The catalogue's rows made again from what was found in the vaults, in one transaction that keeps others out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from zargar.backups import store
from zargar.backups.keys import ShopKey
from zargar.backups.manifest import Manifest, PackEntry
from zargar.backups.models import Backup, Copy, CopyState, KeyRecord, Pack, State
from zargar.backups.store import SHARED, Held
from zargar.refusals import RefusedError
from zargar.shops import operations as shops

REASON: Final = "found in the vaults"
_VERDICTS: Final = frozenset({CopyState.GOOD, CopyState.DAMAGED})


class CatalogueBusyError(RefusedError):
    """A backup is being made at this moment, or was until a moment ago: rebuild the catalogue when it has ended."""


@dataclass(frozen=True, slots=True)
class FoundCopy:
    """What one vault has of a backup."""

    vault: str
    state: CopyState
    detail: str


@dataclass(frozen=True, slots=True)
class FoundBackup:
    """A backup that some vault has a sound manifest of, and what each vault that was asked has of it."""

    manifest: Manifest
    sha256: str
    copies: tuple[FoundCopy, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A backup as the catalogue has it."""

    number: int
    backup: str
    began_at: datetime


@dataclass(frozen=True, slots=True)
class _Names:
    """Whose pack is whose: ids of shops by key object and by slug."""

    by_key: dict[str, str]
    by_slug: dict[str, str]

    def of(self, entry: PackEntry) -> str:
        """Return what a pack holds: a shop's id, or a name where it is no shop's, or nobody knows the shop."""
        if entry.shop is None or entry.place.pack == SHARED:
            return entry.place.pack
        return self.by_key.get(entry.key) or self.by_slug.get(entry.shop) or entry.shop


def destroyed_keys() -> frozenset[str]:
    """Return the key objects that were destroyed with intent."""
    gone = KeyRecord.objects.filter(destroyed_at__isnull=False)
    return frozenset(ShopKey(row.shop, row.recipient).object for row in gone)


@dataclass(frozen=True, slots=True)
class Before:
    """The catalogue before the vaults were asked: the ids of its backups, and the state of each copy by its row."""

    backups: frozenset[str]
    copies: Mapping[int, str]

    def stands(self, copy: Copy) -> bool:
        """Say whether nobody has noted anything else of a copy since."""
        return self.copies.get(copy.pk) == copy.state


def before() -> Before:
    """Return what the catalogue says now. Raises `CatalogueBusyError`."""
    with transaction.atomic():
        _keep_out()
        backups = frozenset(map(str, Backup.objects.values_list("id", flat=True)))
        return Before(backups, dict(Copy.objects.values_list("pk", "state")))


def fill(backups: Sequence[FoundBackup], *, answered: Collection[str], before: Before, now: datetime) -> int:
    """Make rows for these backups, sorted by when they began, or correct those there are; return how many were new.

    `answered`: the vaults that were asked and answered; what the catalogue believes to be in one of them and is not
    there is missing. `before`: what it said then; a backup that it has got since is left out, and so is a copy of which
    it says something else. Raises `CatalogueBusyError`.
    """
    with transaction.atomic():
        _keep_out()
        since = {str(backup) for backup in Backup.objects.values_list("id", flat=True)} - before.backups
        backups = [found for found in backups if found.manifest.backup not in since]
        added = _add(backups)
        rows = {str(row.id): row for row in Backup.objects.all()}
        names = _names()
        for found in backups:
            row = rows[found.manifest.backup]
            _correct(row, found, names)
            _copies(row, found, before, now=now)
        known = {found.manifest.backup for found in backups} | since
        believed = Copy.objects.filter(vault__in=answered, state__in=[CopyState.STORED, *_VERDICTS])
        lost = [copy.pk for copy in believed.exclude(backup__id__in=known) if before.stands(copy)]
        Copy.objects.filter(pk__in=lost).update(
            state=CopyState.MISSING, checked_at=now, detail="the vault has no manifest of it"
        )
        for row in Backup.objects.filter(state__in=[State.COMPLETE, State.DEGRADED]).prefetch_related("copies"):
            _state(row)
    return added


def _keep_out() -> None:
    """Keep everybody from beginning a backup until the transaction ends. Raises `CatalogueBusyError`."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE public.backups_backup IN SHARE ROW EXCLUSIVE MODE")
    if Backup.objects.filter(state=State.RUNNING).exists():
        raise CatalogueBusyError(CatalogueBusyError.__doc__)


def _add(backups: Sequence[FoundBackup]) -> int:
    """Make the rows that are not there, each in its place; return how many."""
    known = [
        Known(number, str(backup), began)
        for number, backup, began in Backup.objects.order_by("number").values_list("number", "id", "began_at")
    ]
    there = {one.backup for one in known}
    new = [found for found in backups if found.manifest.backup not in there]
    for one in from_the_first_new(known, new):
        if isinstance(one, Known):
            _renumber(one.number)
        else:
            told = one.manifest
            Backup.objects.create(
                id=told.backup, kind=told.kind, state=State.FAILED, reason=REASON, began_at=told.began_at,
                ended_at=told.ended_at,
            )  # fmt: skip
    return len(new)


def from_the_first_new(known: Sequence[Known], new: Sequence[FoundBackup]) -> list[Known | FoundBackup]:
    """Put what is new among what is known, and return all from the first new one on: these get new numbers. Pure.

    Each goes before the first known one that began later; `known` (by number) keeps its order, whatever the clocks say,
    and so does `new` (by when they began).
    """
    waiting = list(new)
    order: list[Known | FoundBackup] = []
    for one in known:
        while waiting and waiting[0].manifest.began_at < one.began_at:
            order.append(waiting.pop(0))
        if order:
            order.append(one)
    return order + waiting


def _renumber(number: int) -> None:
    """Give a backup the next number, and with it all that belongs to it; foreign keys are checked at the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('public.backups_backup', 'number'))")
        [(after,)] = cursor.fetchall()
    Backup.objects.filter(number=number).update(number=after)
    for relation in Backup._meta.related_objects:  # noqa: SLF001 -- Django's own documented name
        rows = relation.related_model._default_manager  # noqa: SLF001 -- as above
        rows.filter(**{relation.field.attname: number}).update(**{relation.field.attname: after})


def _names() -> _Names:
    records = KeyRecord.objects.all()
    return _Names(
        {ShopKey(row.shop, row.recipient).object: row.holds for row in records},
        {str(shop.schema_name): str(shop.id) for shop in shops.listed()},
    )


def _correct(row: Backup, found: FoundBackup, names: _Names) -> None:
    """Make a backup whole that exists by its manifest, whatever the catalogue has of it; its packs too."""
    told = found.manifest
    row.state = State.COMPLETE if row.state == State.FAILED else row.state
    row.manifest_sha256, row.ended_at = found.sha256, told.ended_at
    row.stored_bytes = sum(segment.size for segment in told.segments)
    row.plain_bytes = sum(entry.place.plain_length for entry in told.packs)
    row.fault, row.checkpoint, row.excluded = "", None, list(told.excluded)
    row.save()
    there = {pack.schema: pack for pack in row.packs.all()}
    for entry in told.packs:
        pack = there.get(entry.label)
        holds = names.of(entry)
        if pack is None:
            store.pack_row(row, entry, Held(holds, entry.place.pack, entry.schema)).save()
        elif pack.holds != holds and not pack.holds.isdecimal():
            Pack.objects.filter(pk=pack.pk).update(holds=holds)  # nobody had known the shop


def _copies(row: Backup, found: FoundBackup, before: Before, *, now: datetime) -> None:
    there = {copy.vault: copy for copy in row.copies.all()}
    for one in found.copies:
        copy = there.get(one.vault)
        checked = now if one.state == CopyState.DAMAGED else None
        if copy is None:
            Copy.objects.create(backup=row, vault=one.vault, state=one.state, detail=one.detail, checked_at=checked)
        elif not before.stands(copy):
            continue
        elif one.state != CopyState.STORED:
            if not (copy.state == CopyState.REMOVED and one.state == CopyState.MISSING):
                Copy.objects.filter(pk=copy.pk).update(state=one.state, detail=one.detail, checked_at=now)
        elif copy.state not in {*_VERDICTS, CopyState.STORED}:
            Copy.objects.filter(pk=copy.pk).update(state=CopyState.STORED, detail="", checked_at=None)


def _state(row: Backup) -> None:
    state = store.state_of(row)
    if row.state != state:
        Backup.objects.filter(number=row.number).update(state=state)
