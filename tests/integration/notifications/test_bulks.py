"""One message to many: counted before it is confirmed, queued page by page, and nobody has it twice."""

from datetime import timedelta

import pytest

from tests.support.bulks import PRICE, TEXT, cancelled, confirmed, gone_on, people, prepared
from tests.support.messages import NOON, Desk, journal, rows, states
from zargar.customers import operations as customers
from zargar.customers.models import Channel, Purpose
from zargar.notifications import template_operations as templates
from zargar.notifications import turns
from zargar.notifications.audiences.bulks import BadBulkError, BulkStateError, NoSuchBulkError, Wish
from zargar.notifications.desk import entered
from zargar.notifications.kinds import Kind
from zargar.notifications.shop.models import Bulk, BulkState
from zargar.notifications.values import Channel as Way
from zargar.shops.models import Shop

WORDS = {"actor": "reza", "reason": "لحن خودمان"}


def test_a_bulk_is_counted_to_the_part_before_anything_is_queued(shop: Shop) -> None:
    people(shop, agreed=3, silent=2)
    row = prepared(shop)
    assert (row.messages, row.unreached, row.state) == (3, 2, BulkState.PREPARED)
    assert row.parts == 3 * row.most_parts
    assert row.cost == row.parts * PRICE
    assert states(shop) == {}


def test_what_was_counted_is_what_leaves(shop: Shop) -> None:
    people(shop, agreed=3, silent=1)
    row, desk = prepared(shop), Desk(price=PRICE)
    confirmed(shop, row)
    assert gone_on(shop, row) == 3
    turns.deliver_due(desk.post, budget=timedelta(minutes=1))
    assert states(shop) == {"sent": 3}
    assert sum(int(str(parts)) for (parts,) in rows(shop, "parts")) == row.parts
    assert all("لغو" in one.text for one in desk.providers[0].taken)


def published(text: str) -> None:
    """Have the shop that is entered write its promotion anew."""
    kept = templates.draft(kind=Kind.PROMOTION, channel=Way.SMS, subject="", text=text, now=NOON, **WORDS)
    templates.publish(template_id=kept.id, now=NOON, **WORDS)


@pytest.mark.parametrize("own", [False, True], ids=["default", "own"])
def test_a_template_that_is_edited_after_the_count_is_not_what_leaves(shop: Shop, *, own: bool) -> None:
    people(shop, agreed=3)
    if own:
        with entered(shop.schema_name):
            published("{{ shop }} خبر دارد: {{ text }}\nلغو11")
    row, desk = prepared(shop), Desk(price=PRICE)
    confirmed(shop, row)
    with entered(shop.schema_name):
        published("{{ shop }}: {{ text }}" + " بسیار بسیار ارزان" * 8 + "\nلغو11")
    assert gone_on(shop, row) == 3
    turns.deliver_due(desk.post, budget=timedelta(minutes=1))
    assert states(shop) == {"sent": 3}
    assert sum(int(str(parts)) for (parts,) in rows(shop, "parts")) == row.parts
    assert not any("بسیار" in one.text for one in desk.providers[0].taken)
    assert all(("خبر دارد" in one.text) == own for one in desk.providers[0].taken)


def test_a_bulk_from_before_versions_were_pinned_is_written_by_what_counts_now(shop: Shop) -> None:
    people(shop, agreed=1)
    row = prepared(shop)
    confirmed(shop, row)
    with entered(shop.schema_name):
        Bulk.objects.update(templates={})
        published("{{ shop }} خبر دارد: {{ text }}\nلغو11")
    assert gone_on(shop, row) == 1
    assert str(rows(shop, "template")[0][0]).startswith("shop:")


def test_on_a_line_of_shorter_parts_a_bulk_costs_what_it_is_counted_to_and_leaves_as(shop: Shop) -> None:
    people(shop, agreed=2)
    around = len(f"مریم ۰ عزیز\n\n{shop.name}\nلغو11")
    wish = Wish(kind=Kind.PROMOTION, values={"text": "س" * (134 - around)})
    usual, row = prepared(shop, wish=wish), prepared(shop, wish=wish, part=66)
    assert (usual.most_parts, row.most_parts, row.cost) == (2, 3, 6 * PRICE)
    confirmed(shop, row)
    gone_on(shop, row)
    desk = Desk(price=PRICE, part=66)
    turns.deliver_due(desk.post, budget=timedelta(minutes=1))
    assert [*rows(shop, "parts"), *journal("parts")] == [(3,)] * 4


def test_a_run_that_comes_again_queues_nothing_twice(shop: Shop) -> None:
    people(shop, agreed=2)
    row = prepared(shop)
    confirmed(shop, row)
    assert (gone_on(shop, row), gone_on(shop, row)) == (2, 0)
    assert states(shop) == {"queued": 2}


def test_who_withdraws_between_counting_and_sending_is_not_written_to(shop: Shop) -> None:
    first, _ = people(shop, agreed=2)
    row = prepared(shop)
    with entered(shop.schema_name):
        customers.withdraw_consent(customer_id=first, channel=Channel.SMS, purpose=Purpose.PROMOTION, now=NOON)
    confirmed(shop, row)
    assert gone_on(shop, row) == 1


def test_another_number_than_was_counted_confirms_nothing(shop: Shop) -> None:
    people(shop, agreed=2)
    row = prepared(shop)
    with pytest.raises(BadBulkError, match="counted to 2 messages, not 20"):
        confirmed(shop, row, messages=20)
    assert gone_on(shop, row) == 0


def test_a_bulk_is_confirmed_once_and_only_while_it_is_good(shop: Shop) -> None:
    people(shop, agreed=1)
    row = prepared(shop)
    confirmed(shop, row)
    with pytest.raises(BulkStateError, match="is confirmed"):
        confirmed(shop, row)
    late = prepared(shop, wish=Wish(kind=Kind.PROMOTION, values=TEXT, good_for=timedelta(0)))
    with pytest.raises(BulkStateError, match="prepare it again"):
        confirmed(shop, late)
    with pytest.raises(NoSuchBulkError):
        confirmed(shop, Bulk(pk=99, messages=1))


def test_a_bulk_that_nobody_would_read_or_that_says_nothing_is_refused(shop: Shop) -> None:
    people(shop, agreed=0, silent=2)
    with pytest.raises(BadBulkError, match="2 customers have no way"):
        prepared(shop)
    with pytest.raises(BadBulkError, match="Missing: \\['text'\\]"):
        prepared(shop, wish=Wish(kind=Kind.PROMOTION, values={}))
    with pytest.raises(BadBulkError, match="nobody knows: \\['discount'\\]"):
        prepared(shop, wish=Wish(kind=Kind.PROMOTION, values={**TEXT, "discount": "۵"}))
    with pytest.raises(BadBulkError):
        prepared(shop, wish=Wish(kind=Kind.PRICE_ALERT, values={}))


def test_a_bulk_that_is_taken_back_leaves_only_what_has_left(shop: Shop) -> None:
    people(shop, agreed=3)
    row, desk = prepared(shop), Desk(share=1)
    confirmed(shop, row)
    gone_on(shop, row)
    turns.take_turn(desk.post, shop.pk)
    assert cancelled(shop, row) == 2
    assert states(shop) == {"sent": 1, "cancelled": 2}
    assert gone_on(shop, row) == 0
