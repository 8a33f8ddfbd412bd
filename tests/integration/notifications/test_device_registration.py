"""Browsers and apps that register over HTTP: they are written to, taken off again, and nobody else's are touched."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.test.utils import override_settings

from tests.support.boards import BoardServer
from tests.support.databases import TEMPLATE_SHOP
from tests.support.messages import NOON, draft, queue, states
from tests.support.other_providers import Browsers, vapid_key
from tests.support.pages import html_of
from zargar import names
from zargar.celery import app
from zargar.customers import operations as customers
from zargar.customers.models import Channel as Way
from zargar.customers.models import Consent, Customer
from zargar.customers.models import Purpose as Reason
from zargar.notifications import consents, device_desk, device_store, inbox_links, reach_store, wiring
from zargar.notifications.accounts import BadAccountError
from zargar.notifications.devices import MOST_BYTES
from zargar.notifications.inbox_links import Reader
from zargar.notifications.shop.models import Device, PushService
from zargar.notifications.values import Channel
from zargar.shops import operations as shops
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

KEY = vapid_key("ours")
WEB = "webpush?subject=mailto:ops@shop.example&hosts=127.0.0.1"
PRESSED = (Way.PUSH.value, Reason.TRANSACTIONAL.value)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[BoardServer]:
    """The push services of this module."""
    with BoardServer() as server:
        yield server


@pytest.fixture
def browsers(sandbox: BoardServer) -> Browsers:
    """Browsers that subscribe when they are asked to."""
    found = Browsers(sandbox)
    sandbox.forget("/_sandbox/sms/webpush")
    found.set(invalid=[], blacklist=[])
    return found


@pytest.fixture(autouse=True)
def _accounts() -> Iterator[None]:
    """Accounts for browsers and for apps."""
    with accounts(web=WEB, apps="fcm"):
        yield


@contextmanager
def accounts(*, key: str = KEY, **places: str) -> Iterator[None]:
    """Have the deployment have these accounts for a while; the key is that of `web`."""
    try:
        with override_settings(PROVIDERS=places, PROVIDER_KEYS={"web": key}):
            forget()
            yield
    finally:
        forget()


def forget() -> None:
    """Have the wiring read the settings anew."""
    wiring.configured.cache_clear()
    wiring.providers.cache_clear()


@pytest.fixture
def maryam(shop: Shop) -> int:
    """A customer."""
    return customer(shop, "+989121234567")


def customer(shop: Shop, mobile: str) -> int:
    with in_tenant(shop.id):
        return Customer.objects.create(full_name="مریم احمدی", mobile=mobile).id


def inbox(shop: Shop, who: int) -> str:
    return f"/inbox/{inbox_links.token(Reader(shop.id, who))}/"


def call(method: str, shop: Shop, who: int, document: object) -> tuple[int, dict[str, Any]]:
    """Do what the page's script does."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    client = Client(enforce_csrf_checks=True)
    answer = client.generic(method, f"{inbox(shop, who)}devices", body, content_type="application/json")
    return answer.status_code, answer.json()


def tokens(shop: Shop, *who: int) -> dict[int, list[str]]:
    with in_tenant(shop.id):
        return {one: list(addresses) for one, addresses in reach_store.tokens(who).items()}


def agreed(shop: Shop, who: int) -> bool:
    with in_tenant(shop.id):
        return PRESSED in customers.people(ids=[who])[who].given


def push(shop: Shop, who: int, *, event: str) -> None:
    """Queue a push to a customer's device, and let the minute's task run."""
    [to] = tokens(shop, who)[who]
    now = datetime.now(UTC)
    made = draft(event=event, channel=Channel.PUSH, customer_id=who, due_at=now)
    queue(shop, replace(made, to=to), now=now)
    with accounts(web=WEB):
        app.tasks[names.PROCESS_SCHEDULED_NOTIFICATIONS]()


