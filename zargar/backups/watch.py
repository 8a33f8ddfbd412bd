"""Alarms about backups: look, keep what follows, tell operators, list what stands.

Who looks writes what has changed in one transaction, and only then tells; what was not told stays to be told, by
whoever looks next. What is to be told is claimed in a transaction of its own, sent with none open (a mail server may be
silent for as long as it likes), and noted as told in another. A process that dies between the mail server's answer and
that note has its news told once more by the next one, and never not at all.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from zargar.backups import alarm_facts_store as facts
from zargar.backups import alarm_store as store
from zargar.backups.alarm_words import Told, letter
from zargar.backups.alarms import Alarm, Facts, Job, Kind, News, change, judge
from zargar.backups.models import BackupAlarm
from zargar.mail import Postbox
from zargar.outcomes import Outcome, Summary

log = logging.getLogger(__name__)

AT_ONCE: Final = timedelta(minutes=2)
"""How long news may be on its way before anybody wonders."""

KEEP: Final = timedelta(days=365)
"""How long an alarm that is over is still listed."""

_MOST: Final = 500
"""Alarms of one letter; what is beyond has one of its own."""


class Teller(Protocol):
    """Tells people who run the system. Letters today; whatever reaches a person may stand here."""

    def tell(self, told: Sequence[Told], *, now: datetime) -> None:
        """Tell of these alarms, all of them in one message.

        A call that returns has handed it over. Raises `zargar.outcomes.Retryable` or `Permanent` where it has not; it
        may have arrived nevertheless.
        """
        ...


@dataclass(frozen=True, slots=True)
class LetterTeller:
    """Tells by a letter to the operators."""

    postbox: Postbox
    to: tuple[str, ...]

    def tell(self, told: Sequence[Told], *, now: datetime) -> None:
        """Send one letter; see `Teller`."""
        self.postbox.send(letter(told, to=self.to, now=now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What this deployment holds itself to.

    Attributes:
        vaults: the names of those that are configured; `locked`: those that are said to be locked.
        objective: how old the newest proven copy of a shop may be, in every vault.
    """

    vaults: Sequence[str]
    locked: Collection[str]
    objective: timedelta


def look(*, jobs: Sequence[Job], watched: Watched, now: datetime, upkeep: Sequence[Job] = ()) -> list[Alarm]:
    """Judge how backups do, keep what follows, and return what stands.

    `jobs` (those that make backups) and `upkeep` are the ledger's newest of each scope.
    """
    with store.looking():
        opened = store.opened()
        scopes = {job.scope for job in jobs} | {one.alarm.subject for one in opened if one.alarm.kind is Kind.FAILED}
        found = Facts(
            jobs=jobs,
            upkeep=upkeep,
            whole=facts.whole(),
            vaults=facts.vaults(watched.vaults, declared=watched.locked),
            damages=facts.damages(),
            reds=facts.reds(),
            undecided=facts.undecided(),
            behind=facts.behind(watched.vaults, since=now - watched.objective),
            left_out=facts.left_out(),
            cut_off=facts.cut_off(),
            names=facts.names(scopes),
        )
        standing = judge(found, opened)
        store.apply(change(opened, standing), now=now)
    return list(standing)


def tell(teller: Teller, *, now: datetime) -> int:
    """Tell what is to be told, in one message; return of how many alarms.

    Where the message is not taken, that is logged, and it is tried again in a while: nothing else that is done in this
    minute depends on it.
    """
    if not store.anything_to_tell(now=now):
        return 0
    tidings = store.claim(now=now, at_most=_MOST)
    if not tidings:
        return 0
    try:
        teller.tell([_told(one) for one in tidings], now=now)
    except Outcome as error:
        log.warning("operators were not told of %d alarm(s) about backups: %s", len(tidings), error.reason)
        return 0
    store.told(tidings, now=now)
    return len(tidings)


def standing() -> dict[str, int]:
    """Count the open alarms by kind."""
    return dict(store.standing())


def listed(*, limit: int = 50) -> list[Summary]:
    """Return the open alarms and those that were over lately, as JSON: kinds, subjects, moments, figures."""
    return [_as_json(row) for row in store.listed(limit=limit)]


def rows(*, limit: int = 50) -> list[Told]:
    """Return the open alarms, the newest first, as they are told."""
    found = [row for row in store.listed(limit=limit) if row.closed_at is None]
    return [_told(store.Tiding(row, News.BEGUN)) for row in found]


def forget(*, now: datetime) -> int:
    """Remove the alarms that were over long ago; return how many."""
    return store.remove(before=now - KEEP)


def unsent(*, now: datetime) -> int:
    """Count the alarms of which something should have been told by now."""
    return store.unsent(made_before=now - AT_ONCE, now=now)


def _told(tiding: store.Tiding) -> Told:
    row = tiding.row
    return Told(
        id=row.pk,
        what=tiding.what,
        alarm=Alarm(kind=Kind(row.kind), subject=row.subject, figures=dict(row.figures)),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )


def _as_json(row: BackupAlarm) -> Summary:
    return {
        "id": row.pk,
        "kind": row.kind,
        "subject": row.subject,
        "open": row.closed_at is None,
        "opened_at": row.opened_at.isoformat(),
        "closed_at": row.closed_at.isoformat() if row.closed_at else None,
        "told_at": row.told_at.isoformat() if row.told_at else None,
        "figures": dict(row.figures),
    }
