"""What providers have to say is heard every five minutes, by whoever takes turns, and by one at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.boards import BoardServer
from tests.support.databases import ScratchDatabase
from tests.support.messages import NOON, Clock, Desk, draft, journal, queue
from zargar.notifications import due_store, hearing, house, jobs, turn_locks, turns
from zargar.notifications.accounts import Account
from zargar.notifications.channels.catalogue import build
from zargar.notifications.channels.recorded import Recorded
from zargar.notifications.concluding import Tally
from zargar.notifications.models import DueShop, HeardWish, OptOut
from zargar.notifications.rows import EAR
from zargar.notifications.sendable import Post
from zargar.notifications.values import Inbound
from zargar.shops.models import Shop

BUDGET = timedelta(seconds=50)
LINE = "10004346"


@dataclass
class Minutes:
    """Minute ticks of a house whose post is `post` and whose clock is `clock`."""

    post: Post
    clock: Clock

    def pass_by(self, minutes: int) -> Tally:
        """Let minutes pass, with a tick in each; return what they did together."""
        tally = Tally()
        for _ in range(minutes):
            self.clock.passes(minutes=1)
            tally.add(turns.deliver_due(self.post, budget=BUDGET))
        return tally


@pytest.fixture
def companies() -> Iterator[BoardServer]:
    """The sandbox's companies."""
    with BoardServer() as server:
        yield server


def minutes_of(*providers: Recorded) -> Minutes:
    desk = Desk([*providers])
    return Minutes(desk.post, desk.clock)


def ear() -> datetime:
    """Return when providers are heard next."""
    found: datetime = DueShop.objects.get(shop_id=EAR).due_at
    return found


def said(number: int, text: str, at: datetime) -> Inbound:
    return Inbound(str(number), draft().to, "1000", text, at)


@pytest.mark.parametrize("company", ["kavenegar", "smsir"])
def test_an_eleven_that_somebody_sends_is_in_the_list_after_the_ticks_of_five_minutes(
    database: ScratchDatabase, shop: Shop, companies: BoardServer, company: str
) -> None:
    clock = Clock(datetime.now(UTC))
    place = f"{companies.url}/{company}"
    provider = build(Account(name="one", adapter=company, base=place, key="sandboxkey", options={"sender": LINE}))
    house_ = Minutes(replace(Desk(clock=clock).post, providers={"one": provider}, accounts={}), clock)
    queue(shop, draft(due_at=clock()), now=clock())
    turns.deliver_due(house_.post, budget=BUDGET)
    companies.tell(f"sms/{company}/inbound", sender=draft().to, line=LINE, text="۱۱")
    assert house_.pass_by(5).wishes == 1
    assert list(OptOut.objects.values_list("shop_id", "channel", "purpose")) == [(shop.id, "sms", "promotion")]
    companies.tell(f"sms/{company}", pace=0)
    assert house_.pass_by(5).receipts == 1
    assert journal("delivery <> ''") == [(True,)]


