"""Rows that outlived their period go; what is owed, referred to or still wanted stays, and prices do not notice."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from tests.support.databases import ScratchDatabase
from tests.support.prices import market_of
from zargar import names
from zargar.audit.models import AuditRecord
from zargar.core.gold_price_tasks import cleanup_gold_price_cache
from zargar.ledger import operations as ledger
from zargar.ledger import retention as of_runs
from zargar.ledger import store
from zargar.ledger.models import Run
from zargar.ledger.policy import Bury, Supersede, Verdict
from zargar.ledger.values import Failure, Work
from zargar.names import Family, Queue
from zargar.outcomes import JSON, Summary
from zargar.pricing import operations as pricing
from zargar.pricing import retention as of_prices
from zargar.pricing import store as prices
from zargar.pricing.models import QuoteRecord, Tick
from zargar.pricing.quotes import Instrument, Quote, Unit
from zargar.pricing.readings import State as TickState
from zargar.schedules import operations as schedules
from zargar.schedules import retention as of_slots
from zargar.schedules.cadence import Cron
from zargar.schedules.catalogue import Entry, Policy
from zargar.schedules.models import MissedRange, Slot
from zargar.upkeep.operations import Keep, clean_up

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
KEEP_RUNS = of_runs.Keep(runs=30 * DAY, dead_letters=180 * DAY)
KEEP_SLOTS = of_slots.Keep(slots=90 * DAY, missed=90 * DAY)
KEEP_PRICES = of_prices.Keep(ticks=60 * DAY, quotes=30 * DAY)
KEEP = Keep(runs=KEEP_RUNS, slots=KEEP_SLOTS, prices=KEEP_PRICES)
FAILURE = Failure(kind="Retryable", message="the board did not answer")
EVERY_MINUTE = Entry(
    name="update-gold-prices", task="tests.noop", cadence=Cron("* * * * *"), family=Family.PRICES,
    queue=Queue.REALTIME, policy=Policy.ONCE,
)  # fmt: skip

pytestmark = pytest.mark.usefixtures("database", "cache_server")


def opened() -> UUID:
    work = Work(id=uuid4(), task="tests.noop", family=Family.PRICES, queue=Queue.REALTIME, origin="call")
    store.open_runs([work], ring_in=timedelta())
    return work.id


def running(run: UUID) -> UUID:
    assert store.claim(run, worker="w1", lease=MINUTE) is not None
    return run


def succeeded(run: UUID) -> UUID:
    claim = store.claim(run, worker="w1", lease=MINUTE)
    assert claim is not None
    assert store.succeed(claim, summary={})
    return run


def failed(run: UUID, verdict: Verdict) -> UUID:
    claim = store.claim(run, worker="w1", lease=MINUTE)
    assert claim is not None
    assert store.fail(claim, failure=FAILURE, verdict=verdict, counts=True, at=datetime.now(UTC))
    return run


def aged(run: UUID, age: timedelta) -> UUID:
    """Make a run as old as it would be had it happened `age` ago."""
    store.query(
        "UPDATE ledger_run SET created_at = created_at - %s, due_at = due_at - %s, finished_at = finished_at - %s "
        "WHERE id = %s",
        [age, age, age, run],
    )
    return run


def left() -> set[UUID]:
    return set(Run.objects.values_list("id", flat=True))


def gone(summary: Summary) -> dict[str, JSON]:
    """What was removed, of the kinds of which anything was."""
    removed = summary["removed"]
    assert isinstance(removed, dict)
    return {kind: count for kind, count in removed.items() if count}


def retire_runs() -> int:
    return ledger.retain(keep=KEEP_RUNS, now=datetime.now(UTC), at_most=100)["runs"]


def test_runs_that_ended_long_ago_go_and_no_other() -> None:
    old, young = 31 * DAY, 29 * DAY
    going = {aged(succeeded(opened()), old), aged(failed(opened(), Supersede()), old)}
    staying = {
        aged(succeeded(opened()), young),
        aged(opened(), 400 * DAY),
        aged(running(opened()), 400 * DAY),
        aged(failed(opened(), Bury()), old),
    }
    assert retire_runs() == len(going)
    assert left() == staying


def test_a_dead_letter_goes_after_its_own_period() -> None:
    aged(failed(opened(), Bury()), 181 * DAY)
    younger = aged(failed(opened(), Bury()), 179 * DAY)
    assert retire_runs() == 1
    assert left() == {younger}


def test_a_dead_letter_that_somebody_is_replaying_is_passed_over(database: ScratchDatabase) -> None:
    run = aged(failed(opened(), Bury()), 181 * DAY)
    with database.app() as person, person.transaction():
        person.execute("UPDATE ledger_run SET state = 'due', finished_at = NULL WHERE id = %s", [run])
        assert retire_runs() == 0
    assert retire_runs() == 0
    assert left() == {run}


def test_a_batch_is_bounded_begins_with_the_oldest_and_repeated_passes_converge() -> None:
    kept = aged(failed(opened(), Bury()), 170 * DAY)  # older than all that may go, and not to be stumbled over
    runs = [aged(succeeded(opened()), (40 + number) * DAY) for number in range(7)]
    removed = []
    for _ in range(4):
        removed.append(ledger.retain(keep=KEEP_RUNS, now=datetime.now(UTC), at_most=3)["runs"])
        if len(removed) == 1:
            assert left() == {kept, *runs[:4]}
    assert removed == [3, 3, 1, 0]
    assert left() == {kept}


def test_a_slot_goes_only_after_its_run_and_the_newest_never() -> None:
    then = NOW - 100 * DAY
    schedules.fill([EVERY_MINUTE], now=then)
    for minute in range(1, 4):
        schedules.fill([EVERY_MINUTE], now=then + minute * MINUTE)
    first, second, newest = Slot.objects.order_by("due_at")
    assert first.run_id is not None
    assert second.run_id is not None
    aged(succeeded(first.run_id), 100 * DAY)
    aged(failed(second.run_id, Bury()), 100 * DAY)

    assert schedules.retain(keep=KEEP_SLOTS, now=NOW, at_most=10)["slots"] == 0
    assert retire_runs() == 1
    assert schedules.retain(keep=KEEP_SLOTS, now=NOW, at_most=10)["slots"] == 1

    assert set(Slot.objects.values_list("id", flat=True)) == {second.pk, newest.pk}
    assert second.run_id in left()


def test_a_slot_that_has_gone_is_not_filled_again() -> None:
    then = NOW - 100 * DAY
    schedules.fill([EVERY_MINUTE], now=then)
    for minute in (1, 2):
        schedules.fill([EVERY_MINUTE], now=then + minute * MINUTE)
    for run in left():
        aged(succeeded(run), 100 * DAY)
    summary = clean_up(keep=KEEP, now=NOW)
    assert Slot.objects.count() == 1
    assert gone(summary) == {"runs": 2, "slots": 1}

    assert schedules.fill([EVERY_MINUTE], now=then + 2 * MINUTE) == 0
    assert Run.objects.count() == 0


def test_missed_ranges_go_by_their_last_slot() -> None:
    for number, age in enumerate((91, 89)):
        last = NOW - age * DAY
        MissedRange.objects.create(entry="e", first_due_at=last - (number + 5) * DAY, last_due_at=last, count=9)
    assert schedules.retain(keep=KEEP_SLOTS, now=NOW, at_most=10)["missed_ranges"] == 1
    assert [gap.last_due_at for gap in schedules.missed()] == [NOW - 89 * DAY]


@pytest.fixture
def froze() -> datetime:
    """When wallgold froze in a market that was then left alone: tgju went on, and nobody has asked for 70 days now."""
    began, level = NOW - 300 * DAY, 12_000_000
    asked = [began - DAY, *(began + minute * MINUTE for minute in range(50))]
    asked += [NOW - 70 * DAY + minute * MINUTE for minute in range(prices.RECENT_TICKS + 20)]
    for number, at in enumerate(asked):
        market = market_of(wallgold=level if number else level - 5_000, tgju=level + 1_000 * number, now=at)
        pricing.update_prices(market=market, now=at)
    return began


def what_the_judge_sees(froze: datetime) -> tuple[object, ...]:
    same = Quote.one_sided(Instrument.GOLD_750, Decimal(12_000_000), Unit.TOMAN, source_time=None)
    return (
        prices.facts(),
        prices.reference(),
        sorted(prices.recent(now=NOW, flat_since=[froze]), key=lambda tick: tick.at),
        prices.changed_since({"wallgold": [same], "tgju": [same]}, now=NOW),
    )


def test_prices_do_not_notice_that_old_ticks_and_quotes_have_gone(froze: datetime) -> None:
    before, answered = what_the_judge_sees(froze), pricing.current_price(now=NOW)
    ticks = Tick.objects.count()
    assert answered.price is not None

    summary = clean_up(keep=KEEP, now=NOW)

    assert Tick.objects.count() < ticks
    left_out = ticks - Tick.objects.count()
    assert gone(summary) == {"quotes": 2 * left_out, "ticks": left_out}
    assert what_the_judge_sees(froze) == before
    assert pricing.current_price(now=NOW) == answered
    assert Tick.objects.filter(at=froze).exists(), "wallgold has shown its price since then"
    accepted = Tick.objects.filter(state=TickState.ACCEPTED).latest("at")
    assert accepted.at < NOW - KEEP_PRICES.ticks
    assert accepted.quotes.count() == 2

    again = clean_up(keep=KEEP, now=NOW)
    assert (gone(again), again["more"]) == ({}, False)
    ticked = pricing.update_prices(market=market_of(wallgold=12_400_000, tgju=12_400_000, now=NOW), now=NOW)
    assert ticked.summary()["decision"] == "held", "the reference of long ago still judges a jump"


def test_quotes_go_before_their_tick_which_keeps_what_was_decided(froze: datetime) -> None:
    keep = of_prices.Keep(ticks=310 * DAY, quotes=30 * DAY)
    ticks, quotes = Tick.objects.count(), QuoteRecord.objects.count()
    gone = pricing.retain(keep=keep, now=NOW, at_most=1_000)
    assert gone["ticks"] == 0
    assert Tick.objects.count() == ticks
    assert 0 < QuoteRecord.objects.count() == quotes - gone["quotes"]
    assert Tick.objects.filter(quotes=None).first() is not None


def test_a_pass_ends_after_its_rounds_and_the_next_one_goes_on(froze: datetime) -> None:
    first = clean_up(keep=KEEP, now=NOW, batch=10, rounds=2)
    assert first["more"] is True
    removed = first["removed"]
    assert isinstance(removed, dict)
    assert removed["quotes"] == 20
    passes = 1
    while clean_up(keep=KEEP, now=NOW, batch=10, rounds=2)["more"]:
        passes += 1
        assert passes < 50
    assert clean_up(keep=KEEP, now=NOW)["removed"] == dict.fromkeys(removed, 0)


def test_the_clean_up_task_that_is_on_the_schedule_does_it() -> None:
    run, audited = aged(succeeded(opened()), 31 * DAY), AuditRecord.objects.count()
    assert cleanup_gold_price_cache.name == names.CLEANUP_GOLD_PRICE_CACHE
    summary = cleanup_gold_price_cache()
    assert summary["found"] == "missing"
    assert summary["repaired"] is True
    removed = summary["removed"]
    assert isinstance(removed, dict)
    assert removed["runs"] == 1
    assert not Run.objects.filter(id=run).exists()
    assert AuditRecord.objects.count() == audited
