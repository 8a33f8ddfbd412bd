"""The facts by which alarms about backups are judged, read from rows: what is whole, lacking, damaged, red, behind.

Each call returns one field of `alarms.Facts` and writes nothing; whoever looks holds the lock of `alarm_store`
meanwhile. The queries leave out what is settled: a damaged copy that newer good ones stand for, a drill's red before a
later verdict, a restore of a shop that is gone. So an alarm ends by itself once its reason does.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Max

from zargar.backups import exclusions, roles
from zargar.backups.alarms import Behind, CutOff, Damage, LeftOut, Red, Undecided, VaultFacts
from zargar.backups.files_back import pack_name
from zargar.backups.models import Backup, Copy, CopyState, Pack, State, VaultCheck
from zargar.backups.restore_store import SWAP_LOCK, UNFINISHED
from zargar.backups.store import SHARED

WHOLE: Final = (State.COMPLETE, State.DEGRADED)

_DAMAGES: Final = """
SELECT copy.vault, backup.id::text, copy.detail
FROM backups_copy AS copy JOIN backups_backup AS backup ON backup.number = copy.backup_id
WHERE copy.state = 'damaged' AND NOT EXISTS (
    SELECT FROM backups_drill AS drill
    WHERE drill.backup_id = copy.backup_id AND drill.vault = copy.vault AND drill.faults <> ''
) AND EXISTS (
    SELECT FROM backups_pack AS pack WHERE pack.backup_id = copy.backup_id AND NOT EXISTS (
        SELECT FROM backups_pack AS newer JOIN backups_copy AS good ON good.backup_id = newer.backup_id
        WHERE newer.holds = pack.holds AND newer.backup_id > pack.backup_id
          AND good.vault = copy.vault AND good.state = 'good'
    )
) ORDER BY copy.backup_id, copy.vault
"""
"""Damaged copies that hold something of which no newer copy in their vault was read back and found good."""

_REDS: Final = """
SELECT last.vault, last.holds, last.schema, last.drilled_at, last.faults FROM (
    SELECT DISTINCT ON (holds, vault) * FROM backups_drill WHERE undecided = ''
    ORDER BY holds, vault, drilled_at DESC, id DESC
) AS last
WHERE last.proven_at IS NULL
  AND (last.holds = ANY(%s) OR EXISTS (SELECT FROM shops_shop AS shop WHERE shop.id::text = last.holds))
"""

_UNDECIDED: Final = """
SELECT last.vault, last.holds, last.schema, last.drilled_at, last.undecided FROM backups_drill AS last
WHERE last.undecided <> '' AND last.holds <> %(roles)s
  AND NOT EXISTS (SELECT FROM backups_drill AS later WHERE later.holds = last.holds AND later.vault = last.vault
                  AND (later.drilled_at, later.id) > (last.drilled_at, last.id))
  AND (SELECT before.undecided FROM backups_drill AS before
       WHERE before.holds = last.holds AND before.vault = last.vault
         AND (before.drilled_at, before.id) < (last.drilled_at, last.id)
       ORDER BY before.drilled_at DESC, before.id DESC LIMIT 1) <> ''
  AND EXISTS (SELECT FROM backups_pack AS pack WHERE pack.holds = last.holds AND pack.backup_id = (
        SELECT max(number) FROM backups_backup WHERE scope = '' AND state IN ('complete', 'degraded')))
"""
"""What came to no verdict twice running, and is in the newest backup of everything. Roles are nobody's alarm: a login
that is no superuser can never prove them, and its owner knows."""

_BEHIND: Final = """
WITH proven AS (
    SELECT DISTINCT pack.holds, copy.vault FROM backups_copy AS copy
    JOIN backups_pack AS pack ON pack.backup_id = copy.backup_id
    WHERE copy.state = 'good' AND copy.vault = ANY(%(vaults)s) AND pack.taken_at >= %(since)s
), owed AS (
    SELECT shop.id::text AS holds, shop.schema_name AS name FROM shops_shop AS shop
    WHERE shop.state <> 'creating' AND shop.created_at < %(since)s
    UNION ALL SELECT %(shared)s::text, %(shared)s::text
    WHERE EXISTS (SELECT FROM shops_shop WHERE created_at < %(since)s)
)
SELECT owed.holds, owed.name FROM owed
WHERE (SELECT count(*) FROM proven WHERE proven.holds = owed.holds) < %(wanted)s ORDER BY owed.holds
"""
"""Those whose proven copies of an age are in fewer vaults than there are. The young copies are few backups' packs."""

_PROVEN: Final = """
SELECT DISTINCT ON (pack.holds, copy.vault) pack.holds, copy.vault, pack.taken_at
FROM backups_pack AS pack JOIN backups_copy AS copy ON copy.backup_id = pack.backup_id
WHERE copy.state = 'good' AND pack.holds = ANY(%s) ORDER BY pack.holds, copy.vault, pack.taken_at DESC
"""

_CUT_OFF: Final = """
SELECT DISTINCT ON (row.shop) row.shop, there.schema_name, row.began_at, row.state <> 'preparing'
FROM backups_restore AS row JOIN shops_shop AS there ON there.id = row.shop
WHERE row.state = ANY(%(unfinished)s) AND NOT EXISTS (
    SELECT FROM pg_locks AS held
    WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 2 AND held.classid = %(lock)s
      AND held.objid = row.shop
      AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
) ORDER BY row.shop, row.id DESC
"""
"""Restores in a shop's place that did not end; whoever is at one holds the shop's lock. Of a shop that is
gone there is nothing to settle: the nightly clean-up drops what such a restore left."""


