"""From a row to a provider: each message leaves once, whatever is in its way."""

from collections import deque
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.support.databases import ScratchDatabase, Server, django_uses
from tests.support.messages import NOON, Clock, Desk, draft, due, journal, queue, rows, states
from zargar.customers import operations as customers
from zargar.customers.models import Channel as CustomerChannel
from zargar.customers.models import Purpose as CustomerPurpose
from zargar.notifications import account_store, house, operations, policy_store, template_operations, turns
from zargar.notifications.channels.recorded import Mood, Recorded
from zargar.notifications.delivering import InTransactionError
from zargar.notifications.kinds import Kind
from zargar.notifications.manners import Ambiguous, Policy
from zargar.notifications.models import AccountState, Route
from zargar.notifications.operations import NotInTransactionError, NotMovableError
from zargar.notifications.templates.sources import MissingValuesError
from zargar.notifications.values import Channel, Limits, Purpose, Refusal
from zargar.shops.models import Shop
from zargar.shops.models import State as ShopState
from zargar.tenancy import in_tenant

BUDGET = timedelta(seconds=50)


def test_what_was_queued_leaves_once_and_the_index_is_empty_after_it(database: ScratchDatabase, shop: Shop) -> None:
    desk = Desk()
    queue(shop, *(draft(number) for number in range(5)))
    turns.deliver_due(desk.post, budget=BUDGET)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert len(desk.providers[0].journal()) == 5
    assert states(shop) == {"sent": 5}
    assert due(shop) is None
    assert journal("state", "GROUP BY state") == [("accepted",)]


def test_a_tick_with_nothing_due_asks_one_statement(database: ScratchDatabase, shop: Shop) -> None:
    queue(shop, draft(due_at=NOON + timedelta(hours=1)))
    with CaptureQueriesContext(connection) as asked:
        tally = turns.deliver_due(Desk().post, budget=BUDGET)
    assert tally.turns == 0
    assert len(asked) == 1


def test_messages_are_queued_inside_a_transaction_and_sent_outside_of_any(
    database: ScratchDatabase, shop: Shop
) -> None:
    with in_tenant(shop.id), pytest.raises(NotInTransactionError):
        operations.enqueue([draft()], now=NOON)
    with transaction.atomic(), pytest.raises(InTransactionError):
        turns.deliver_due(Desk().post, budget=BUDGET)
    assert states(shop) == {}


def test_a_message_that_is_known_is_not_queued_again_even_when_the_shop_has_forgotten_it(
    database: ScratchDatabase, shop: Shop
) -> None:
    desk = Desk()
    assert queue(shop, draft()).queued == 1
    assert queue(shop, draft()).known == 1
    turns.deliver_due(desk.post, budget=BUDGET)
    forget(shop)
    assert queue(shop, draft(), draft(2)) == operations.Enqueued(queued=1, known=1)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert len(desk.providers[0].journal()) == 2


def test_what_the_shop_has_forgotten_that_it_sent_is_dropped_when_it_is_queued_by_hand(
    database: ScratchDatabase, shop: Shop
) -> None:
    desk = Desk()
    queue(shop, draft())
    turns.deliver_due(desk.post, budget=BUDGET)
    with database.app() as app:
        app.execute(
            f"UPDATE {shop.schema_name}.shop_messages_message SET state = 'queued', account = ''"  # noqa: S608 -- the template's
        )
        app.execute("INSERT INTO notifications_dueshop VALUES (%s, %s)", [shop.id, NOON])
    turns.deliver_due(desk.post, budget=BUDGET)
    assert len(desk.providers[0].journal()) == 1
    assert rows(shop, "state, why") == [("dropped", "it has left already, or may have")]


def test_after_a_lost_answer_the_provider_is_asked_and_nothing_is_sent_again(
    database: ScratchDatabase, shop: Shop
) -> None:
    desk = Desk([Recorded(next_calls=deque([Mood.LOSES_THE_ANSWER]))])
    queue(shop, draft(1), draft(2))
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"asking": 2}
    desk.clock.passes(seconds=10)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"sent": 2}
    assert len(desk.providers[0].journal()) == 2
    assert journal("DISTINCT state", "") == [("accepted",)]


def test_what_never_arrived_is_sent_again_under_the_same_reference(database: ScratchDatabase, shop: Shop) -> None:
    provider = Recorded(next_calls=deque([Mood.LOSES_THE_CALL]))
    desk = Desk([provider])
    queue(shop, draft())
    turns.deliver_due(desk.post, budget=BUDGET)
    ((lost,),) = rows(shop, "reference")
    desk.clock.passes(seconds=10)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert [reference for reference, _ in provider.journal()] == [lost]
    assert journal("state, tries") == [("accepted", 2)]