def test_a_browser_that_registers_is_shown_what_is_sent_to_it(shop: Shop, maryam: int, browsers: Browsers) -> None:
    before = len(browsers.pushes())
    status, told = call("POST", shop, maryam, browsers.subscribe("reader1"))
    assert (status, told["devices"]) == (201, 1)
    push(shop, maryam, event="push:1")
    assert states(shop) == {"sent": 1}
    (shown,) = browsers.shown("reader1")
    assert "خوش آمدید" in json.loads(shown)["body"]
    assert len(browsers.pushes()) == before + 1


@pytest.mark.parametrize("how", ["blacklist", "invalid"], ids=["410", "404"])
def test_a_browser_that_is_gone_is_forgotten(shop: Shop, maryam: int, browsers: Browsers, how: str) -> None:
    call("POST", shop, maryam, browsers.subscribe("reader2"))
    browsers.set(**{how: ["reader2"]})
    before = len(browsers.pushes())
    push(shop, maryam, event=f"push:{how}")
    assert len(browsers.pushes()) == before + 1
    assert states(shop) == {"dead": 1}
    assert tokens(shop, maryam) == {}


def test_switching_on_is_agreeing_and_switching_the_last_off_is_taking_it_back(shop: Shop, maryam: int) -> None:
    assert not agreed(shop, maryam)
    call("POST", shop, maryam, {"token": "one"})
    call("POST", shop, maryam, {"token": "two"})
    assert agreed(shop, maryam)
    assert call("DELETE", shop, maryam, {"token": "one"}) == (200, {"device": None, "devices": 1})
    assert agreed(shop, maryam)
    assert call("DELETE", shop, maryam, {"token": "two"}) == (200, {"device": None, "devices": 0})
    assert not agreed(shop, maryam)
    assert call("DELETE", shop, maryam, {"token": "two"}) == (200, {"device": None, "devices": 0})
    with in_tenant(shop.id):
        assert [one.source for one in Consent.objects.all()] == [device_desk.SOURCE]


def test_whoever_else_opens_their_inbox_in_the_same_browser_takes_it_from_nobody(shop: Shop, maryam: int) -> None:
    sara = customer(shop, "+989121234568")
    call("POST", shop, maryam, {"token": "one"})
    assert call("POST", shop, sara, {"token": "one", "renewed": True}) == (200, {"device": None, "devices": 0})
    assert tokens(shop, maryam, sara) == {maryam: ["one"]}
    assert not agreed(shop, sara)


def test_a_page_that_is_opened_again_keeps_its_browser_and_agrees_to_nothing(shop: Shop, maryam: int) -> None:
    call("POST", shop, maryam, {"token": "one"})
    with in_tenant(shop.id):
        Device.objects.update(seen_at=NOON)
        now = datetime.now(UTC)
        consents.withdraw(
            customer_id=maryam, channel=Way.PUSH, purpose=Reason.TRANSACTIONAL, source="talk", now=now
        )  # fmt: skip
    status, told = call("POST", shop, maryam, {"token": "one", "renewed": True})
    assert (status, told["device"] is not None, told["devices"]) == (200, True, 1)
    assert not agreed(shop, maryam)
    with in_tenant(shop.id):
        assert Device.objects.get().seen_at > NOON


def test_new_keys_of_the_same_endpoint_take_the_place_of_the_old(shop: Shop, maryam: int, browsers: Browsers) -> None:
    first, second = browsers.subscribe("reader3"), browsers.subscribe("reader3")
    assert first["endpoint"] == second["endpoint"]
    call("POST", shop, maryam, first)
    assert call("POST", shop, maryam, second)[1]["devices"] == 1
    [address] = tokens(shop, maryam)[maryam]
    assert json.loads(address)["keys"] == second["keys"]


def test_the_device_that_was_not_seen_for_longest_makes_room(shop: Shop, maryam: int) -> None:
    with in_tenant(shop.id):
        for n in range(device_desk.MOST):
            device_store.register(maryam, service=PushService.FCM, address=f"old{n}", now=NOON.replace(minute=59 - n))
    assert call("POST", shop, maryam, {"token": "new"})[1]["devices"] == device_desk.MOST
    found = tokens(shop, maryam)[maryam]
    assert found[0] == "new"
    assert f"old{device_desk.MOST - 1}" not in found


