"""One message to many: counted before it is confirmed, queued page by page, and nobody has it twice."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.support.messages import NOON, Desk, rows, states
from zargar.customers import operations as customers
from zargar.customers.models import Channel, Purpose
from zargar.notifications import turns
from zargar.notifications.audiences import bulks
from zargar.notifications.audiences.bulks import BadBulkError, BulkStateError, NoCreditError, NoSuchBulkError, Wish
from zargar.notifications.desk import entered
from zargar.notifications.kinds import Kind
from zargar.notifications.shop.models import Bulk, BulkState
from zargar.shops.models import Shop

TEXT = {"text": "اجرت همهٔ زنجیرها تا پایان هفته نصف شد."}
PRICE = 1200


def people(shop: Shop, agreed: int, silent: int = 0) -> Sequence[int]:
    """Add customers of whom so many agreed to be sold to by text message."""
    found: list[int] = []
    with entered(shop.schema_name):
        for number in range(agreed + silent):
            one = customers.add(full_name=f"مریم {number}", mobile=f"+98912{number:07d}")
            if number < agreed:
                customers.give_consent(
                    customer_id=one.pk, channel=Channel.SMS, purpose=Purpose.PROMOTION,
                    source="فرم کاغذی", now=NOON - timedelta(days=1),
                )  # fmt: skip
            found.append(one.pk)
    return found


def prepared(shop: Shop, *, price: int | None = PRICE, wish: Wish | None = None) -> Bulk:
    """Count a bulk."""
    with entered(shop.schema_name) as here:
        return bulks.prepare(
            wish or Wish(kind=Kind.PROMOTION, values=TEXT), shop=here, price=price, actor="test", reason="a sale",
            now=NOON,
        )  # fmt: skip


def confirmed(shop: Shop, row: Bulk, *, messages: int | None = None, credit: int | None = None) -> Bulk:
    """Confirm it."""
    with entered(shop.schema_name):
        return bulks.confirm(
            bulk_id=row.pk, messages=row.messages if messages is None else messages, credit=credit, actor="owner",
            reason="the sale begins", now=NOON,
        )  # fmt: skip


def gone_on(shop: Shop, row: Bulk) -> int:
    """Queue what is left of it; return how many."""
    with entered(shop.schema_name) as here:
        return bulks.go_on(bulk_id=row.pk, shop=here, now=NOON).queued


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


def test_a_credit_that_does_not_suffice_refuses_the_whole(shop: Shop) -> None:
    people(shop, agreed=2)
    row = prepared(shop)
    assert row.cost is not None
    with pytest.raises(NoCreditError, match=f"{row.cost - 1} are left"):
        confirmed(shop, row, credit=row.cost - 1)
    assert confirmed(shop, row, credit=row.cost).state == BulkState.CONFIRMED


def test_a_bulk_is_confirmed_once_and_only_while_it_is_good(shop: Shop) -> None:
    people(shop, agreed=1)
    row = prepared(shop)
    confirmed(shop, row)
    with pytest.raises(BulkStateError, match="is confirmed"):
        confirmed(shop, row)
    late = prepared(shop, wish=Wish(kind=Kind.PROMOTION, values=TEXT, good_for=timedelta(0)))
    with pytest.raises(BulkStateError, match="prepare it again"):
        confirmed(shop, late)
    with entered(shop.schema_name), pytest.raises(NoSuchBulkError):
        bulks.confirm(bulk_id=99, messages=1, credit=None, actor="owner", reason="none", now=NOON)


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
    with entered(shop.schema_name):
        taken = bulks.cancel(bulk_id=row.pk, shop_id=shop.pk, actor="owner", reason="wrong text", now=NOON)
    assert taken == 2
    assert states(shop) == {"sent": 1, "cancelled": 2}
    assert gone_on(shop, row) == 0
