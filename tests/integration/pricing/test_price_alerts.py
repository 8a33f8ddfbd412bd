"""From boards that misbehave to one letter, and from boards that are well again to one more: real ticks, real mail."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connection
from django.test.utils import override_settings

from tests.support.boards import market_at
from tests.support.mail import OPERATOR, MailSandbox, mail_goes_to
from zargar import mail
from zargar.outcomes import Permanent, Retryable
from zargar.pricing import alert_store, alerts, operations
from zargar.pricing.alarms import Runs, Thresholds
from zargar.pricing.alerts import Schedule
from zargar.pricing.market import Market
from zargar.pricing.models import Alert, AlertNotice
from zargar.schedules.cadence import Cron, next_slot

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 11:30 in Tehran on a Monday; the boards' clocks stand there too
STEP = timedelta(minutes=5)
NAMES = ("wallgold", "talasea", "milli", "tlyn")
LIMITS = Thresholds()
Came = TypeVar("Came")

pytestmark = pytest.mark.usefixtures("database", "cache_server")


@pytest.fixture(scope="module")
def running() -> Iterator[MailSandbox]:
    with MailSandbox() as server:
        yield server


@pytest.fixture
def server(running: MailSandbox) -> Iterator[MailSandbox]:
    running.heal()
    running.forget()
    with mail_goes_to(running.smtp_url):
        yield running
    running.heal()


class Afternoon:
    """A market of four families that is asked every five minutes, and looked at after each tick."""

    def __init__(self, server: MailSandbox) -> None:
        whole = market_at(server, deadline=timedelta(seconds=2))
        four = tuple(source for source in whole.sources if source.board.name in NAMES)
        self.market: Market = replace(whole, sources=four)
        self.server = server
        self.now = NOW - STEP

    def tick(self, *, times: int = 1) -> None:
        for _ in range(times):
            self.now += STEP
            self.server.stand_at(self.now)
            operations.update_prices(market=self.market, now=self.now)
            self.deliver()

    def look(self, *, runs: Runs | None = None) -> list[int]:
        prices = Cron("*/5 8-17 * * *")
        return alerts.look(
            runs=runs or Runs(successful=12, failed=0),
            quorum=2,
            schedule=Schedule(due=True, next_slot=lambda after: next_slot(prices, after), grace=timedelta(minutes=2)),
            limits=LIMITS,
            can_send=mail.configured(),
            now=self.now,
        )

    def deliver(self) -> None:
        """Look, and send what is rung for; a mail server that fails leaves it for later, as the ledger would."""
        for notice in self.look():
            try:
                self.send(notice)
            except Retryable:
                continue

    def send(self, notice: int) -> bool:
        sent = alerts.send(notice_id=notice, postbox=mail.postbox, to=mail.operators(), now=self.now)
        return sent["sent"] is True

    def silence(self, *boards: str) -> None:
        for board in boards:
            self.server.misbehave(board, "error500")


@pytest.fixture
def afternoon(server: MailSandbox) -> Afternoon:
    return Afternoon(server)


def at_once(many: int, call: Callable[[], Came]) -> list[Came]:
    """Call it in so many threads, each with a database session of its own, all let go at the same moment."""
    gate = Barrier(many)

    def one(_: int) -> Came:
        try:
            gate.wait(10)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(one, range(many)))


def subjects(server: MailSandbox) -> list[str]:
    return [letter["headers"]["subject"] for letter in server.letters()]


def test_boards_that_fall_silent_are_one_letter_and_their_recovery_is_one_more(
    afternoon: Afternoon, server: MailSandbox
) -> None:
    afternoon.tick(times=2)
    assert server.letters() == []

    afternoon.silence("talasea", "milli")
    afternoon.tick(times=4)
    (letter,) = server.letters()
    assert letter["envelope"]["to"] == [OPERATOR]
    assert letter["headers"]["subject"] == ("زرگر | هشدار: منابع کمی قیمت طلا می‌دهند، از ۱۴۰۵/۰۹/۰۲ ۱۱:۵۰:۰۰")
    assert "milli, talasea" in letter["text"]
    assert 'dir="rtl"' in letter["html"]

    server.heal()
    afternoon.tick(times=6)
    assert [subject.split(":")[0] for subject in subjects(server)] == ["زرگر | هشدار", "زرگر | رفع شد"]
    assert Alert.objects.get().closed_at is not None


def test_a_price_that_no_two_families_agree_on_is_told_with_the_price_that_shops_are_answered(
    afternoon: Afternoon, server: MailSandbox
) -> None:
    afternoon.tick()
    afternoon.silence("wallgold", "talasea", "milli", "tlyn")
    afternoon.tick(times=6)

    kinds = set(Alert.objects.values_list("kind", flat=True))
    assert kinds == {"price_held", "sources_poor"}
    held = next(letter for letter in server.letters() if "پذیرفته نمی‌شود" in letter["headers"]["subject"])
    assert "آخرین قیمت پذیرفته (تومان)" in held["text"]
    assert "zargar prices override" in held["text"]


def test_a_jump_that_is_accepted_is_told_once(afternoon: Afternoon, server: MailSandbox) -> None:
    afternoon.tick()
    server.move("1.05")
    try:
        afternoon.tick(times=3)
    finally:
        server.move("0.952380952380952380952380952380952")

    (letter,) = server.letters()
    assert "جهش" in letter["headers"]["subject"]
    assert Alert.objects.get().closed_at == Alert.objects.get().opened_at


def test_runs_that_fail_and_slots_without_a_tick_are_told_too(afternoon: Afternoon) -> None:
    afternoon.tick()
    afternoon.now += 3 * STEP

    rung = afternoon.look(runs=Runs(successful=3, failed=9))

    assert set(Alert.objects.values_list("kind", flat=True)) == {"failure_rate", "update_failed"}
    assert len(rung) == 2


def test_a_mail_server_that_is_down_delays_the_letter_and_does_not_multiply_it(
    afternoon: Afternoon, server: MailSandbox
) -> None:
    afternoon.tick(times=2)
    server.mischief("temporary")
    afternoon.silence("talasea", "milli")
    afternoon.tick(times=6)
    assert server.letters() == []
    assert AlertNotice.objects.get().sent_at is None

    server.mischief(None)
    afternoon.tick(times=12)

    assert len(server.letters()) == 1
    assert AlertNotice.objects.get().sent_at is not None


def test_a_letter_whose_answer_was_lost_is_sent_again_under_the_same_name(
    afternoon: Afternoon, server: MailSandbox
) -> None:
    afternoon.tick()
    afternoon.now += 3 * STEP
    (notice,) = afternoon.look()
    server.mischief("drop")
    with pytest.raises(Retryable):
        afternoon.send(notice)
    server.mischief(None)

    assert afternoon.send(notice)
    assert not afternoon.send(notice)

    first, second = server.letters()
    assert first["headers"]["message-id"] == second["headers"]["message-id"]


def test_without_mail_notices_are_kept_counted_and_told_when_there_is_some(
    afternoon: Afternoon, server: MailSandbox
) -> None:
    afternoon.tick()
    afternoon.now += 3 * STEP
    with override_settings(MAIL_SERVER=None):
        assert afternoon.look() == []
        notice = AlertNotice.objects.get().pk
        with pytest.raises(Permanent, match="ZARGAR_MAIL_URL"):
            afternoon.send(notice)
    assert alerts.unsent(limits=LIMITS, now=afternoon.now) == 0, "made a moment ago"
    assert alerts.unsent(limits=LIMITS, now=afternoon.now + STEP) == 1
    assert alerts.unsent(limits=LIMITS, now=afternoon.now + LIMITS.mention + STEP) == 0, "old news"

    assert afternoon.look() == [notice]
    assert afternoon.look() == [], "rung for a moment ago"


def test_a_notice_that_is_not_there_is_for_a_person(afternoon: Afternoon) -> None:
    with pytest.raises(Permanent, match="no notice 4711"):
        afternoon.send(4711)


def test_an_alert_that_stands_is_brought_to_mind_every_six_hours(afternoon: Afternoon, server: MailSandbox) -> None:
    afternoon.tick()
    afternoon.now += 3 * STEP
    afternoon.deliver()
    afternoon.now += LIMITS.remind - STEP
    afternoon.deliver()
    assert len(server.letters()) == 1

    afternoon.now += STEP
    afternoon.deliver()
    assert [subject.split(":")[0] for subject in subjects(server)] == ["زرگر | هشدار", "زرگر | یادآوری"]


def test_many_who_look_at_once_open_one_alert_and_ring_for_it_once(afternoon: Afternoon) -> None:
    afternoon.tick()
    afternoon.now += 3 * STEP

    rung = at_once(6, afternoon.look)

    assert sorted(len(one) for one in rung) == [0, 0, 0, 0, 0, 1]
    assert Alert.objects.count() == AlertNotice.objects.count() == 1


def test_many_who_send_at_once_send_one_letter(afternoon: Afternoon, server: MailSandbox) -> None:
    afternoon.tick()
    afternoon.now += 3 * STEP
    (notice,) = afternoon.look()

    def send() -> bool:
        try:
            return afternoon.send(notice)
        except Retryable:  # another process sends it; the ledger would come back and find it sent
            return False

    assert sorted(at_once(6, send)) == [False] * 5 + [True]
    assert len(server.letters()) == 1


def test_old_alerts_go_and_open_ones_stay(afternoon: Afternoon) -> None:
    afternoon.tick()
    afternoon.now += 3 * STEP
    afternoon.look()
    later = afternoon.now + timedelta(days=800)
    assert alert_store.remove(before=later, at_most=10) == 0

    Alert.objects.update(closed_at=afternoon.now)
    assert alert_store.remove(before=later, at_most=10) == 1
    assert not AlertNotice.objects.exists()


def test_the_list_shows_the_open_ones_first_with_what_waits(afternoon: Afternoon) -> None:
    afternoon.tick()
    afternoon.now += 3 * STEP
    afternoon.look()
    (shown,) = alerts.listed()
    assert (shown["kind"], shown["open"], shown["notices"], shown["notices_unsent"]) == ("update_failed", True, 1, 1)
