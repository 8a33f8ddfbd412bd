"""One pass over everything that is built, on the running house: `zargar demo --once`.

Each proof is one claim of the system, put to the test from outside where that is possible, and returns its evidence.
The first that does not hold ends the pass; its name and what was found instead are the answer.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

import psycopg

from zargar import clock, names
from zargar.embedded import backup_proofs, message_proofs
from zargar.embedded.house import House
from zargar.embedded.observing import (
    ACTOR,
    UPKEEP,
    RefutedError,
    accepted,
    counted,
    ended,
    expect,
    letters,
    move_market,
    next_tick,
    paused,
    refusal,
    run_now,
    until,
    wait,
    waiting_in,
)
from zargar.names import Queue
from zargar.outcomes import JSON, Outcome
from zargar.refusals import RefusedError

KARATS: Final = ("14", "18", "21", "22", "24")


class NotProvenError(Exception):
    """A claim that did not hold: its name, and what was found instead."""

    def __init__(self, name: str, found: str) -> None:
        super().__init__(f"{name}: {found}")
        self.name = name
        self.found = found


@dataclass(frozen=True)
class Proof:
    """A claim that held, with what showed it."""

    name: str
    evidence: JSON
    seconds: float


def examine(house: House) -> Iterator[Proof]:
    """Put the claims to the test, one after another. Raises `NotProvenError` at the first that does not hold."""
    for name, prove in PROOFS:
        began = time.monotonic()
        try:
            evidence = prove(house)
        except (RefutedError, RefusedError, Outcome) as refuted:
            raise NotProvenError(name, str(refuted)) from refuted
        yield Proof(name, evidence, round(time.monotonic() - began, 2))


def parts(house: House) -> JSON:
    """Every part answers, and both beats and both workers live."""
    alive = set(house.supervisor.pids())
    expect({"realtime", "house", "beat-1", "beat-2", "web"} <= alive, f"only {sorted(alive)} live")
    return [{"part": part.name, "version": part.version, "where": part.where} for part in house.parts]


def tasks(_: House) -> JSON:
    """Only names of the contract are registered, and each live entry's task is among them."""
    from zargar.celery import app  # noqa: PLC0415 -- needs Django set up

    registered = sorted(name for name in app.tasks if name.startswith("zargar."))
    expect(registered, "no task is registered")
    unknown = set(registered) - names.CONTRACT
    expect(not unknown, f"registered beside the contract: {sorted(unknown)}")
    return list(registered)


def schedule(_: House) -> JSON:
    """The catalogue has 18 entries, and those with a task are live and shown in `app.conf.beat_schedule`."""
    from zargar.celery import app  # noqa: PLC0415 -- needs Django set up
    from zargar.engine.beat import live_entries  # noqa: PLC0415 -- as above
    from zargar.schedules.wiring import entries  # noqa: PLC0415 -- as above

    live = sorted(entry.name for entry in live_entries(app))
    expect(len(entries()) == 18, f"{len(entries())} entries")  # noqa: PLR2004 -- the contract's number
    expect(live == sorted(app.conf.beat_schedule), f"beat_schedule shows {sorted(app.conf.beat_schedule)}")
    return {"entries": len(entries()), "live": list(live)}


def slot(house: House) -> JSON:
    """A beat fills a slot, the worker of the realtime queue claims its run, once."""
    run = next_tick(house, after=house.began)
    expect(str(run["worker"]).startswith("realtime@"), f"worked by {run['worker']}")
    expect(run["claims"] == 1, f"claimed {run['claims']} times")
    return run


def price(house: House) -> JSON:
    """A tick of the schedule is accepted by several sources and gives five karats."""
    from zargar.pricing import operations  # noqa: PLC0415 -- needs Django set up
    from zargar.pricing.wiring import fineness  # noqa: PLC0415 -- as above

    tick = until(house, lambda: accepted(house), what="a tick that is accepted")
    karats = tick["karats"]
    expect(isinstance(karats, dict), f"karats {karats!r}")
    assert isinstance(karats, dict)  # noqa: S101 -- for the type checker, which cannot see that the line above raises
    expect(sorted(karats) == sorted(KARATS), f"karats {sorted(karats)}")
    rounded_off = abs(Decimal(str(karats["18"])) - Decimal(str(tick["price"])) * fineness().of_18 / 750)
    expect(rounded_off < 1, f"18 karat is {karats['18']}, the price {tick['price']}")
    now = operations.answered_as_json(operations.current_price(now=clock.now(), fineness=fineness()))
    expect(now["state"] == "live", f"shops are answered: {now['state']}, {now['reason']}")
    return {"price": tick["price"], "karats": karats, "used": tick["used"], "rejected": tick["rejected"]}


def requests(house: House) -> JSON:
    """Each tick asks each board once (or its hand-shake): the sandbox's own journal counts what the ledger says.

    Boards with patience are left to the hourly check.
    """
    from zargar.pricing.sources import CATALOGUE  # noqa: PLC0415 -- needs Django set up

    with paused("the demo counts requests"):
        ticks, calls = until(house, lambda: counted(house), what="the running tick to end")
    boards = [source.board for source in CATALOGUE if source.board.patience is None]
    asked = Counter(call["path"] for call in calls)
    first = {board.name: board.handshake.url if board.handshake else board.url for board in boards}
    counts = {name: asked[f"/{name}{urlsplit(url).path}"] for name, url in first.items()}
    due = {board.name: ticks * (2 if board.cookie_first else 1) for board in boards}
    wrong = {name: count for name, count in counts.items() if count != due[name]}
    expect(not wrong, f"{ticks} ticks, but the sandbox was asked {wrong}")
    return {"ticks": ticks, "requests": dict(counts)}


