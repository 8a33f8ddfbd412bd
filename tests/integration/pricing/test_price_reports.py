"""Reports of real rows: figures that plain SQL finds again, kept once, told in Persian, and read back from the mail."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test.utils import override_settings

from tests.support.databases import ScratchDatabase, django_uses
from tests.support.history import SATURDAY, quote, tehran, tick, trading_days
from tests.support.mail import OPERATOR, SENDER, MailSandbox, mail_goes_to
from zargar import clock, names
from zargar.admin_panel.words import word
from zargar.core.gold_price_tasks import generate_gold_price_report
from zargar.engine import beat
from zargar.outcomes import Permanent, Retryable, Summary
from zargar.pricing import history, history_store, report_store, reporting, wiring
from zargar.pricing.bars import Bar, Period, Provenance, midnight
from zargar.pricing.models import QuoteRecord, ReportRecord, Tick, Verdict
from zargar.pricing.periods import Kind, newest_due
from zargar.pricing.quotes import Toman
from zargar.pricing.readings import State
from zargar.pricing.reporting import NoSuchReportError, Post

EVENING = tehran(SATURDAY + timedelta(days=9), 19).astimezone(UTC)
"""Monday 23 November 2026, when the day's report is due."""

TODAY = SATURDAY + timedelta(days=9)
WORDS = partial(word, table="reason")
ZARGAR = Path(sys.executable).with_name("zargar")

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(scope="module")
def running() -> Iterator[MailSandbox]:
    """One sandbox for this file."""
    with MailSandbox() as server:
        yield server


@pytest.fixture
def mail(running: MailSandbox) -> Iterator[MailSandbox]:
    """Its mail server, behaving and empty; the application's letters go there."""
    running.forget()
    with mail_goes_to(running.smtp_url):
        yield running


def report(kind: str = "daily", *, now: datetime = EVENING, post: Post | None = None) -> Summary:
    return reporting.generate_report(kind=kind, now=now, post=post, words=WORDS)


def body(kind: str = "daily", *, now: datetime = EVENING) -> dict[str, Any]:
    """Make a report, and return what was kept of it."""
    report(kind, now=now)
    kept = report_store.of_span(newest_due(Kind(kind), now=now))
    assert kept is not None
    return kept.body


def by_hand(database: ScratchDatabase, statement: str, *arguments: object) -> Any:  # noqa: ANN401 -- rows
    """Ask PostgreSQL beside Django, in SQL that the writer does not use."""
    with psycopg.connect(database.app_url) as other:
        return other.execute(statement.encode(), arguments).fetchall()


def test_each_price_of_a_report_is_found_again_in_the_tick_that_it_names(database: ScratchDatabase) -> None:
    trading_days(SATURDAY, 10, 18_500_000)
    prices = body()["prices"]
    shown = prices["shown"]
    for which in ("open", "high", "low", "close"):
        [(price, at)] = by_hand(database, "SELECT toman_per_gram_18k, at FROM pricing_tick WHERE id = %s", shown[which])
        assert price == Decimal(prices[which])
        assert midnight(TODAY) <= at < EVENING
    day = "FROM pricing_tick WHERE state = 'accepted' AND (at AT TIME ZONE 'Asia/Tehran')::date = %s"
    [(low, high, count)] = by_hand(
        database, f"SELECT min(toman_per_gram_18k), max(toman_per_gram_18k), count(*) {day}", TODAY
    )  # fmt: skip
    assert (low, high, count) == (Decimal(prices["low"]), Decimal(prices["high"]), prices["ticks"])
    [(last,)] = by_hand(database, f"SELECT id {day} ORDER BY at DESC LIMIT 1", TODAY)
    [(first,)] = by_hand(database, f"SELECT id {day} ORDER BY at LIMIT 1", TODAY)
    assert (first, last) == (shown["open"], shown["close"])


