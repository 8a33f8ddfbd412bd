"""The console's page over real rows: Persian, right to left, and never a number that nobody said."""

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from tests.support.databases import django_uses
from tests.support.prices import market_of
from zargar import clock
from zargar.accounts.models import User
from zargar.pricing import operations as pricing
from zargar.schedules import operations as schedules
from zargar.schedules.models import MissedRange
from zargar.schedules.wiring import entries

pytestmark = pytest.mark.usefixtures("database", "cache_server")

PRICE = 18_611_000
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def open_to_visitors() -> Iterator[None]:
    """The page as the demo has it: whoever reaches the process may read."""
    with override_settings(CONSOLE_OPEN=True):
        yield


def page(client: Client, address: str = "/") -> str:
    """Read the page."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def section(html: str, name: str) -> str:
    """Return the text of one section, without tags."""
    found = re.search(rf'aria-labelledby="{name}">(.*?)</section>', html, re.DOTALL)
    assert found is not None
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", found[1]))


def tick(*, wallgold: int = PRICE, tgju: int = PRICE, minutes_ago: int = 0) -> None:
    """Ask the two boards."""
    now = clock.now() - minutes_ago * MINUTE
    pricing.update_prices(market=market_of(wallgold=wallgold, tgju=tgju, now=now), now=now)


def test_an_empty_house_says_that_there_is_no_price_and_shows_no_figure(client: Client) -> None:
    price = section(page(client), "price")
    assert "ناموجود" in price
    assert "بدون قیمت" in price
    assert not re.search(r"[۰-۹]{3}", price)


def test_a_live_price_is_shown_with_its_age_and_five_karats(client: Client) -> None:
    tick()
    html = page(client)
    price = section(html, "price")
    assert '<html lang="fa" dir="rtl">' in html
    assert "۱۸٬۶۱۱٬۰۰۰ تومان زنده" in price
    assert "پیش" in price
    karats = price[price.index("دلیل") :]
    assert re.findall(r"([۰-۹]+) عیار ([۰-۹٬]+)", karats) == [
        ("۱۴", "۱۴٬۴۷۵٬۲۲۲"), ("۱۸", "۱۸٬۶۱۱٬۰۰۰"), ("۲۱", "۲۱٬۷۱۲٬۸۳۳"), ("۲۲", "۲۲٬۷۴۶٬۷۷۸"), ("۲۴", "۲۴٬۸۱۴٬۶۶۷"),
    ]  # fmt: skip


def test_a_fallback_is_marked_with_its_age_and_the_reason(client: Client) -> None:
    tick(minutes_ago=25)
    tick(tgju=PRICE * 2, minutes_ago=1)
    price = section(page(client), "price")
    assert "جایگزین" in price
    assert "۲۵ دقیقه پیش" in price
    assert "the latest tick is stale" in price


def test_an_operators_price_is_called_the_operators(client: Client) -> None:
    now = clock.now()
    pricing.set_override(
        value="18600000", until=now + timedelta(hours=1), reason="the boards are down", actor="test", now=now
    )
    price = section(page(client), "price")
    assert "۱۸٬۶۰۰٬۰۰۰ تومان قیمت کاربر" in price


def test_each_source_shows_its_last_price_and_why_it_was_refused(client: Client) -> None:
    tick(minutes_ago=5)
    tick(tgju=PRICE * 2)
    sources = section(page(client), "sources")
    assert re.search(r"tgju ۳۷٬۲۲۲٬۰۰۰ .* رد شد دور از دیگران", sources)


def test_a_source_that_was_never_heard_has_no_price(client: Client) -> None:
    assert re.search(r"wallgold ناموجود ناموجود", section(page(client), "sources"))


def test_ticks_tell_their_decision_and_reason_newest_first_and_twenty_of_them(client: Client) -> None:
    for minutes in range(24, 0, -1):
        tick(minutes_ago=minutes)
    tick(tgju=PRICE * 2)
    ticks = section(page(client), "ticks")
    assert ticks.count("پذیرفته") == 19
    assert ticks.index("کهنه") < ticks.index("پذیرفته")
    assert "2 families agree" in ticks


def test_runs_are_shown_with_their_task_in_persian_their_state_and_attempts(client: Client) -> None:
    schedules.run_now(entries(), "update-gold-prices", run=UUID(int=1405), actor="مریم", reason="a look at it")
    runs = section(page(client), "runs")
    assert re.search(r"به‌روزرسانی قیمت طلا در نوبت ۰ ۰ person مریم", runs)


def test_the_schedule_tells_all_18_entries_and_who_paused_one_and_why(client: Client) -> None:
    live = [entry for entry in entries() if entry.name == "update-gold-prices"]
    schedules.pause(live, "update-gold-prices", actor="مریم", reason="<b>تعطیلی بازار</b>", now=clock.now())
    html = page(client)
    schedule = section(html, "schedule")
    assert "هر ۵ دقیقه، از ساعت ۸ تا ۱۸" in schedule
    assert "مریم ، لحظه‌ای پیش: &lt;b&gt;تعطیلی بازار&lt;/b&gt;" in schedule
    assert html.count('<th scope="row" title="') == 18


def test_missed_slots_are_told_with_their_number_and_span(client: Client) -> None:
    now = clock.now()
    assert "هیچ نوبتی از دست نرفته است" in section(page(client), "missed")
    MissedRange.objects.create(
        entry="update-gold-prices", first_due_at=now - 40 * MINUTE, last_due_at=now - 5 * MINUTE, count=8
    )
    assert re.search(r"به‌روزرسانی قیمت طلا ۸ ۱۴", section(page(client), "missed"))


def test_it_refreshes_by_itself_until_it_is_told_to_stand_still(client: Client) -> None:
    assert '<meta http-equiv="refresh" content="5">' in page(client)
    assert "http-equiv" not in page(client, "/?still")


def test_everything_comes_from_this_server_and_nothing_is_inline(client: Client) -> None:
    tick()
    answer = client.get("/")
    html = answer.content.decode()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"https?://|<style|<script|style=", html)


def test_elsewhere_only_staff_read_it(client: Client, operator: User) -> None:
    with override_settings(CONSOLE_OPEN=False):
        answer = client.get("/?still")
        assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/%3Fstill")
        client.force_login(operator)
        assert "زرگر" in page(client)


def test_it_can_only_be_read(client: Client) -> None:
    assert client.post("/").status_code == 405


def test_the_page_costs_the_same_however_long_the_history_is(client: Client) -> None:
    tick(minutes_ago=30)
    page(client)
    with CaptureQueriesContext(connection) as few:
        page(client)
    for minutes in range(29, 0, -1):
        tick(minutes_ago=minutes)
    with CaptureQueriesContext(connection) as many:
        page(client)
    assert len(many) == len(few) <= 20


def test_without_a_database_it_says_so_instead_of_showing_old_figures(client: Client) -> None:
    tick()
    with django_uses("postgresql://zargar_app@127.0.0.1:1/nowhere"):
        answer = client.get("/")
    assert answer.status_code == 503
    assert "پایگاه داده پاسخ نمی‌دهد" in answer.content.decode()
    assert "۱۸٬۶۱۱٬۰۰۰" not in answer.content.decode()
