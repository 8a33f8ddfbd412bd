"""Reminders that could not leave on their day: told again while they are due, and nothing that left is told twice."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.support import contracts
from tests.support.messages import Clock, Desk, rows
from zargar.calendars.jalali import add_months
from zargar.clock import TEHRAN
from zargar.customers.models import Customer
from zargar.notifications import account_store, turns
from zargar.notifications import operations as messages
from zargar.notifications.audiences import operations
from zargar.notifications.values import Channel, Refusal
from zargar.pricing.karats import STANDARD
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
NINE = datetime(2026, 11, 23, 9, 0, tzinfo=TEHRAN).astimezone(UTC)

pytestmark = pytest.mark.usefixtures("database")


def owes(shop: Shop, first_due: date, *, number: str, count: int = 1, who: int | None = None) -> int:
    """Sign a contract with a customer, a new one unless he is named; return whose it is."""
    with in_tenant(shop.id):
        customer = contracts.customer() if who is None else Customer.objects.get(id=who)
        contracts.signed(
            customer=customer, number=number, signed_on=add_months(first_due, -1), first_due_on=first_due,
            instalment_count=count,
        )  # fmt: skip
        return int(customer.pk)


def remind(now: datetime) -> dict[str, Any]:
    return dict(operations.remind_payments(fineness=STANDARD, now=now))


def send(desk: Desk, now: datetime) -> None:
    desk.clock.at = now
    turns.deliver_due(desk.post, budget=timedelta(seconds=50))


def stop(at: datetime) -> None:
    account_store.stop("recorded", Channel.SMS, why="no credit", now=at)


def start(at: datetime) -> None:
    account_store.start("recorded", why="charged", now=at)


def heard(desk: Desk) -> int:
    return len(desk.providers[0].journal())


def test_a_reminder_that_had_no_credit_for_a_day_leaves_on_the_next_and_once(shop: Shop) -> None:
    owes(shop, TODAY - DAY, number="۱")
    desk = Desk(clock=Clock(NINE))
    stop(NINE)
    assert remind(NINE)["queued"] == 1
    send(desk, NINE)
    assert remind(NINE + timedelta(hours=8))["queued"] == 0  # it may still leave today
    send(desk, NINE + 15 * timedelta(hours=1))
    assert rows(shop, "state, why") == [("dropped", "expired")]
    start(NINE + DAY)
    assert remind(NINE + DAY)["queued"] == 1
    send(desk, NINE + DAY)
    assert heard(desk) == 1
    assert [remind(NINE + days * DAY)["queued"] for days in range(2, 6)] == [0] * 4


def test_a_reminder_that_was_never_looked_at_since_sending_was_paused_is_told_the_next_day(shop: Shop) -> None:
    owes(shop, TODAY - DAY, number="۱")
    assert remind(NINE)["queued"] == 1
    assert remind(NINE + DAY)["queued"] == 1
    desk = Desk(clock=Clock(NINE + DAY))
    send(desk, NINE + DAY)
    assert rows(shop, "state, why") == [("dropped", "expired"), ("sent", "")]
    assert heard(desk) == 1


def test_events_that_left_together_stay_told_beside_others_that_did_not_leave(shop: Shop) -> None:
    who = owes(shop, add_months(TODAY, -2), number="۱", count=2)
    desk = Desk(clock=Clock(NINE))
    assert remind(NINE)["queued"] == 1
    send(desk, NINE)
    stop(NINE + DAY)
    owes(shop, TODAY + 2 * DAY, number="۲", who=who)
    owes(shop, TODAY + 3 * DAY, number="۳", who=who)
    assert remind(NINE + DAY)["queued"] == 1
    send(desk, NINE + DAY)
    start(NINE + 2 * DAY)
    owes(shop, TODAY + 4 * DAY, number="۴", who=who)
    assert remind(NINE + 2 * DAY)["queued"] == 1
    send(desk, NINE + 2 * DAY)
    found = rows(shop, """kind, "values"->>'count', state""")
    assert found == [("digest", "۲", "sent"), ("digest", "۲", "dropped"), ("digest", "۳", "sent")]
    assert heard(desk) == 2


def test_a_number_that_is_refused_is_not_tried_again_every_day(shop: Shop) -> None:
    owes(shop, TODAY - DAY, number="۱")
    desk = Desk(clock=Clock(NINE))
    desk.providers[0].next_calls.append(Refusal.RECIPIENT)
    assert remind(NINE)["queued"] == 1
    send(desk, NINE)
    assert rows(shop, "state") == [("dead",)]
    assert remind(NINE + DAY)["queued"] == 0


def test_what_a_person_took_back_is_not_told_again(shop: Shop) -> None:
    owes(shop, TODAY - DAY, number="۱")
    assert remind(NINE)["queued"] == 1
    ((identity,),) = rows(shop, "id")
    messages.cancel(shop_id=shop.id, ids=[identity], actor="zahra", reason="talked to her", now=NINE)
    assert remind(NINE + DAY)["queued"] == 0


def test_a_dead_letter_that_a_person_sent_after_all_is_told(shop: Shop) -> None:
    owes(shop, TODAY - DAY, number="۱")
    desk = Desk(clock=Clock(NINE))
    desk.providers[0].next_calls.append(Refusal.CONTENT)
    assert remind(NINE)["queued"] == 1
    send(desk, NINE)
    ((identity,),) = rows(shop, "id")
    later = NINE + timedelta(hours=1)
    messages.replay(shop_id=shop.id, ids=[identity], actor="zahra", reason="they take it now", now=later)
    send(desk, later)
    assert heard(desk) == 1
    assert remind(NINE + DAY)["queued"] == 0
