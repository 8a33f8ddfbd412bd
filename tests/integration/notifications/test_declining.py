"""Who declines is not written to by that way, and is by another, whatever was agreed to before or is restored."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from tests.support import contracts
from tests.support.bulks import people, prepared
from tests.support.messages import NOON, Clock, Desk, queue, rows
from zargar.clock import TEHRAN
from zargar.customers import operations as customers
from zargar.customers.models import Channel as Way
from zargar.customers.models import Consent, Customer
from zargar.customers.models import Purpose as Reason
from zargar.notifications import account_store, consents, operations, policy_store, turns, wiring
from zargar.notifications.audiences import operations as audiences
from zargar.notifications.channels.recorded import Recorded
from zargar.notifications.desk import entered
from zargar.notifications.manners import Policy
from zargar.notifications.restored import RestoredMessages
from zargar.notifications.shop.models.devices import Device, PushService
from zargar.notifications.values import Channel, Draft, Purpose
from zargar.pricing.karats import STANDARD
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

TODAY = date(2026, 11, 23)
NINE = datetime(2026, 11, 23, 9, 0, tzinfo=TEHRAN).astimezone(UTC)
OWN: dict[str, Any] = {"purpose": Reason.TRANSACTIONAL, "source": "گفت‌وگو", "now": NOON}

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def maryam(shop: Shop) -> int:
    """A customer with an e-mail address and an instalment that is a day late; her id."""
    with in_tenant(shop.id):
        who = contracts.customer()
        Customer.objects.filter(id=who.pk).update(email="maryam@example.org")
        due = TODAY - timedelta(days=1)
        contracts.signed(customer=who, signed_on=due, first_due_on=due, instalment_count=1)
        return int(who.pk)


@pytest.fixture
def sms_and_mail() -> Iterator[None]:
    """A deployment with an account for text messages and one for mail."""
    forget()
    places = {
        "first": "kavenegar+http://127.0.0.1:9?sender=10004346",
        "post": "smtp+smtp://127.0.0.1:9?from=shop@example.org",
    }
    with override_settings(PROVIDERS=places, PROVIDER_KEYS={"first": "key"}):
        yield
    forget()


def forget() -> None:
    wiring.configured.cache_clear()
    wiring.providers.cache_clear()


def decline(shop: Shop, who: int, way: Way, **other: Any) -> bool:  # noqa: ANN401 -- the arguments of `withdraw`
    with in_tenant(shop.id):
        return consents.withdraw(customer_id=who, channel=way, **{**OWN, **other})


def told_by(shop: Shop) -> list[str]:
    """Remind once; return by which ways."""
    audiences.remind_payments(fineness=STANDARD, now=NINE)
    return [str(channel) for (channel,) in rows(shop, "channel")]


def ways_of(shop: Shop, *channels: Channel) -> None:
    with in_tenant(shop.id):
        policy_store.keep(Policy(channels=channels))


def add_device(who: int) -> None:
    Device.objects.create(customer_id=who, service=PushService.FCM, address="token")


@pytest.mark.parametrize("way", list(Way))
def test_who_never_agreed_can_decline_once_and_for_their_own_business_too(shop: Shop, maryam: int, way: Way) -> None:
    assert decline(shop, maryam, way)
    assert not decline(shop, maryam, way)
    with in_tenant(shop.id):
        (person,) = customers.people(ids=[maryam]).values()
        assert person.declined == {(way.value, "transactional")}
        assert consents.give(customer_id=maryam, channel=way, **OWN)
        (person,) = customers.people(ids=[maryam]).values()
        assert (set(person.given), set(person.declined)) == ({(way.value, "transactional")}, set())


def test_who_declines_the_inbox_is_told_by_no_inbox(shop: Shop, maryam: int) -> None:
    ways_of(shop, Channel.INBOX)
    decline(shop, maryam, Way.INBOX)
    assert told_by(shop) == []


def test_a_message_in_the_queue_is_dropped_when_its_customer_declines_push(shop: Shop, maryam: int) -> None:
    one = Draft(
        kind="welcome", event_key="welcome:1", to="token", channel=Channel.PUSH, purpose=Purpose.TRANSACTIONAL,
        values={"shop": "زرین", "name": "مریم"}, due_at=NOON, expires_at=None, customer_id=maryam,
    )  # fmt: skip
    queue(shop, one)
    decline(shop, maryam, Way.PUSH)
    with in_tenant(shop.id):
        Consent.objects.all().delete()  # as a shop that was restored to before it
    desk = Desk(providers=[Recorded(name="push", channel=Channel.PUSH)], clock=Clock(NOON))
    turns.deliver_due(desk.post, budget=timedelta(seconds=50))
    assert rows(shop, "state, why") == [("dropped", "opted_out")]


@pytest.mark.parametrize("way", list(Way))
def test_what_was_declined_after_a_backup_is_declined_again_after_a_restore(shop: Shop, maryam: int, way: Way) -> None:
    with in_tenant(shop.id):
        promotion: dict[str, Any] = {"customer_id": maryam, "channel": way, "purpose": Reason.PROMOTION}
        consents.give(**promotion, source="فرم", now=NOON)
        consents.withdraw(**promotion, source="گفت‌وگو", now=NOON)
        Consent.objects.update(withdrawn_at=None)  # as the backup had it
        RestoredMessages(key=wiring.recipients_key(), clock=Clock(NOON)).restored(shop.id, taken_at=NOON)
        assert not Consent.objects.filter(withdrawn_at=None).exists()


def test_who_is_in_the_shared_list_alone_is_told_by_the_next_way(shop: Shop, maryam: int) -> None:
    with in_tenant(shop.id):
        (person,) = customers.people(ids=[maryam]).values()
    operations.opt_out(
        shop_id=shop.id, to=person.mobile, channel=Channel.SMS, purpose=Purpose.TRANSACTIONAL, source="x", now=NOON
    )
    assert told_by(shop) == ["email"]


def test_a_bulk_counts_nobody_who_left_by_one_click(shop: Shop) -> None:
    first, _, _ = people(shop, agreed=3)
    with entered(shop.schema_name) as here:
        person = customers.people(ids=[first])[first]
        operations.opt_out(
            shop_id=here.id, to=person.mobile, channel=Channel.SMS, purpose=Purpose.PROMOTION, source="x", now=NOON
        )
    row = prepared(shop)
    assert (row.messages, row.unreached) == (2, 1)


@pytest.mark.usefixtures("sms_and_mail")
def test_a_way_that_no_account_carries_is_passed_over(shop: Shop, maryam: int) -> None:
    with in_tenant(shop.id):
        add_device(maryam)
    ways_of(shop, Channel.PUSH, Channel.INBOX, Channel.EMAIL)
    assert told_by(shop) == ["email"]


@pytest.mark.usefixtures("sms_and_mail", "maryam")
def test_a_reminder_takes_a_way_that_works_before_one_whose_accounts_are_all_stopped(shop: Shop) -> None:
    account_store.stop("first", Channel.SMS, why="no credit", now=NOON)
    assert told_by(shop) == ["email"]


@pytest.mark.usefixtures("sms_and_mail")
def test_who_has_no_other_way_waits_for_the_one_that_is_stopped(shop: Shop, maryam: int) -> None:
    with in_tenant(shop.id):
        Customer.objects.filter(id=maryam).update(email="")
    account_store.stop("first", Channel.SMS, why="no credit", now=NOON)
    assert told_by(shop) == ["sms"]