def whole() -> dict[str, datetime]:
    """Return by scope when the newest whole backup ended."""
    rows = Backup.objects.filter(state__in=WHOLE).values_list("scope").annotate(last=Max("ended_at"))
    return {scope: last for scope, last in rows if last is not None}


def vaults(configured: Sequence[str], *, declared: Collection[str]) -> list[VaultFacts]:
    """Return what is known of each configured vault."""
    lacking: dict[str, list[Copy]] = {name: [] for name in configured}
    rows = Copy.objects.filter(
        state=CopyState.MISSING, backup__state__in=WHOLE, vault__in=configured, condemned_at=None
    )  # fmt: skip
    for copy in rows.select_related("backup").order_by("backup_id"):
        lacking[copy.vault].append(copy)
    checks = VaultCheck.objects.in_bulk(list(configured))
    return [
        VaultFacts(
            name=name,
            lacking=len(lacking[name]),
            since=lacking[name][0].backup.began_at if lacking[name] else None,
            words=lacking[name][-1].detail if lacking[name] else "",
            fault=checks[name].fault if name in checks else None,
            declared=name in declared,
            refused=checks[name].refused if name in checks else None,
        )
        for name in configured
    ]


def damages() -> list[Damage]:
    """Return the damaged copies that were not replaced; what a drill found is told as the drill's."""
    return [Damage(vault=vault, backup=backup, words=words) for vault, backup, words in _query(_DAMAGES, [])]


def reds() -> list[Red]:
    """Return what did not come back when it was last drilled, and is there still.

    A shop is there as long as its row is. A pack of files, or the roles, is while the newest backup of everything holds
    it or names it as left out, which is while it is to be backed up.
    """
    return [
        Red(vault=vault, holds=holds, name=name, at=at, words=words)
        for vault, holds, name, at, words in _query(_REDS, [[SHARED, *_files()]])
    ]


def undecided() -> list[Undecided]:
    """Return what came to no verdict when it was last drilled, and the time before."""
    return [
        Undecided(vault=vault, holds=holds, name=name, at=at, words=words)
        for vault, holds, name, at, words in _query(_UNDECIDED, {"roles": roles.PACK})
    ]


def behind(configured: Sequence[str], *, since: datetime) -> list[Behind]:
    """Return the shops (older than `since` themselves) without a proven copy as young in every vault."""
    if not configured:
        return []
    rows = _query(_BEHIND, {"vaults": list(configured), "since": since, "shared": SHARED, "wanted": len(configured)})
    moments: dict[tuple[str, str], datetime] = {}
    if rows:
        found = _query(_PROVEN, [[holds for holds, _ in rows]])
        moments = {(holds, vault): moment for holds, vault, moment in found}
    return [
        Behind(holds=holds, name=name, proven={vault: moments.get((holds, vault)) for vault in configured})
        for holds, name in rows
    ]


def left_out() -> LeftOut | None:
    """Return what the newest backup of everything lacks of what is there, unless a later backup holds it."""
    newest = _newest_of_everything()
    if newest is None or not (lines := exclusions.lacks(newest.excluded)):
        return None
    about = exclusions.names(lines)
    later = Pack.objects.filter(backup__number__gt=newest.number, backup__state__in=WHOLE, schema__in=about)
    held = set(later.values_list("schema", flat=True))
    there = {name for (name,) in _query("SELECT schema_name FROM shops_shop WHERE schema_name = ANY(%s)", [about])}
    owed = {name for name in about if name not in held and (name in there or not _is_shop(name))}
    lacking = [line for line in lines if exclusions.name(line) in owed]
    return LeftOut(backup=str(newest.id), lines=lacking) if lacking else None


def cut_off() -> list[CutOff]:
    """Return the restores in a shop's place that did not come to an end and that nobody is at, the newest of a shop."""
    rows = _query(_CUT_OFF, {"unfinished": [state.value for state in UNFINISHED], "lock": SWAP_LOCK})
    return [CutOff(shop=shop, name=name, at=at, closed=closed) for shop, name, at, closed in rows]


def names(scopes: Collection[str]) -> dict[str, str]:
    """Return what the shops of these scopes are called; those that are gone are not among them."""
    wanted = [scope for scope in scopes if scope]
    return dict(_query("SELECT id::text, schema_name FROM shops_shop WHERE id::text = ANY(%s)", [wanted]))


def _newest_of_everything() -> Backup | None:
    return Backup.objects.filter(state__in=WHOLE, scope="").order_by("-number").first()


def _files() -> list[str]:
    """Return the packs that belong to no shop and that the newest backup of everything holds, or lacks by name."""
    newest = _newest_of_everything()
    if newest is None:
        return []
    held = newest.packs.filter(files__gt=0).values_list("holds", flat=True)
    return sorted({*held, *(name for name in exclusions.names(newest.excluded) if not _is_shop(name))})


def _is_shop(name: str) -> bool:
    return name not in {SHARED, pack_name(name)}


def _query(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