def test_a_silent_provider_is_asked_again_until_it_can_no_longer_be_believed(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded(next_calls=deque([Mood.LOSES_THE_ANSWER]), is_silent=True)
    desk = Desk([provider])
    queue(shop, draft())
    turns.deliver_due(desk.post, budget=BUDGET)
    for _ in range(100):
        desk.clock.passes(minutes=10)
        turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"ambiguous": 1}
    assert len(provider.journal()) == 1
    assert provider.look_ups > 50


DEAF = Limits(most=200, can_be_asked=False)


def test_what_cannot_be_told_waits_for_a_person_who_may_send_it_again(database: ScratchDatabase, shop: Shop) -> None:
    provider = Recorded(limits=DEAF, next_calls=deque([Mood.LOSES_THE_ANSWER]))
    desk = Desk([provider])
    queue(shop, draft())
    turns.deliver_due(desk.post, budget=BUDGET)
    desk.clock.passes(days=3)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"ambiguous": 1}
    ((identity,),) = rows(shop, "id")
    operations.resend(shop_id=shop.id, ids=[identity], actor="zahra", reason="he has no text", now=desk.clock())
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"sent": 1}
    assert [state for (state,) in journal("state", "ORDER BY tried_at")] == ["given_up", "accepted"]


@pytest.mark.parametrize(
    ("ambiguous", "state", "heard"), [(Ambiguous.LEAVE, "ambiguous", 1), (Ambiguous.RESEND, "sent", 2)]
)
def test_the_shop_s_policy_says_what_becomes_of_what_cannot_be_told(
    database: ScratchDatabase, shop: Shop, ambiguous: Ambiguous, state: str, heard: int
) -> None:
    with in_tenant(shop.id):
        policy_store.keep(Policy(ambiguous=ambiguous))
    provider = Recorded(limits=DEAF, next_calls=deque([Mood.LOSES_THE_ANSWER]))
    desk = Desk([provider])
    queue(shop, draft())
    turns.deliver_due(desk.post, budget=BUDGET)
    desk.clock.passes(minutes=10)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {state: 1}
    assert len(provider.journal()) == heard


def test_a_shop_that_leaves_it_does_not_let_a_person_send_it_again_either(
    database: ScratchDatabase, shop: Shop
) -> None:
    with in_tenant(shop.id):
        policy_store.keep(Policy(ambiguous=Ambiguous.LEAVE))
    desk = Desk([Recorded(limits=DEAF, next_calls=deque([Mood.LOSES_THE_ANSWER]))])
    queue(shop, draft())
    turns.deliver_due(desk.post, budget=BUDGET)
    ((identity,),) = rows(shop, "id")
    with pytest.raises(NotMovableError):
        operations.resend(shop_id=shop.id, ids=[identity], actor="zahra", reason="please", now=desk.clock())


# -- refusals ---------------------------------------------------------------------------------------------------------


def test_a_refusal_that_proves_that_nothing_was_sent_goes_to_the_other_account_at_once(
    database: ScratchDatabase, shop: Shop
) -> None:
    first = Recorded("first", next_calls=deque([Refusal.BUSY] * 9))
    second = Recorded("second", next_calls=deque([Refusal.BUSY] * 0))
    desk = Desk([first, second])
    queue(shop, *(draft(number) for number in range(20)))
    turns.deliver_due(desk.post, budget=BUDGET)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"sent": 20}
    assert len(second.journal()) == 20


def test_a_lost_answer_is_never_a_reason_to_try_another_account(database: ScratchDatabase, shop: Shop) -> None:
    first = Recorded("first", limits=DEAF, next_calls=deque([Mood.LOSES_THE_ANSWER] * 9))
    second = Recorded("second", limits=DEAF, next_calls=deque([Mood.LOSES_THE_ANSWER] * 9))
    desk = Desk([first, second])
    queue(shop, draft())
    turns.deliver_due(desk.post, budget=BUDGET)
    desk.clock.passes(days=1)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert first.calls + second.calls == 1