def test_the_change_is_from_the_last_tick_of_the_day_before(database: ScratchDatabase) -> None:
    trading_days(SATURDAY, 10, 18_500_000)
    change = body()["change"]
    [(before, after)] = by_hand(
        database,
        "SELECT (array_agg(toman_per_gram_18k ORDER BY at DESC) FILTER (WHERE at < %s))[1],"
        " (array_agg(toman_per_gram_18k ORDER BY at DESC))[1] FROM pricing_tick",
        midnight(TODAY),
    )
    assert Decimal(change["from_close"]) == before
    assert Decimal(change["toman"]) == after - before
    assert abs(Decimal(change["per_mille"]) - (after / before - 1) * 1000) <= Decimal("0.005")


def test_ticks_and_boards_are_counted_as_they_are(database: ScratchDatabase) -> None:
    for minute in range(0, 50, 5):
        one = tick(tehran(TODAY, 11, minute), 18_500_000)
        quote(one, "milli", 18_500_000)
        quote(one, "tgju", 18_900_000 if minute % 2 else None, verdict=Verdict.REJECTED,
              why="far_from_others" if minute % 2 else "timeout")  # fmt: skip
        quote(one, "bonbast", None, verdict=Verdict.REJECTED, why="left_alone")
    tick(tehran(TODAY, 12), 20_000_000, state=State.HELD, reason="too far")
    for minute in (5, 10):
        tick(tehran(TODAY, 12, minute), None, state=State.STALE, reason="1 family of 2")
    tick(tehran(TODAY - timedelta(days=1), 12), None, state=State.STALE)
    found = body()
    ticks = found["ticks"]
    assert (ticks["accepted"], ticks["held"], ticks["stale"], ticks["with_quotes"]) == (10, 1, 2, 10)
    assert ticks["reasons"] == [
        {"state": "stale", "reason": "1 family of 2", "count": 2}, {"state": "held", "reason": "too far", "count": 1},
    ]  # fmt: skip
    sources = {one["source"]: one for one in found["sources"]}
    assert {name: (one["asked"], one["answered"], one["used"]) for name, one in sources.items()} == {
        "bonbast": (0, 0, 0), "milli": (10, 10, 10), "tgju": (10, 5, 0),
    }  # fmt: skip
    counted = by_hand(
        database, "SELECT why, count(*) FROM pricing_quoterecord WHERE source = 'tgju' GROUP BY why ORDER BY why"
    )
    assert sorted((one["why"], one["count"]) for one in sources["tgju"]["rejected"]) == counted


def test_a_gap_says_whether_anybody_asked() -> None:
    for hour in (9, 10, 15, 16, 17):
        tick(tehran(TODAY, hour), 18_500_000)
    tick(tehran(TODAY, 12), None, state=State.STALE)
    gaps = [(one["start"], one["end"], one["asked"]) for one in body()["gaps"]]
    assert gaps == [
        (tehran(TODAY, 11).astimezone(UTC).isoformat(), tehran(TODAY, 15).astimezone(UTC).isoformat(), 1),
        (tehran(TODAY, 18).astimezone(UTC).isoformat(), EVENING.isoformat(), 0),
    ]


def test_a_day_without_a_price_has_a_report_that_says_so_and_no_picture() -> None:
    tick(tehran(TODAY, 12), None, state=State.STALE)
    found = body()
    assert (found["prices"], found["change"], found["karats"], found["volatility"]) == (None, None, {}, None)
    kept = ReportRecord.objects.get()
    assert kept.chart is None
    told = reporting.told(reporting.report(kept.pk), words=WORDS)
    assert "هیچ قیمتی پذیرفته نشد" in told.lead


