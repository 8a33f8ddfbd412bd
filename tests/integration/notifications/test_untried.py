"""What was not handed over, since a call before it failed, is nobody's failure: neither the account's nor its own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.boards import BoardServer
from tests.support.databases import ScratchDatabase
from tests.support.messages import Clock, Desk, draft, journal, queue, rows, states
from zargar.notifications import figure_store, turns
from zargar.notifications.channels.http import Caller
from zargar.notifications.channels.sms.melipayamak import Melipayamak
from zargar.notifications.models import AccountState, HourFigures
from zargar.notifications.sendable import Post
from zargar.shops.models import Shop

MANY = 12


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC).replace(minute=10))


@pytest.fixture
def company() -> Iterator[BoardServer]:
    """The sandbox's companies."""
    with BoardServer() as server:
        yield server


@pytest.fixture
def post(company: BoardServer, clock: Clock) -> Post:
    """A post with one account, at a company that is handed one message a call."""
    provider = Melipayamak(
        name="one", base=f"{company.url}/melipayamak", key="sandboxkey", sender="3000505", user="shop",
        caller=Caller(connect=0.3, answer=0.3),
    )  # fmt: skip
    return replace(Desk(clock=clock).post, providers={"one": provider}, accounts={})


def tick(post: Post) -> None:
    turns.deliver_due(post, budget=timedelta(seconds=5))


def test_one_lost_answer_is_one_failure_and_the_rest_of_the_batch_leaves_soon(
    database: ScratchDatabase, shop: Shop, company: BoardServer, post: Post, clock: Clock
) -> None:
    queue(shop, *(draft(number, due_at=clock()) for number in range(MANY)), now=clock())
    company.misbehave("melipayamak", "silent_after", calls=1, seconds=30)
    tick(post)
    assert states(shop) == {"ambiguous": 1, "queued": MANY - 1}
    account = AccountState.objects.get(name="one")
    assert (account.calls, account.failures, account.weight) == (1, 1, 100)
    assert rows(shop, "DISTINCT attempts, tried::text, account", "WHERE state = 'queued'") == [(0, "{}", "")]
    assert journal("state, tries, count(*)", "GROUP BY state, tries ORDER BY state") == [
        ("refused", 0, MANY - 1), ("unknown", 1, 1),
    ]  # fmt: skip
    figure_store.count_hour(clock().replace(minute=0, second=0, microsecond=0))
    assert [(row.failed, row.ambiguous) for row in HourFigures.objects.all()] == [(0, 1)]
    clock.passes(minutes=1)
    tick(post)
    assert states(shop) == {"ambiguous": 1, "sent": MANY - 1}


def test_a_company_that_is_busy_for_long_uses_up_nobody_s_attempts_but_those_it_was_asked_about(
    database: ScratchDatabase, shop: Shop, company: BoardServer, post: Post, clock: Clock
) -> None:
    queue(shop, *(draft(number, due_at=clock()) for number in range(MANY)), now=clock())
    company.misbehave("melipayamak", "busy", calls=MANY, seconds=30)
    asked = 0
    for _ in range(4):
        tick(post)
        clock.passes(minutes=1)
    for (attempts,) in rows(shop, "attempts"):
        asked += attempts
    assert asked == len(company.calls("melipayamak"))
    assert states(shop) == {"queued": MANY}
    account = AccountState.objects.get(name="one")
    assert account.failures <= account.calls <= asked
