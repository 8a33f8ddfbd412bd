"""The inbox: held to the contract of all who carry messages, and read by its owner alone."""

import json
import re
import time
from collections.abc import Iterator

import pytest
from django.core import signing
from django.test import Client

from tests.contract.test_providers_port import (  # noqa: F401 -- the inbox is held to these
    test_a_wrong_address_among_good_ones_harms_itself_alone,
    test_as_many_as_the_limit_go_in_one_call_of_ours,
    test_more_than_the_limit_is_the_callers_bug,
    test_nothing_is_handed_over_where_there_is_nothing,
    test_what_is_taken_is_accepted_in_order_and_each_once,
    test_who_can_be_asked_tells_what_has_arrived_and_what_never_did,
    test_who_has_blocked_it_is_known_at_once_or_by_the_receipt,
    test_who_knows_the_same_again_takes_it_once_and_tells_it_again,
)
from tests.integration.admin_panel.conftest import PASSWORD
from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase
from tests.support.inboxes import InboxParty
from tests.support.messages import NOON
from tests.support.pages import html_of, text_of
from zargar.accounts.models import User
from zargar.customers.models import Customer
from zargar.notifications import inbox_links, inbox_store
from zargar.notifications.channels.inbox import Inboxes
from zargar.notifications.inbox_links import BadInboxLinkError, Reader
from zargar.notifications.values import Accepted, Delivery, Outgoing, Refusal, Refused
from zargar.shops import operations as shops
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant


@pytest.fixture
def party(shop: Shop) -> Iterator[InboxParty]:
    """The inbox of a shop, for the suite."""
    with in_tenant(shop.id):
        yield InboxParty()


@pytest.fixture
def reader(shop: Shop) -> Reader:
    """A customer with three messages, the second of them marked as read."""
    with in_tenant(shop.id):
        customer = Customer.objects.create(full_name="مریم احمدی", mobile="+989121234567")
        put(customer.id, 1, 2, 3)
        middle = inbox_store.lying([2])[2]
        inbox_store.mark_read(customer.id, ids=[middle], now=NOON)
        return Reader(shop.id, customer.id)


def put(customer: int, *references: int) -> None:
    inbox_store.put([(one, customer, f"عنوان {one}", f"متن <b>{one}</b>") for one in references])


def test_what_is_put_is_delivered_and_of_other_ids_nothing_is_known(party: InboxParty) -> None:
    provider = party.provider()
    (verdict,) = provider.send(party.messages(1))
    assert isinstance(verdict, Accepted)
    assert [one.state for one in provider.receipts([verdict.provider_id, "1"])] == [Delivery.DELIVERED]


def test_the_platform_has_no_inbox(database: ScratchDatabase) -> None:
    (verdict,) = Inboxes(name="own").send([Outgoing(reference=1, to="1", subject="ه", text="ه")])
    assert isinstance(verdict, Refused)
    assert verdict.why is Refusal.SENDER


def test_the_newest_come_first_and_pages_go_on_where_the_last_ended(shop: Shop, reader: Reader) -> None:
    with in_tenant(shop.id):
        first = inbox_store.page(reader.customer_id, at_most=2)
        assert first is not None
        assert [one.title for one in first.letters] == ["عنوان 3", "عنوان 2"]
        assert first.unread == 2
        rest = inbox_store.page(reader.customer_id, before=first.more, at_most=2)
        assert rest is not None
        assert [one.title for one in rest.letters] == ["عنوان 1"]
        assert rest.more is None
        assert inbox_store.page(999) is None


def test_an_owner_reads_by_their_address_without_signing_in(reader: Reader) -> None:
    address = f"/inbox/{inbox_links.token(reader)}/"
    client = Client(enforce_csrf_checks=True)
    page = html_of(client.get(address))
    assert 'dir="rtl"' in page
    assert "متن &lt;b&gt;3&lt;/b&gt;" in page
    assert "۲ پیام نخوانده" in text_of(page)
    assert client.post(address).status_code == 302
    assert "پیام نخوانده‌ای نیست" in text_of(html_of(client.get(address)))
    assert client.cookies == {}