def alert(house: House) -> JSON:
    """A jump of the price is accepted, since all boards show it, and the operators get one letter about it."""
    before = len(letters(house))
    move_market(house, "1.05")
    try:
        came = until(house, lambda: letters(house)[before:], what="a letter about the jump of the price")
    finally:
        move_market(house, "0.95238095238095238")
    headers, envelope = came[0]["headers"], came[0]["envelope"]
    assert isinstance(headers, dict)  # noqa: S101 -- for the type checker: the sandbox's own shape
    expect(len(came) == 1 and "جهش" in str(headers["subject"]), f"{len(came)} letter(s): {headers['subject']}")
    return {"subject": headers["subject"], "envelope": envelope, "message_id": headers["message-id"]}


def audit(house: House) -> JSON:
    """The database refuses the app's role, and its owner, to change or remove what is in the audit."""
    refusals: dict[str, JSON] = {}
    for role in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        with psycopg.connect(house.values[role], autocommit=True) as connection:
            for statement in (b"UPDATE audit_auditrecord SET reason = 'other'", b"DELETE FROM audit_auditrecord"):
                refused = refusal(connection, statement)
                expect(refused, f"{statement.decode()} was not refused")
                refusals[f"{role} {statement.decode().split()[0]}"] = refused
    return refusals


def tenants(house: House) -> JSON:
    """Work for a suspended shop is refused before it begins; resumed, it is done in that shop's schema alone."""
    from zargar.customers import operations as customers  # noqa: PLC0415 -- needs Django set up
    from zargar.shops import operations  # noqa: PLC0415 -- as above
    from zargar.tenancy import ShopSuspendedError, in_tenant  # noqa: PLC0415 -- as above

    house.tick()
    shops = [shop for shop in operations.listed() if shop.state == "active"]
    expect(shops, "there is no active shop")
    first = shops[0]
    operations.suspend(slug=first.schema_name, actor=ACTOR, reason="the demo shows that it is refused")
    try:
        with in_tenant(first.id):
            refused = ""
    except ShopSuspendedError as error:
        refused = str(error)
    finally:
        operations.resume(slug=first.schema_name, actor=ACTOR, reason="the demo has shown it")
    expect(refused, "work for a suspended shop was begun")
    counts: dict[str, JSON] = {}
    for shop in shops:
        with in_tenant(shop.id):
            counts[shop.schema_name] = customers.count()
    return {"suspended": refused, "customers": counts}


def killed_worker(house: House) -> JSON:
    """A worker that is killed is started again, and prices go on."""
    killed, at = _kill(house, "realtime"), clock.now()
    started = until(house, lambda: _other_than(killed, house, "realtime"), what="the worker to be started again")
    run = next_tick(house, after=at)
    return {"killed": killed, "started": started, "next": run["run"], "by": run["worker"]}


def lost_message(house: House) -> JSON:
    """A message that the broker loses before anybody took it is sent again, and its work is done once.

    The worker of its queue is killed and kept from coming back until the message waits in the broker, which then loses
    everything it holds.
    """
    from zargar.ledger import operations  # noqa: PLC0415 -- needs Django set up

    if house.valkey is None:
        return "not tried: the broker is not ours to wipe"
    _kill(house, "house")
    run = run_now(UPKEEP, reason="the demo loses its message")
    rung = wait(lambda: operations.show(run).rings, what="a beat to ring")
    valkey = house.valkey
    waiting = wait(lambda: waiting_in(valkey, Queue.MAINTENANCE), what="the message to wait")
    valkey.wipe()
    done = until(house, lambda: ended(run), what="the lost message's work to be done")
    expect(done.rings > rung, f"rung {done.rings} time(s) only")
    expect((done.state, done.fence) == ("succeeded", 1), f"{done.state}, claimed {done.fence} times")
    return {"run": str(run), "messages_lost": waiting, "rings": done.rings, "claims": done.fence, "by": done.worker}


PROOFS: Final[tuple[tuple[str, Callable[[House], JSON]], ...]] = (
    ("parts answer", parts),
    ("registered tasks are the contract's", tasks),
    ("live entries are scheduled", schedule),
    ("a slot is rung by a beat and claimed once by a worker", slot),
    ("a price is agreed on and published in five karats", price),
    ("each tick asks each board once", requests),
    ("a jump of the price is told by one letter", alert),
    ("the audit is append-only", audit),
    ("a suspended shop is refused", tenants),
    ("a shop comes back out of its backup", backup_proofs.backup),
    ("a drill proves it by its own worker", backup_proofs.drill),
    ("a reminder, a greeting and a bulk arrive once", message_proofs.messages),
    ("a killed worker comes back", killed_worker),
    ("a message that the broker loses is sent again", lost_message),
)


def _kill(house: House, name: str) -> int:
    """Kill a child with all its processes; its pid."""
    pid = until(house, lambda: house.supervisor.pids().get(name), what=f"{name} to run")
    os.killpg(pid, signal.SIGKILL)
    return pid


def _other_than(pid: int, house: House, name: str) -> int | None:
    found = house.supervisor.pids().get(name)
    return None if found == pid else found
