"""What the ledger and the schedule tell those who look at prices."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test.utils import override_settings

from zargar import clock, names
from zargar.ledger import store as ledger
from zargar.ledger.policy import Bury, Supersede
from zargar.ledger.values import Claim, Failure, Work
from zargar.monitoring import price_alerts, store
from zargar.names import Family, Queue
from zargar.pricing.models import Alert, AlertNotice

HOUR = timedelta(hours=1)
FAILURE = Failure(kind="Permanent", message="no")


def update() -> Claim:
    """Open a run of the price update, and claim it."""
    work = Work(id=uuid4(), task=names.UPDATE_GOLD_PRICES, family=Family.PRICES, queue=Queue.REALTIME, origin="test")
    ledger.open_runs([work], ring_in=timedelta(minutes=1))
    claim = ledger.claim(work.id, worker="w", lease=timedelta(minutes=1))
    assert claim is not None
    return claim


def die(claim: Claim) -> None:
    assert ledger.fail(claim, failure=FAILURE, verdict=Bury(), counts=True, at=clock.now())


def last_is_dead() -> bool:
    return store.last_is_dead(price_alerts.UPDATES, since=clock.now() - HOUR)


@pytest.mark.usefixtures("database")
def test_the_newest_closed_update_tells_whether_updates_die() -> None:
    assert not last_is_dead()
    die(update())
    update()
    assert last_is_dead(), "the one under way has not closed"
    assert ledger.succeed(update(), summary={})
    assert not last_is_dead()
    assert ledger.fail(update(), failure=FAILURE, verdict=Supersede(), counts=True, at=clock.now())
    assert not last_is_dead(), "given up for the next slot is not dead"


@pytest.mark.usefixtures("database", "cache_server")
def test_updates_that_fail_for_an_hour_open_an_alert_and_without_mail_nobody_is_rung_for() -> None:
    for _ in range(6):
        die(update())
    assert price_alerts.look(now=clock.now()) == []
    alert = Alert.objects.get(kind="failure_rate")
    assert alert.figures == {"successful": 0, "failed": 6, "success_rate": "0.0"}
    assert AlertNotice.objects.filter(alert=alert, sent_at=None).count() == 1


@pytest.mark.parametrize(
    ("at", "due"), [("07:59", False), ("08:00", True), ("17:55", True), ("18:09", True), ("18:15", False)]
)
def test_the_price_window_is_open_while_a_tick_can_be_expected(at: str, due: bool) -> None:  # noqa: FBT001 -- a table
    now = datetime.fromisoformat(f"2026-11-23T{at}:00+03:30")
    assert price_alerts.schedule(now=now).due is due


def test_thresholds_are_the_deployment_s_where_it_has_set_them() -> None:
    with override_settings(ALERT_JUMP=Decimal("0.05"), ALERT_HELD=HOUR):
        limits = price_alerts.limits()
    assert (limits.jump, limits.held, limits.success) == (Decimal("0.05"), HOUR, Decimal(90))
    assert price_alerts.schedule(now=datetime(2026, 11, 23, 8, tzinfo=UTC)).grace == timedelta(minutes=2)
