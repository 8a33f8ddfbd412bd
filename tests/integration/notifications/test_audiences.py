"""Who is told what, out of real contracts, payments, birthdays and appointments, in a shop's own schema."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import jdatetime
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support import contracts
from tests.support.databases import ScratchDatabase, django_uses
from tests.support.messages import Clock, Desk
from tests.support.valuations import accept
from zargar.calendars.anniversaries import Missing
from zargar.calendars.jalali import add_months
from zargar.clock import TEHRAN
from zargar.customers import operations as customers
from zargar.customers.models import Appointment, AppointmentState, Channel, Customer, Purpose
from zargar.gold_installments import operations as plans
from zargar.gold_installments.models import Contract, Instalment, Method, Payment
from zargar.ledger.models import Run
from zargar.notifications import policy_store, turns
from zargar.notifications.audiences import operations
from zargar.notifications.audiences.telling import PAGE
from zargar.notifications.decency import Quiet, Window
from zargar.notifications.kinds import Tone
from zargar.notifications.manners import Ambiguous, Policy
from zargar.notifications.models import Told
from zargar.notifications.shop.models import Message, ShopPolicy
from zargar.notifications.values import Channel as NotificationChannel
from zargar.outcomes import Permanent
from zargar.pricing.karats import STANDARD
from zargar.shops import operations as shops
from zargar.shops.models import Shop
from zargar.tenancy import ShopGoneError, in_tenant

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=TEHRAN).astimezone(UTC)
TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("database")


@contextmanager
def inside(shop: Shop) -> Iterator[None]:
    with in_tenant(shop.id):
        yield


def debtor(mobile: str, first_due: date, *, number: str = "", count: int = 4, **consents: bool) -> Contract:
    """A customer of the shop that is entered, with a contract of 100 million Toman in equal instalments."""
    who = contracts.customer(mobile)
    if consents.get("promotion"):
        agree(who)
    return contracts.signed(
        customer=who, number=number or mobile, signed_on=add_months(first_due, -1), first_due_on=first_due,
        instalment_count=count,
    )  # fmt: skip


def agree(who: Customer, channel: Channel = Channel.SMS) -> None:
    customers.give_consent(
        customer_id=who.pk, channel=channel, purpose=Purpose.PROMOTION, source="فرم کاغذی", now=NINE - DAY
    )


def pay(contract: Contract, amount: int) -> None:
    plans.pay(Payment(contract=contract, amount=amount, paid_on=TODAY, method=Method.CARD))


def messages(shop: Shop) -> list[dict[str, Any]]:
    with in_tenant(shop.id):
        rows = Message.objects.order_by("id").values("kind", "event_key", "to", "channel", "purpose", "values")
        return [dict(row) for row in rows]


def told(now: datetime = NINE) -> int:
    """Remind, and let what is due leave; return how many messages were new."""
    queued = remind(now)["queued"]
    turns.deliver_due(Desk(clock=Clock(now)).post, budget=timedelta(seconds=50))
    return int(queued)


def event(message: dict[str, Any]) -> str:
    """Return what a message tells, without the day in its name."""
    return str(message["event_key"]).partition("@")[0]


def remind(now: datetime = NINE, **only: int) -> dict[str, Any]:
    return dict(operations.remind_payments(fineness=STANDARD, now=now, **only))


@pytest.fixture
def second(database: ScratchDatabase) -> Iterator[Shop]:
    """Another active shop."""
    with django_uses(database.owner_url):
        shops.create(slug="second", name="طلای دوم", domain="second.example", actor="test", reason="test")
    with django_uses(database.app_url):
        yield Shop.objects.get(schema_name="second")


def test_what_is_overdue_is_told_with_its_days_its_toman_and_its_gold_at_the_accepted_price(shop: Shop) -> None:
    accept(20_000_000, now=NINE - timedelta(minutes=7))
    with inside(shop):
        contract = debtor("+989120000001", TODAY - 5 * DAY)
        pay(contract, 5_000_000)
    assert remind() == {
        "shops": 1, "failed": [], "found": 1, "queued": 1, "told_before": 0, "unreached": 0,
    }  # fmt: skip
    (message,) = messages(shop)
    assert (message["kind"], message["to"], message["purpose"]) == ("payment_overdue", "+989120000001", "transactional")
    assert message["values"] == {
        "shop": shop.name, "name": "مریم رضایی", "due_date": "۱۴۰۵/۰۸/۲۷", "installment": "۱ از ۴",
        "amount": "۲۰٬۰۰۰٬۰۰۰", "grams": "۱٫۰۰۰", "price_age": "۷ دقیقه پیش", "days_late": "۵",
    }  # fmt: skip


def test_without_a_price_there_are_no_grams(shop: Shop) -> None:
    with inside(shop):
        debtor("+989120000001", TODAY - 5 * DAY)
    remind()
    (message,) = messages(shop)
    assert message["values"]["amount"] == "۲۵٬۰۰۰٬۰۰۰"
    assert {"grams", "price_age"} & set(message["values"]) == set()


def test_what_falls_due_within_the_days_of_the_shop_is_told_once(shop: Shop) -> None:
    with inside(shop):
        debtor("+989120000001", TODAY + 3 * DAY)
        debtor("+989120000002", TODAY)
        debtor("+989120000003", TODAY + 4 * DAY)
    assert told() == 2
    days = {one["to"]: one["values"].get("days") for one in messages(shop)}
    assert days == {"+989120000001": "۳", "+989120000002": None}
    assert told(NINE + DAY) == 2  # the third, and the second that is a day late
    assert [one["kind"] for one in messages(shop)].count("payment_overdue") == 1


def test_what_is_paid_settled_or_cancelled_is_not_told(shop: Shop) -> None:
    with inside(shop):
        pay(debtor("+989120000001", TODAY - 5 * DAY), 25_000_000)
        pay(debtor("+989120000002", TODAY - 5 * DAY), contracts.TOTAL // 2)
        plans.cancel(contract_id=debtor("+989120000003", TODAY - 5 * DAY).pk)
        voided = debtor("+989120000004", TODAY - 5 * DAY)
        pay(voided, 25_000_000)
        plans.void(payment_id=Payment.objects.get(contract=voided).pk, reason="اشتباه بود", now=NINE)
    assert remind()["queued"] == 1
    assert [one["to"] for one in messages(shop)] == ["+989120000004"]


def test_a_second_run_and_the_days_until_the_next_stage_tell_nothing(shop: Shop) -> None:
    with inside(shop):
        debtor("+989120000001", TODAY - DAY, count=1)
    each = [told(NINE + n * DAY) for n in range(32) for _ in range(2)]
    assert [index // 2 + 1 for index, queued in enumerate(each) if queued] == [1, 7, 15, 30]
    assert sum(each) == 4
    assert [event(one).rsplit(":", 1)[1] for one in messages(shop)] == ["1", "7", "15", "30"]


def test_who_comes_late_is_told_the_stage_that_was_reached_and_none_that_was_passed_over(shop: Shop) -> None:
    with inside(shop):
        debtor("+989120000001", TODAY - 20 * DAY, count=1)
    assert remind()["queued"] == 1
    assert messages(shop)[0]["values"]["days_late"] == "۲۰"
    assert event(messages(shop)[0]).endswith(":15")


def test_several_reminders_of_one_customer_are_one_message_and_never_told_again_beside_a_new_one(shop: Shop) -> None:
    with inside(shop):
        contract = debtor("+989120000001", add_months(TODAY, -2), count=4)
    assert told() == 1
    (digest,) = messages(shop)
    assert digest["kind"] == "digest"
    assert digest["values"]["count"] == "۳"
    lines = digest["values"]["items"].splitlines()
    assert lines[0].startswith("قسط ۱ از ۴، سررسید ")
    assert len(lines) == 3
    # The next day the third instalment is a day late: it alone is told.
    assert remind(NINE + DAY) == {"shops": 1, "failed": [], "found": 3, "queued": 1, "told_before": 2, "unreached": 0}
    assert messages(shop)[-1]["kind"] == "payment_overdue"
    with inside(shop):
        third = Instalment.objects.get(contract=contract, sequence=3)
    assert messages(shop)[-1]["event_key"] == f"payment_overdue:{third.pk}:1@2026-11-24"


def test_a_shop_that_wants_no_digest_tells_each_alone(shop: Shop) -> None:
    with inside(shop):
        debtor("+989120000001", add_months(TODAY, -2), count=4)
        policy_store.keep(Policy(digest=False, remind_days_before=0, overdue_stages=(10,)))
    assert remind()["queued"] == 2
    assert {one["kind"] for one in messages(shop)} == {"payment_overdue"}


def test_a_shop_put_back_to_before_its_reminders_tells_none_of_them_again(shop: Shop) -> None:
    with inside(shop):
        debtor("+989120000001", add_months(TODAY, -2), count=4)
        debtor("+989120000002", TODAY - DAY)
    assert remind()["queued"] == 2
    with inside(shop):
        Message.objects.all().delete()  # as the backup had it: an empty outbox
    assert remind()["queued"] == 0
    assert messages(shop) == []


def test_a_customer_who_took_sms_back_is_told_by_the_next_way_or_not_at_all(shop: Shop) -> None:
    with inside(shop):
        contract = debtor("+989120000001", TODAY - DAY)
        way: dict[str, Any] = {
            "customer_id": contract.customer_id,
            "channel": Channel.SMS,
            "purpose": Purpose.TRANSACTIONAL,
        }
        customers.give_consent(**way, source="فرم", now=NINE - DAY)
        customers.withdraw_consent(**way, now=NINE)
        policy_store.keep(Policy(channels=tuple(policy_store.current().channels[:1])))
    assert remind() == {"shops": 1, "failed": [], "found": 1, "queued": 0, "told_before": 0, "unreached": 1}
    with inside(shop):
        policy_store.keep(Policy())
        Customer.objects.update(email="maryam@example.org")
    assert remind()["queued"] == 1
    assert messages(shop)[0]["channel"] == "email"


def test_ten_thousand_customers_cost_pages_and_not_customers(shop: Shop) -> None:
    """Each page of 500 is a fixed number of statements; here 20 customers and 600 are compared."""

    def fill(first: int, count: int) -> None:
        rows = [
            Customer(full_name="مشتری", mobile=f"+98912{number:07}") for number in range(first, first + count)
        ]  # fmt: skip
        for who in Customer.objects.bulk_create(rows):
            contracts.signed(
                customer=who,
                number=who.mobile,
                signed_on=TODAY - 40 * DAY,
                first_due_on=TODAY - DAY,
                instalment_count=1,
            )

    with inside(shop):
        fill(0, 20)
    with CaptureQueriesContext(connection) as few:
        assert remind()["queued"] == 20
    with inside(shop):
        fill(20, 600)
    with CaptureQueriesContext(connection) as many:
        assert remind()["queued"] == 600
    assert len(many) < 2 * len(few) + 10


def test_one_shops_failure_stops_no_other_and_gets_a_run_of_its_own(
    database: ScratchDatabase, shop: Shop, second: Shop
) -> None:
    with inside(shop):
        debtor("+989120000001", TODAY - DAY)
    with inside(second):
        debtor("+989120000002", TODAY - DAY)
    with database.owner() as owner:
        owner.execute(f"ALTER TABLE {shop.schema_name}.gold_installments_instalment RENAME TO away")
        assert remind()["failed"] == [shop.id]
        assert remind()["failed"] == [shop.id]
        owner.execute(f"ALTER TABLE {shop.schema_name}.away RENAME TO gold_installments_instalment")
    assert len(messages(second)) == 1
    (run,) = Run.objects.filter(task__endswith="send_daily_payment_reminders")
    assert (run.kwargs, run.queue, run.family) == ({"shop_id": shop.id}, "bulk", "notifications")
    assert remind(shop_id=shop.id)["queued"] == 1
    assert remind(shop_id=second.id)["queued"] == 0


def test_a_suspended_shop_is_left_out_and_one_that_is_not_there_refused(shop: Shop) -> None:
    with inside(shop):
        debtor("+989120000001", TODAY - DAY)
    shops.suspend(slug=shop.schema_name, actor="test", reason="بدهی")
    assert remind()["shops"] == 0
    with pytest.raises(ShopGoneError):
        remind(shop_id=987654)
    with pytest.raises(Permanent):
        operations.greet(shop_id="public", now=NINE)  # type: ignore[arg-type]  # what a message may hold
    shops.resume(slug=shop.schema_name, actor="test", reason="پرداخت شد")
    assert remind()["queued"] == 1


def test_a_birthday_is_greeted_by_the_jalali_calendar_once_and_only_with_consent(shop: Shop) -> None:
    today = jdatetime.date.fromgregorian(date=TODAY)
    born = jdatetime.date(1365, today.month, today.day).togregorian()
    with inside(shop):
        for number in range(3):
            Customer.objects.create(full_name=f"مشتری {number}", mobile=f"+98912000000{number}", birth_date=born)
        Customer.objects.create(full_name="دیگر", mobile="+989120000009", birth_date=born + DAY)
        first, second = Customer.objects.order_by("id")[:2]
        agree(first)
        agree(second)
        customers.withdraw_consent(customer_id=second.pk, channel=Channel.SMS, purpose=Purpose.PROMOTION, now=NINE)
    assert operations.greet(now=NINE) == {
        "shops": 1, "failed": [], "found": 3, "queued": 1, "told_before": 0, "unreached": 2,
    }  # fmt: skip
    assert operations.greet(now=NINE)["queued"] == 0
    (message,) = messages(shop)
    assert message["event_key"] == f"birthday:{first.pk}:1405@2026-11-23"
    assert message["purpose"] == "promotion"


@pytest.mark.parametrize("missing", list(Missing))
def test_over_fifty_years_a_leap_day_customer_is_greeted_by_the_shops_policy(shop: Shop, missing: Missing) -> None:
    with inside(shop):
        who = Customer.objects.create(
            full_name="آذر", mobile="+989120000001", birth_date=jdatetime.date(1375, 12, 30).togregorian()
        )
        agree(who)
        policy_store.keep(Policy(leap_birthdays=missing))
    for year in range(1405, 1455):
        ends = jdatetime.date(year + 1, 1, 1).togregorian()
        for day in (ends - 2 * DAY, ends - DAY, ends):
            operations.greet(now=datetime.combine(day, time(8), TEHRAN).astimezone(UTC))
    years = [int(event(one).rsplit(":", 1)[1]) for one in messages(shop)]
    leap = [1408, 1412, 1416, 1420, 1424, 1428, 1432, 1436, 1441, 1445, 1449, 1453]
    assert years == (leap if missing is Missing.OMIT else list(range(1405, 1455)))


def test_tomorrows_appointments_are_told_and_one_that_was_moved_is_told_again(shop: Shop) -> None:
    evening = datetime(2026, 11, 23, 18, 0, tzinfo=TEHRAN).astimezone(UTC)
    at = datetime(2026, 11, 24, 17, 30, tzinfo=TEHRAN).astimezone(UTC)
    with inside(shop):
        who = contracts.customer()
        booked = Appointment.objects.create(customer=who, at=at, subject="تحویل انگشتر")
        Appointment.objects.create(customer=who, at=at + DAY, subject="فردای فردا")
        Appointment.objects.create(customer=who, at=at - DAY, subject="امروز")
        Appointment.objects.create(
            customer=who, at=at - timedelta(hours=2), subject="لغو شد", state=AppointmentState.CANCELLED
        )
    assert operations.remind_appointments(now=evening)["queued"] == 1
    assert operations.remind_appointments(now=evening)["queued"] == 0
    (message,) = messages(shop)
    values = message["values"]
    assert (values["day"], values["time"], values["subject"]) == ("سه‌شنبه ۳ آذر", "۱۷:۳۰", "تحویل انگشتر")
    with inside(shop):
        Appointment.objects.filter(id=booked.pk).update(at=at + timedelta(hours=1))
    assert operations.remind_appointments(now=evening)["queued"] == 1


def test_what_was_told_long_ago_is_forgotten_in_bounded_steps(shop: Shop) -> None:
    with inside(shop):
        for number in range(3):
            debtor(f"+98912000000{number}", TODAY - DAY)
    remind()
    assert operations.forget_told(before=NINE, at_most=2) == 0
    assert operations.forget_told(before=NINE + DAY, at_most=2) == 2
    assert operations.forget_told(before=NINE + DAY, at_most=2) == 1
    assert Told.objects.count() == 0


def test_two_workers_at_one_shop_tell_each_event_once(shop: Shop) -> None:
    with inside(shop):
        for number in range(60):
            debtor(f"+98912000{number:04}", TODAY - DAY)

    def work(_: int) -> int:
        try:
            return int(remind()["queued"])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, range(2))) == 60
    assert len(messages(shop)) == len({one["event_key"] for one in messages(shop)}) == 60


def test_a_run_that_broke_off_after_a_page_tells_the_rest_and_nothing_twice(
    database: ScratchDatabase, shop: Shop
) -> None:
    with inside(shop):
        rows = Customer.objects.bulk_create(
            Customer(full_name="مشتری", mobile=f"+98912{number:07}") for number in range(PAGE + 20)
        )
        for who in rows:
            due = {"signed_on": TODAY - 40 * DAY, "first_due_on": TODAY - DAY, "instalment_count": 1}
            contracts.signed(customer=who, number=who.mobile, **due)
        table = f"{shop.schema_name}.shop_messages_message"
    with database.owner() as owner:
        owner.execute(f"ALTER TABLE {table} ADD CONSTRAINT cut CHECK (customer_id <= {rows[PAGE].pk})")
        assert remind()["failed"] == [shop.id]
        assert len(messages(shop)) == PAGE
        owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT cut")
    done = remind()
    assert (done["queued"], done["told_before"]) == (20, PAGE)
    assert len({one["event_key"] for one in messages(shop)}) == PAGE + 20


def test_what_a_shop_decides_is_read_as_it_was_kept_and_nothing_decided_is_the_default(shop: Shop) -> None:
    decided = Policy(
        tone=Tone.FORMAL, ambiguous=Ambiguous.RESEND, leap_birthdays=Missing.FORWARD, quiet=Quiet(time(22), time(7)),
        promotion_hours=Window(time(10), time(20)), promotion_cap=1, promotion_cap_days=30, digest=False,
        first_days_of_muharram=True, remind_days_before=0, overdue_stages=(2, 9),
        channels=(NotificationChannel.INBOX, NotificationChannel.EMAIL),
    )  # fmt: skip
    with inside(shop):
        assert policy_store.current() == Policy()
        policy_store.keep(decided)
        assert policy_store.current() == decided
        ShopPolicy.objects.all().delete()
        ShopPolicy.objects.create()
        assert policy_store.current() == Policy()