def test_a_week_with_back_filled_days_says_which_they_are() -> None:
    first = SATURDAY - timedelta(days=20)
    bars = [
        Bar(
            period=Period.DAY, start=midnight(first + timedelta(days=n)), open=Toman(Decimal(18_000_000)),
            high=Toman(Decimal(18_300_000)), low=Toman(Decimal(17_900_000)),
            close=Toman(Decimal(18_000_000 + n * 9000)),
            ticks=0, provenance=Provenance.TGJU,
        )
        for n in range(23)
    ]  # fmt: skip
    history_store.write_backfill(bars, actor="test", reason="a history", now=EVENING)
    trading_days(SATURDAY + timedelta(days=3), 6, 18_500_000)
    found = body("weekly")
    assert found["prices"]["backfilled"] == [(SATURDAY + timedelta(days=n)).isoformat() for n in range(3)]
    assert found["prices"]["shown"] is None
    assert (found["trends"]["7"]["backfilled"], found["trends"]["90"]) == (True, None)
    assert found["volatility"]["backfilled"] > 0
    assert found["volatility"]["returns"] >= 20


def test_a_report_holds_no_float_and_survives_its_ticks() -> None:
    trading_days(SATURDAY, 10, 18_500_000)
    kept = body()

    def refuse(number: str) -> float:
        raise AssertionError(number)

    json.loads(json.dumps(kept), parse_float=refuse)
    QuoteRecord.objects.all().delete()
    Tick.objects.all().delete()
    weekly = body("weekly")
    assert weekly["prices"]["ticks"] == 7 * 18
    assert weekly["ticks"]["accepted"] == 0


def test_the_report_of_a_period_that_is_over_is_made_once_and_an_earlier_one_again() -> None:
    trading_days(SATURDAY, 10, 18_500_000)
    report()
    first = ReportRecord.objects.get()
    late = tick(tehran(TODAY, 20), 25_000_000)
    report(now=EVENING + timedelta(hours=1, minutes=30))
    again = ReportRecord.objects.get()
    assert (again.pk, again.over, again.body["prices"]["shown"]["high"]) == (first.pk, False, late.pk)
    report(now=EVENING + timedelta(hours=15))
    done = ReportRecord.objects.get()
    assert (done.pk, done.over) == (first.pk, True)
    tick(tehran(TODAY, 21), 30_000_000)
    report(now=EVENING + timedelta(hours=16))
    assert ReportRecord.objects.get().body == done.body


def test_reports_that_nobody_made_meanwhile_are_owed() -> None:
    trading_days(SATURDAY, 10, 18_500_000)
    report(now=EVENING - timedelta(days=3))
    summary = report()
    made = summary["reports"]
    assert isinstance(made, list)
    assert len(made) == 3
    assert [row.start for row in ReportRecord.objects.order_by("start")] == [
        midnight(TODAY - timedelta(days=n)) for n in (3, 2, 1, 0)
    ]


@pytest.mark.parametrize("kind", ["yearly", ""])
def test_a_kind_that_there_is_not_is_a_dead_letter(kind: str) -> None:
    with pytest.raises(Permanent, match="daily"):
        report(kind)


def test_a_report_waits_for_a_database_that_is_away() -> None:
    with django_uses("postgresql://zargar_app@127.0.0.1:1/nowhere"), pytest.raises(Retryable):
        report()


def test_a_number_that_no_report_has_is_said() -> None:
    with pytest.raises(NoSuchReportError):
        reporting.report(77)


def test_the_operators_read_the_report_in_their_mail(mail: MailSandbox) -> None:
    trading_days(SATURDAY, 10, 18_500_000)
    summary = report(post=wiring.post())
    (letter,) = mail.letters()
    close = body()["prices"]["close"]
    assert letter["envelope"] == {"from": SENDER, "to": [OPERATOR]}
    assert letter["headers"]["subject"] == "گزارش روزانه قیمت طلا، دوشنبه ۲ آذر ۱۴۰۵"
    for part in ("text", "html"):
        assert f"{int(close):,}".translate(str.maketrans("0123456789,", "۰۱۲۳۴۵۶۷۸۹٬")) in letter[part]
    assert '<html lang="fa" dir="rtl">' in letter["html"]
    assert re.findall(r'src="cid:([^"]+)"', letter["html"]) == list(letter["images"])
    assert letter["images"]["chart"] > 10_000
    assert not re.search(r"<(link|script|style)\b|https?://", letter["html"])
    assert summary["mailed"] == [ReportRecord.objects.get().pk]
    report(post=wiring.post())
    assert len(mail.letters()) == 1


