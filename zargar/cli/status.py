"""`zargar status`: one sentence, then the facts it rests on. Exits 0 when all is well, 1 when something needs a person.

A part that does not answer is named, and the exit code is 4.
"""

import sys
from datetime import timedelta
from typing import Final

from zargar import clock
from zargar.cli import start
from zargar.cli.exits import Exit
from zargar.cli.output import AsJson, emit, iso
from zargar.outcomes import Summary

PATIENCE: Final = timedelta(seconds=2)
LONG_WAIT: Final = timedelta(minutes=2)
"""A due run that nobody has claimed for so long says that no worker consumes its queue."""


def status(*, as_json: AsJson = False) -> None:
    """Say whether the system does its work, and what needs a person."""
    start.django()
    facts = _facts()
    needs = _needs(facts)
    sentence = "all is well" if not needs else "; ".join(needs)
    emit(
        {"state": "ok" if not needs else "needs attention", "needs": list(needs), **facts},
        as_json=as_json,
        human="\n".join([sentence, *(f"  {name}: {value}" for name, value in facts.items())]),
    )
    sys.exit(Exit.PART_AWAY if facts["broker"] != "ok" else Exit.REFUSED if needs else Exit.DONE)


def _facts() -> Summary:
    from zargar.celery import app  # noqa: PLC0415 -- needs Django
    from zargar.engine.beat import live_entries  # noqa: PLC0415 -- needs Django
    from zargar.engine.health import broker_answers  # noqa: PLC0415 -- needs Django
    from zargar.ledger import operations as ledger  # noqa: PLC0415 -- needs Django
    from zargar.pricing import operations as pricing  # noqa: PLC0415 -- needs Django
    from zargar.schedules import operations as schedules  # noqa: PLC0415 -- needs Django
    from zargar.schedules import wiring  # noqa: PLC0415 -- needs Django

    now = clock.now()
    price = pricing.current_price(now=now)
    live = live_entries(app)
    lines = schedules.overview(wiring.entries(), live=live, now=now)
    waiting = ledger.longest_waiting()
    return {
        "price": price.standing.value,
        "price_toman_per_gram_18k": str(price.price) if price.price is not None else None,
        "price_at": iso(price.at),
        "price_reason": price.reason,
        "broker": "ok" if broker_answers(app, within=PATIENCE) else "unreachable",
        "oldest_wait_seconds": int(waiting.total_seconds()) if waiting else 0,
        "runs": dict(ledger.counts()),
        "entries_live": [entry.name for entry in live],
        "entries_paused": [line.entry.name for line in lines if line.paused_at],
    }


def _needs(facts: Summary) -> list[str]:
    runs, paused = facts["runs"], facts["entries_paused"]
    assert isinstance(runs, dict)  # noqa: S101 -- for the type checker; built above
    assert isinstance(paused, list)  # noqa: S101 -- as above
    waited = facts["oldest_wait_seconds"]
    needs = []
    if facts["price"] != "live":
        needs.append(f"the price is {facts['price']}: {facts['price_reason']}")
    if facts["broker"] != "ok":
        needs.append("the broker does not answer: work waits in the ledger")
    if isinstance(waited, int) and waited > LONG_WAIT.total_seconds():
        needs.append(f"a run has waited for {waited} s: does a worker consume its queue?")
    if runs["dead"]:
        needs.append(f"{runs['dead']} dead letter(s): `zargar runs list --state dead`")
    if paused:
        needs.append(f"paused: {', '.join(str(name) for name in paused)}")
    return needs
