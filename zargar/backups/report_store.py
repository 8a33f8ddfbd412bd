"""What reports read of the catalogue, and the reports that were made."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.db import connection, transaction
from django.db.models import Q

from zargar.backups import drill_store
from zargar.backups.models import Backup, BackupReport, Copy, CopyState, State
from zargar.backups.reports import WEEK, Body, Lack, MadeBackup, Period, ShopStanding, Sizes, Span, VaultStanding
from zargar.backups.retention import Kind
from zargar.backups.rota import Target

WHOLE: Final = (State.COMPLETE, State.DEGRADED)
GIVEN_UP_AFTER: Final = timedelta(minutes=4)
"""How long a report that somebody has set about mailing is his: longer than a mail server's every step may take, and
less than the engine waits before it tries a report again."""


def made(span: Span) -> list[MadeBackup]:
    """Return the backups that were begun in a period, oldest first."""
    rows = Backup.objects.filter(began_at__gte=span.since, began_at__lt=span.until).order_by("number")
    return [
        MadeBackup(
            backup=str(row.id), kind=row.kind, state=row.state, reason=row.reason, began_at=row.began_at.isoformat(),
            ended_at=row.ended_at.isoformat() if row.ended_at else None, stored_bytes=row.stored_bytes, fault=row.fault,
            excluded=list(row.excluded),
        )
        for row in rows
    ]  # fmt: skip


def vaults(configured: Sequence[str]) -> list[VaultStanding]:
    """Describe each vault that is configured, or still has a copy, in the order of their names."""
    rows = _query(
        """
        SELECT copy.vault, count(*), sum(backup.stored_bytes)::bigint,
               count(*) FILTER (WHERE copy.checked_at IS NULL),
               count(*) FILTER (WHERE copy.condemned_at IS NOT NULL),
               coalesce(sum(backup.stored_bytes) FILTER (WHERE copy.condemned_at IS NOT NULL), 0)::bigint
        FROM backups_copy AS copy JOIN backups_backup AS backup ON backup.number = copy.backup_id
        WHERE copy.state NOT IN ('missing', 'removed') GROUP BY copy.vault
        """
    )
    held = {name: figures for name, *figures in rows}
    lacking = _lacking()
    return [
        _standing(name, name in configured, held.get(name, [0, 0, 0, 0, 0]), lacking.get(name, []))
        for name in sorted({*configured, *held, *lacking})
    ]


def shops(named: Mapping[str, str], *, in_vaults: Sequence[str]) -> list[ShopStanding]:
    """Describe what there is of each of `named` (names by what packs hold), in their order."""
    counted = dict(
        _query(
            """
            SELECT pack.holds, count(*) FROM backups_pack AS pack
            WHERE EXISTS (SELECT FROM backups_copy AS copy
                          WHERE copy.backup_id = pack.backup_id AND copy.state NOT IN ('missing', 'removed'))
            GROUP BY pack.holds
            """
        )
    )
    proven = {
        (holds, vault): moment
        for holds, vault, moment in _query(
            """
            SELECT DISTINCT ON (pack.holds, copy.vault) pack.holds, copy.vault, pack.taken_at
            FROM backups_pack AS pack JOIN backups_copy AS copy ON copy.backup_id = pack.backup_id
            WHERE copy.state = 'good' ORDER BY pack.holds, copy.vault, pack.backup_id DESC
            """
        )
    }
    restored = drill_store.proven(named)
    return [
        ShopStanding(
            holds=holds,
            name=name,
            copies=counted.get(holds, 0),
            proven={vault: _iso(proven.get((holds, vault))) for vault in in_vaults},
            restored={vault: _iso(restored.get(Target(holds, vault))) for vault in in_vaults},
        )
        for holds, name in named.items()
    ]


def others() -> list[str]:
    """Return the names of the packs that the newest backup of everything has besides shops and the shared schema."""
    newest = Backup.objects.filter(kind__in=[Kind.DAILY, Kind.WEEKLY], state__in=WHOLE).order_by("-number").first()
    return sorted(newest.packs.filter(files__gt=0).values_list("holds", flat=True)) if newest else []


def sizes(*, until: datetime) -> Sizes:
    """Return how large the newest backup of everything is, and the newest that is a week older."""
    return Sizes(newest=_size(until), week_before=_size(until - WEEK))


def newest(period: Period) -> datetime | None:
    """Return the end of the newest period that there is a report of."""
    return BackupReport.objects.filter(kind=period).order_by("-until").values_list("until", flat=True).first()


def keep(span: Span, body: Body, *, now: datetime) -> bool:
    """Keep the report of a period; False when there is one, which stays as it is."""
    _, new = BackupReport.objects.get_or_create(
        kind=span.period, until=span.until, defaults={"body": body, "made_at": now}
    )
    return new


def unsent(period: Period, *, made_since: datetime) -> list[int]:
    """Return the ids of the reports made since a moment that were not mailed, in order of their periods."""
    rows = BackupReport.objects.filter(kind=period, mailed_at=None, made_at__gte=made_since).order_by("until")
    return list(rows.values_list("pk", flat=True))


def claim(report: int, *, now: datetime) -> Body | None:
    """Take an unsent report to be handed over, with no lock kept; None when it was mailed, or somebody is about it.

    Whoever dies before `mailed` has perhaps handed it over: after `GIVEN_UP_AFTER` it is mailed again, under the same
    Message-ID.
    """
    with transaction.atomic():
        rows = BackupReport.objects.select_for_update(skip_locked=True).filter(pk=report, mailed_at=None)
        row = rows.filter(Q(tried_at=None) | Q(tried_at__lte=now - GIVEN_UP_AFTER)).first()
        if row is None:
            return None
        BackupReport.objects.filter(pk=report).update(tried_at=now)
        return cast("Body", row.body)


def mailed(report: int, *, now: datetime) -> None:
    """Keep that a report was handed over."""
    BackupReport.objects.filter(pk=report).update(mailed_at=now, tried_at=None)


def not_mailed(report: int) -> None:
    """Keep that a report was not taken: whoever comes next may try at once."""
    BackupReport.objects.filter(pk=report).update(tried_at=None)


def _lacking() -> dict[str, list[Lack]]:
    rows = Copy.objects.filter(state__in=[CopyState.MISSING, CopyState.DAMAGED], backup__state__in=WHOLE)
    rows = rows.exclude(state=CopyState.MISSING, condemned_at__isnull=False)  # nobody is to have it any more
    found: dict[str, list[Lack]] = {}
    for row in rows.select_related("backup").order_by("vault", "backup_id"):
        found.setdefault(row.vault, []).append(
            Lack(
                backup=str(row.backup.id),
                began_at=row.backup.began_at.isoformat(),
                state=row.state,
                detail=row.detail,
            )
        )
    return found


def _standing(name: str, configured: bool, figures: Sequence[int], lacking: list[Lack]) -> VaultStanding:  # noqa: FBT001 -- a fact, not a switch
    copies, stored_bytes, unread, waiting, waiting_bytes = figures
    return VaultStanding(
        vault=name, configured=configured, copies=copies, stored_bytes=stored_bytes, unread=unread, waiting=waiting,
        waiting_bytes=waiting_bytes, lacking=lacking,
    )  # fmt: skip


def _size(until: datetime) -> int | None:
    rows = Backup.objects.filter(kind__in=[Kind.DAILY, Kind.WEEKLY], state__in=WHOLE, began_at__lt=until)
    return rows.order_by("-number").values_list("stored_bytes", flat=True).first()


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _query(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
