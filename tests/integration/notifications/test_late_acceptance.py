"""A company that goes on with a call after we left: what it accepts late is never sent a second time, by anybody.

The judge is the sandbox, which writes down every message that a company took, whatever we heard of it.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.boards import BoardServer
from tests.support.messages import NOON, Clock, Desk, draft, journal, queue, rows, states
from zargar.notifications import account_store, turns
from zargar.notifications.channels.http import Caller
from zargar.notifications.channels.sms.kavenegar import Kavenegar
from zargar.notifications.channels.sms.smsir import SmsIr
from zargar.notifications.outbox import LATE
from zargar.notifications.ports import Provider
from zargar.notifications.sendable import Post
from zargar.notifications.values import Channel
from zargar.shops.models import Shop

pytestmark = pytest.mark.usefixtures("database")

BUDGET = timedelta(seconds=50)
PATIENCE = 0.5
"""Seconds for which we wait for an answer."""
NOBODY = "http://127.0.0.1:9"
FIRST, SECOND = "first", "second"


class Carriers:
    """Two accounts, at Kavenegar and at sms.ir, and what both companies took."""

    def __init__(self, server: BoardServer) -> None:
        self.server = server
        self.clock = Clock()
        base = Desk(clock=self.clock).post
        providers = {FIRST: self.kavenegar(f"{server.url}/kavenegar"), SECOND: self._smsir()}
        self.post = replace(base, providers=providers, accounts={})

    def kavenegar(self, base: str) -> Provider:
        """Return the first account, at this address."""
        caller = Caller(connect=PATIENCE, answer=PATIENCE)
        return Kavenegar(name=FIRST, base=base, key="key", sender="3000505", clock=self.clock, caller=caller)

    def _smsir(self) -> Provider:
        return SmsIr(name=SECOND, base=f"{self.server.url}/smsir", key="key", sender="3000505", unit=100)

    def unreachable(self) -> Post:
        """Return the same post while no connection to the first company can be made."""
        return replace(self.post, providers={**self.post.providers, FIRST: self.kavenegar(NOBODY)})

    def taken(self) -> Counter[str]:
        """Count what every company took, by recipient."""
        found: Counter[str] = Counter()
        for company in ("kavenegar", "smsir"):
            path = f"/_sandbox/sms/{company}/accepted?by=receptor"
            found.update(json.loads(self.server.get(path)))
        return found

    def wait_until_taken(self) -> None:
        """Wait until the call that was left is worked off."""
        end = time.monotonic() + 20
        while not self.taken() and time.monotonic() < end:
            time.sleep(0.05)

    def lose_a_call(self, shop: Shop, *, works_after: float) -> None:
        """Hand a message over by the first account, which is slower than we are patient, and ask for it too early."""
        account_store.route(0, Channel.SMS, FIRST, weight=100)
        account_store.route(0, Channel.SMS, SECOND, weight=0)
        queue(shop, draft())
        self.server.misbehave("kavenegar", "works_later", calls=1, seconds=works_after)
        turns.deliver_due(self.post, budget=BUDGET)
        assert states(shop) == {"asking": 1}
        account_store.route(0, Channel.SMS, SECOND, weight=100)
        self.clock.passes(seconds=10)
        turns.take_turn(self.post, shop.id)
        assert rows(shop, "state, why") == [("queued", "it never arrived")]

    def go_on(self) -> None:
        """Let an hour pass, a minute at a time."""
        for _ in range(60):
            self.clock.passes(minutes=1)
            turns.deliver_due(self.post, budget=BUDGET)


@pytest.fixture
def carriers() -> Iterator[Carriers]:
    """Both companies, for one test."""
    with BoardServer() as server:
        yield Carriers(server)


@pytest.mark.parametrize("code", ["409", "451", "418"])
def test_a_second_call_that_is_refused_says_nothing_of_the_first_which_is_still_in_work(
    shop: Shop, carriers: Carriers, code: str
) -> None:
    carriers.lose_a_call(shop, works_after=3)
    carriers.server.tell("misbehave", board="kavenegar", how="refusal", code=code, calls=1)
    turns.deliver_due(carriers.post, budget=BUDGET)
    carriers.wait_until_taken()
    account_store.start(FIRST, why="paid", now=carriers.clock())
    carriers.go_on()
    assert list(carriers.taken().values()) == [1]
    assert rows(shop, "state, account") == [("sent", FIRST)]
    assert journal("state, account") == [("accepted", FIRST)]


def test_no_connection_for_the_second_call_says_nothing_of_the_first_either(shop: Shop, carriers: Carriers) -> None:
    carriers.lose_a_call(shop, works_after=3)
    turns.deliver_due(carriers.unreachable(), budget=BUDGET)
    carriers.wait_until_taken()
    carriers.go_on()
    assert list(carriers.taken().values()) == [1]
    assert rows(shop, "state, account") == [("sent", FIRST)]


def test_an_account_that_is_stopped_meanwhile_keeps_the_message_that_may_be_in_work_there(
    shop: Shop, carriers: Carriers
) -> None:
    carriers.lose_a_call(shop, works_after=3)
    account_store.stop(FIRST, Channel.SMS, why="credit", now=carriers.clock())
    turns.deliver_due(carriers.post, budget=BUDGET)
    carriers.wait_until_taken()
    carriers.go_on()
    assert list(carriers.taken().values()) == [1]
    assert rows(shop, "state, account") == [("sent", FIRST)]
    assert journal("state, account") == [("accepted", FIRST)]


def test_what_its_account_never_had_and_will_not_take_goes_by_another_one_when_that_is_proven(
    shop: Shop, carriers: Carriers
) -> None:
    carriers.lose_a_call(shop, works_after=3600)
    account_store.stop(FIRST, Channel.SMS, why="credit", now=carriers.clock())
    carriers.clock.at = NOON + LATE - timedelta(minutes=1)
    turns.deliver_due(carriers.post, budget=BUDGET)
    assert not carriers.taken()
    carriers.go_on()
    assert list(carriers.taken().values()) == [1]
    assert rows(shop, "state, account") == [("sent", SECOND)]
    assert journal("state, account") == [("absent", FIRST), ("accepted", SECOND)]
