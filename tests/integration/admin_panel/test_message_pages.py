"""The console's page of messages, and a shop's messages in its admin: Persian, and no number of a customer in full."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.test.utils import override_settings

from tests.support.messages import NOON, Desk, draft, queue
from tests.support.pages import html_of, text_of
from zargar import clock
from zargar.mail import Brief
from zargar.notifications import account_store, jobs, operators, turns, wiring
from zargar.notifications.kinds import Kind
from zargar.notifications.values import Channel
from zargar.shops.models import Shop

pytestmark = pytest.mark.usefixtures("database", "cache_server")


@pytest.fixture
def accounts() -> Iterator[None]:
    """Two accounts for text messages, as the deployment names them; the console is open."""
    cached = (wiring.configured, wiring.providers)
    with override_settings(
        CONSOLE_OPEN=True, OPERATORS_MOBILES=("09121111111",),
        PROVIDERS={"first": "kavenegar+http://127.0.0.1:9?sender=10004346",
                   "second": "smsir+http://127.0.0.1:9?sender=3000505"},
        PROVIDER_KEYS={"first": "key-one", "second": "key-two"},
    ):  # fmt: skip
        for one in cached:
            one.cache_clear()
        yield
    for one in cached:
        one.cache_clear()


def test_before_anything_was_sent_the_page_says_so(client: Client) -> None:
    with override_settings(CONSOLE_OPEN=True):
        page = html_of(client.get("/messages/"))
    assert '<html lang="fa" dir="rtl">' in page
    told = text_of(page)
    assert "هیچ حسابی تعیین نشده است" in told
    assert "چیزی فرستاده نشده است" in told


@pytest.mark.usefixtures("accounts")
def test_a_stopped_account_is_told_with_its_reason_and_no_key(client: Client) -> None:
    account_store.stop("first", Channel.SMS, why="418: credit", now=NOON)
    page = html_of(client.get("/messages/"))
    assert "متوقف" in text_of(page)
    assert "418: credit" in text_of(page)
    assert "key-one" not in page


@pytest.mark.usefixtures("accounts")
def test_the_last_day_is_counted_by_account_and_operators_are_shown_by_their_end(shop: Shop, client: Client) -> None:
    desk = Desk()
    now = clock.now()
    desk.clock.at = now
    queue(shop, draft(1, due_at=now), draft(2, due_at=now), now=now)
    turns.deliver_due(desk.post, budget=timedelta(minutes=1))
    jobs.figures(now=now)
    operators.tell(Kind.PRICE_ALERT, Brief("notice/1", "هشدار", "از ۱۱:۳۰."), now=now)
    page = html_of(client.get("/messages/"))
    told = text_of(page)
    assert "recorded ۲" in told
    assert "…1111" in told
    assert "9121111111" not in page


def test_only_staff_see_the_page_unless_the_console_is_open(client: Client) -> None:
    answer = client.get("/messages/")
    assert (answer.status_code, answer.headers["Location"].startswith("/admin/login/")) == (302, True)