def test_a_busy_provider_is_tried_six_times_with_growing_waits_and_then_the_letter_is_dead_until_it_is_replayed(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded(next_calls=deque([Refusal.BUSY] * 6))
    desk = Desk([provider])
    queue(shop, draft())
    waits = []
    for _ in range(8):
        turns.deliver_due(desk.post, budget=BUDGET)
        after = due(shop)
        if after is None:
            break
        waits.append((after - desk.clock()).total_seconds())
        desk.clock.at = after
    assert states(shop) == {"dead": 1}
    assert provider.calls == 6
    assert all(30 * 2**n <= wait <= 60 * 2**n for n, wait in enumerate(waits)), waits
    ((identity,),) = rows(shop, "id")
    operations.replay(shop_id=shop.id, ids=[identity], actor="zahra", reason="they are back", now=desk.clock())
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"sent": 1}


@pytest.mark.parametrize("why", [Refusal.RECIPIENT, Refusal.CONTENT])
def test_a_number_or_text_that_is_never_taken_is_tried_once(
    database: ScratchDatabase, shop: Shop, why: Refusal
) -> None:
    first, second = Recorded("first", next_calls=deque([why])), Recorded("second", next_calls=deque([why]))
    desk = Desk([first, second])
    queue(shop, draft())
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"dead": 1}
    assert first.calls + second.calls == 1


def test_a_closed_account_is_stopped_and_told_of_and_the_messages_wait_uncounted_until_a_person_starts_it(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded(next_calls=deque([Refusal.ACCOUNT]))
    desk = Desk([provider])
    queue(shop, draft(1), draft(2))
    stopped = turns.deliver_due(desk.post, budget=BUDGET).stopped
    assert stopped
    for _ in range(30):
        desk.clock.passes(minutes=10)
        turns.deliver_due(desk.post, budget=BUDGET)
    assert provider.calls == 1
    assert rows(shop, "DISTINCT state, attempts", "") == [("queued", 0)]
    account_store.start("recorded", why="paid", now=desk.clock())
    desk.clock.passes(minutes=10)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"sent": 2}


def test_a_failing_account_loses_its_share_by_tens_and_wins_it_back_by_quarters_of_an_hour(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded(next_calls=deque([Refusal.BUSY]))
    desk = Desk([provider])
    queue(shop, *(draft(number) for number in range(5)))
    turns.deliver_due(desk.post, budget=BUDGET)
    [standing] = account_store.standings(shop.id, [("recorded", Channel.SMS)])
    assert standing.weight == 90
    desk.clock.passes(minutes=16)
    turns.deliver_due(desk.post, budget=BUDGET)
    [standing] = account_store.standings(shop.id, [("recorded", Channel.SMS)])
    assert standing.weight == 100


def test_a_shop_s_own_shares_decide_before_the_platform_s(database: ScratchDatabase, shop: Shop) -> None:
    Route.objects.create(shop_id=0, channel="sms", account="first", weight=100)
    Route.objects.create(shop_id=shop.id, channel="sms", account="second", weight=100)
    first, second = Recorded("first"), Recorded("second")
    queue(shop, *(draft(number) for number in range(5)))
    queue(None, draft(kind="price_alert", values={"title": "a", "detail": "b", "at": "c"}))
    turns.deliver_due(Desk([first, second]).post, budget=BUDGET)
    assert (len(first.journal()), len(second.journal())) == (1, 5)
    assert states(None) == {"sent": 1}


def test_a_bulk_that_costs_more_than_the_credit_stops_the_account_before_anything_is_sent(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded(cost=900)
    desk = Desk([provider], price=1000)
    account_store.credit_is("recorded", Channel.SMS, rial=10_000, now=NOON)
    queue(shop, *(draft(number) for number in range(11)))
    turns.deliver_due(desk.post, budget=BUDGET)
    assert provider.calls == 0
    account_store.credit_is("recorded", Channel.SMS, rial=100_000, now=NOON)
    account_store.start("recorded", why="paid", now=desk.clock())
    desk.clock.passes(minutes=10)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"sent": 11}
    left = AccountState.objects.get(name="recorded")
    assert (left.credit, left.reserved) == (100_000 - 11 * 900 * 1, 0)


# -- manners ----------------------------------------------------------------------------------------------------------


def test_what_is_too_late_or_declined_is_dropped_and_what_came_at_night_waits_for_the_morning(
    database: ScratchDatabase, shop: Shop
) -> None:
    night = NOON + timedelta(hours=12)
    desk = Desk(clock=Clock(night))
    with in_tenant(shop.id):
        who = customers.add(full_name="مریم احمدی", mobile="+989120000003")
        customers.give_consent(
            customer_id=who.pk, channel=CustomerChannel.SMS, purpose=CustomerPurpose.PROMOTION, source="form", now=NOON
        )
    operations.opt_out(
        shop_id=shop.id, to=draft(2).to, channel=Channel.SMS, purpose=Purpose.TRANSACTIONAL, source="talk", now=NOON
    )
    queue(
        shop,
        draft(1, expires_at=night),
        draft(2),
        draft(3, purpose=Purpose.PROMOTION, customer_id=who.pk),
        draft(4, purpose=Purpose.PROMOTION),
        draft(5),
    )
    turns.deliver_due(desk.post, budget=BUDGET)
    assert rows(shop, "state, why") == [
        ("dropped", "expired"), ("dropped", "opted_out"), ("queued", "window"), ("dropped", "no_consent"), ("sent", ""),
    ]  # fmt: skip
    assert due(shop) == night.replace(hour=5, minute=30) + timedelta(days=1 if night.hour > 5 else 0)
    desk.clock.at = due(shop) or NOON
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop)["sent"] == 2