def test_a_device_is_whoever_registered_it_last_s_and_taken_off_by_them_alone(shop: Shop, maryam: int) -> None:
    sara = customer(shop, "+989121234568")
    call("POST", shop, maryam, {"token": "one"})
    assert call("DELETE", shop, sara, {"token": "one"})[1]["devices"] == 0
    assert tokens(shop, maryam, sara) == {maryam: ["one"]}
    call("POST", shop, sara, {"token": "one"})
    assert tokens(shop, maryam, sara) == {sara: ["one"]}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "is no JSON"),
        (b'{"token": "a b"}', 400, "token:"),
        (b'{"endpoint": "https://10.0.0.7/", "keys": {}}', 400, "endpoint: not an https address of a push service"),
        (b" " * (MOST_BYTES + 1), 413, "longer than 4096 bytes"),
    ],
    ids=["no json", "token", "private", "long"],
)
def test_what_is_wrong_is_told_and_nothing_is_kept(
    shop: Shop, maryam: int, body: bytes, status: int, words: str
) -> None:
    got, told = call("POST", shop, maryam, body)
    assert got == status
    assert words in told["error"]
    assert tokens(shop, maryam) == {}


def test_an_address_that_opens_no_inbox_registers_nothing(shop: Shop, maryam: int) -> None:
    for shop_id, who in ((shop.id, 999), (999, maryam)):
        path = f"/inbox/{inbox_links.token(Reader(shop_id, who))}/devices"
        answer = Client().post(path, {"token": "one"}, content_type="application/json")
        assert (answer.status_code, "error" in answer.json()) == (404, True)
    forged = Client().post("/inbox/x/devices", {"token": "one"}, content_type="application/json")
    assert forged.status_code == 404
    assert forged.headers["Referrer-Policy"] == "no-referrer"
    assert Client().get(f"{inbox(shop, maryam)}devices").status_code == 405
    assert tokens(shop, maryam) == {}


def test_a_closed_shop_is_to_be_asked_later(shop: Shop, maryam: int) -> None:
    shops.suspend(slug=TEMPLATE_SHOP, actor="test", reason="unpaid")
    assert call("POST", shop, maryam, {"token": "one"})[0] == 503


def test_the_page_holds_the_public_half_of_the_key_alone(shop: Shop, maryam: int) -> None:
    here = inbox(shop, maryam)
    page = html_of(Client().get(here))
    public = wiring.push_services().web_key
    assert f'data-key="{public}"' in page
    assert f'data-devices="{here}devices"' in page
    assert "فعال‌سازی اعلان" in page
    assert KEY not in page
    with accounts(web=f"{WEB}&public={public}", key=""):
        assert html_of(Client().get(here)) == page, "a web process needs no private key"


def test_a_public_half_that_is_not_of_the_key_is_refused_by_who_sends(shop: Shop) -> None:
    other = vapid_key("a stranger's")
    with accounts(web=WEB, key=other):
        strange = wiring.push_services().web_key
    with accounts(web=f"{WEB}&public={strange}"), pytest.raises(BadAccountError, match="not the public half") as told:
        wiring.providers()
    assert KEY not in str(told.value)


@pytest.mark.parametrize(
    ("places", "key"),
    [({}, KEY), ({"apps": "fcm"}, KEY), ({"web": WEB}, ""), ({"web": WEB}, "no key")],
    ids=["no account", "no browsers", "no key", "a key that is none"],
)
def test_without_an_account_for_browsers_there_is_no_button(
    shop: Shop, maryam: int, places: dict[str, str], key: str
) -> None:
    with accounts(key=key, **places):
        page = html_of(Client().get(inbox(shop, maryam)))
        assert "push.js" not in page
        assert "فعال‌سازی اعلان" not in page
        assert call("POST", shop, maryam, {"endpoint": "https://fcm.googleapis.com/x"})[0] == 400
