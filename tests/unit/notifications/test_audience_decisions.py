"""Which instalments are told today and how, which way leads to a customer, and how reminders become one message."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.clock import TEHRAN
from zargar.customers.people import Booked, Person, Way
from zargar.gold_installments.standing import Unpaid
from zargar.notifications.audiences import appointments
from zargar.notifications.audiences.payments import GoldPrice, grams_of, remind, stage_of
from zargar.notifications.audiences.reach import Address, best
from zargar.notifications.audiences.reminders import MOST_LINES, Reminder, Told, drafts
from zargar.notifications.kinds import SPECS, Kind
from zargar.notifications.manners import Policy
from zargar.notifications.values import Channel, Draft, Purpose

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, tzinfo=TEHRAN).astimezone(UTC)
SMS = ("sms", "promotion")
PRICE = GoldPrice(Decimal(20_000_000), timedelta(minutes=4))

stages = st.lists(st.integers(1, 60), max_size=6).map(tuple)


def unpaid(days_late: int, *, left: int = 12_500_000, instalment: int = 7) -> Unpaid:
    return Unpaid(
        customer_id=1, contract_id=2, contract_number="۱", instalment_id=instalment, sequence=3, count=12,
        due_on=TODAY - timedelta(days=days_late), left=left,
    )  # fmt: skip


def person(number: int = 1, *, email: str = "", given: Iterable[Way] = (), declined: Iterable[Way] = ()) -> Person:
    return Person(
        id=number, full_name="مریم", mobile=f"+98912000000{number}", email=email,
        given=frozenset(given), declined=frozenset(declined),
    )  # fmt: skip


def reminder(number: int, customer: int = 1) -> Reminder:
    return Reminder(
        event_key=f"payment_overdue:{number}:1", kind=Kind.PAYMENT_OVERDUE, customer_id=customer,
        values={"due_date": "۱۴۰۵/۰۹/۰۱", "days_late": "۱", "amount": "۱۲"}, line=f"قسط {number}",
        expires_at=NOW + timedelta(hours=number),
    )  # fmt: skip


def told(*reminders: Reminder) -> list[Told]:
    return [
        Told(one, person(one.customer_id), Address(Channel.SMS, person(one.customer_id).mobile)) for one in reminders
    ]


def made(*reminders: Reminder, digest: bool = True) -> list[Draft]:
    return list(drafts(told(*reminders), shop="زرین", digest=digest, now=NOW))


@given(st.integers(-40, 400), stages, st.integers(0, 30))
def test_an_instalment_is_told_at_most_once_a_day_and_by_the_last_stage_that_is_reached(
    late: int, reached: tuple[int, ...], before: int
) -> None:
    found = list(
        remind(
            [unpaid(late)], today=TODAY, policy=Policy(overdue_stages=reached, remind_days_before=before), price=None
        )
    )
    assert len(found) <= 1
    if late > 0:
        due = [stage for stage in reached if stage <= late]
        assert [one.event_key for one in found] == [f"payment_overdue:7:{stage}" for stage in sorted(due)[-1:]]
    else:
        assert [one.event_key for one in found] == ["payment_reminder:7"] * (bool(before) and -late <= before)


@given(st.integers(1, 400), stages)
def test_as_days_pass_a_stage_is_never_gone_back_on(late: int, reached: tuple[int, ...]) -> None:
    assert (stage_of(late, reached) or 0) <= (stage_of(late + 1, reached) or 0)


def test_what_is_told_fits_its_kind() -> None:
    for late, price in [(-2, PRICE), (0, None), (5, PRICE), (5, None)]:
        (one,) = remind([unpaid(late)], today=TODAY, policy=Policy(), price=price)
        spec = SPECS[one.kind]
        assert spec.required <= set(one.values) | {"shop", "name"}
        assert set(one.values) <= spec.names


def test_grams_are_told_with_the_age_of_their_price_and_only_then() -> None:
    (with_price,) = remind([unpaid(5)], today=TODAY, policy=Policy(), price=PRICE)
    assert (with_price.values["grams"], with_price.values["price_age"]) == ("۰٫۶۲۵", "۴ دقیقه پیش")
    (without,) = remind([unpaid(5)], today=TODAY, policy=Policy(), price=None)
    assert without.values["amount"] == "۱۲٬۵۰۰٬۰۰۰"
    assert not {"grams", "price_age"} & set(without.values)


@given(st.integers(1, 10**12), st.integers(10**6, 10**9))
def test_grams_are_right_to_half_a_milligram(amount: int, per_gram: int) -> None:
    grams = grams_of(amount, GoldPrice(Decimal(per_gram), timedelta()))
    assert abs(grams * per_gram - amount) <= Decimal("0.0005") * per_gram


def test_a_reminder_is_good_until_its_day_ends() -> None:
    (one,) = remind([unpaid(5)], today=TODAY, policy=Policy(), price=None)
    assert one.expires_at == datetime(2026, 11, 24, tzinfo=TEHRAN)


@pytest.mark.parametrize(
    ("who", "purpose", "expected"),
    [
        (person(), Purpose.TRANSACTIONAL, Address(Channel.SMS, "+989120000001")),
        (person(), Purpose.PROMOTION, None),
        (person(given=[SMS]), Purpose.PROMOTION, Address(Channel.SMS, "+989120000001")),
        (person(email="a@b.ir", given=[("email", "promotion")]), Purpose.PROMOTION, Address(Channel.EMAIL, "a@b.ir")),
        (person(given=[("email", "promotion")]), Purpose.PROMOTION, None),
        (person(declined=[("sms", "transactional")]), Purpose.TRANSACTIONAL, Address(Channel.PUSH, "token")),
        (person(declined=[SMS]), Purpose.TRANSACTIONAL, Address(Channel.SMS, "+989120000001")),
        (
            person(declined=[("sms", "transactional"), ("push", "transactional")]),
            Purpose.TRANSACTIONAL, Address(Channel.INBOX, "1"),
        ),
    ],
)  # fmt: skip
def test_a_customer_is_reached_by_the_first_way_that_leads_there_and_is_allowed(
    who: Person, purpose: Purpose, expected: Address | None
) -> None:
    assert best(who, purpose, channels=Policy().channels, devices={1: ["token", "older"]}) == expected


def test_a_way_that_the_shop_does_not_use_is_not_taken() -> None:
    assert best(person(), Purpose.TRANSACTIONAL, channels=[Channel.PUSH, Channel.EMAIL], devices={}) is None


def test_reminders_of_one_customer_become_one_message_that_names_what_it_tells() -> None:
    first, second = made(reminder(1), reminder(3), reminder(2, customer=2))
    assert (first.kind, first.values["count"], first.values["items"]) == ("digest", "۲", "قسط 1\nقسط 3")
    assert first.expires_at == NOW + timedelta(hours=1)
    assert second.event_key == "payment_overdue:2:1@2026-11-23"
    assert [one.event_key for one in made(reminder(3), reminder(1))] == [first.event_key]
    assert made(reminder(1), reminder(4))[0].event_key != first.event_key


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 3)), unique=True, max_size=12), st.booleans())
def test_every_reminder_is_told_by_exactly_one_message(found: list[tuple[int, int]], digest: bool) -> None:  # noqa: FBT001 -- drawn
    reminders = [reminder(number, customer) for number, customer in found]
    messages = made(*reminders, digest=digest)
    customers = {customer for _, customer in found}
    assert len(messages) == (len(customers) if digest else len(found))
    counted = sum(int(one.values.get("count", "1")) for one in messages)
    assert counted == len(found)
    for one in messages:
        assert SPECS[Kind(one.kind)].required <= set(one.values)
        assert one.values.get("items", "").count("\n") <= MOST_LINES


def test_a_long_digest_tells_the_first_and_counts_the_rest() -> None:
    (one,) = made(*(reminder(number) for number in range(1, 10)))
    assert one.values["items"].splitlines()[-1] == "و ۴ یادآوری دیگر"
    assert one.values["count"] == "۹"


def test_a_digest_tells_each_ones_toman_and_gold_and_the_age_of_the_price_once() -> None:
    found = remind([unpaid(5), unpaid(-2, instalment=8)], today=TODAY, policy=Policy(), price=PRICE)
    (one,) = made(*found)
    assert one.values["items"].splitlines() == [
        "قسط ۳ از ۱۲، سررسید ۱۴۰۵/۰۸/۲۷، ۱۲٬۵۰۰٬۰۰۰ تومان (۰٫۶۲۵ گرم)، ۵ روز گذشته",
        "قسط ۳ از ۱۲، سررسید ۱۴۰۵/۰۹/۰۴، ۱۲٬۵۰۰٬۰۰۰ تومان (۰٫۶۲۵ گرم)",
        "گرم طلای ۱۸ عیار به قیمت ۴ دقیقه پیش",
    ]


def test_a_digest_without_a_price_tells_toman_alone() -> None:
    found = remind([unpaid(5), unpaid(-2, instalment=8)], today=TODAY, policy=Policy(), price=None)
    (one,) = made(*found)
    assert "گرم" not in one.values["items"]
    assert one.values["items"].count("۱۲٬۵۰۰٬۰۰۰ تومان") == 2


def test_the_same_reminders_on_another_day_are_another_message() -> None:
    (today,) = made(reminder(1), reminder(2))
    (tomorrow,) = drafts(told(reminder(1), reminder(2)), shop="زرین", digest=True, now=NOW + timedelta(days=1))
    assert today.event_key != tomorrow.event_key


def test_tomorrow_is_tehrans_and_an_appointment_is_named_by_its_time() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=TEHRAN).astimezone(UTC)
    since, until = appointments.tomorrow(late)
    assert (since.astimezone(TEHRAN).date(), until - since) == (date(2026, 11, 24), timedelta(days=1))
    at = datetime(2026, 11, 24, 9, 5, tzinfo=TEHRAN)
    (one,) = appointments.remind([Booked(4, 1, at, "تحویل")])
    assert (one.event_key, one.values["time"], one.expires_at) == ("appointment:4:20261124T0535", "۰۹:۰۵", at)