# -- turns ------------------------------------------------------------------------------------------------------------


def test_a_shop_sends_its_share_and_goes_to_the_end_of_the_queue(database: ScratchDatabase, shop: Shop) -> None:
    provider = Recorded()
    desk = Desk([provider], share=10)
    queue(shop, *(draft(number) for number in range(100)))
    turns.take_turn(desk.post, shop.id)
    queue(None, draft(999, kind="price_alert", values={"title": "a", "detail": "b", "at": "c"}))
    desk.clock.passes(seconds=1)
    turns.take_turn(desk.post, shop.id)
    turns.deliver_due(desk.post, budget=BUDGET)
    order = [to for _, to in provider.journal()]
    assert len(order) == 101
    assert order.index(draft(999).to) == 20


def test_a_template_that_is_edited_after_a_message_was_queued_does_not_change_it(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded()
    desk = Desk([provider])
    words = {"shop": "طلای نمونه", "name": "مریم احمدی"}
    with in_tenant(shop.id):
        for text in ("یکم {{ name }} {{ shop }}", "دوم {{ name }} {{ shop }}"):
            drafted = template_operations.draft(
                kind=Kind.WELCOME, channel=Channel.SMS, subject="", text=text, actor="z", reason="r", now=NOON
            )
            template_operations.publish(template_id=drafted.id, actor="z", reason="r", now=NOON)
            with transaction.atomic():
                operations.enqueue([draft(1, values=words)], now=NOON)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert [one.text.split()[0] for one in provider.taken] == ["یکم"]


def test_a_draft_that_lacks_what_its_template_needs_queues_nothing_at_all(
    database: ScratchDatabase, shop: Shop
) -> None:
    with pytest.raises(MissingValuesError, match="name"):
        queue(shop, draft(1), draft(2, values={"shop": "طلای نمونه"}))
    assert states(shop) == {}
    assert due(shop) is None


def test_a_suspended_shop_sends_nothing_and_stops_nobody_and_goes_on_when_it_is_resumed(
    database: ScratchDatabase, shop: Shop
) -> None:
    desk = Desk()
    queue(shop, draft())
    Shop.objects.filter(id=shop.id).update(state=ShopState.SUSPENDED)
    queue(None, draft(2, kind="price_alert", values={"title": "a", "detail": "b", "at": "c"}))
    turns.deliver_due(desk.post, budget=BUDGET)
    assert (states(shop), states(None)) == ({"queued": 1}, {"sent": 1})
    Shop.objects.filter(id=shop.id).update(state=ShopState.ACTIVE)
    desk.clock.passes(minutes=11)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"sent": 1}


def test_a_clock_that_is_set_back_delays_and_repeats_nothing(database: ScratchDatabase, shop: Shop) -> None:
    provider = Recorded(next_calls=deque([Mood.LOSES_THE_ANSWER]))
    desk = Desk([provider])
    queue(shop, draft(1), draft(2))
    turns.deliver_due(desk.post, budget=BUDGET)
    desk.clock.passes(hours=-3)
    queue(shop, draft(1), draft(3, due_at=desk.clock()), now=desk.clock())
    turns.deliver_due(desk.post, budget=BUDGET)
    desk.clock.passes(hours=4)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"sent": 3}
    assert len(provider.journal()) == 3


# -- deaths -----------------------------------------------------------------------------------------------------------


class KilledError(BaseException):
    """What ends a turn as a kill would: nothing below catches it."""


def dies() -> None:
    raise KilledError


