"""Remove the catalogue's old rows, a bounded batch each, the oldest first."""

from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from zargar.backups.models import Backup, BackupReport, Copy, CopyState, Pack, State

_DRILLS: Final = """
DELETE FROM backups_drill WHERE id IN (
    SELECT d.id FROM backups_drill d WHERE d.drilled_at < %s
      AND EXISTS (SELECT FROM backups_drill n WHERE n.holds = d.holds AND n.vault = d.vault
                  AND (n.drilled_at, n.id) > (d.drilled_at, d.id))
      AND (d.proven_at IS NULL OR EXISTS (
            SELECT FROM backups_drill n WHERE n.holds = d.holds AND n.vault = d.vault AND n.proven_at > d.proven_at))
      AND (EXISTS (SELECT FROM backups_drill n WHERE n.backup_id = d.backup_id AND n.holds = d.holds
                   AND n.vault = d.vault AND (n.drilled_at, n.id) > (d.drilled_at, d.id)
                   AND (n.undecided = '' OR d.undecided <> ''))
           OR NOT EXISTS (SELECT FROM backups_copy c WHERE c.backup_id = d.backup_id AND c.vault = d.vault
                          AND c.state NOT IN ('removed', 'missing')))
    ORDER BY d.drilled_at LIMIT %s)
"""


def remove_reports(*, before: datetime, at_most: int) -> int:
    """Remove reports that were made before a moment, but the newest of each kind, from which the next is owed."""
    later = BackupReport.objects.filter(kind=OuterRef("kind"), until__gt=OuterRef("until"))
    rows = BackupReport.objects.filter(Exists(later), made_at__lt=before).order_by("made_at")
    return _deleted(BackupReport.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[:at_most])))


def remove_drills(*, before: datetime, at_most: int) -> int:
    """Remove drills that were done before a moment and say nothing any more (`row_retention`)."""
    with connection.cursor() as cursor:
        cursor.execute(_DRILLS, [before, at_most])
        return int(cursor.rowcount)


def remove_packs(*, before: datetime, at_most: int) -> int:
    """Remove what is listed of backups that ended before a moment and of which no vault has anything."""
    kept = Copy.objects.filter(backup=OuterRef("number")).exclude(state=CopyState.REMOVED)
    gone = Backup.objects.filter(~Exists(kept), ended_at__lt=before).exclude(state=State.RUNNING)
    rows = Pack.objects.filter(backup__in=gone).order_by("pk")
    return _deleted(Pack.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[:at_most])))


def _deleted(rows: "QuerySet[BackupReport] | QuerySet[Pack]") -> int:
    with transaction.atomic():
        return rows.delete()[0]
