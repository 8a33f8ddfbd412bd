"""A look at how prices do, for alerts: what the ledger and the schedule know is put beside what the ticks say.

The judgement is `zargar.pricing.alarms`; prices know neither runs nor beats, so this room brings them together.
"""

from datetime import datetime
from typing import Final

from django.conf import settings

from zargar import mail, names
from zargar.monitoring import store
from zargar.monitoring.families import METRICS
from zargar.names import Family
from zargar.notifications import operators
from zargar.notifications.kinds import Kind
from zargar.outcomes import Summary
from zargar.pricing import alerts
from zargar.pricing.alarms import Runs, Thresholds
from zargar.pricing.alerts import Schedule
from zargar.pricing.current import LIVE_FOR
from zargar.pricing.wiring import rules
from zargar.schedules.wiring import entries, next_price

UPDATES: Final = METRICS[Family.PRICES].tasks
"""The tasks whose success is counted: the updates themselves, not their upkeep."""


def look(*, now: datetime) -> list[int]:
    """Look, keep what follows, and return the ids of the notices to be rung for. Raises when the database is away."""
    counted = store.of_tasks(UPDATES, since=now - alerts.WINDOW)
    return alerts.look(
        runs=Runs(
            successful=counted.successful,
            failed=counted.failed,
            last_is_dead=store.last_is_dead(UPDATES, since=now - alerts.WINDOW),
        ),
        quorum=rules().quorum,
        schedule=schedule(now=now),
        limits=limits(),
        can_send=mail.configured() or operators.reachable(),
        now=now,
    )


def send(*, notice_id: int, now: datetime) -> Summary:
    """Tell the operators of a notice by every way that is configured, once: telephones first, which outlast no mail.

    Raises as `pricing.alerts.send`; what telephones were told is not told again when the letter is tried again.
    """
    reachable = operators.reachable()
    phones = operators.tell(Kind.PRICE_ALERT, alerts.brief_of(notice_id=notice_id), now=now) if reachable else 0
    by_mail = mail.configured() or not reachable
    told = alerts.send(notice_id=notice_id, postbox=mail.postbox if by_mail else None, to=mail.operators(), now=now)
    return {**told, "telephones": phones}


def schedule(*, now: datetime) -> Schedule:
    """Return what the price schedule asks for at a moment."""
    [prices] = [entry for entry in entries() if entry.task == names.UPDATE_GOLD_PRICES]
    return Schedule(due=next_price(now - LIVE_FOR) <= now, next_slot=next_price, grace=prices.grace)


def limits() -> Thresholds:
    """Return the thresholds as this deployment has set them."""
    return Thresholds(
        success=settings.ALERT_SUCCESS, jump=settings.ALERT_JUMP, held=settings.ALERT_HELD, remind=settings.ALERT_REMIND
    )


def unsent(*, now: datetime) -> int:
    """Count the notices that should have been sent by now and are still news."""
    return alerts.unsent(limits=limits(), now=now)
