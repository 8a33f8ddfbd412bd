"""Devices that take pushes: registered, written to, and removed when their service says that they are gone."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.boards import BoardServer
from tests.support.messages import NOON, Desk, draft, queue, states
from tests.support.other_providers import Browsers, Telephones, vapid_key
from zargar.customers.models import Customer
from zargar.notifications import device_store, reach_store, turns
from zargar.notifications.channels.push.webpush import WebPush
from zargar.notifications.shop.models import Device, PushService
from zargar.notifications.values import Accepted, Channel, Outgoing, Refusal, Refused
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant


@pytest.fixture(scope="module")
def sandbox() -> Iterator[BoardServer]:
    """The push services of this module."""
    with BoardServer() as server:
        yield server


@pytest.fixture(scope="module")
def subscribed(sandbox: BoardServer) -> Browsers:
    """Browsers that have subscribed, once for the module."""
    return Browsers(sandbox)


@pytest.fixture
def browsers(subscribed: Browsers) -> Browsers:
    """The same, with nothing shown yet."""
    subscribed.begin_anew()
    return subscribed


@pytest.fixture
def maryam(shop: Shop) -> int:
    """A customer."""
    with in_tenant(shop.id):
        return Customer.objects.create(full_name="مریم احمدی", mobile="+989121234567").id


def test_a_device_belongs_to_whoever_registered_it_last(shop: Shop, maryam: int) -> None:
    with in_tenant(shop.id):
        sara = Customer.objects.create(full_name="سارا", mobile="+989121234568").id
        first = device_store.register(maryam, service=PushService.FCM, address="token", now=NOON)
        assert device_store.register(sara, service=PushService.FCM, address="token", now=NOON) == first
        assert reach_store.tokens([maryam, sara]) == {sara: ["token"]}


def test_devices_that_nobody_has_seen_for_long_are_removed_in_pieces(shop: Shop, maryam: int) -> None:
    with in_tenant(shop.id):
        for n in range(3):
            device_store.register(maryam, service=PushService.FCM, address=f"old {n}", now=NOON - timedelta(days=400))
        device_store.register(maryam, service=PushService.FCM, address="fresh", now=NOON)
        since = NOON - timedelta(days=365)
        assert [device_store.forget_unseen(since=since, at_most=2) for _ in range(3)] == [2, 1, 0]
        assert [*Device.objects.values_list("address", flat=True)] == ["fresh"]


def test_what_a_browser_shows_is_what_was_written_and_a_browser_that_is_gone_is_forgotten(
    shop: Shop, maryam: int, browsers: Browsers
) -> None:
    here, gone = (browsers.address(name) for name in (browsers.named(1), browsers.GONE))
    with in_tenant(shop.id):
        for address in (here, gone):
            device_store.register(maryam, service=PushService.WEB, address=address, now=NOON)
    provider = browsers.provider()
    post = replace(Desk().post, providers={provider.name: provider}, accounts={})
    for n, address in enumerate((here, gone)):
        queue(shop, replace(draft(event=f"push:{n}", channel=Channel.PUSH, customer_id=maryam), to=address))
    turns.deliver_due(post, budget=timedelta(seconds=5))
    assert states(shop) == {"sent": 1, "dead": 1}
    with in_tenant(shop.id):
        assert [*Device.objects.values_list("address", flat=True)] == [here]
    (shown,) = browsers.shown(browsers.named(1))
    told = json.loads(shown)
    assert told["title"] == "طلای نمونه"
    assert told["body"] == "مریم احمدی عزیز، خوش آمدید! خوشحالیم که با ما هستید."
    assert told["dir"] == "rtl"


@pytest.mark.parametrize("poisoned", ["https://fcm.googleapis.com/fcm/send/a", "https://push.lost.example/a"])
def test_a_service_that_a_resolver_or_the_configuration_lost_costs_no_customer_their_devices(
    shop: Shop, maryam: int, browsers: Browsers, poisoned: str
) -> None:
    held = json.loads(browsers.address(browsers.named(1)))
    address = json.dumps({**held, "endpoint": poisoned})
    with in_tenant(shop.id):
        device_store.register(maryam, service=PushService.WEB, address=address, now=NOON)
    provider = WebPush(
        name="account", key=vapid_key("ours"), subject="mailto:ops@shop.example", resolve=lambda _: ["10.10.34.35"]
    )
    post = replace(Desk().post, providers={provider.name: provider}, accounts={})
    queue(shop, replace(draft(event="push:1", channel=Channel.PUSH, customer_id=maryam), to=address))
    turns.deliver_due(post, budget=timedelta(seconds=5))
    assert states(shop) == ({"queued": 1} if "googleapis" in poisoned else {"dead": 1})
    with in_tenant(shop.id):
        assert [*Device.objects.values_list("address", flat=True)] == [address]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("UNREGISTERED", Refusal.RECIPIENT), ("SENDER_ID_MISMATCH", Refusal.ACCOUNT), ("QUOTA_EXCEEDED", Refusal.BUSY),
        ("THIRD_PARTY_AUTH_ERROR", Refusal.ACCOUNT), ("UNAVAILABLE", Refusal.BUSY),
        ("INVALID_ARGUMENT", Refusal.RECIPIENT),
    ],
)  # fmt: skip
def test_each_error_of_fcm_has_its_meaning(sandbox: BoardServer, code: str, why: Refusal) -> None:
    party = Telephones(sandbox)
    party.begin_anew()
    party.refuse_by(code)
    (verdict,) = party.provider().send(party.messages(1))
    assert isinstance(verdict, Refused)
    assert (verdict.why, verdict.code) == (why, code)


def test_a_message_that_fcm_cannot_take_harms_no_device(sandbox: BoardServer) -> None:
    party = Telephones(sandbox)
    party.begin_anew()
    (good,) = party.messages(1)
    (verdict,) = party.provider().send([replace(good, text="سلام" * 1000)])
    assert isinstance(verdict, Refused)
    assert verdict.why is Refusal.CONTENT


def test_an_address_of_another_service_is_left_for_the_other_account(sandbox: BoardServer, browsers: Browsers) -> None:
    telephones = Telephones(sandbox)
    telephones.begin_anew()
    (web,) = browsers.messages(1)
    (phone,) = telephones.messages(1)
    for provider, foreign in ((browsers.provider(), phone), (telephones.provider(), web)):
        (verdict,) = provider.send([foreign])
        assert isinstance(verdict, Refused)
        assert (verdict.why, verdict.code) == (Refusal.SENDER, "kind")


@pytest.mark.parametrize("keys", [{"p256dh": "AAAA", "auth": "AAAA"}, {"p256dh": "", "auth": ""}])
def test_a_subscription_with_keys_that_are_none_is_never_written_to(browsers: Browsers, keys: dict[str, str]) -> None:
    before = browsers.calls()
    held = json.loads(browsers.address(browsers.named(1)))
    to = json.dumps({**held, "keys": keys})
    (verdict,) = browsers.provider().send([Outgoing(reference=1, to=to, subject="ه", text="ه")])
    assert isinstance(verdict, Refused)
    assert verdict.why is Refusal.RECIPIENT
    assert browsers.calls() == before


def test_a_push_waits_half_a_day_for_a_browser_that_is_closed(browsers: Browsers) -> None:
    (verdict,) = browsers.provider().send(browsers.messages(1))
    assert isinstance(verdict, Accepted)
    call = browsers.pushes()[-1]
    assert call["headers"]["TTL"] == "43200"
    assert call["headers"]["Content-Encoding"] == "aes128gcm"