def test_a_mail_server_that_is_busy_delays_the_letter_and_loses_neither_report_nor_letter(mail: MailSandbox) -> None:
    trading_days(SATURDAY, 10, 18_500_000)
    mail.mischief("temporary")
    with pytest.raises(Retryable):
        report(post=wiring.post())
    assert ReportRecord.objects.get().mailed_at is None
    mail.mischief(None)
    assert report(post=wiring.post(), now=EVENING + timedelta(minutes=1))["mailed"] == [ReportRecord.objects.get().pk]
    assert len({letter["headers"]["message-id"] for letter in mail.letters(accepted=False)}) == 1


def test_a_report_that_somebody_else_is_mailing_is_not_mailed_beside(
    mail: MailSandbox, database: ScratchDatabase
) -> None:
    trading_days(SATURDAY, 10, 18_500_000)
    report()
    with database.app() as other, other.transaction():
        other.execute("SELECT id FROM pricing_report FOR UPDATE")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        assert reporting.mail_unsent(Kind.DAILY, post=wiring.post(), words=WORDS, now=EVENING) == []
    assert reporting.mail_unsent(Kind.DAILY, post=wiring.post(), words=WORDS, now=EVENING) != []
    assert len(mail.letters()) == 1


def test_without_a_mailbox_a_report_is_kept_and_its_summary_says_that_nobody_was_written_to() -> None:
    trading_days(SATURDAY, 10, 18_500_000)
    with override_settings(MAIL_SERVER=None, OPERATORS_MAIL=()):
        summary = report(post=wiring.post())
    assert (summary["mailed"], ReportRecord.objects.get().mailed_at) == ([], None)
    assert "no mail is configured" in str(summary["not_mailed_because"])


def test_the_task_makes_the_report_of_today_and_its_two_entries_are_live(mail: MailSandbox) -> None:
    from zargar.celery import app  # noqa: PLC0415 -- only this test needs it

    now = clock.now()
    tick(now - timedelta(hours=30), 18_500_000)
    summary = generate_gold_price_report(period="daily")
    assert summary["mailed"] == [ReportRecord.objects.get().pk]
    assert len(mail.letters()) == 1
    entries = {entry.name: entry for entry in beat.live_entries(app)}
    for name, period in (("daily-gold-price-report", "daily"), ("weekly-gold-price-report", "weekly")):
        assert (entries[name].task, entries[name].kwargs) == (names.GENERATE_GOLD_PRICE_REPORT, {"period": period})


def test_a_worker_that_draws_nothing_does_not_load_what_draws() -> None:
    ask = "import sys; from zargar.celery import app; print(len(app.tasks) > 5, 'matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, env={**os.environ})
    assert done.stdout.strip() == "True False"


def test_the_command_makes_a_report_and_shows_it_again(database: ScratchDatabase, cache_server: str) -> None:
    day = clock.now().astimezone(clock.TEHRAN).date()
    trading_days(day - timedelta(days=50), 49, 18_500_000)
    connection.close()
    env = {**os.environ, **database.env, "CACHE_URL": cache_server}

    def zargar(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ZARGAR, "prices", "report", *arguments], env=env, capture_output=True, text=True, check=False
        )

    made = json.loads(zargar("monthly", "--json").stdout)
    assert made["report"]["kind"] == "monthly"
    assert made["mailed_at"] is None
    shown = zargar("monthly", "--show", str(made["id"]))
    assert "گزارش ماهانه قیمت طلا" in shown.stdout
    assert "not mailed" in shown.stdout
    assert ReportRecord.objects.count() == 1
    assert (zargar("monthly", "--show", "99").returncode, zargar("yearly").returncode) == (3, 2)


def test_history_is_brought_up_to_date_by_the_report_itself() -> None:
    trading_days(SATURDAY, 10, 18_500_000)
    assert history.days(since=midnight(SATURDAY), until=EVENING) == ()
    report()
    assert len(history.days(since=midnight(SATURDAY), until=EVENING)) == 10
