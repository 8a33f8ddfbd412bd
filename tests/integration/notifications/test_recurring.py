"""Recurring messages of a shop: added, previewed, sent to their audience once, and made up after an outage."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection

from tests.support import contracts
from zargar.audit.models import AuditRecord
from zargar.calendars import operations as calendars
from zargar.calendars.events import Event
from zargar.clock import TEHRAN
from zargar.customers import operations as customers
from zargar.customers import store as customer_store
from zargar.customers.models import Channel, Customer, Purpose
from zargar.gold_installments import operations as plans
from zargar.gold_installments.models import Method, Payment
from zargar.notifications import recurring_operations as recurring
from zargar.notifications.audiences import operations
from zargar.notifications.kinds import Kind
from zargar.notifications.recurrence import RecurrenceError
from zargar.notifications.recurring_operations import (
    NoSuchRecurringError,
    RecurringError,
    RecurringStateError,
    Wish,
)
from zargar.notifications.shop.models import Audience, Message, Recurring
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

BEFORE = datetime(2026, 11, 20, 12, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "test", "reason": "فروش ماهانه"}
HOUR = timedelta(hours=1)
DEY_1 = datetime(2026, 12, 22, 10, tzinfo=TEHRAN).astimezone(UTC)
MONTHLY = Wish(
    name="ماهانه", rule="monthly 1", at=time(10), kind=Kind.PROMOTION, values={"text": "اجرت زنجیر نصف شد."}
)  # fmt: skip

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def monthly(shop: Shop) -> Shop:
    """The shop, with three customers who agreed and one who did not, and a message for every 1st."""
    with in_tenant(shop.id):
        people(3)
        Customer.objects.create(full_name="بی‌رضایت", mobile="+989129999999")
        recurring.add(MONTHLY, **BY, now=BEFORE)
    return shop


def people(count: int, first: int = 0) -> list[int]:
    """Keep customers who agreed to promotion by SMS."""
    rows = [Customer(full_name="مشتری", mobile=f"+98912{number:07}") for number in range(first, first + count)]
    ids = [row.pk for row in Customer.objects.bulk_create(rows)]
    customer_store.give(ids, (Channel.SMS, Purpose.PROMOTION), source="فرم", now=BEFORE)
    return ids


def run(now: datetime) -> dict[str, Any]:
    return dict(operations.run_recurring(now=now))


def queued(shop: Shop) -> list[str]:
    with in_tenant(shop.id):
        return list(Message.objects.order_by("to").values_list("to", flat=True))


def test_it_is_sent_at_its_hour_to_those_who_agreed_and_once(monthly: Shop) -> None:
    assert run(DEY_1 - HOUR)["queued"] == 0
    done = run(DEY_1)
    assert (done["found"], done["queued"], done["unreached"]) == (4, 3, 1)
    assert [run(DEY_1 + n * HOUR)["queued"] for n in range(1, 30)] == [0] * 29
    assert queued(monthly) == ["+989120000000", "+989120000001", "+989120000002"]
    with in_tenant(monthly.id):
        message = Message.objects.order_by("id").first()
        assert message is not None
        assert message.event_key == f"recurring:{Recurring.objects.get().pk}:20261120T120000000000:2026-12-22"
        assert message.values == {"text": "اجرت زنجیر نصف شد.", "shop": monthly.name, "name": "مشتری"}
        assert message.expires_at == DEY_1 + 24 * HOUR


def test_after_an_outage_only_the_newest_date_is_made_up_while_it_is_good(monthly: Shop) -> None:
    bahman_1 = datetime(2027, 1, 21, 10, tzinfo=TEHRAN).astimezone(UTC)
    assert run(bahman_1 + 5 * HOUR)["queued"] == 3
    with in_tenant(monthly.id):
        assert {one.event_key.rsplit(":", 1)[1] for one in Message.objects.all()} == {"2027-01-21"}
    esfand_1 = datetime(2027, 2, 20, 10, tzinfo=TEHRAN).astimezone(UTC)
    assert run(esfand_1 + 30 * HOUR)["queued"] == 0


def test_a_run_that_was_cut_short_goes_on_where_it_stopped(monthly: Shop) -> None:
    with in_tenant(monthly.id):
        people(1200, first=10)
        row = Recurring.objects.get()
        halfway = list(customers.ids_after(after=0, at_most=700))[-1]
        Recurring.objects.update(doing=DEY_1, done_after=halfway, seen_until=DEY_1)
    done = run(DEY_1 + HOUR)
    assert done["queued"] == 1204 - 700
    with in_tenant(monthly.id):
        assert not Message.objects.filter(customer_id__lte=halfway).exists()
        row.refresh_from_db()
        assert (row.doing, row.done_after) == (None, 0)


def test_a_shop_put_back_to_before_its_message_does_not_send_it_to_those_who_had_it(monthly: Shop) -> None:
    assert run(DEY_1)["queued"] == 3
    with in_tenant(monthly.id):
        Recurring.objects.update(seen_until=BEFORE)
    again = run(DEY_1 + HOUR)
    assert (again["queued"], again["told_before"]) == (0, 3)


def test_debtors_and_settled_customers_are_audiences_of_their_own(shop: Shop) -> None:
    with in_tenant(shop.id):
        debtor, settled, _nobody = people(3)
        contracts.signed(customer=Customer.objects.get(id=debtor), number="۱")
        paid = contracts.signed(customer=Customer.objects.get(id=settled), number="۲")
        plans.pay(Payment(contract=paid, amount=paid.owed, paid_on=BEFORE.date(), method=Method.CASH))
        for audience in (Audience.DEBTORS, Audience.SETTLED):
            wish = Wish(name=audience, rule="monthly 1", at=time(10), kind=Kind.YALDA, values={}, audience=audience)
            recurring.add(wish, **BY, now=BEFORE)
    assert run(DEY_1)["queued"] == 2
    assert queued(shop) == ["+989120000000", "+989120000001"]


def test_days_before_an_event_follow_an_operators_word(shop: Shop) -> None:
    with in_tenant(shop.id):
        people(1)
        wish = Wish(name="مادر", rule="before mothers_day 1", at=time(10), kind=Kind.MOTHERS_DAY, values={})
        recurring.add(wish, **BY, now=BEFORE)
    moved = datetime(2026, 12, 1, tzinfo=UTC).date()
    calendars.override_event(event=Event.MOTHERS_DAY, day=moved, **BY, now=BEFORE)
    by_rule = datetime(2026, 11, 29, 10, tzinfo=TEHRAN).astimezone(UTC)
    assert recurring.next_dates(rule=wish.rule, at=wish.at, now=BEFORE)[0] == by_rule + timedelta(days=1)
    assert run(by_rule + HOUR)["queued"] == 0
    assert run(by_rule + 25 * HOUR)["queued"] == 1


def test_paused_it_sends_nothing_and_makes_nothing_up_afterwards(monthly: Shop) -> None:
    with in_tenant(monthly.id):
        recurring.set_paused(name="ماهانه", paused=True, **BY, now=BEFORE)
        with pytest.raises(RecurringStateError):
            recurring.set_paused(name="ماهانه", paused=True, **BY, now=BEFORE)
    assert run(DEY_1)["queued"] == 0
    with in_tenant(monthly.id):
        recurring.set_paused(name="ماهانه", paused=False, **BY, now=DEY_1 + HOUR)
    assert run(DEY_1 + 2 * HOUR)["queued"] == 0
    with in_tenant(monthly.id):
        recurring.remove(name="ماهانه", **BY)
        assert list(recurring.listed()) == []
        with pytest.raises(NoSuchRecurringError):
            recurring.remove(name="ماهانه", **BY)
    actions = [record.action for record in AuditRecord.objects.order_by("id")]
    assert actions == ["recurring.add", "recurring.pause", "recurring.resume", "recurring.remove"]


@pytest.mark.parametrize(
    "wish",
    [
        Wish(name=" ", rule="monthly 1", at=time(10), kind=Kind.YALDA, values={}),
        Wish(name="بی متن", rule="monthly 1", at=time(10), kind=Kind.PROMOTION, values={}),
        Wish(name="متن خالی", rule="monthly 1", at=time(10), kind=Kind.PROMOTION, values={"text": " "}),
        Wish(name="نام ناشناس", rule="monthly 1", at=time(10), kind=Kind.YALDA, values={"discount": "۱۰"}),
        Wish(name="هشدار", rule="monthly 1", at=time(10), kind=Kind.PRICE_ALERT, values={}),
    ],
    ids=lambda wish: wish.name,
)
def test_what_could_never_be_sent_is_not_kept(shop: Shop, wish: Wish) -> None:
    with in_tenant(shop.id):
        with pytest.raises(RecurringError):
            recurring.add(wish, **BY, now=BEFORE)
        assert not Recurring.objects.exists()


def test_a_rule_that_is_none_and_a_name_that_is_taken_are_refused(monthly: Shop) -> None:
    with in_tenant(monthly.id):
        with pytest.raises(RecurrenceError):
            recurring.add(Wish(name="غلط", rule="daily", at=time(10), kind=Kind.YALDA, values={}), **BY, now=BEFORE)
        with pytest.raises(RecurringError):
            recurring.add(MONTHLY, **BY, now=BEFORE)
        with pytest.raises(IntegrityError):
            Recurring.objects.update(good_for_hours=0)
        assert connection.is_usable()
