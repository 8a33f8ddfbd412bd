"""What is done where nobody can tell yet: whom to ask, how a person ends it, and what calls and costs are counted."""

from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest

from tests.support.messages import NOON, Clock, Desk, draft, journal, queue, rows, states
from zargar.customers import operations as customers
from zargar.customers.models import Channel as Way
from zargar.customers.models import Purpose as Reason
from zargar.notifications import account_desk, account_store, jobs, operations, policy_store, turns
from zargar.notifications.channels.recorded import Mood, Recorded
from zargar.notifications.manners import Ambiguous, Policy
from zargar.notifications.models import AccountState
from zargar.notifications.operations import NotMovableError
from zargar.notifications.routing import FULL, Record, after_calls
from zargar.notifications.values import Channel, Limits, Purpose, Refusal
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

pytestmark = pytest.mark.usefixtures("database")

BUDGET = timedelta(seconds=50)
DEAF = Limits(most=200, can_be_asked=False)


def in_doubt(shop: Shop) -> Desk:
    """A message of which the answer was lost, by an account that can be asked."""
    desk = Desk([Recorded("old", next_calls=deque([Mood.LOSES_THE_ANSWER]))])
    queue(shop, draft())
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"asking": 1}
    desk.clock.passes(minutes=1)
    return desk


# -- nobody to ask ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [Recorded("new"), Recorded("old", limits=DEAF)], ids=["gone", "deaf"])
def test_where_the_account_can_no_longer_be_asked_a_person_sees_it_at_once(shop: Shop, left: Recorded) -> None:
    desk = in_doubt(shop)
    turns.deliver_due(replace(desk, providers=[left]).post, budget=BUDGET)
    assert states(shop) == {"ambiguous": 1}
    assert left.journal() == []
    assert journal("state") == [("unknown",)]


def test_a_shop_that_rather_tells_twice_tells_by_the_account_that_is_left(shop: Shop) -> None:
    with in_tenant(shop.id):
        policy_store.keep(Policy(ambiguous=Ambiguous.RESEND))
    desk, left = in_doubt(shop), Recorded("new")
    for _ in range(3):
        turns.deliver_due(replace(desk, providers=[left]).post, budget=BUDGET)
        desk.clock.passes(minutes=5)
    assert states(shop) == {"sent": 1}
    assert journal("state, account", "ORDER BY tried_at") == [("given_up", "old"), ("accepted", "new")]


def test_a_person_ends_the_asking_and_what_may_have_left_is_never_begun_again(shop: Shop) -> None:
    desk = in_doubt(shop)
    ((identity,),) = rows(shop, "id")
    assert operations.cancel(shop_id=shop.id, ids=[identity], actor="zahra", reason="it is known", now=NOON) == 1
    desk.clock.passes(hours=1)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"cancelled": 1}
    assert journal("state") == [("unknown",)]


def test_a_person_has_it_sent_again_while_the_provider_is_still_asked(shop: Shop) -> None:
    desk = in_doubt(shop)
    ((identity,),) = rows(shop, "id")
    operations.resend(shop_id=shop.id, ids=[identity], actor="zahra", reason="he has no text", now=desk.clock())
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"sent": 1}
    assert journal("state", "ORDER BY tried_at") == [("given_up",), ("accepted",)]
    with pytest.raises(NotMovableError):
        operations.resend(shop_id=shop.id, ids=[identity], actor="zahra", reason="again", now=desk.clock())


# -- what is counted --------------------------------------------------------------------------------------------------


def test_four_failures_of_a_hundred_calls_of_a_minute_are_borne(shop: Shop) -> None:
    provider = Recorded()
    desk = Desk([provider])
    queue(shop, *(draft(number) for number in range(100)))
    turns.deliver_due(desk.post, budget=BUDGET)
    provider.next_calls.append(Refusal.BUSY)
    queue(shop, *(draft(number) for number in range(100, 104)))
    turns.deliver_due(desk.post, budget=BUDGET)
    account = AccountState.objects.get(name="recorded")
    assert (account.weight, account.calls, account.failures) == (FULL, 104, 4)


def test_calls_that_went_well_are_counted_by_one_statement_as_the_rule_counts_them() -> None:
    random = Random(7)  # noqa: S311 -- a test's own steps
    record = Record(weight=FULL, calls=0, failures=0, window_at=NOON, moved_at=NOON)
    now = NOON
    for _ in range(50):
        calls, now = random.randint(1, 200), now + timedelta(seconds=random.randint(-20, 70))
        account_store.note_well("one", Channel.SMS, calls=calls, now=now)
        if record.calls == 0:
            record = replace(record, window_at=now)
        record = after_calls(record, calls=calls, failures=0, now=now)
        found = AccountState.objects.get(name="one")
        assert (found.calls, found.failures, found.window_at) == (record.calls, record.failures, record.window_at)


@pytest.mark.parametrize(
    ("price", "told", "cost", "estimated"),
    [(1000, None, None, 2000), (0, None, None, None), (1000, 700, 1400, None), (1000, 0, 0, None)],
    ids=["estimated", "unknown", "told", "told to be nothing"],
)
def test_a_cost_that_nobody_tells_is_an_estimate_or_unknown_and_never_nothing(
    shop: Shop, price: int, told: int | None, cost: int | None, estimated: int | None
) -> None:
    desk = Desk([Recorded(cost=told)], price=price)
    queue(shop, draft(1, values={"shop": "الف", "name": "ب"}), draft(2, values={"shop": "الف", "name": "ب"}))
    turns.deliver_due(desk.post, budget=BUDGET)
    jobs.figures(now=NOON)
    [day] = account_desk.last_day(now=NOON)
    assert rows(shop, "DISTINCT parts", "") == [(1,)]
    assert (day.sent, day.cost_rial, day.estimated_rial) == (2, cost, estimated)


# -- the hour ---------------------------------------------------------------------------------------------------------


def promotion(shop: Shop, number: int, due_at: datetime) -> None:
    """Queue a promotion to a customer who agreed to it."""
    with in_tenant(shop.id):
        who = customers.add(full_name="مریم احمدی", mobile=draft(number).to)
        customers.give_consent(customer_id=who.pk, channel=Way.SMS, purpose=Reason.PROMOTION, source="form", now=NOON)
    queue(shop, draft(number, purpose=Purpose.PROMOTION, customer_id=who.pk, due_at=due_at), now=due_at)


def test_each_call_of_a_turn_is_judged_by_its_own_hour_and_ends_before_the_hours_do(shop: Shop) -> None:
    clock = Clock(NOON.replace(hour=17, minute=28))  # 20:58 in Tehran
    call = Recorded(limits=Limits(most=1, can_be_asked=False, longest=timedelta(seconds=90)))
    call.next_calls.append(lambda: clock.passes(seconds=31))
    for number in (1, 2):
        promotion(shop, number, clock())
    turns.deliver_due(Desk([call], clock=clock).post, budget=BUDGET)
    assert call.calls == 1
    assert sorted(rows(shop, "state, why")) == [("queued", "window"), ("sent", "")]
    clock.at = NOON.replace(hour=5, minute=30) + timedelta(days=1)
    turns.deliver_due(Desk([call], clock=clock).post, budget=BUDGET)
    assert states(shop) == {"sent": 2}
