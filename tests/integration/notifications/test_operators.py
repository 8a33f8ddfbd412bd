"""Alerts reach the operators' telephones through the platform's own outbox: once, with mail or without."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test.utils import override_settings

from tests.support.mail import MailSandbox, mail_goes_to
from tests.support.messages import NOON, Desk, due, rows, states
from zargar.backups.alarm_words import Told
from zargar.backups.alarms import Alarm, News
from zargar.backups.alarms import Kind as AlarmKind
from zargar.mail import Brief
from zargar.monitoring import price_alerts
from zargar.monitoring.backup_alarms import PhoneTeller
from zargar.notifications import operators, turns, wiring
from zargar.notifications.kinds import Kind
from zargar.notifications.operators import OperatorSettingError
from zargar.outcomes import Permanent
from zargar.pricing import alerts
from zargar.pricing.alarms import Runs, Thresholds
from zargar.pricing.alerts import Schedule

BRIEF = Brief("notice/1", "هشدار: قیمت طلا به‌روز نمی‌شود", "از ۱۴۰۵/۰۹/۰۲ ۱۱:۳۰.")

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def way() -> Iterator[None]:
    """Two operators with telephones, and an account that carries text messages."""
    cached = (wiring.configured, wiring.providers)
    with override_settings(
        PROVIDERS={"first": "kavenegar+http://127.0.0.1:9?sender=10004346"}, PROVIDER_KEYS={"first": "key"},
        OPERATORS_MOBILES=("09121111111", "۰۹۱۲۲۲۲۲۲۲۲"),
    ):  # fmt: skip
        for one in cached:
            one.cache_clear()
        yield
    for one in cached:
        one.cache_clear()


@pytest.fixture
def notice() -> int:
    """An alert that was opened a moment ago: its notice is to be sent."""
    schedule = Schedule(due=False, next_slot=lambda after: after + timedelta(minutes=5), grace=timedelta(minutes=2))
    [rung] = alerts.look(
        runs=Runs(successful=3, failed=9), quorum=2, schedule=schedule, limits=Thresholds(), can_send=True, now=NOON
    )
    return rung


@pytest.mark.usefixtures("way")
def test_an_alert_goes_to_every_operator_once_however_often_it_is_told() -> None:
    assert operators.reachable()
    assert [operators.tell(Kind.PRICE_ALERT, BRIEF, now=NOON) for _ in range(2)] == [2, 0]
    assert rows(None, '"to"') == [("+989121111111",), ("+989122222222",)]
    assert due(None) == NOON


@pytest.mark.usefixtures("way")
def test_what_the_telephone_reads_says_what_since_when_and_from_whom() -> None:
    desk = Desk()
    operators.tell(Kind.PRICE_ALERT, BRIEF, now=NOON)
    turns.deliver_due(desk.post, budget=timedelta(minutes=1))
    texts = {one.text for one in desk.providers[0].taken}
    assert len(texts) == 1
    (text,) = texts
    assert BRIEF.title in text
    assert BRIEF.sentence in text
    assert text.startswith("زرگر")


@pytest.mark.usefixtures("way")
def test_a_notice_about_prices_goes_by_letter_and_telephone(notice: int) -> None:
    with MailSandbox() as server, mail_goes_to(server.smtp_url):
        done = price_alerts.send(notice_id=notice, now=NOON)
        again = price_alerts.send(notice_id=notice, now=NOON)
        assert (done["sent"], done["telephones"], again["sent"], again["telephones"]) == (True, 2, False, 0)
        assert len(server.letters()) == 1
    assert states(None) == {"queued": 2}


@pytest.mark.usefixtures("way")
def test_telephones_alone_are_told_where_there_is_no_mail(notice: int) -> None:
    done = price_alerts.send(notice_id=notice, now=NOON)
    assert (done["sent"], done["telephones"]) == (True, 2)


def test_without_mail_and_telephones_a_notice_is_a_dead_letter(notice: int) -> None:
    assert not operators.reachable()
    with pytest.raises(Permanent, match="No mail is configured"):
        price_alerts.send(notice_id=notice, now=NOON)
    assert states(None) == {}


@pytest.mark.usefixtures("way")
def test_alarms_about_backups_are_told_in_one_message() -> None:
    told = [
        Told(
            id=number,
            what=News.BEGUN,
            alarm=Alarm(kind=AlarmKind.FAILED, subject=f"shop {number}", figures={}),
            opened_at=NOON,
        )
        for number in (1, 2)
    ]
    PhoneTeller().tell(told, now=NOON)
    PhoneTeller().tell(told, now=NOON)
    assert states(None) == {"queued": 2}
    values, _ = rows(None, '"values"')
    assert "۲ هشدار تازه" in str(values)


def test_a_number_that_is_none_is_named_by_its_place_and_not_repeated() -> None:
    with override_settings(OPERATORS_MOBILES=("09121111111", "0912")), pytest.raises(OperatorSettingError) as told:
        operators.addresses()
    assert "the 2. of them" in str(told.value)
    assert "0912" not in str(told.value)
