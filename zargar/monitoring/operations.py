"""One look at the whole house, for the command line, the console and whoever asks the web whether it is ready."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import InterfaceError, OperationalError, connection

from zargar import mail
from zargar.backups import watch
from zargar.ledger import heartbeats
from zargar.ledger import operations as ledger
from zargar.ledger.heartbeats import Pulse
from zargar.monitoring import families, price_alerts, store
from zargar.monitoring.families import Grade, Record
from zargar.monitoring.house import Facts, Finding, judge, state, without_database
from zargar.monitoring.sources import SourceRecord
from zargar.names import Family
from zargar.pricing import alerts
from zargar.pricing import operations as pricing
from zargar.pricing.current import LIVE_FOR, Answered
from zargar.pricing.wiring import fineness
from zargar.schedules import operations as schedules
from zargar.schedules.catalogue import Entry
from zargar.schedules.wiring import entries, next_price

WINDOW: Final = timedelta(hours=1)
"""Over which the families are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was read, for those who show it beside the findings."""

    price: Answered
    pulses: Sequence[Pulse]
    waits: Mapping[str, timedelta]
    runs: Mapping[str, int]
    boards: Mapping[str, SourceRecord]
    families: Mapping[Family, tuple[Record, Grade]]
    live: Sequence[str]
    paused: Sequence[str]
    alerts: Mapping[str, datetime]
    notices_unsent: int
    mail_configured: bool
    backup_alarms: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the house stands: one word, what is wrong, and what was seen; None where the database does not answer."""

    state: str
    findings: Sequence[Finding]
    broker_answers: bool
    seen: Seen | None


def look(*, live: Sequence[Entry], broker_answers: Callable[[], bool], now: datetime) -> Look:
    """Look at every part, and judge. `live` are the entries whose task is registered. Never raises for a part away."""
    answers = broker_answers()
    try:
        seen = _see(live, now=now)
    except (OperationalError, InterfaceError):
        connection.close()
        findings = without_database(broker_answers=answers)
        return Look(state=state(findings), findings=findings, broker_answers=answers, seen=None)
    findings = judge(
        Facts(
            broker_answers=answers,
            pulses=seen.pulses,
            queues={entry.queue.value for entry in live} | set(seen.waits),
            waits=seen.waits,
            price=seen.price,
            price_due=next_price(now - LIVE_FOR) <= now,
            boards=seen.boards,
            families={family: grade for family, (_, grade) in seen.families.items()},
            dead_letters=seen.runs["dead"],
            paused=seen.paused,
            notices_unsent=seen.notices_unsent,
            mail_configured=seen.mail_configured,
            backup_alarms=seen.backup_alarms,
        )
    )
    return Look(state=state(findings), findings=findings, broker_answers=answers, seen=seen)


def _see(live: Sequence[Entry], *, now: datetime) -> Seen:
    counted = store.by_family(since=now - WINDOW)
    return Seen(
        price=pricing.current_price(now=now, fineness=fineness()),
        pulses=heartbeats.pulses(),
        waits=store.waits(),
        runs=ledger.counts(),
        boards=store.by_source(since=now - LIVE_FOR),
        families={
            family: (record, families.judge(record, families.PROMISES[family])) for family, record in counted.items()
        },
        live=[entry.name for entry in live],
        paused=[line.entry.name for line in schedules.overview(entries(), live=live, now=now) if line.paused_at],
        alerts=alerts.standing(),
        notices_unsent=price_alerts.unsent(now=now) + watch.unsent(now=now),
        mail_configured=mail.configured(),
        backup_alarms=watch.standing(),
    )