def test_between_two_hearings_nobody_is_asked_and_a_tick_is_one_statement(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded()
    minutes = minutes_of(provider)
    minutes.pass_by(7)
    asked = provider.questions
    assert asked > 0
    with CaptureQueriesContext(connection) as statements:
        minutes.pass_by(1)
    assert len(statements) == 1
    assert provider.questions == asked


def test_the_first_tick_of_all_is_one_statement_too_and_writes_when_it_is_heard_first(
    database: ScratchDatabase, shop: Shop
) -> None:
    desk = Desk()
    with CaptureQueriesContext(connection) as statements:
        turns.deliver_due(desk.post, budget=BUDGET)
    assert len(statements) == 1
    assert ear() == NOON + hearing.EVERY


def test_a_pause_of_sending_does_not_keep_an_eleven_from_being_heard(database: ScratchDatabase, shop: Shop) -> None:
    provider = Recorded()
    minutes = minutes_of(provider)
    queue(shop, draft())
    minutes.pass_by(1)
    queue(shop, draft(2))
    house.pause(actor="کارمند", reason="بازبینی", key=minutes.post.key, now=NOON)
    provider.heard = [said(1, "لغو", NOON)]
    tally = minutes.pass_by(6)
    assert (tally.turns, tally.wishes) == (0, 1)
    assert OptOut.objects.count() == 1
    assert len(provider.journal()) == 1


def test_a_database_that_has_lost_the_ear_or_has_it_in_a_far_future_hears_again(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded()
    minutes = minutes_of(provider)
    minutes.pass_by(1)
    for lose in (
        lambda: DueShop.objects.filter(shop_id=EAR).delete(),
        lambda: DueShop.objects.filter(shop_id=EAR).update(due_at=NOON + timedelta(days=900)),
    ):
        lose()
        asked = provider.questions
        minutes.pass_by(6)
        assert provider.questions > asked
        assert ear() - minutes.clock() <= hearing.EVERY


def test_two_never_hear_at_a_time_and_one_that_dies_is_followed_after_its_lease(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded()
    minutes = minutes_of(provider)
    minutes.pass_by(1)
    minutes.clock.passes(minutes=5)
    now = minutes.clock()
    assert due_store.first_due(now=now, until=now + minutes.post.lease, ear_by=now + hearing.EVERY) == EAR
    minutes.pass_by(1)  # its holder has died, and its lease lives
    assert provider.questions == 0
    minutes.pass_by(2)
    heard_once = provider.questions
    assert heard_once > 0
    with database.app() as other:  # a hearing that takes longer than any lease
        other.execute("SELECT pg_advisory_lock(%s)", [turn_locks.EAR])
        minutes.pass_by(6)
        assert provider.questions == heard_once
    minutes.pass_by(6)
    assert provider.questions > heard_once


def test_the_last_word_stands_in_whatever_order_a_company_tells_them(database: ScratchDatabase, shop: Shop) -> None:
    provider = Recorded()
    minutes = minutes_of(provider)
    queue(shop, draft())
    minutes.pass_by(1)
    early, late = said(1, "۱۱", NOON), said(2, "۱۲", NOON + timedelta(minutes=1))
    provider.heard = [late, early]
    minutes.pass_by(6)
    assert OptOut.objects.count() == 0
    provider.heard = [said(3, "11", NOON + timedelta(minutes=2)), late, early]
    minutes.pass_by(6)
    assert OptOut.objects.count() == 1


def test_an_answer_that_is_told_again_does_not_undo_what_a_person_wrote_down_since(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded()
    minutes = minutes_of(provider)
    queue(shop, draft())
    minutes.pass_by(1)
    provider.heard = [said(1, "۱۱", NOON)]
    assert minutes.pass_by(6).wishes == 1
    OptOut.objects.all().delete()  # as a new consent at the shop does
    assert minutes.pass_by(12).wishes == 0
    assert OptOut.objects.count() == 0
    HeardWish.objects.all().delete()  # as a database that was put back has never heard it
    assert minutes.pass_by(6).wishes == 1
    assert jobs.clean_up(now=NOON + timedelta(days=10_000))["attempts"] == 1
    assert HeardWish.objects.count() == 0


def test_an_answer_of_last_year_is_no_news_and_one_under_another_key_is_kept_for_the_right_one(
    database: ScratchDatabase, shop: Shop
) -> None:
    provider = Recorded()
    minutes = minutes_of(provider)
    queue(shop, draft())
    minutes.pass_by(1)
    provider.heard = [said(1, "۱۱", NOON - timedelta(days=400))]
    minutes.pass_by(6)
    assert OptOut.objects.count() == 0
    provider.heard = [said(2, "۱۱", NOON)]
    strangers = Minutes(replace(minutes.post, key=b"another" * 5), minutes.clock)
    assert strangers.pass_by(6).wishes == 0
    assert minutes.pass_by(6).wishes == 1


def test_who_is_asked_first_changes_and_a_slow_one_keeps_nobody_waiting_for_good(
    database: ScratchDatabase, shop: Shop
) -> None:
    slow, quick = Recorded("slow", is_silent=True), Recorded("quick")
    desk = Desk([slow, quick])
    slow.before_answer = lambda: desk.clock.passes(seconds=25)
    minutes = Minutes(desk.post, desk.clock)
    minutes.pass_by(30)
    assert slow.questions > 0
    assert quick.questions > 0


def test_what_is_not_delivered_is_asked_about_ever_more_seldom(database: ScratchDatabase, shop: Shop) -> None:
    provider = Recorded()
    minutes = minutes_of(provider)
    queue(shop, draft())
    turns.deliver_due(minutes.post, budget=BUDGET)
    asked = []
    for _ in range(60):
        before = journal("asked_at")
        minutes.pass_by(5)
        if journal("asked_at") != before:
            [(at,)] = journal("asked_at")
            asked.append((at - NOON) // timedelta(minutes=1))
    assert 5 <= len(asked) <= 8, asked
    assert all(later >= 2 * earlier - 1 for earlier, later in pairwise(asked[1:])), asked
