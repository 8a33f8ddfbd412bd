"""What the tables of customers refuse, whoever writes to them and however."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection

from tests.support.contracts import customer
from zargar.customers.models import Appointment, AppointmentState, Channel, Consent, Customer, Purpose
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def inside(shop: Shop) -> Iterator[None]:
    """Each test works inside the shop."""
    with in_tenant(shop.id):
        yield


def consent(who: Customer, **different: object) -> Consent:
    """Keep a consent."""
    fields = {"channel": Channel.SMS, "purpose": Purpose.PROMOTION, "given_at": NOW, "source": "فرم کاغذی"}
    return Consent.objects.create(customer=who, **(fields | different))


@pytest.mark.parametrize("mobile", ["09121234567", "+98 912 123 4567", "+0121234567", "+۹۸۹۱۲۱۲۳۴۵۶۷", "+98", ""])
def test_a_number_that_is_not_e164_is_refused_by_the_database(mobile: str) -> None:
    with pytest.raises(IntegrityError, match="customer_mobile_e164"):
        Customer.objects.create(full_name="مریم", mobile=mobile)


def test_two_customers_cannot_have_one_number() -> None:
    customer()
    with pytest.raises(IntegrityError, match="mobile"):
        customer()


def test_a_customer_has_a_name() -> None:
    with pytest.raises(IntegrityError, match="customer_named"):
        Customer.objects.create(full_name=" \t", mobile="+989121234567")


def test_a_row_that_names_only_what_it_must_is_complete() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO customers_customer (full_name, mobile) VALUES ('مریم', '+989121234567')")
    found = Customer.objects.get()
    assert (found.email, found.note, found.birth_date) == ("", "", None)


@pytest.mark.parametrize(
    ("different", "refused_by"),
    [
        ({"channel": "pigeon"}, "consent_channel"),
        ({"purpose": "fun"}, "consent_purpose"),
        ({"withdrawn_at": NOW - DAY}, "consent_withdrawn_after_given"),
        ({"source": " "}, "consent_source"),
    ],
)
def test_a_consent_that_makes_no_sense_is_refused_by_the_database(
    different: dict[str, object], refused_by: str
) -> None:
    who = customer()
    with pytest.raises(IntegrityError, match=refused_by):
        consent(who, **different)


def test_one_consent_stands_for_each_way_and_purpose() -> None:
    who = customer()
    consent(who)
    consent(who, channel=Channel.EMAIL)
    consent(who, purpose=Purpose.TRANSACTIONAL)
    with pytest.raises(IntegrityError, match="consent_standing_once"):
        consent(who)


def test_a_withdrawn_consent_is_kept_and_may_be_given_again() -> None:
    who = customer()
    consent(who, withdrawn_at=NOW + DAY)
    consent(who, given_at=NOW + 2 * DAY)
    assert who.consents.filter(withdrawn_at=None).count() == 1
    assert who.consents.count() == 2


def test_a_customer_is_not_booked_twice_for_one_time_unless_the_first_is_cancelled() -> None:
    who = customer()
    first = Appointment.objects.create(customer=who, at=NOW, subject="تعمیر انگشتر")
    with pytest.raises(IntegrityError, match="appointment_booked_once"):
        Appointment.objects.create(customer=who, at=NOW, subject="تعمیر گردنبند")
    Appointment.objects.filter(id=first.id).update(state=AppointmentState.CANCELLED)
    assert Appointment.objects.create(customer=who, at=NOW, subject="تعمیر گردنبند").pk


@pytest.mark.parametrize(
    ("different", "refused_by"),
    [({"state": "forgotten"}, "appointment_state"), ({"subject": ""}, "appointment_subject")],
)
def test_an_appointment_that_makes_no_sense_is_refused_by_the_database(
    different: dict[str, str], refused_by: str
) -> None:
    fields = {"subject": "تعمیر", "at": NOW} | different
    who = customer()
    with pytest.raises(IntegrityError, match=refused_by):
        Appointment.objects.create(customer=who, **fields)
