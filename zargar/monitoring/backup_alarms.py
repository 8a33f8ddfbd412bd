"""A look at how backups do, for alarms: what the ledger says of their runs is put beside what the catalogue says.

The judgement is `zargar.backups.alarms`; backups know nothing of dead letters, so this room brings the two together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from zargar import mail, names
from zargar.backups import watch
from zargar.backups.alarm_words import Told, brief
from zargar.backups.alarms import Alarm
from zargar.backups.watch import LetterTeller, Teller, Watched
from zargar.monitoring import store
from zargar.notifications import operators
from zargar.notifications.kinds import Kind

MAKING: Final = (
    names.CREATE_DAILY_BACKUP, names.CREATE_WEEKLY_BACKUP, names.BACKUP_ALL_TENANTS, names.CREATE_TENANT_BACKUP,
    names.CREATE_SNAPSHOT_BACKUP, names.CONSOLE_START_BACKUP_JOB,
)  # fmt: skip
"""The tasks whose end is a backup, or a dead letter."""

CLEAN_UP: Final = (names.CLEANUP_OLD_BACKUPS, names.CONSOLE_CLEANUP_OLD_BACKUPS, names.VERIFY_BACKUP_INTEGRITY)
"""The tasks that read backups back, complete them and remove what may go; the last one does drills too."""

WINDOW: Final = timedelta(hours=26)
"""Runs that are asked about: the daily one and those of the hours around it."""


def look(*, now: datetime) -> list[Alarm]:
    """Look, keep what follows, and return what stands. Raises when the database is away."""
    return watch.look(
        jobs=store.newest_backups(MAKING, since=now - WINDOW),
        upkeep=store.newest_upkeep(CLEAN_UP, since=now - WINDOW),
        watched=watched(),
        now=now,
    )


def tell(*, now: datetime) -> int:
    """Tell the operators what they were not told yet; return of how many alarms. Without any way nobody is."""
    tellers: list[Teller] = []
    if operators.reachable():
        tellers.append(PhoneTeller())
    if mail.configured():
        tellers.append(LetterTeller(mail.postbox(), mail.operators()))
    return watch.tell(EveryTeller(tuple(tellers)), now=now) if tellers else 0


class PhoneTeller:
    """Tells by text message and push, through the platform's outbox."""

    def tell(self, told: Sequence[Told], *, now: datetime) -> None:
        """Queue one message to each operator; see `watch.Teller`."""
        operators.tell(Kind.BACKUP_ALERT, brief(told, now=now), now=now)


@dataclass(frozen=True, slots=True)
class EveryTeller:
    """Tells by several ways, one after another; one that fails is tried again with those before it, who tell once."""

    tellers: tuple[Teller, ...]

    def tell(self, told: Sequence[Told], *, now: datetime) -> None:
        """Tell by each; see `watch.Teller`."""
        for teller in self.tellers:
            teller.tell(told, now=now)


def watched() -> Watched:
    """Return what this deployment holds itself to."""
    return Watched(
        vaults=[*settings.VAULTS], locked=frozenset(settings.VAULTS_LOCKED), objective=settings.BACKUP_OBJECTIVE
    )