def test_a_worker_that_dies_in_the_call_leaves_what_the_next_one_asks_about(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded(next_calls=deque([dies]))
    desk = Desk([provider])
    queue(shop, *(draft(number) for number in range(5)))
    with pytest.raises(KilledError):
        turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"claimed": 5}
    for _ in range(3):
        desk.clock.passes(minutes=4)
        turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"sent": 5}
    assert len(provider.journal()) == 5


def test_a_claim_whose_worker_lives_is_not_taken_over_whatever_the_clock_says(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded(next_calls=deque([dies]))
    desk = Desk([provider])
    queue(shop, draft())
    with pytest.raises(KilledError):
        turns.deliver_due(desk.post, budget=BUDGET)
    ((turn,),) = rows(shop, "turn")
    with database.app() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [turn])
        desk.clock.passes(days=1)
        turns.deliver_due(desk.post, budget=BUDGET)
        assert states(shop) == {"claimed": 1}
    desk.clock.passes(minutes=1)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"asking": 1}


def test_two_workers_on_one_batch_send_each_message_once(database: ScratchDatabase, shop: Shop, tmp_path: Path) -> None:
    queue(shop, *(draft(number) for number in range(300)))
    desks = [Desk([Recorded(file=tmp_path / "journal")], share=20) for _ in range(2)]

    def work(desk: Desk) -> None:
        try:
            for _ in range(10):
                turns.take_turn(desk.post, shop.id)
        finally:
            connection.close()

    threads = [Thread(target=work, args=[desk]) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states(shop) == {"sent": 300}
    assert all(desk.providers[0].calls for desk in desks)
    assert len({to for _, to in desks[0].providers[0].journal()}) == len(desks[0].providers[0].journal()) == 300


# -- the switch -------------------------------------------------------------------------------------------------------


def test_a_copied_database_begins_paused_and_says_so_once(
    database: ScratchDatabase, shop: Shop, postgres: Server
) -> None:
    desk = Desk()
    queue(shop, draft(1))
    turns.deliver_due(desk.post, budget=BUDGET)
    queue(shop, draft(2))
    connection.close()
    copy = postgres.copy(database.name, f"{database.name}_copy")
    try:
        with django_uses(copy.app_url):
            for _ in range(3):
                turns.deliver_due(desk.post, budget=BUDGET)
                desk.clock.passes(minutes=1)
            assert states(shop) == {"sent": 1, "queued": 1}
            assert len(desk.alarms) == 1
            house.resume(actor="zahra", reason="the old one is off", key=desk.post.key)
            desk.clock.passes(minutes=5)
            turns.deliver_due(desk.post, budget=BUDGET)
            assert states(shop) == {"sent": 2}
    finally:
        postgres.drop(f"{database.name}_copy")


def test_a_copy_of_a_database_in_which_nothing_had_left_yet_begins_paused_too(
    database: ScratchDatabase, shop: Shop, postgres: Server
) -> None:
    queue(shop, draft())
    connection.close()
    copy = postgres.copy(database.name, f"{database.name}_copy")
    try:
        with django_uses(copy.app_url):
            turns.deliver_due(Desk().post, budget=BUDGET)
            assert states(shop) == {"queued": 1}
    finally:
        postgres.drop(f"{database.name}_copy")
    turns.deliver_due(Desk().post, budget=BUDGET)
    assert states(shop) == {"sent": 1}


def test_another_key_of_recipients_pauses_sending_before_anybody_is_mistaken_for_new(
    database: ScratchDatabase, shop: Shop
) -> None:
    desk = Desk()
    queue(shop, draft())
    turns.deliver_due(replace(desk.post, key=b"another"), budget=BUDGET)
    assert states(shop) == {"queued": 1}
    assert len(desk.alarms) == 1


def test_nothing_leaves_while_sending_is_paused(database: ScratchDatabase, shop: Shop) -> None:
    desk = Desk()
    queue(shop, draft(1))
    house.pause(actor="zahra", reason="a look first", key=desk.post.key, now=NOON)
    turns.deliver_due(desk.post, budget=BUDGET)
    ((identity,),) = rows(shop, "id")
    turns.deliver_these(desk.post, shop_id=shop.id, ids=[identity])
    assert states(shop) == {"queued": 1}
    house.resume(actor="zahra", reason="looked", key=desk.post.key)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"sent": 1}


def forget(shop: Shop) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {shop.schema_name}.shop_messages_message")  # noqa: S608 -- the template's
