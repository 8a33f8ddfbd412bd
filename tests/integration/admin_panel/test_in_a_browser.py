"""The page as a person gets it: served by gunicorn, drawn by a real browser."""

from pathlib import Path
from statistics import mean
from urllib.request import urlopen

import pytest

from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from tests.support.prices import market_of
from tests.support.web import Browser, web
from zargar import clock
from zargar.pricing import operations as pricing

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
        ):
            with urlopen(f"{address}/static/{path}", timeout=5) as answer:  # noqa: S310 -- our own server
                assert answer.status == 200
                assert answer.headers["Content-Type"].startswith(kind)
        with urlopen(f"{address}/health/ready", timeout=5) as answer:  # noqa: S310 -- our own server
            assert answer.status == 200
