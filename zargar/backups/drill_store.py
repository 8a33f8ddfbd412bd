"""The rows of drills: whose turn it is, what was found, when a shop last came back out of a vault."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q

from zargar.backups import erasure_store
from zargar.backups.drilling import TOO_LONG
from zargar.backups.models import Backup, Copy, CopyState, Drill, State
from zargar.backups.rota import Target, Turn, Verdict
from zargar.backups.scratch import Surroundings

_ROLES = """
SELECT DISTINCT r.rolname FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
WHERE d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND d.refclassid = 'pg_catalog.pg_authid'::regclass AND r.rolname !~ '^pg_' ORDER BY 1
"""
_EXTENSIONS = """
SELECT e.extname, n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql' ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The newest backup that a vault has of a target."""

    target: Target
    backup: Backup
    schema: str


def candidates() -> dict[Target, Candidate]:
    """Return by target the newest backup to drill: stored, not damaged, and its key not destroyed."""
    copies = (
        Copy.objects.filter(
            state__in=[CopyState.STORED, CopyState.GOOD], backup__state__in=[State.COMPLETE, State.DEGRADED]
        )
        .order_by("backup__packs__holds", "vault", "-backup_id")
        .distinct("backup__packs__holds", "vault")
        .values_list("backup__packs__holds", "vault", "backup_id", "backup__packs__schema")
    )
    rows = list(copies)
    backups = Backup.objects.in_bulk({number for _, _, number, _ in rows})
    erased = erasure_store.erased_since()
    found = (Candidate(Target(holds, vault), backups[number], schema) for holds, vault, number, schema in rows)
    return {one.target: one for one in found if opens(one.target.holds, one.backup, erased)}


def opens(holds: str, backup: Backup, erased: Mapping[str, datetime]) -> bool:
    """Say whether a backup's pack was locked for a key that is not destroyed: for one that was made after the last."""
    return holds not in erased or backup.began_at > erased[holds]


def erased_in(backup: Backup) -> list[str]:
    """Return the packs of a backup, by schema, that open no more since their shop was erased."""
    erased = erasure_store.erased_since()
    return sorted(pack.schema for pack in backup.packs.all() if not opens(pack.holds, backup, erased))


def turns(targets: Collection[Target]) -> list[Turn]:
    """Return when each target was drilled last, and whether that came to no verdict, or took too long for one."""
    rows = (
        Drill.objects.order_by("holds", "vault", "-drilled_at", "-id")
        .distinct("holds", "vault")
        .values_list("holds", "vault", "drilled_at", "undecided")
    )
    last = {
        Target(holds, vault): (moment, undecided != "", undecided == TOO_LONG)
        for holds, vault, moment, undecided in rows
    }
    return [Turn(target, *last.get(target, (None, False, False))) for target in targets]


def keep(backup: Backup, verdict: Verdict, *, holds: str, now: datetime) -> Drill:
    """Keep what a drill found."""
    return Drill.objects.create(
        backup=backup,
        vault=verdict.vault,
        holds=holds,
        schema=verdict.schema,
        drilled_at=now,
        proven_at=now if verdict.proven else None,
        milliseconds=verdict.milliseconds,
        faults="\n".join(verdict.faults),
        unwitnessed=verdict.unwitnessed,
        undecided=verdict.undecided,
    )


def copy_of(backup: Backup, vault: str) -> Copy | None:
    """Return a vault's copy of a backup."""
    return Copy.objects.filter(backup=backup, vault=vault).first()


def red(copy: Copy) -> str:
    """Say what the last drills of a copy's packs found wrong, in one line; empty if nothing is."""
    last = (
        Drill.objects.filter(backup_id=copy.backup_id, vault=copy.vault, undecided="")
        .order_by("holds", "-drilled_at", "-id")
        .distinct("holds")
    )
    return in_a_line([drill for drill in last if drill.proven_at is None])


def in_a_line(drills: Sequence[Drill]) -> str:
    """Say which schemas did not come back, and why."""
    return "; ".join(f"drill of {drill.schema}: {' | '.join(drill.faults.splitlines())}" for drill in drills)


def proven(holds: Collection[str] | None = None) -> Mapping[Target, datetime]:
    """Return when each shop last came back out of each vault, of those named or of all."""
    rows = Drill.objects.exclude(proven_at=None).filter(Q() if holds is None else Q(holds__in=holds))
    last = rows.values_list("holds", "vault").annotate(last=Max("proven_at"))
    return {Target(who, vault): moment for who, vault, moment in last if moment is not None}


def proven_of(backups: Collection[Backup]) -> Mapping[tuple[int, str], datetime]:
    """Return by (backup's number, vault) when a shop of that backup was last proven to come back from there."""
    rows = Drill.objects.exclude(proven_at=None).filter(backup__in=backups)
    last = rows.values_list("backup_id", "vault").annotate(last=Max("proven_at"))
    return {(number, vault): moment for number, vault, moment in last if moment is not None}


def unwitnessed_of(backups: Collection[Backup]) -> Mapping[tuple[int, str], Mapping[str, str]]:
    """Return by (backup's number, vault) which packs one witness alone has proven when last drilled: by schema, why."""
    later = Drill.objects.filter(
        backup_id=OuterRef("backup_id"), vault=OuterRef("vault"), holds=OuterRef("holds"), undecided="",
        drilled_at__gt=OuterRef("drilled_at"),
    )  # fmt: skip
    rows = Drill.objects.filter(backup__in=backups, proven_at__isnull=False).exclude(unwitnessed="")
    found: dict[tuple[int, str], dict[str, str]] = {}
    for drill in rows.filter(~Exists(later)).order_by("schema", "id"):
        found.setdefault((drill.backup_id, drill.vault), {})[drill.schema] = drill.unwitnessed
    return found


def surroundings() -> Surroundings:
    """Ask the live database which roles its objects name, and which extensions it has."""
    with connection.cursor() as cursor:
        cursor.execute(_ROLES)
        roles = tuple(str(role) for (role,) in cursor.fetchall())
        cursor.execute(_EXTENSIONS)
        return Surroundings(roles, tuple((str(name), str(schema)) for name, schema in cursor.fetchall()))
