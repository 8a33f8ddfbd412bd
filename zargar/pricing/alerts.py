"""Alerts about prices: look at how prices do and keep what follows, send a notice, list them.

Who looks writes the alerts and the notices that are to be sent in one transaction, and only then rings; a notice whose
ring was lost, or whose runs have failed, is rung for again by a later look. No two processes send it, since whoever
sends holds its row; a process that dies between the mail server's answer and its own commit has it sent again, under
the same Message-ID.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import InterfaceError, OperationalError, transaction

from zargar.calendars import operations as calendars
from zargar.mail import Brief, NoMailError, Postbox
from zargar.outcomes import JSON, Permanent, Retryable, Summary
from zargar.pricing import alert_store, store
from zargar.pricing.alarms import Facts, Runs, Thresholds, judge
from zargar.pricing.alert_changes import transition
from zargar.pricing.alert_letters import Told, brief, letter
from zargar.pricing.models import AlertNotice

WINDOW: Final = timedelta(hours=1)
"""Over which sources and runs are judged."""

AT_ONCE: Final = timedelta(minutes=2)
"""How long a notice may be on its way before anybody wonders."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What the price schedule asks for: whether its window is open, and the next slot after a moment."""

    due: bool
    next_slot: Callable[[datetime], datetime]
    grace: timedelta


def look(
    *, runs: Runs, quorum: int, schedule: Schedule, limits: Thresholds, can_send: bool, now: datetime
) -> list[int]:
    """Judge how prices do, keep what follows, and return the ids of the notices that are to be rung for now.

    Without mail (`can_send` false) nothing is rung for; the notices wait, and are told once there is mail, unless they
    are old news by then (`limits.mention`).
    """
    with alert_store.looking():
        judged = judge(_facts(runs, quorum, schedule, limits, now=now), limits, now=now)
        events = [alarm.subject for alarm in judged.standing if alarm.kind.is_event]
        change = transition(
            alert_store.open_alerts(), judged, happened=alert_store.happened(events), limits=limits, now=now
        )
        alert_store.apply(change, now=now)
        if not can_send:
            return []
        return alert_store.ring(made_since=now - limits.mention, rung_before=now - limits.ring_again, now=now)


def send(
    *, notice_id: int, postbox: Callable[[], Postbox] | None, to: Sequence[str], now: datetime
) -> Summary:  # fmt: skip
    """Send a notice, unless it has been sent; `postbox` is None where it was told by other ways alone.

    Raises `Permanent` without such a notice or without mail, `Retryable` while another process sends it, and passes on
    what the postbox raises.
    """
    try:
        with transaction.atomic():
            notice = alert_store.claim(notice_id)
            if notice is None:
                message = f"notice {notice_id} is being sent by another process"
                raise Retryable(message)
            if notice.sent_at is not None:
                return {"notice": notice_id, "sent": False, "sent_before_at": notice.sent_at.isoformat()}
            if postbox is not None:
                postbox().send(letter(_told(notice), to=tuple(to)))
            alert_store.sent(notice, now=now)
    except NoMailError as error:
        raise Permanent(str(error)) from None
    except (OperationalError, InterfaceError) as error:
        message = f"whether notice {notice_id} was sent could not be noted: {type(error).__name__}"
        raise Retryable(message) from error
    return {"notice": notice_id, "sent": True, "what": notice.what, "alert": notice.alert.kind}


def brief_of(*, notice_id: int) -> Brief:
    """Return what a telephone is told of a notice. Raises `Permanent` where there is none."""
    return brief(_told(alert_store.notice(notice_id)))


def listed(*, limit: int = 50) -> list[Summary]:
    """Return the open alerts and those closed lately, the newest first, as JSON: ids, kinds, moments, figures."""
    return [_as_json(told) for told in alert_store.listed(limit=limit)]


def unsent(*, limits: Thresholds, now: datetime) -> int:
    """Count the notices that should have been sent by now and are still news."""
    return alert_store.unsent(made_since=now - limits.mention, made_before=now - AT_ONCE)


def retain(*, keep: timedelta, now: datetime, at_most: int) -> dict[str, int]:
    """Remove at most so many alerts (and their notices) that have been closed for as long; return how many, by kind."""
    return {"alerts": alert_store.remove(before=now - keep, at_most=at_most)}


def standing() -> dict[str, datetime]:
    """Return the kinds of the alerts that are open, and since when."""
    return alert_store.standing()


def _facts(runs: Runs, quorum: int, schedule: Schedule, limits: Thresholds, *, now: datetime) -> Facts:
    last_tick, accepted = store.last_asked(), alert_store.accepted(since=now - WINDOW)
    return Facts(
        runs=runs,
        sources=alert_store.health(since=now - WINDOW, now=now),
        quorum=quorum,
        due=schedule.due,
        last_tick=last_tick,
        missed=0 if last_tick is None else _missed(schedule, last_tick, at_most=limits.missed_slots, now=now),
        kept=alert_store.kept(),
        accepted=accepted,
        accepted_age=_session_age(accepted[-1].at, now=now) if accepted else None,
    )


def _missed(schedule: Schedule, last_tick: datetime, *, at_most: int, now: datetime) -> int:
    """Count the slots since the last tick that are past their grace, to `at_most`."""
    slot = schedule.next_slot(last_tick)
    for count in range(at_most):
        if slot > now - schedule.grace:
            return count
        slot = schedule.next_slot(slot)
    return at_most


def _session_age(at: datetime, *, now: datetime) -> timedelta:
    """Return how much session time lies between `at` and `now`, counted to the end of the session before this one."""
    session = calendars.session(now=now)
    counted_to = min(now, session.closes_at)
    if at >= session.opened_at:
        return max(counted_to - at, timedelta())
    return (counted_to - session.opened_at) + max(session.previous_closed_at - at, timedelta())


def _told(notice: AlertNotice) -> Told:
    alert = notice.alert
    return Told(
        notice=notice.pk, what=notice.what, made_at=notice.made_at, kind=alert.kind, severity=alert.severity,
        opened_at=alert.opened_at, closed_at=alert.closed_at, figures=notice.figures,
    )  # fmt: skip


def _as_json(told: alert_store.Told) -> Summary:
    alert = told.alert
    figures: dict[str, JSON] = dict(alert.figures)
    return {
        "id": alert.pk,
        "kind": alert.kind,
        "subject": alert.subject,
        "severity": alert.severity,
        "open": alert.closed_at is None,
        "opened_at": alert.opened_at.isoformat(),
        "gone_since": alert.gone_since.isoformat() if alert.gone_since else None,
        "closed_at": alert.closed_at.isoformat() if alert.closed_at else None,
        "notices": told.notices,
        "notices_unsent": told.unsent,
        "figures": figures,
    }
