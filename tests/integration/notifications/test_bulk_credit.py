"""Two bulks do not count on the same money: what one costs is set aside until it has left, or will not."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from tests.support import companies
from tests.support.boards import BoardServer
from tests.support.bulks import PRICE, cancelled, gone_on, people, prepared
from tests.support.companies import only_account
from tests.support.messages import NOON, Clock, draft, queue, states
from zargar.customers import operations as customers
from zargar.customers.models import Channel, Purpose
from zargar.ledger.models import Run
from zargar.notifications import account_desk, account_store, bulk_desk, jobs, reserving, turns
from zargar.notifications.audiences.bulks import Wish
from zargar.notifications.kinds import Kind
from zargar.notifications.models import AccountState, Reservation
from zargar.notifications.reserving import Funds, NoCreditError
from zargar.notifications.sendable import Post
from zargar.notifications.shop.models import Bulk, BulkState
from zargar.notifications.values import Channel as Way
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

READERS = 4
BUDGET = timedelta(seconds=50)


@pytest.fixture
def company() -> Iterator[BoardServer]:
    """The only account of the deployment, at a company over real HTTP."""
    with only_account(price=PRICE) as server:
        yield server


def confirmed(shop: Shop, row: Bulk, *, now: datetime = NOON) -> Bulk:
    return bulk_desk.confirm(
        shop=shop.schema_name, bulk_id=row.pk, messages=row.messages, run=uuid4(), actor="owner",
        reason="the sale begins", now=now,
    )  # fmt: skip


def reserved(*, now: datetime = NOON) -> int:
    """What the only account shows as set aside."""
    [account] = account_desk.listed(now=now)
    assert isinstance(account["reserved_rial"], int)
    return account["reserved_rial"]


def post(alarms: list[str], *, share: int = 200) -> Post:
    """What the deployment sends with, at noon."""

    def told(title: str, *_: str) -> bool:
        alarms.append(title)
        return True

    return replace(companies.post(), clock=Clock(), share=share, tell_operators=told)


@pytest.fixture
def two(shop: Shop, company: BoardServer) -> Sequence[Bulk]:
    """Two bulks alike, and credit for one of them and a half."""
    people(shop, agreed=READERS)
    found = (prepared(shop), prepared(shop))
    company.tell("sms/kavenegar", credit=cost(found[0]) * 3 // 2)
    return found


def cost(row: Bulk) -> int:
    assert row.cost
    return row.cost


def test_a_second_bulk_that_does_not_fit_beside_the_first_is_refused_and_told_what_is_missing(
    shop: Shop, two: Sequence[Bulk]
) -> None:
    first, second = two
    confirmed(shop, first)
    left = cost(first) * 3 // 2
    with pytest.raises(NoCreditError, match=f"{left} are left, of which {cost(first)} are reserved .*") as refused:
        confirmed(shop, second)
    assert f"{cost(first) - cost(first) // 2} Rial are missing" in str(refused.value)
    assert reserved() == cost(first)
    assert bulk_desk.funds(shop=shop.schema_name, now=NOON) == Funds(credit=left, reserved=cost(first))
    with in_tenant(shop.pk):
        assert [*Bulk.objects.order_by("id").values_list("state", flat=True)] == ["confirmed", "prepared"]
    assert Run.objects.count() == 1


def test_a_bulk_is_counted_and_reserved_at_the_parts_of_the_line_that_carries_it(shop: Shop) -> None:
    people(shop, agreed=READERS)
    around = len(f"مریم ۰ عزیز\n\n{shop.name}\nلغو11")
    wish = Wish(kind=Kind.PROMOTION, values={"text": "س" * (134 - around)})
    with only_account(price=PRICE, part=66) as company:
        row = bulk_desk.prepare(shop=shop.schema_name, wish=wish, actor="owner", reason="the sale", now=NOON)
        assert (row.most_parts, cost(row)) == (3, 3 * READERS * PRICE)
        company.tell("sms/kavenegar", credit=cost(row))
        confirmed(shop, row)
        assert reserved() == cost(row)


def test_of_two_bulks_that_are_confirmed_at_the_same_moment_one_passes(shop: Shop, two: Sequence[Bulk]) -> None:
    def at_once(row: Bulk) -> str:
        try:
            return confirmed(shop, row).state
        except NoCreditError:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as hands:
        assert sorted(hands.map(at_once, two)) == [BulkState.CONFIRMED, "refused"]
    assert Reservation.objects.count() == 1


def test_a_bulk_that_is_taken_back_frees_what_it_had_set_aside(shop: Shop, two: Sequence[Bulk]) -> None:
    first, second = two
    confirmed(shop, first)
    cancelled(shop, first)
    assert reserved() == 0
    assert confirmed(shop, second).state == BulkState.CONFIRMED


def test_what_has_left_is_not_reserved_any_more_and_has_been_paid(
    shop: Shop, two: Sequence[Bulk], company: BoardServer
) -> None:
    first, second = two
    confirmed(shop, first)
    assert gone_on(shop, first) == READERS
    turns.take_turn(post([], share=1), shop.pk)
    assert reserved() == cost(first) * (READERS - 1) // READERS
    turns.deliver_due(post([]), budget=BUDGET)
    assert states(shop) == {"sent": READERS}
    assert reserved() == 0
    with pytest.raises(NoCreditError, match=f"{cost(first) // 2} are left, of which 0 are reserved"):
        confirmed(shop, second)
    company.tell("sms/kavenegar", credit=cost(second))
    assert confirmed(shop, second).state == BulkState.CONFIRMED


def test_before_a_bulk_is_refused_it_is_looked_what_the_others_do_not_need_any_more(
    shop: Shop, two: Sequence[Bulk]
) -> None:
    first, second = two
    confirmed(shop, first)
    gone_on(shop, first)
    _take_back(shop, READERS - 2)
    turns.deliver_due(post([]), budget=BUDGET)
    assert states(shop) == {"sent": 2, "dropped": READERS - 2}
    assert reserved() == cost(first) // 2
    account_store.credit_is("one", Way.SMS, rial=cost(second), now=NOON)
    assert confirmed(shop, second).state == BulkState.CONFIRMED
    assert [one.bulk_id for one in Reservation.objects.all()] == [second.pk]


def test_what_waits_stays_reserved_when_it_is_looked_what_will_not_leave(shop: Shop, two: Sequence[Bulk]) -> None:
    first, _ = two
    confirmed(shop, first)
    assert reserving.look_after(now=NOON) == 0
    gone_on(shop, first)
    _take_back(shop, 1)
    turns.take_turn(post([], share=2), shop.pk)
    reserving.look_after(now=NOON)
    assert states(shop)["queued"] == READERS - 2
    assert reserved() == cost(first) * (READERS - 2) // READERS


def test_a_bulk_whose_run_is_lost_reserves_nothing_beyond_the_time_it_is_good_for(
    shop: Shop, two: Sequence[Bulk], company: BoardServer
) -> None:
    first, _ = two
    confirmed(shop, first)
    assert reserved(now=first.expires_at - timedelta(seconds=1)) == cost(first)
    assert reserved(now=first.expires_at) == 0
    Reservation.objects.update(expires_at=NOON - timedelta(days=365))
    jobs.update_statistics(wait=companies.WAIT)
    assert not Reservation.objects.exists()


def test_a_message_about_the_customer_s_own_business_leaves_beside_a_bulk_that_reserves_all(
    shop: Shop, two: Sequence[Bulk], company: BoardServer
) -> None:
    first, _ = two
    company.tell("sms/kavenegar", credit=cost(first))
    confirmed(shop, first)
    queue(shop, draft(7))
    turns.deliver_due(post([]), budget=BUDGET)
    assert states(shop) == {"sent": 1}


def test_credit_that_is_gone_in_mid_bulk_stops_the_account_tells_the_operators_and_loses_no_message(
    shop: Shop, two: Sequence[Bulk], company: BoardServer
) -> None:
    first, _ = two
    confirmed(shop, first)
    gone_on(shop, first)
    alarms: list[str] = []
    here = post(alarms, share=2)
    turns.take_turn(here, shop.pk)
    company.tell("sms/kavenegar", credit=0)  # somebody else spent it
    assert turns.deliver_due(here, budget=BUDGET).stopped
    assert jobs.tell_stopped(here) == 1
    assert alarms == ["حساب one متوقف شد"]
    assert states(shop) == {"sent": 2, "queued": READERS - 2}
    company.tell("sms/kavenegar", credit=cost(first))
    account_desk.start(account="one", actor="owner", reason="it is charged", now=NOON)
    assert AccountState.objects.get(name="one").credit == cost(first)
    turns.deliver_due(replace(here, clock=Clock(NOON + timedelta(minutes=10))), budget=BUDGET)
    assert states(shop) == {"sent": READERS}


def test_where_a_company_does_not_answer_what_it_said_last_holds(
    shop: Shop, two: Sequence[Bulk], company: BoardServer
) -> None:
    first, second = two
    confirmed(shop, first)
    company.misbehave("kavenegar", "error500")
    with pytest.raises(NoCreditError, match="are missing"):
        confirmed(shop, second)


def _take_back(shop: Shop, how_many: int) -> None:
    """Have the first readers take their consent back."""
    with in_tenant(shop.pk):
        for customer in customers.ids_after(after=0, at_most=how_many):
            customers.withdraw_consent(
                customer_id=customer, channel=Channel.SMS, purpose=Purpose.PROMOTION, now=NOON
            )  # fmt: skip
