"""What `zargar prices sources` knows of each board beside what its file declares: its record, and how it stands."""

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from zargar import clock
from zargar.cli.output import tehran
from zargar.outcomes import JSON, Summary

if TYPE_CHECKING:
    from zargar.pricing.choice import Choice
    from zargar.pricing.politeness import LeftAlone, Manners


def known_of_boards() -> tuple[dict[str, JSON], dict[str, JSON]]:
    """Return each board's record of 24 hours and what the newest check found; nothing where the database is away."""
    from django.db import InterfaceError, OperationalError  # noqa: PLC0415 -- needs Django

    from zargar import names  # noqa: PLC0415 -- as above
    from zargar.ledger import operations as ledger  # noqa: PLC0415 -- as above
    from zargar.ledger.models import State  # noqa: PLC0415 -- as above
    from zargar.monitoring import sources as records  # noqa: PLC0415 -- as above
    from zargar.monitoring import store  # noqa: PLC0415 -- as above

    try:
        found = store.by_source(since=clock.now() - records.WINDOW)
        checks = ledger.recent(task=names.VALIDATE_GOLD_PRICE_APIS, state=State.SUCCEEDED, limit=1)
    except (OperationalError, InterfaceError):
        typer.echo("the database does not answer: how the boards did is not known", err=True)
        return {}, {}
    summary = checks[0].summary if checks else None
    checked = summary.get("boards") if isinstance(summary, dict) else None
    return {name: records.as_json(one) for name, one in found.items()}, checked if isinstance(checked, dict) else {}


def standings() -> dict[str, JSON]:
    """Return how each board stands that was ever asked; nothing where the database is away, which was said before."""
    from django.db import InterfaceError, OperationalError  # noqa: PLC0415 -- needs Django

    from zargar.pricing import operations, wiring  # noqa: PLC0415 -- as above
    from zargar.pricing.politeness import held_back  # noqa: PLC0415 -- as above

    try:
        found = operations.standings()
    except (OperationalError, InterfaceError):
        return {}
    rules, now = wiring.market().manners, clock.now()
    return {name: _standing_as_json(one, held_back(one, rules=rules, now=now)) for name, one in found.items()}


def _standing_as_json(standing: "Manners", left: "LeftAlone | None") -> Summary:
    return {
        "failures": standing.failures,
        "last_asked": standing.last_asked.isoformat() if standing.last_asked else None,
        "last_status": standing.status,
        "left_alone": {"cause": left.cause, "until": left.until.isoformat(), "because": left.because} if left else None,
    }


def asked_in_words(choice: "Choice", standing: JSON) -> str:
    """Say whether a board is asked: yes, not by this deployment, or not before a moment."""
    if not choice.asked:
        return f"no: {choice.because}"
    left = standing.get("left_alone") if isinstance(standing, dict) else None
    if not isinstance(left, dict):
        return "yes"
    return f"not until {tehran(datetime.fromisoformat(str(left['until'])))}: {left['because']}"


def health_in_words(health: JSON, checked: JSON) -> tuple[str, ...]:
    """Return the cells of a board's record: grade, prices of askings, used, latency, deviation, newest refusal."""
    known = health if isinstance(health, dict) else {}
    check = checked if isinstance(checked, dict) else {}
    share = f"{known['priced']}/{known['asked']}" if known else "-"
    return (
        str(known.get("grade", "unknown")), share, str(known.get("used", "-")), str(check.get("latency_ms", "-")),
        str(check.get("deviation_per_mille") or "-"), str(known.get("why") or "-"),
    )  # fmt: skip
