"""The page as a person gets it: served by gunicorn, drawn by a real browser."""

import re
from pathlib import Path
from statistics import mean
from urllib.request import urlopen

import pytest

from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from tests.support.other_providers import vapid_key
from tests.support.pages import text_of
from tests.support.prices import market_of
from tests.support.web import Browser, web
from zargar import clock
from zargar.customers.models import Customer
from zargar.notifications import inbox_links
from zargar.notifications.inbox_links import Reader
from zargar.pricing import operations as pricing
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

GOLD = (0xB8, 0x86, 0x0B)
"""The colour of the name in the corner where a Persian page begins."""


@pytest.mark.debian("chromium")
def test_the_page_is_drawn_from_right_to_left_with_persian_digits(
    tmp_path: Path, database: ScratchDatabase, broker: Broker, cache_server: str
) -> None:
    now = clock.now()
    pricing.update_prices(market=market_of(wallgold=18_611_000, tgju=18_622_000, now=now), now=now)
    browser = Browser(tmp_path)
    with web(
        tmp_path, {**database.env, **broker.env, "CACHE_URL": cache_server, "ZARGAR_CONSOLE_OPEN": "1"}
    ) as address:
        dom = browser.dom(f"{address}/?still")
        picture = browser.picture(f"{address}/?still", width=1000, height=400)
    assert "۱۸٬۶۱۶٬۵۰۰" in dom
    assert "زنده" in dom
    name = picture.columns_of(*GOLD)
    assert name, "the style sheet was not applied: no pixel has the colour of the name"
    assert mean(name) > picture.width * 0.85


@pytest.mark.debian("chromium")
def test_an_inbox_offers_to_tell_of_new_messages_and_complains_of_nothing(
    tmp_path: Path, database: ScratchDatabase, broker: Broker, cache_server: str, shop: Shop
) -> None:
    with in_tenant(shop.id):
        customer = Customer.objects.create(full_name="مریم احمدی", mobile="+989121234567").id
    path = f"/inbox/{inbox_links.token(Reader(shop.id, customer))}/"
    env = {
        "CACHE_URL": cache_server, "ZARGAR_PROVIDERS": "web=webpush?subject=mailto:ops@shop.example",
        "ZARGAR_PROVIDER_WEB_KEY": vapid_key("ours"),
    }  # fmt: skip
    browser = Browser(tmp_path)
    with web(tmp_path, {**database.env, **broker.env, **env}) as address:
        assert browser.console(f"{address}{path}") == []
        shown = browser.dom(f"{address}{path}")
        assert re.findall(r"<button[^>]*>", shown) == ['<button type="button">'], "its script has not shown it"
        assert "فعال‌سازی اعلان" in text_of(shown)
    complaining = browser.console("data:text/html,<script>console.error('heard')</script>")
    assert ["heard" in line for line in complaining] == [True], "nobody listens to the console"


def test_gunicorn_serves_font_and_style_without_anything_collected(
    tmp_path: Path, database: ScratchDatabase, broker: Broker, cache_server: str
) -> None:
    with web(
        tmp_path, {**database.env, **broker.env, "CACHE_URL": cache_server, "ZARGAR_CONSOLE_OPEN": "1"}
    ) as address:
        for path, kind in (
            ("console/console.css", "text/css"),
            ("vazirmatn/vazirmatn-33.0.3.woff2", "font/woff2"),
            ("admin/css/base.css", "text/css"),
            ("public/push.js", "text/javascript"),
            ("public/push-worker.js", "text/javascript"),
        ):
            with urlopen(f"{address}/static/{path}", timeout=5) as answer:  # noqa: S310 -- our own server
                assert answer.status == 200
                assert answer.headers["Content-Type"].startswith(kind)
        with urlopen(f"{address}/health/ready", timeout=5) as answer:  # noqa: S310 -- our own server
            assert answer.status == 200
