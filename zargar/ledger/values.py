"""The ledger's value types: what its callers hand in and get back."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from zargar.names import Family, Queue
from zargar.outcomes import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A piece of work to be opened as a run, due at `due_at` (now, if None). `kwargs` holds ids and enums only."""

    id: UUID
    task: str
    family: Family
    queue: Queue
    origin: str
    kwargs: Summary = field(default_factory=dict)
    due_at: datetime | None = None
    stop_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to do a run until the lease ends; `fence` proves it on every later write."""

    run: UUID
    fence: int
    attempts: int
    kwargs: Summary
    stop_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One message to send for a run: where to, and for how long it is worth delivering (seconds)."""

    run: UUID
    task: str
    queue: Queue
    kwargs: Summary
    expires: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong in one attempt, scrubbed: the error's kind, its message, and where (file:line function)."""

    kind: str
    message: str
    where: tuple[str, ...] = ()

    def as_json(self, at: datetime) -> Summary:
        """Shape it for the run's `errors`."""
        return {"at": at.isoformat(), "kind": self.kind, "message": self.message, "where": list(self.where)}
