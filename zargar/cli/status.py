"""`zargar status`: one sentence a finding, then the facts they rest on.

Exits 0 when all is well, and when something is not as it should be but the work is done (`degraded`: a board is silent,
one of two beats is dead); 1 when a person is needed (`failing`: no live price though one is due, dead letters, a paused
entry); 4 when a part is away (`away`: the database, the broker, the workers of a queue, all beats). Whether workers and
beats work is read from what they did, never from an answer to a ping.
"""

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from zargar import clock
from zargar.cli import start
from zargar.cli.exits import Exit
from zargar.cli.output import AsJson, emit, iso
from zargar.outcomes import JSON, Summary

if TYPE_CHECKING:
    from zargar.ledger.heartbeats import Kind
    from zargar.monitoring.operations import Look, Seen

PATIENCE: Final = timedelta(seconds=2)
EXITS: Final = {"ok": Exit.DONE, "degraded": Exit.DONE, "failing": Exit.REFUSED, "away": Exit.PART_AWAY}


def status(*, as_json: AsJson = False) -> None:
    """Say whether the system does its work, and what needs a person."""
    start.django()
    look = _look()
    needs = [finding.words for finding in look.findings]
    facts = {"database": "ok" if look.seen else "unreachable", "broker": "ok" if look.broker_answers else "unreachable"}
    found: Summary = {**facts, **(_facts(look.seen) if look.seen else {})}
    findings: list[JSON] = [
        {"code": one.code, "level": one.level.name.lower(), "about": one.about, "words": one.words}
        for one in look.findings
    ]
    lines = ["all is well" if not needs else look.state, *(f"- {need}" for need in needs)]
    emit(
        {"state": look.state, "needs": list(needs), "findings": findings, **found},
        as_json=as_json,
        human="\n".join([*lines, *_in_words(found)]),
    )
    sys.exit(EXITS[look.state])


def _in_words(facts: Summary) -> Iterator[str]:
    """Write each fact in a line, and what has facts of its own (workers, boards, families) in a line each below."""
    for name, value in facts.items():
        nested = isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values())
        if not nested or not isinstance(value, dict):
            yield f"  {name}: {_plain(value)}"
            continue
        yield f"  {name}:"
        yield from (f"    {inner}: {_plain(held)}" for inner, held in value.items())


def _plain(value: JSON) -> str:
    match value:
        case dict():
            return ", ".join(f"{name} {_plain(held)}" for name, held in value.items() if held not in (None, "", []))
        case list():
            return ", ".join(map(_plain, value)) or "-"
        case None:
            return "-"
        case _:
            return str(value)


def _look() -> "Look":
    from zargar.celery import app  # noqa: PLC0415 -- needs Django
    from zargar.engine.beat import live_entries  # noqa: PLC0415 -- needs Django
    from zargar.engine.health import broker_answers  # noqa: PLC0415 -- needs Django
    from zargar.monitoring.operations import look  # noqa: PLC0415 -- needs Django

    return look(live=live_entries(app), broker_answers=lambda: broker_answers(app, within=PATIENCE), now=clock.now())


def _facts(seen: "Seen") -> Summary:
    from zargar.ledger.heartbeats import Kind  # noqa: PLC0415 -- needs Django
    from zargar.monitoring import families, sources  # noqa: PLC0415 -- needs Django

    price = seen.price
    return {
        "price": price.standing.value,
        "price_toman_per_gram_18k": str(price.price) if price.price is not None else None,
        "price_at": iso(price.at),
        "price_reason": price.reason,
        "oldest_wait_seconds": int(max((wait.total_seconds() for wait in seen.waits.values()), default=0)),
        "workers": _processes(seen, Kind.WORKER),
        "beats": _processes(seen, Kind.BEAT),
        "boards": {name: sources.as_json(record) for name, record in seen.boards.items()},
        "families": {
            family.value: families.as_json(record, grade) for family, (record, grade) in seen.families.items()
        },
        "runs": dict(seen.runs),
        "entries_live": list(seen.live),
        "entries_paused": list(seen.paused),
        "alerts": {kind: iso(since) for kind, since in seen.alerts.items()},
        "backup_alarms": dict(seen.backup_alarms),
        "notices_unsent": seen.notices_unsent,
        "mail": "configured" if seen.mail_configured else "not configured",
    }


def _processes(seen: "Seen", kind: "Kind") -> dict[str, JSON]:
    from zargar.monitoring.house import life  # noqa: PLC0415 -- needs Django

    return {
        one.name: {
            "life": life(one).value,
            "worked_seconds_ago": None if one.moved_ago is None else int(one.moved_ago.total_seconds()),
            "queues": list(one.queues),
            "busy": f"{one.busy}/{one.slots}",
        }
        for one in seen.pulses
        if one.kind is kind
    }
