"""What providers tell afterwards, what is counted of it, and what is removed when its time is over."""

from collections import deque
from datetime import timedelta

import pytest
from django.db import transaction

from tests.support.databases import ScratchDatabase
from tests.support.messages import NOON, Clock, Desk, draft, journal, queue, rows, states
from zargar.customers import operations as customers
from zargar.customers.models import Channel as Way
from zargar.customers.models import Consent
from zargar.customers.models import Purpose as Reason
from zargar.notifications import hearing, jobs, receipt_store, turns
from zargar.notifications.channels.recorded import Mood, Recorded
from zargar.notifications.models import HourFigures, OptOut
from zargar.notifications.values import Delivery, Inbound, Limits, Purpose, Receipt, Refusal
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

BUDGET = timedelta(seconds=50)


def test_receipts_reach_the_journal_and_the_shop_and_what_was_delivered_stays_delivered(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded(limits=Limits(most=200, can_be_asked=True, most_ids=2))
    desk = Desk([provider])
    queue(shop, *(draft(number) for number in range(5)))
    turns.deliver_due(desk.post, budget=BUDGET)
    ids = [str(identity) for (identity,) in rows(shop, "provider_id")]
    provider.told = [Receipt(one, Delivery.DELIVERED) for one in ids[:3]] + [Receipt(ids[3], Delivery.UNDELIVERED)]
    desk.clock.passes(minutes=30)
    assert hearing.hear(desk.post).receipts == 4
    assert rows(shop, "delivery") == [("delivered",), ("delivered",), ("delivered",), ("undelivered",), ("",)]
    provider.told = [Receipt(ids[0], Delivery.FAILED), Receipt(ids[4], Delivery.UNKNOWN)]
    desk.clock.passes(minutes=30)
    assert hearing.hear(desk.post).receipts == 0
    assert hearing.receive("recorded", provider.told, now=desk.clock()) == 0


def test_a_receipt_for_an_answer_that_was_lost_is_the_answer(database: ScratchDatabase, shop: Shop) -> None:
    provider = Recorded(limits=Limits(most=200, can_be_asked=False), next_calls=deque([Mood.LOSES_THE_ANSWER]))
    desk = Desk([provider])
    queue(shop, draft())
    turns.deliver_due(desk.post, budget=BUDGET)
    with database.app() as app:
        app.execute("UPDATE notifications_journalentry SET provider_id = 'seen'")
    hearing.receive("recorded", [Receipt("seen", Delivery.DELIVERED)], now=desk.clock())
    assert states(shop) == {"sent": 1}
    assert journal("state, delivery") == [("accepted", "delivered")]


def test_an_eleven_to_a_line_declines_promotion_at_the_shop_that_wrote_last_and_a_twelve_takes_it_back(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded()
    desk = Desk([provider])
    with in_tenant(shop.id):
        who = customers.add(full_name="مریم احمدی", mobile=draft().to)
        customers.give_consent(customer_id=who.pk, channel=Way.SMS, purpose=Reason.PROMOTION, source="form", now=NOON)
    queue(shop, draft())
    turns.deliver_due(desk.post, budget=BUDGET)
    provider.heard = [
        Inbound("1", draft().to, "1000", "۱۱", NOON), Inbound("2", "+989350000000", "1000", "11", NOON),
        Inbound("3", draft().to, "1000", "ساعت ۱۱ می‌آیم", NOON),
    ]  # fmt: skip
    desk.clock.passes(hours=1)
    assert hearing.hear(desk.post).wishes == 1
    assert hearing.hear(desk.post).wishes == 0
    assert OptOut.objects.filter(shop_id=shop.id, purpose="promotion", channel="sms").count() == 1
    with in_tenant(shop.id):
        assert not Consent.objects.filter(withdrawn_at=None).exists()
    provider.heard = [Inbound("4", draft().to, "1000", "12", NOON)]
    assert hearing.hear(desk.post).wishes == 1
    assert OptOut.objects.count() == 0
    with in_tenant(shop.id):
        assert Consent.objects.filter(withdrawn_at=None).count() == 1


def test_a_silent_account_stops_nobody(database: ScratchDatabase, shop: Shop) -> None:
    silent, other = Recorded("silent", is_silent=True), Recorded("other", left=5_000)
    desk = Desk([silent, other], price=1)
    queue(shop, *(draft(number) for number in range(20)))
    turns.deliver_due(desk.post, budget=BUDGET)
    heard = hearing.hear(desk.post)
    assert heard.silent >= 2
    assert other.questions >= 2


def test_figures_are_counted_from_the_journal_and_counting_twice_changes_nothing(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded(cost=900, next_calls=deque([Refusal.RECIPIENT]))
    desk = Desk([provider])
    queue(shop, draft(1))
    turns.deliver_due(desk.post, budget=BUDGET)
    queue(shop, draft(2), draft(3))
    desk.clock.passes(seconds=30)
    turns.deliver_due(desk.post, budget=BUDGET)
    for _ in range(2):
        said = jobs.figures(now=desk.clock())
    assert said["day"] == [
        {
            "channel": "sms", "account": "recorded", "sent": 2, "delivered": 0, "failed": 1, "ambiguous": 0,
            "cost_rial": 1800, "estimated_rial": None, "latency_ms": 30_000,
        }
    ]  # fmt: skip
    [row] = HourFigures.objects.all()
    assert (row.shop_id, row.latency_max, row.parts) == (shop.id, 30_000, row.sent * row.parts // row.sent)


def test_what_has_ended_long_ago_is_removed_and_what_waits_is_not(database: ScratchDatabase, shop: Shop) -> None:
    desk = Desk(clock=Clock())
    queue(shop, draft(1), draft(2, due_at=NOON + timedelta(days=900)))
    queue(None, draft(3, kind="price_alert", values={"title": "a", "detail": "b", "at": "c"}))
    turns.deliver_due(desk.post, budget=BUDGET)
    assert jobs.clean_up(now=NOON + timedelta(days=100))["messages"] == 0
    assert jobs.clean_up(now=NOON + timedelta(days=200))["messages"] == 2
    assert states(shop) == {"queued": 1}
    assert len(journal()) == 2
    assert jobs.clean_up(now=NOON + timedelta(days=800))["attempts"] == 2


@pytest.mark.parametrize("wrong", [None, "7", True])
def test_an_id_that_is_none_is_a_dead_letter(database: ScratchDatabase, wrong: object) -> None:
    from zargar.core.notification_tasks import WAIT  # noqa: PLC0415 -- beside its use
    from zargar.outcomes import Permanent  # noqa: PLC0415 -- as above

    with pytest.raises(Permanent):
        jobs.send_one(shop_id=wrong, message_id=1, wait=WAIT)


def test_a_stopped_account_is_told_of_once(database: ScratchDatabase, shop: Shop) -> None:
    desk = Desk([Recorded(next_calls=deque([Refusal.ACCOUNT]))])
    queue(shop, draft())
    jobs.told(desk.post, turns.deliver_due(desk.post, budget=BUDGET))
    assert jobs.tell_stopped(desk.post) == 0
    assert len(desk.alarms) == 1
    assert "recorded" in desk.alarms[0][0]


def test_a_promotion_by_text_tells_how_to_make_it_stop(database: ScratchDatabase, shop: Shop) -> None:
    provider = Recorded()
    desk = Desk([provider])
    with in_tenant(shop.id), transaction.atomic():
        who = customers.add(full_name="مریم احمدی", mobile=draft().to)
        customers.give_consent(customer_id=who.pk, channel=Way.SMS, purpose=Reason.PROMOTION, source="form", now=NOON)
    queue(
        shop, draft(customer_id=who.pk, kind="birthday", purpose=Purpose.PROMOTION), draft(2)
    )  # fmt: skip
    turns.deliver_due(desk.post, budget=BUDGET)
    assert ["لغو" in one.text for one in provider.taken] == [True, False]
    assert receipt_store.undelivered("recorded", since=NOON, now=NOON, apart=hearing.ASK_AGAIN, at_most=9) != []
