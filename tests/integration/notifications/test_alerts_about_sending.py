"""That an account or all of sending has stopped reaches somebody, or is told again until it does."""

from collections import deque
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test.utils import override_settings

from tests.support.mail import MailSandbox, mail_goes_to
from tests.support.messages import Desk, draft, queue, rows, states
from zargar.notifications import house, jobs, turns, wiring
from zargar.notifications.channels.recorded import Recorded
from zargar.notifications.models import Sending
from zargar.notifications.values import Refusal
from zargar.shops.models import Shop

pytestmark = pytest.mark.usefixtures("database")

BUDGET = timedelta(seconds=50)
NOBODY = "smtp://127.0.0.1:9"


@pytest.fixture
def telephones() -> Iterator[None]:
    """One operator with a telephone."""
    with override_settings(OPERATORS_MOBILES=("09121111111",)):
        yield


def stopped(shop: Shop, *others: Recorded, reachable: bool = False) -> Desk:
    """An account that has just refused all that is to come, and `others` that have not."""
    desk = Desk([Recorded("first", next_calls=deque([Refusal.ACCOUNT])), *others], reachable=reachable)
    queue(shop, draft())
    while states(shop) == {"queued": 1} and not desk.providers[0].calls:
        jobs.told(desk.post, turns.deliver_due(desk.post, budget=BUDGET))
        desk.clock.passes(minutes=6)
    return desk


def test_an_alert_that_reached_nobody_is_told_again_by_the_next_run(shop: Shop) -> None:
    desk = stopped(shop)
    assert jobs.tell_stopped(desk.post) == 0
    desk.reachable = True
    assert [jobs.tell_stopped(desk.post) for _ in range(2)] == [1, 0]
    assert len(desk.alarms) == 1


@pytest.mark.usefixtures("telephones")
def test_operators_are_told_by_telephone_through_the_account_that_still_works(shop: Shop) -> None:
    stays = Recorded("second")
    desk = stopped(shop)
    desk.providers = [*desk.providers, stays]
    assert jobs.tell_stopped(desk.post) == 1
    turns.deliver_due(desk.post, budget=BUDGET)
    assert rows(None, "kind, state, account") == [("sending_alert", "sent", "second")]
    [text] = [one.text for one in stays.taken if one.to == "+989121111111"]
    assert "حساب first متوقف شد" in text


@pytest.mark.usefixtures("telephones")
def test_a_telephone_that_only_the_stopped_account_reaches_is_not_counted_as_told(shop: Shop) -> None:
    desk = stopped(shop)
    assert jobs.tell_stopped(desk.post) == 0
    assert rows(None, "kind") == []


def test_without_mail_or_with_a_failing_server_nobody_was_told() -> None:
    with override_settings(MAIL_SERVER=None):
        assert not wiring.tell_operators("title", "text", "key")
    with mail_goes_to(NOBODY):
        assert not wiring.tell_operators("title", "text", "key")
    with MailSandbox() as server, mail_goes_to(server.smtp_url):
        assert wiring.tell_operators("title", "text", "key")
        assert len(server.letters()) == 1


def test_a_pause_that_reached_nobody_is_told_again_and_one_by_a_person_is_not(shop: Shop) -> None:
    desk = Desk(reachable=False)
    queue(shop, draft())
    Sending.objects.update(home="another house")
    turns.deliver_due(desk.post, budget=BUDGET)
    assert not house.tell_paused(desk.post)
    desk.reachable = True
    assert [house.tell_paused(desk.post) for _ in range(2)] == [True, True]
    assert len(desk.alarms) == 1
    house.resume(actor="zahra", reason="looked", key=desk.post.key)
    house.pause(actor="zahra", reason="a look first", key=desk.post.key, now=desk.clock())
    assert house.tell_paused(desk.post)
    assert len(desk.alarms) == 1
