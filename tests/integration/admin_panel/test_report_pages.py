"""The pages of price reports: whoever may read the console may read them, and they show what was kept."""

import re
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.test.utils import override_settings

from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase, django_uses
from tests.support.history import SATURDAY, tehran, trading_days
from tests.support.pages import html_of, text_of
from tests.support.web import Browser, web
from zargar.pricing import reporting
from zargar.pricing.models import ReportRecord

pytestmark = pytest.mark.usefixtures("database", "cache_server")

LINE = (0x8A, 0x65, 0x08)
"""The colour of the line of a chart."""

EVENING = tehran(SATURDAY + timedelta(days=9), 19).astimezone(UTC)


@pytest.fixture
def open_to_visitors() -> Iterator[None]:
    """The console as the demo has it."""
    with override_settings(CONSOLE_OPEN=True):
        yield


def made(kind: str = "daily") -> ReportRecord:
    """Make the report of a kind, and return its newest row."""
    reporting.generate_report(kind=kind, now=EVENING, post=None, words=str)
    return ReportRecord.objects.order_by("id").reverse()[0]


def test_before_any_report_the_list_says_so(client: Client, open_to_visitors: None) -> None:
    assert "هنوز گزارشی ساخته نشده است" in text_of(html_of(client.get("/reports/prices/")))


def test_a_report_is_listed_and_read_in_persian_from_right_to_left(client: Client, open_to_visitors: None) -> None:
    trading_days(SATURDAY, 10, 18_500_000)
    row = made()
    listed = html_of(client.get("/reports/prices/"))
    (link,) = re.findall(r'href="(/reports/prices/\d+/)"', listed)
    assert "گزارش روزانه قیمت طلا، دوشنبه ۲ آذر ۱۴۰۵" in text_of(listed)
    page = html_of(client.get(link))
    assert '<html lang="fa" dir="rtl">' in page
    close = f"{int(row.body['prices']['close']):,}".translate(str.maketrans("0123456789,", "۰۱۲۳۴۵۶۷۸۹٬"))
    assert text_of(page).count(close) >= 2
    picture = client.get(f"{link}chart.png")
    assert (picture.headers["Content-Type"], picture.content) == ("image/png", bytes(row.chart or b""))
    assert f'src="{link}chart.png"' in page


def test_a_report_without_a_price_shows_no_picture_and_no_amount(client: Client, open_to_visitors: None) -> None:
    row = made()
    page = html_of(client.get(f"/reports/prices/{row.pk}/"))
    assert "از هیچ منبعی پرسیده نشد" in text_of(page)
    assert "<img" not in page
    assert client.get(f"/reports/prices/{row.pk}/chart.png").status_code == 404


def test_a_report_that_there_is_not_is_404(client: Client, open_to_visitors: None) -> None:
    assert client.get("/reports/prices/7/").status_code == 404


@pytest.mark.parametrize("path", ["", "1/", "1/chart.png"])
def test_a_stranger_is_sent_to_sign_in(client: Client, path: str) -> None:
    made()
    answer = client.get(f"/reports/prices/{path}")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login/")


def test_staff_may_read_and_nobody_may_write(staff: Client) -> None:
    row = made()
    assert staff.get(f"/reports/prices/{row.pk}/").status_code == 200
    assert staff.post(f"/reports/prices/{row.pk}/").status_code == 405


def test_a_database_that_is_away_is_said(client: Client, open_to_visitors: None) -> None:
    with django_uses("postgresql://zargar_app@127.0.0.1:1/nowhere"):
        assert "پایگاه داده پاسخ نمی‌دهد" in html_of(client.get("/reports/prices/"), 503)


@pytest.mark.debian("chromium")
def test_a_browser_draws_the_chart_in_its_page(
    tmp_path: Path, database: ScratchDatabase, broker: Broker, cache_server: str
) -> None:
    trading_days(SATURDAY, 10, 18_500_000)
    row = made("weekly")
    with web(
        tmp_path, {**database.env, **broker.env, "CACHE_URL": cache_server, "ZARGAR_CONSOLE_OPEN": "1"}
    ) as address:
        picture = Browser(tmp_path).picture(f"{address}/reports/prices/{row.pk}/", width=1200, height=800)
    assert len(picture.columns_of(*LINE)) > 300, "the line of the chart was not drawn"
