"""The row of a backup that is being made, and the right to write it.

A process may sleep through its lease (a paused machine, a long stall) and come back while another one goes on with the
backup, has finished it, or has closed it. So whoever makes a backup holds the number of its `sitting`, and every write
requires that the row still has it; whoever takes the right from another takes the next number. A late-comer changes
nothing from then on and is told so: `SupersededError`.

The vaults know no sittings. What keeps a late-comer out of them is that a manifest is *sealed* first: its bytes go into
the row, by a write that requires the sitting. From then on these are the only bytes that anybody writes under the
backup's key, its first process or one that goes on for it, so that it does not matter who comes first.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from zargar.backups.exclusions import lacks
from zargar.backups.manifest import Manifest
from zargar.backups.models import Backup, Copy, CopyState, Pack, State
from zargar.backups.retention import Kind
from zargar.backups.store import Held, pack_row
from zargar.outcomes import Retryable

Answer = TypeVar("Answer")

_OPEN = (State.RUNNING, State.FAILED)
_TAKEN_OVER = "another process has taken over its job"


class SupersededError(Retryable):
    """Another process has taken over this backup, or has closed it: whoever held it came back too late.

    Nothing of what he did since then counts. The run that took over makes the backup; there is nothing to do.
    """

    def __init__(self, backup: Backup) -> None:
        super().__init__(
            f"sitting {backup.sitting} of backup {backup.id} is over: another process has taken it over or closed it, "
            "and nothing of this one's work counts"
        )


def begin(*, kind: Kind, reason: str, now: datetime, scope: str = "", job: UUID | None = None) -> Backup:
    """Open a backup, before its first byte. `scope` is the one shop's id; `job` the run that makes it.

    What is still being made for the same job is closed: its process has lost the right to it, or is dead.
    """
    with transaction.atomic():
        if job is not None:
            _alone_for(job)
            Backup.objects.filter(job=job, state=State.RUNNING, sealed=None).update(
                state=State.FAILED, ended_at=now, fault=_TAKEN_OVER, sitting=F("sitting") + 1
            )
        return Backup.objects.create(kind=kind, reason=reason, began_at=now, scope=scope, job=job)


def to_go_on_with(job: UUID, *, since: datetime) -> Backup | None:
    """Return the backup that an earlier sitting of a job has left since a moment."""
    left = Backup.objects.filter(job=job, checkpoint__isnull=False, sealed=None, state__in=_OPEN)
    return left.filter(touched_at__gte=since).order_by("-number").first()


def made_by(job: UUID, *, since: datetime) -> Backup | None:
    """Return the backup that a job has made, or sealed, since a moment, if it has."""
    made = Backup.objects.filter(job=job, state__in=[State.COMPLETE, State.DEGRADED], ended_at__gte=since)
    sealed = Backup.objects.filter(job=job, state__in=_OPEN, sealed__isnull=False)
    return (made | sealed).order_by("-number").first()


def take_up(backup: Backup, *, now: datetime) -> None:
    """Take the right to go on with it. Raises `SupersededError` where somebody else has."""
    _take(backup, state=State.RUNNING, ended_at=None, fault="", touched_at=now)


def take_away(backup: Backup) -> None:
    """Take the right from whoever makes it, so that it can be closed. Raises `SupersededError` as `take_up`."""
    _take(backup)


def take_away_for_good(backup: Backup) -> None:
    """Do that, and have nobody go on from what an earlier sitting has left of it. Raises `SupersededError`."""
    _take(backup, checkpoint=None)


def hold(backup: Backup, *, now: datetime) -> None:
    """Note that it is still being made. Raises `SupersededError`."""
    _write(backup, touched_at=now)


def leave(backup: Backup, *, checkpoint: bytes, now: datetime) -> None:
    """Keep what is stored of a backup that is not done. Raises `SupersededError`."""
    _write(backup, checkpoint=checkpoint, touched_at=now)


def seal(backup: Backup, manifest: bytes, *, now: datetime) -> None:
    """Keep the manifest before it is written to any vault: there is no other from now on. Raises `SupersededError`."""
    _write(backup, sealed=manifest, checkpoint=None, touched_at=now)


def unseal(backup: Backup) -> None:
    """Forget the manifest of a backup that no vault has all of. Raises `SupersededError`."""
    _write(backup, sealed=None)


def fail(backup: Backup, *, fault: str, now: datetime) -> bool:
    """Close a backup that came to nothing; False where that is no longer ours to say."""
    row = _ours(backup)
    return bool(_reaching(lambda: row.update(state=State.FAILED, ended_at=now, fault=fault)))


def finish(
    backup: Backup, manifest: Manifest, *, sha256: str, held: Mapping[str, Held], faults: Mapping[str, str | None]
) -> State:
    """Close a backup that exists: its packs, and by vault what went wrong there (None: stored). Returns its state.

    It is complete where no vault went wrong and nothing is left out.

    Raises `SupersededError`.
    """
    missing = {vault: fault for vault, fault in faults.items() if fault is not None}
    state = State.DEGRADED if missing or lacks(manifest.excluded) else State.COMPLETE
    with transaction.atomic():
        _write(
            backup, state=state, checkpoint=None, sealed=None, ended_at=manifest.ended_at, manifest_sha256=sha256,
            stored_bytes=sum(segment.size for segment in manifest.segments),
            plain_bytes=sum(entry.place.plain_length for entry in manifest.packs), excluded=list(manifest.excluded),
            fault="; ".join(f"{vault}: {fault}" for vault, fault in sorted(missing.items())),
        )  # fmt: skip
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
    return state


def lost(*, older_than: timedelta, now: datetime) -> Sequence[Backup]:
    """Return the backups whose process was lost: nobody was seen at them for longer than `older_than`."""
    running = Backup.objects.filter(state=State.RUNNING).annotate(seen=Coalesce("touched_at", "began_at"))
    return list(running.filter(seen__lt=now - older_than).order_by("number"))


def abandoned(*, before: datetime) -> Sequence[Backup]:
    """Return the backups that failed before a moment, what they left in vaults being nobody's, if it is still there."""
    return list(Backup.objects.filter(state=State.FAILED, ended_at__lt=before, swept_at=None).order_by("number"))


def swept(backup: Backup, *, now: datetime) -> None:
    """Note that no vault holds anything any more of a backup that failed. Raises `SupersededError`."""
    _write(backup, swept_at=now, checkpoint=None)


def _ours(backup: Backup) -> QuerySet[Backup]:
    return Backup.objects.filter(number=backup.number, sitting=backup.sitting, state__in=_OPEN)


def _write(backup: Backup, **values: object) -> None:
    row = _ours(backup)
    if not _reaching(lambda: row.update(**values)):
        raise SupersededError(backup)


def _take(backup: Backup, **values: object) -> None:
    _write(backup, sitting=backup.sitting + 1, **values)
    backup.sitting += 1


def _alone_for(job: UUID) -> None:
    """Wait until nobody else opens a backup for this job, for the rest of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"backup of {job}"])


def _reaching(write: Callable[[], Answer]) -> Answer:
    """Write, on a fresh session if this one is what was lost; inside of a transaction there is no second try."""
    try:
        return write()
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()
        return write()
