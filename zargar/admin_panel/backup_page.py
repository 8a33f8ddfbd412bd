"""What the console's page of backups shows: read through the operations of backups, nothing judged or written here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from zargar.admin_panel.engine import live_entries
from zargar.admin_panel.words import word
from zargar.backups import drills, duties, jobs, operations, report_words, scheduled, watch
from zargar.backups.alarm_words import Item, item
from zargar.backups.models import Backup, Copy
from zargar.backups.report_words import KINDS, STATES, Story, size
from zargar.backups.reports import Period
from zargar.names import Family
from zargar.schedules import operations as schedules
from zargar.schedules.wiring import entries
from zargar.shops import operations as shops
from zargar.shops.models import Shop

LINES: Final = 30
"""Backups that the page lists."""

LEFT_OUT: Final = 5
"""Lines of what a backup does not hold that it shows; `zargar backups show` has all."""

UNWITNESSED: Final = 5
"""Packs of a copy that it names which one witness alone has proven; how many there are is said."""

ALARMS: Final = 50
"""Alarms that it shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyLine:
    """A backup in one vault; `restored_at` is when something of that copy was last proven to come back.

    `unwitnessed`: of how many packs that came back one of the two witnesses could not say whether their shape is
    right; `unwitnessed_words` names the first of them, and why it was so of one.
    """

    vault: str
    state: str
    words: str
    checked_at: datetime | None
    restored_at: datetime | None
    detail: str
    unwitnessed: int
    unwitnessed_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupLine:
    """A backup: its state as stored and in words, size and duration in words, what it does not hold, by vault the copy.

    `excluded` are the first lines of what is left out; `more` says how many there are beside them.
    """

    id: str
    kind: str
    state: str
    words: str
    began_at: datetime
    ended_at: datetime | None
    took: str
    size: str
    excluded: Sequence[str]
    more: int
    reason: str
    fault: str
    copies: Sequence[CopyLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextLine:
    """Something that will be made: what, and when it is due (None: it is paused)."""

    name: str
    due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultLine:
    """A vault, and what it did when it was last tried; `refused` is None where deleting was not tried."""

    name: str
    locked: bool
    tried_at: datetime | None
    fault: str
    refused: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupPage:
    """One look at the backups, at `now` (aware UTC)."""

    now: datetime
    alarms: Sequence[Item]
    vaults: Sequence[VaultLine]
    story: Story
    backups: Sequence[BackupLine]
    following: Sequence[NextLine]
    shops: Sequence[Shop]


def page(*, now: datetime) -> BackupPage:
    """Read what the page shows."""
    newest = operations.listed(limit=LINES)
    drilled = _Drilled(drills.proven_of(newest), drills.unwitnessed_of(newest))
    return BackupPage(
        now=now,
        alarms=[item(told, now=now) for told in watch.rows(limit=ALARMS)],
        vaults=[_vault(one) for one in duties.listed(settings.VAULTS, locked=settings.VAULTS_LOCKED)],
        story=report_words.story(jobs.report_now(kind=Period.DAILY, now=now)),
        backups=[_line(backup, drilled) for backup in newest],
        following=_following(now=now),
        shops=shops.listed(),
    )


@dataclass(frozen=True, slots=True)
class _Drilled:
    """What drills say of copies, by the backup's number and the vault: when proven, and what by one witness and why."""

    proven: Mapping[tuple[int, str], datetime]
    unwitnessed: Mapping[tuple[int, str], Mapping[str, str]]


def _line(backup: Backup, drilled: _Drilled) -> BackupLine:
    return BackupLine(
        id=str(backup.id),
        kind=KINDS.get(backup.kind, backup.kind),
        state=backup.state,
        words=STATES.get(backup.state, backup.state),
        began_at=backup.began_at,
        ended_at=backup.ended_at,
        took=report_words.took(backup.began_at.isoformat(), backup.ended_at.isoformat() if backup.ended_at else None),
        excluded=backup.excluded[:LEFT_OUT],
        more=max(len(backup.excluded) - LEFT_OUT, 0),
        size=size(backup.stored_bytes),
        reason=backup.reason,
        fault=backup.fault,
        copies=[_copy(copy, drilled) for copy in sorted(backup.copies.all(), key=lambda copy: copy.vault)],
    )


def _copy(copy: Copy, drilled: _Drilled) -> CopyLine:
    place = copy.backup_id, copy.vault
    alone = drilled.unwitnessed.get(place, {})
    return CopyLine(
        vault=copy.vault,
        state=copy.state,
        words=word(copy.state, "copy"),
        checked_at=copy.checked_at,
        restored_at=drilled.proven.get(place),
        detail=copy.detail,
        unwitnessed=len(alone),
        unwitnessed_words=": ".join([", ".join([*alone][:UNWITNESSED]), *[*alone.values()][:1]]),
    )


def _vault(told: duties.Standing) -> VaultLine:
    return VaultLine(
        name=told.vault,
        locked=told.declared_locked,
        tried_at=told.checked_at,
        fault=told.fault or "",
        refused=told.refused,
    )


def _following(*, now: datetime) -> list[NextLine]:
    """Say when the entries of backups come next, and what people have scheduled, the soonest first."""
    lines = schedules.overview(entries(), live=live_entries(), now=now)
    found = [
        NextLine(name=word(line.entry.name, "entry"), due=None if line.paused_at else line.next_due)
        for line in lines
        if line.entry.family is Family.BACKUPS and line.live
    ]
    names = {shop.id: shop.name for shop in shops.listed()}
    for row in scheduled.listed():
        about = f"{KINDS.get(row.kind, row.kind)}، {names.get(row.shop_id, '') if row.shop_id else 'همه فروشگاه‌ها'}"
        found.append(NextLine(name=about, due=row.next_due if row.enabled else None))
    return sorted(found, key=lambda line: (line.due is None, line.due or now))
