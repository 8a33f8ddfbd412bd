"""From a contract, a birthday or a rule to the provider: what leaves at once, what waits, and what never leaves."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import jdatetime
import pytest

from tests.support import contracts
from tests.support.messages import Clock, Desk, draft, queue, rows
from zargar.calendars import operations as calendars
from zargar.clock import TEHRAN
from zargar.customers import operations as customers
from zargar.customers.models import Channel, Customer, Purpose
from zargar.notifications import policy_store, turns, waking
from zargar.notifications import recurring_operations as recurring
from zargar.notifications.audiences import operations
from zargar.notifications.channels.recorded import Recorded
from zargar.notifications.kinds import Kind
from zargar.notifications.manners import Policy
from zargar.notifications.recurring_operations import Wish
from zargar.notifications.values import Channel as Way
from zargar.notifications.values import Purpose as Reason
from zargar.pricing.karats import STANDARD
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

TODAY = date(2026, 11, 23)
BY: dict[str, Any] = {"actor": "test", "reason": "اعلام رسمی"}

pytestmark = pytest.mark.usefixtures("database")


def tehran(hour: int, minute: int = 0, *, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=TEHRAN).astimezone(UTC)


@pytest.fixture
def maryam(shop: Shop) -> int:
    """A customer with birthday today and an instalment five days late, who agreed to promotion; her id."""
    today = jdatetime.date.fromgregorian(date=TODAY)
    with in_tenant(shop.id):
        who = contracts.customer()
        Customer.objects.filter(id=who.pk).update(
            birth_date=jdatetime.date(1365, today.month, today.day).togregorian()
        )  # fmt: skip
        customers.give_consent(
            customer_id=who.pk, channel=Channel.SMS, purpose=Purpose.PROMOTION, source="فرم", now=tehran(8, day=20)
        )
        due = TODAY - timedelta(days=5)
        contracts.signed(customer=who, signed_on=due, first_due_on=due)
    return who.pk


def promote(shop: Shop, name: str, rule: str, at: time, *, good_for: int = 72) -> None:
    wish = Wish(
        name=name, rule=rule, at=at, kind=Kind.PROMOTION, values={"text": "اجرت نصف شد."}, good_for_hours=good_for
    )  # fmt: skip
    with in_tenant(shop.id):
        recurring.add(wish, **BY, now=tehran(0))


def send(desk: Desk, now: datetime) -> list[tuple[object, ...]]:
    """Let the clock come to `now` and take the turns that are due."""
    desk.clock.at = now
    turns.deliver_due(desk.post, budget=timedelta(seconds=50))
    shop = Shop.objects.get()
    return rows(shop, "kind, state, why")


@pytest.mark.usefixtures("maryam")
def test_on_a_day_of_mourning_only_the_customers_own_business_leaves(shop: Shop) -> None:
    calendars.decree(since=TODAY, until=TODAY, name="عزای عمومی", **BY, now=tehran(0))
    promote(shop, "هفتگی", "weekly monday", time(10))
    operations.greet(now=tehran(8))
    operations.remind_payments(fineness=STANDARD, now=tehran(9))
    operations.run_recurring(now=tehran(10, 15))
    desk = Desk(clock=Clock(tehran(10, 20)))
    assert send(desk, tehran(10, 20)) == [
        ("birthday", "queued", "mourning"), ("payment_overdue", "sent", ""), ("promotion", "queued", "mourning"),
    ]  # fmt: skip
    assert [state for _, state, _ in send(desk, tehran(23, 59))] == ["queued", "sent", "queued"]
    assert send(desk, tehran(8, 59, day=24))[2] == ("promotion", "queued", "window")
    # In the morning the offer leaves, and a greeting of yesterday does not.
    assert send(desk, tehran(9, 1, day=24)) == [
        ("birthday", "dropped", "expired"), ("payment_overdue", "sent", ""), ("promotion", "sent", ""),
    ]  # fmt: skip
    assert len(desk.providers[0].journal()) == 2


@pytest.mark.usefixtures("maryam")
def test_a_greeting_that_is_queued_at_eight_leaves_at_nine(shop: Shop) -> None:
    operations.greet(now=tehran(8))
    desk = Desk(clock=Clock(tehran(8)))
    assert send(desk, tehran(8, 59)) == [("birthday", "queued", "window")]
    assert send(desk, tehran(9)) == [("birthday", "sent", "")]


def test_who_takes_a_consent_back_between_queueing_and_sending_hears_nothing(shop: Shop, maryam: int) -> None:
    operations.greet(now=tehran(8))
    with in_tenant(shop.id):
        customers.withdraw_consent(
            customer_id=maryam, channel=Channel.SMS, purpose=Purpose.PROMOTION, now=tehran(8, 30)
        )  # fmt: skip
    desk = Desk(clock=Clock(tehran(8)))
    ((kind, state, why),) = send(desk, tehran(9))
    assert (kind, state) == ("birthday", "dropped")
    assert why in {"no_consent", "opted_out"}
    assert desk.providers[0].journal() == []


@pytest.mark.usefixtures("maryam")
def test_what_waits_for_a_long_decree_leaves_on_the_day_on_which_it_is_lifted(shop: Shop) -> None:
    decree = calendars.decree(since=TODAY, until=TODAY + timedelta(days=39), name="عزای عمومی", **BY, now=tehran(0))
    promote(shop, "هفتگی", "weekly monday", time(10), good_for=24)
    operations.run_recurring(now=tehran(10, 15))
    desk = Desk(clock=Clock(tehran(10, 20)))
    assert send(desk, tehran(10, 20)) == [("promotion", "queued", "mourning")]
    calendars.lift(decree_id=decree.pk, **BY, now=tehran(15))
    assert send(desk, tehran(15)) == [("promotion", "queued", "mourning")]
    assert waking.judge_again(now=tehran(15)) == 1
    assert send(desk, tehran(15)) == [("promotion", "sent", "")]
    assert waking.judge_again(now=tehran(15)) == 0


@pytest.mark.usefixtures("maryam")
def test_where_nobody_says_that_a_decree_is_lifted_midnight_finds_it(shop: Shop) -> None:
    decree = calendars.decree(since=TODAY, until=TODAY + timedelta(days=39), name="عزای عمومی", **BY, now=tehran(0))
    promote(shop, "هفتگی", "weekly monday", time(10))
    operations.run_recurring(now=tehran(10, 15))
    desk = Desk(clock=Clock(tehran(10, 20)))
    assert send(desk, tehran(10, 20)) == send(desk, tehran(12, day=24)) == [("promotion", "queued", "mourning")]
    calendars.lift(decree_id=decree.pk, **BY, now=tehran(15, day=24))
    assert send(desk, tehran(0, day=25)) == [("promotion", "queued", "window")]
    assert send(desk, tehran(9, day=25)) == [("promotion", "sent", "")]


def test_the_cap_is_a_customers_whatever_ways_promotion_takes(shop: Shop, maryam: int) -> None:
    desk = Desk(
        providers=[Recorded(name=one.value, channel=one) for one in (Way.SMS, Way.EMAIL)], clock=Clock(tehran(12))
    )
    with in_tenant(shop.id):
        policy_store.keep(Policy(promotion_cap=2))
        Customer.objects.filter(id=maryam).update(email="maryam@example.org")
        customers.give_consent(
            customer_id=maryam, channel=Channel.EMAIL, purpose=Purpose.PROMOTION, source="فرم", now=tehran(8, day=20)
        )
    way: dict[str, Any] = {"kind": "birthday", "purpose": Reason.PROMOTION, "customer_id": maryam}
    queue(shop, draft(1, event="first", **way))
    assert send(desk, tehran(12)) == [("birthday", "sent", "")]
    by_mail = replace(draft(1, event="second", **way, channel=Way.EMAIL), to="maryam@example.org")
    queue(shop, by_mail, replace(by_mail, event_key="third"), draft(1, event="fourth", **way))
    assert sorted(str(why) for _, _, why in send(desk, tehran(13))) == ["", "", "cap", "cap"]
    assert sum(len(one.journal()) for one in desk.providers) == 2


@pytest.mark.usefixtures("maryam")
def test_promotion_beyond_the_cap_waits_for_another_day(shop: Shop) -> None:
    with in_tenant(shop.id):
        policy_store.keep(Policy(promotion_cap=2, promotion_cap_days=1))
    for number in range(3):
        promote(shop, f"پیام {number}", "weekly monday", time(10))
    operations.run_recurring(now=tehran(10, 15))
    desk = Desk(clock=Clock(tehran(10, 20)))
    assert sorted(str(why) for _, _, why in send(desk, tehran(10, 20))) == ["", "", "cap"]
    assert [state for _, state, _ in send(desk, tehran(21, day=23))].count("sent") == 2
    send(desk, tehran(9, day=24))
    assert [state for _, state, _ in send(desk, tehran(9, day=25))] == ["sent"] * 3


def test_a_customers_quiet_hours_hold_even_their_own_business_until_they_end(shop: Shop, maryam: int) -> None:
    with in_tenant(shop.id):
        Customer.objects.filter(id=maryam).update(quiet_since=time(8), quiet_until=time(12))
    operations.remind_payments(fineness=STANDARD, now=tehran(9))
    desk = Desk(clock=Clock(tehran(9)))
    assert send(desk, tehran(9)) == [("payment_overdue", "queued", "quiet")]
    assert send(desk, tehran(12)) == [("payment_overdue", "sent", "")]
