"""What a running house tells of its runs."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from zargar import names
from zargar.embedded.news import News, of_restart, of_run
from zargar.embedded.supervisor import Restart
from zargar.outcomes import JSON, Summary

NOON = datetime(2026, 8, 6, 8, 30, tzinfo=UTC)  # 12:00 in Tehran


@dataclass
class Shown:
    """What the ledger shows of a run."""

    id: UUID = field(default_factory=uuid4)
    task: str = names.CLEANUP_GOLD_PRICE_CACHE
    state: str = "due"
    attempts: int = 0
    losses: int = 0
    worker: str = ""
    origin: str = "slot cleanup-gold-price-cache"
    started_at: datetime | None = NOON
    finished_at: datetime | None = None
    summary: Summary | None = None
    errors: list[JSON] = field(default_factory=list)


def ended(run: Shown, state: str = "succeeded") -> Shown:
    return replace(run, state=state, finished_at=NOON, worker="house@shop")


def test_what_had_ended_before_is_no_news() -> None:
    old = ended(Shown())
    assert News([old]).since([old]) == []


def test_a_run_is_told_of_when_it_ends_and_only_once() -> None:
    run = Shown()
    news = News([])
    assert news.since([run]) == []
    assert news.since([replace(run, state="running")]) == []
    (line,) = news.since([ended(run)])
    assert line.text == "12:00:00  run    core.gold_price_tasks.cleanup_gold_price_cache succeeded by house@shop"
    assert line.data["state"] == "succeeded"
    assert news.since([ended(run)]) == []


def test_failures_and_losses_are_told_while_the_run_goes_on() -> None:
    run = Shown()
    news = News([run])
    (failed,) = news.since([replace(run, attempts=1)])
    (lost,) = news.since([replace(run, attempts=1, losses=1)])
    assert failed.text.endswith("due, 1 failed attempt(s)")
    assert lost.text.endswith("due, 1 failed attempt(s), lost 1 time(s)")


def test_news_is_told_oldest_first_though_the_ledger_shows_the_newest_first() -> None:
    older, newer = ended(Shown(worker="a")), ended(Shown(worker="b"))
    told = News([]).since([newer, older])
    assert [line.data["run"] for line in told] == [str(older.id), str(newer.id)]


def test_a_tick_is_told_by_its_price_and_who_made_it_and_who_was_rejected() -> None:
    summary: Summary = {
        "decision": "accepted", "state": "live", "price": "18566550", "used": ["tgju", "wallgold"],
        "rejected": [{"source": "milli", "field": "", "why": "far_from_others", "detail": ""}], "latency_ms": 16,
    }  # fmt: skip
    run = replace(ended(Shown(task=names.UPDATE_GOLD_PRICES)), summary=summary)
    assert of_run(run).text == (
        "12:00:00  price  accepted: 18,566,550 Toman/g of 750 (live); by tgju, wallgold; "
        "rejected milli: far_from_others; 16 ms"
    )
    assert of_run(run).data["summary"] == summary


def test_a_tick_without_a_price_says_so() -> None:
    summary: Summary = {
        "decision": "stale", "state": "none", "price": None, "used": [], "rejected": [], "latency_ms": 5000
    }  # fmt: skip
    run = replace(ended(Shown(task=names.UPDATE_GOLD_PRICES)), summary=summary)
    assert of_run(run).text == "12:00:00  price  stale: no price (none); by nobody; 5000 ms"


def test_a_restart_says_what_the_child_died_of() -> None:
    assert of_restart(Restart("realtime", -9, NOON)).text == "12:00:00  realtime ended (signal 9); it is started again"
    assert of_restart(Restart("web", 3, NOON)).text == "12:00:00  web ended (exit code 3); it is started again"
