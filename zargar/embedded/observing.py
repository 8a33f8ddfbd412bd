"""Looking at a running house from outside: waiting for what must come about, the ledger's ticks, the sandbox's journal.

Needs Django set up on the house's database, as the app's role.
"""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg
from redis import Redis

from zargar import clock, names
from zargar.embedded.house import House
from zargar.embedded.valkey import Valkey
from zargar.names import Queue
from zargar.outcomes import Summary

if TYPE_CHECKING:
    from zargar.ledger.models import Run
    from zargar.schedules.catalogue import Entry

Seen = TypeVar("Seen")

ACTOR: Final = "zargar demo"
ENTRY: Final = "update-gold-prices"
UPKEEP: Final = "cleanup-gold-price-cache"
WITHIN: Final = 30.0
"""Seconds for anything that has to come about by itself: the next slot, a worker's return."""


class RefutedError(Exception):
    """What was expected did not hold; the message says what was found instead."""


def expect(holds: object, found: str) -> None:
    """Raise `RefutedError` unless it holds."""
    if not holds:
        raise RefutedError(found)


def wait(ask: Callable[[], Seen | None], *, what: str, meanwhile: Callable[[], None] = lambda: None) -> Seen:
    """Ask until there is an answer; what has ended `meanwhile` stays ended unless that starts it again."""
    deadline = time.monotonic() + WITHIN
    while not (found := ask()):
        meanwhile()
        expect(time.monotonic() < deadline, f"waited {WITHIN:.0f} s in vain for {what}")
        time.sleep(0.2)
    return found


def until(house: House, ask: Callable[[], Seen | None], *, what: str) -> Seen:
    """Ask until there is an answer, and keep the house alive meanwhile."""
    return wait(ask, what=what, meanwhile=house.tick)


def ticks(*, after: datetime) -> list[Summary]:
    """Return the runs of the price entry's slots made after a moment, newest first."""
    from zargar.ledger import operations  # noqa: PLC0415 -- needs Django set up

    runs = [run for run in operations.recent(task=names.UPDATE_GOLD_PRICES, limit=1000) if run.created_at >= after]
    return [
        {
            "run": str(run.id), "state": run.state, "worker": run.worker, "claims": run.fence, "summary": run.summary,
            "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        }
        for run in runs if run.origin == f"slot {ENTRY}"
    ]  # fmt: skip


def checks(*, after: datetime) -> list[Summary]:
    """Return the runs of the hourly check made after a moment: on the hour, each of them asks each board once too."""
    from zargar.ledger import operations  # noqa: PLC0415 -- needs Django set up

    runs = [run for run in operations.recent(task=names.VALIDATE_GOLD_PRICE_APIS) if run.created_at >= after]
    return [{"state": run.state, "claims": run.fence} for run in runs]


def next_tick(house: House, *, after: datetime) -> Summary:
    """Wait for a slot made after a moment to be done."""

    def done() -> Summary | None:
        return next((run for run in reversed(ticks(after=after)) if run["state"] == "succeeded"), None)

    return until(house, done, what="a slot to be rung, claimed and done")


def accepted(house: House) -> Summary | None:
    """Return the summary of a tick of this start that was accepted, the newest."""
    summaries = (run["summary"] for run in ticks(after=house.began))
    return next((one for one in summaries if isinstance(one, dict) and one.get("decision") == "accepted"), None)


def claims(house: House) -> int:
    """Count how often work of this start that asks the boards was claimed; 0 while some of it is under way."""
    runs = [*ticks(after=house.began), *checks(after=house.began)]
    if any(run["state"] in {"due", "running"} for run in runs):
        return 0
    return sum(run["claims"] for run in runs if isinstance(run["claims"], int))


def counted(house: House) -> tuple[int, list[dict[str, str]]] | None:
    """Return the claims and the journal of one still moment: nothing under way before, and the same count after."""
    before, calls = claims(house), journal(house)
    return (before, calls) if before and claims(house) == before else None


def journal(house: House) -> list[dict[str, str]]:
    """Return the calls that the sandbox noted since it started."""
    calls: list[dict[str, str]] = json.loads(ask_sandbox(house, "GET", "/_sandbox/journal"))
    return calls


def letters(house: House) -> list[Summary]:
    """Return the letters that the sandbox's mail server took since it started."""
    came: list[Summary] = json.loads(ask_sandbox(house, "GET", "/_sandbox/mail"))
    return [letter for letter in came if letter["accepted"]]


def move_market(house: House, factor: str) -> None:
    """Multiply the level of the sandbox's whole market."""
    ask_sandbox(house, "POST", "/_sandbox/market", json.dumps({"factor": factor}))


def ask_sandbox(house: House, method: str, path: str, body: str | None = None) -> bytes:
    """Call the sandbox's control; return what it says. Raises `RefutedError` unless it answers well."""
    place = urlsplit(house.values["ZARGAR_SANDBOX_URL"])
    with closing(http.client.HTTPConnection(str(place.hostname), place.port, timeout=5)) as connection:
        connection.request(method, path, body)
        answer = connection.getresponse()
        said = answer.read()
    expect(answer.status == http.HTTPStatus.OK, f"the sandbox answered {answer.status} to {method} {path}")
    return said


def refusal(connection: psycopg.Connection, statement: bytes) -> str:
    """Return the words in which the database refuses a statement; nothing when it does not."""
    try:
        connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        return str(error).splitlines()[0]
    return ""


def run_now(entry: str, *, reason: str) -> UUID:
    """Open a run of a live entry outside its schedule; a beat rings for it."""
    from zargar.schedules import operations  # noqa: PLC0415 -- needs Django set up

    run = uuid4()
    operations.run_now(_live(), entry, run=run, actor=ACTOR, reason=reason)
    return run


def ended(run: UUID) -> "Run | None":
    """Return the run once it has ended, in whatever way."""
    from zargar.ledger import operations  # noqa: PLC0415 -- needs Django set up

    found = operations.show(run)
    return None if found.state in {"due", "running"} else found


def waiting_in(valkey: Valkey, queue: Queue) -> int:
    """Count the messages that wait in a queue of the broker and that no worker has taken."""
    with Redis.from_url(valkey.url()) as client:
        return int(client.llen(f"zargar:{queue}"))


@contextmanager
def paused(reason: str) -> Iterator[None]:
    """Pause the price entry for the block; both acts are in the audit."""
    from zargar.schedules import operations  # noqa: PLC0415 -- needs Django set up

    entries = _live()
    operations.pause(entries, ENTRY, actor=ACTOR, reason=reason, now=clock.now())
    try:
        yield
    finally:
        operations.resume(entries, ENTRY, actor=ACTOR, reason=reason)


def _live() -> "tuple[Entry, ...]":
    from zargar.celery import app  # noqa: PLC0415 -- needs Django set up
    from zargar.engine.beat import live_entries  # noqa: PLC0415 -- as above

    return live_entries(app)
