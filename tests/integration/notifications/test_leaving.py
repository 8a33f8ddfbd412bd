"""Leaving promotion with one click: by a button in a mailbox, without a sign-in, for good."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.db import connection
from django.test import Client

from tests.support.databases import ScratchDatabase
from tests.support.mail import MailSandbox
from tests.support.messages import NOON, Desk, draft, journal, queue, states
from tests.support.pages import html_of, text_of
from tests.support.web import web
from zargar.customers import operations as customers
from zargar.customers.models import Channel as Way
from zargar.customers.models import Customer
from zargar.customers.models import Purpose as Reason
from zargar.notifications import recipients, turns, unsubscribe, wiring
from zargar.notifications.channels.email.smtp import Smtp
from zargar.notifications.unsubscribe import BadLeavingLinkError, Leaving
from zargar.notifications.values import Channel, Draft, Purpose
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

READER = "maryam@post.example"


def leaving(shop: Shop, to: str = READER, channel: Channel = Channel.EMAIL) -> Leaving:
    return Leaving(shop.id, channel, recipients.digest(wiring.recipients_key(), to))


def path_of(one: Leaving) -> str:
    return unsubscribe.address(one, base="https://shop.example").removeprefix("https://shop.example")


def opted_out() -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT shop_id, channel, purpose, source FROM public.notifications_optout")
        return list(cursor.fetchall())


def test_a_mailbox_provider_takes_its_reader_off_by_a_post_without_cookie_or_sign_in(shop: Shop) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(path_of(leaving(shop)), {"List-Unsubscribe": "One-Click"})
    assert f"«{shop.name}» از این پس پیام تبلیغی با ایمیل برای شما نمی‌فرستد" in text_of(html_of(answer))
    assert opted_out() == [(shop.id, "email", "promotion", "یک کلیک")]
    assert client.cookies == {}


def test_looking_changes_nothing_and_asks(shop: Shop) -> None:
    page = html_of(Client().get(path_of(leaving(shop))))
    assert 'dir="rtl"' in page
    assert '<form method="post"><button type="submit">بله، دیگر نفرستید</button>' in page
    assert opted_out() == []


def test_saying_it_twice_is_saying_it_once(shop: Shop) -> None:
    for _ in range(2):
        assert Client().post(path_of(leaving(shop))).status_code == 200
    assert len(opted_out()) == 1


def test_an_address_that_was_changed_takes_nobody_off(shop: Shop) -> None:
    good = path_of(leaving(shop))
    for wrong in (good[:-3], good + "x", "/leave/x", "/leave/" + "a" * 900, good.replace(":", ":x", 1)):
        answer = Client().post(wrong)
        assert answer.status_code == 404
        assert "این نشانی درست نیست" in answer.content.decode()
    assert opted_out() == []
    with pytest.raises(BadLeavingLinkError):
        unsubscribe.read("x")


def test_an_address_names_nobody(shop: Shop) -> None:
    assert READER not in path_of(leaving(shop))
    assert path_of(leaving(shop)) != path_of(leaving(shop, "sara@post.example"))
    assert unsubscribe.address(leaving(shop), base="") == ""


def test_the_real_web_process_takes_a_reader_off(
    shop: Shop, database: ScratchDatabase, cache_server: str, tmp_path: Path
) -> None:
    env = {**database.env, "CACHE_URL": cache_server}
    with web(tmp_path, env) as address:
        posted = Request(address + path_of(leaving(shop)), data=b"List-Unsubscribe=One-Click", method="POST")  # noqa: S310 -- loopback
        with urlopen(posted, timeout=10) as answer:  # noqa: S310 -- loopback
            assert answer.status == 200
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "Set-Cookie" not in answer.headers
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"{address}/leave/x", timeout=10)  # noqa: S310 -- loopback
    assert len(opted_out()) == 1


def test_a_promotion_by_mail_carries_the_address_and_after_it_was_used_no_other_leaves(shop: Shop) -> None:
    with in_tenant(shop.id):
        who = Customer.objects.create(full_name="مریم", mobile="+989121234567", email=READER).id
        customers.give_consent(customer_id=who, channel=Way.EMAIL, purpose=Reason.PROMOTION, source="فرم", now=NOON)
    with MailSandbox() as server:
        mail = Smtp(name="mail", base=server.smtp_url, key="", sender="زرگر <zargar@shop.example>")
        post = replace(Desk().post, providers={"mail": mail}, accounts={}, public_url="http://127.0.0.1:1")
        for event in ("first", "second"):
            queue(shop, promotion(event, who))
            turns.deliver_due(post, budget=timedelta(seconds=5))
            (letter,) = server.letters()
            headers = letter["headers"]
            address = headers["list-unsubscribe"].strip("<>")
            assert Client().post(address.removeprefix("http://127.0.0.1:1")).status_code == 200
        mail.close()
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert "گالری زرین" in headers["from"]
    assert address in letter["text"]
    assert address in letter["html"]
    assert states(shop) == {"sent": 1, "dropped": 1}
    assert journal("state") == [("accepted",)]


def promotion(event: str, customer: int) -> Draft:
    """Return a promotion by mail to the reader."""
    return replace(
        draft(event=event, kind="promotion", purpose=Purpose.PROMOTION, channel=Channel.EMAIL, customer_id=customer),
        to=READER,
        values={"shop": "گالری زرین", "name": "مریم", "text": "اجرت‌ها نصف شد."},
    )