def test_an_app_reads_the_same_as_json_and_marks_what_was_read(reader: Reader) -> None:
    address = f"/inbox/{inbox_links.token(reader)}.json"
    client = Client(enforce_csrf_checks=True)
    told = client.get(address).json()
    assert [one["title"] for one in told["messages"]] == ["عنوان 3", "عنوان 2", "عنوان 1"]
    assert told["unread"] == 2
    newest = told["messages"][0]["id"]
    body = json.dumps({"ids": [newest, 10**9]})
    assert client.post(address, body, content_type="application/json").json() == {"read": 1, "unread": 1}
    assert client.post(address, body, content_type="application/json").json() == {"read": 0, "unread": 1}
    assert client.post(address, "", content_type="application/json").json() == {"read": 1, "unread": 0}


@pytest.mark.parametrize("body", ["x", "[1]", '{"ids": "1"}', '{"ids": [true]}', '{"ids": [-1]}', "[" * 5000])
def test_an_order_that_cannot_be_read_changes_nothing(reader: Reader, body: str) -> None:
    address = f"/inbox/{inbox_links.token(reader)}.json"
    assert Client().post(address, body, content_type="application/json").status_code == 400
    assert Client().get(address).json()["unread"] == 2


def test_nobody_reads_anothers_inbox(reader: Reader, shop: Shop) -> None:
    with in_tenant(shop.id):
        other = Customer.objects.create(full_name="سارا", mobile="+989121234568").id
    mine = inbox_links.token(reader)
    theirs = inbox_links.token(Reader(shop.id, other))
    forged = theirs.split(":", 1)[0] + ":" + mine.split(":", 1)[1]
    foreign = signing.dumps([shop.id, reader.customer_id], salt="another")
    for wrong in (
        forged,
        foreign,
        mine[:-2],
        "x",
        inbox_links.token(Reader(999, 1)),
        inbox_links.token(Reader(shop.id, 999)),
    ):
        answer = Client().get(f"/inbox/{wrong}/")
        assert answer.status_code == 404
        assert "این نشانی درست نیست" in answer.content.decode()
    assert Client().get(f"/inbox/{theirs}.json").json()["messages"] == []


def test_an_address_that_is_older_than_ninety_days_opens_nothing(reader: Reader) -> None:
    class Earlier(signing.TimestampSigner):
        def timestamp(self) -> str:
            return signing.b62_encode(int(time.time()) - 91 * 24 * 3600)

    held = [reader.shop_id, reader.customer_id]
    old = Earlier(salt="zargar.notifications.inbox").sign_object(held)
    assert old.count(":") == inbox_links.token(reader).count(":")
    with pytest.raises(BadInboxLinkError):
        inbox_links.read(old)


def test_the_inbox_of_a_suspended_shop_says_to_come_later(reader: Reader) -> None:
    shops.suspend(slug=TEMPLATE_SHOP, actor="test", reason="unpaid")
    assert Client().get(f"/inbox/{inbox_links.token(reader)}/").status_code == 503


@pytest.mark.usefixtures("cache_server")
def test_the_shops_people_see_a_customers_inbox_and_change_nothing(reader: Reader) -> None:
    client = Client()
    here = f"/shop/{TEMPLATE_SHOP}/inbox/{reader.customer_id}/"
    assert client.get(here).status_code == 302
    client.force_login(User.objects.create_superuser("maryam", password=PASSWORD))
    page = html_of(client.get(here))
    assert "مریم احمدی" in text_of(page)
    assert not re.search(r"<form|<button", page)
    assert client.post(here).status_code == 405
    assert client.get(f"/shop/{TEMPLATE_SHOP}/inbox/999/").status_code == 404
