"""What is worth a line on the screen of a running house: prices as they are decided, other work as it ends, restarts.

The ledger is asked for its newest runs and compared with what was told before; `changed` decides, `News` remembers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from zargar import names
from zargar.clock import TEHRAN
from zargar.embedded.supervisor import Restart
from zargar.outcomes import JSON, Summary

TICKS: Final = frozenset({names.UPDATE_GOLD_PRICES, names.UPDATE_SINGLE_KARAT_PRICE, names.FORCE_GOLD_PRICE_REFRESH})
FINAL: Final = frozenset({"succeeded", "dead", "superseded"})

Stage = tuple[str, int, int]


class Seen(Protocol):
    """What the ledger shows of a run; see `zargar.ledger.models.Run`."""

    id: UUID
    task: str
    state: str
    attempts: int
    losses: int
    worker: str
    origin: str
    started_at: datetime | None
    finished_at: datetime | None
    summary: Summary | None
    errors: list[JSON]


@dataclass(frozen=True)
class Line:
    """One piece of news: `text` for people, `data` for programs (stable names)."""

    text: str
    data: Summary


def stage(run: Seen) -> Stage:
    """Say how far a run is; it is news when this changes to something that counts."""
    return run.state, run.attempts, run.losses


def changed(told: Mapping[UUID, Stage], runs: Iterable[Seen]) -> list[Seen]:
    """Pick the runs that ended, failed or were lost since they were `told` of, oldest first."""
    return [run for run in reversed(list(runs)) if told.get(run.id) != stage(run) and _counts(run)]


def of_run(run: Seen) -> Line:
    """Tell of a run: a tick by its price, anything else by its end."""
    summary = run.summary if isinstance(run.summary, dict) else {}
    text = _of_tick(summary) if run.task in TICKS and summary.get("decision") else _of_work(run)
    data: Summary = {
        "news": "run", "run": str(run.id), "task": run.task, "origin": run.origin, "state": run.state,
        "attempts": run.attempts, "losses": run.losses, "worker": run.worker, "at": _iso(run.finished_at),
        "summary": run.summary,
    }  # fmt: skip
    return Line(f"{_clock(run.finished_at or run.started_at)}  {text}", data)


def of_restart(restart: Restart) -> Line:
    """Tell of a child that ended and is started again."""
    how = f"signal {-restart.exit_code}" if restart.exit_code < 0 else f"exit code {restart.exit_code}"
    data: Summary = {
        "news": "restart", "name": restart.name, "exit_code": restart.exit_code, "at": _iso(restart.at)
    }  # fmt: skip
    return Line(f"{_clock(restart.at)}  {restart.name} ended ({how}); it is started again", data)


class News:
    """Remembers what was told of each run. What had ended before the first call is no news."""

    def __init__(self, runs: Sequence[Seen]) -> None:
        self._told = {run.id: stage(run) for run in runs}

    def since(self, runs: Sequence[Seen]) -> list[Line]:
        """Tell what changed among the newest `runs`, and remember it."""
        news = changed(self._told, runs)
        self._told = {run.id: stage(run) for run in runs}
        return [of_run(run) for run in news]


def _counts(run: Seen) -> bool:
    return run.state in FINAL or run.attempts > 0 or run.losses > 0


def _of_tick(summary: Summary) -> str:
    price, used, rejected = summary.get("price"), summary.get("used"), summary.get("rejected")
    told = f"{_grouped(price)} Toman/g of 750" if isinstance(price, str) else "no price"
    by = ", ".join(str(name) for name in used) if isinstance(used, list) else ""
    against = ", ".join(sorted(_rejection(each) for each in rejected)) if isinstance(rejected, list) else ""
    parts = [
        f"price  {summary.get('decision')}: {told} ({summary.get('state')})",
        f"by {by}" if by else "by nobody",
        f"rejected {against}" if against else "",
        f"{summary.get('latency_ms')} ms",
    ]
    return "; ".join(part for part in parts if part)


def _of_work(run: Seen) -> str:
    name, whose = run.task.removeprefix("zargar."), f" by {run.worker}" if run.worker else ""
    failures = f", {run.attempts} failed attempt(s)" if run.attempts else ""
    losses = f", lost {run.losses} time(s)" if run.losses else ""
    return f"run    {name} {run.state}{whose}{failures}{losses}"


def _rejection(rejected: JSON) -> str:
    if not isinstance(rejected, dict):
        return str(rejected)
    return f"{rejected.get('source')}: {rejected.get('why')}"


def _grouped(amount: str) -> str:
    whole, _, rest = amount.partition(".")
    return f"{int(whole):,}" + (f".{rest}" if rest.strip("0") else "")


def _clock(at: datetime | None) -> str:
    return f"{at.astimezone(TEHRAN):%H:%M:%S}" if at else "--:--:--"


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
