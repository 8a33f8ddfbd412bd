"""A restored system stands still until a person lets it go.

Note [It starts paused]
-----------------------
A restored system believes that it is the day of the backup. Left to itself it would send what was sent since, and run
what was due then. So every shop that was active is closed (`restoring`), every entry of the schedule is paused, and
work that was due or running is laid aside: in the transaction that makes the shared schema, so that nobody who connects
ever meets it awake, wherever the restore is cut off. These statements are SQL in that session, which is not Django's.

When all schemas are there they are migrated forward, and each shop is handed to the domains that must not be rewound.
Where that fails for one shop it is suspended, and named; so is a shop that the backup does not hold, or whose keys were
destroyed. The audit says when a restore of everything began, and when it came to its end: what is in between is not let
go. `release` opens it: one shop to look at first, or all with the schedule.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from django.db import DatabaseError, transaction
from psycopg.types.json import Jsonb

from zargar.audit import operations as audit
from zargar.backups import forward, lost, restore_store
from zargar.backups.copied import hand_over
from zargar.backups.facts import ShopFacts
from zargar.backups.manifest import Manifest
from zargar.backups.ports import RestoredShop, Vault
from zargar.backups.restores import UnfinishedRestoreError
from zargar.ledger.values import Failure
from zargar.outcomes import JSON, Outcome
from zargar.refusals import InvalidError, NotFoundError, RefusedError
from zargar.schedules import operations as schedules
from zargar.schedules.catalogue import Entry
from zargar.shops import operations as shops
from zargar.shops import schemas
from zargar.shops.models import Shop, State

PAUSED_BY: Final = "restore system"
"""Who paused the schedule, as `zargar schedule list` shows it; `release` resumes what he has paused, and no more."""

BEGUN: Final = "backup.restore_system"
ENDED: Final = "backup.restore_system_end"
"""The acts of the audit between which a system is not whole."""

_PUBLIC: Final = "public"
_CLOSE: Final = "UPDATE public.shops_shop SET state = 'restoring' WHERE state = 'active' RETURNING schema_name"
_PAUSE: Final = """
INSERT INTO public.schedules_entrystate AS state (entry, live_since, looked_until, paused_at, paused_by, paused_because)
SELECT entry, %(now)s, %(now)s, %(now)s, %(by)s, %(reason)s FROM unnest(%(entries)s::text[]) AS entry
ON CONFLICT (entry) DO UPDATE
SET paused_at = excluded.paused_at, paused_by = excluded.paused_by, paused_because = excluded.paused_because
WHERE state.paused_at IS NULL RETURNING entry
"""
_LAY_ASIDE: Final = """
UPDATE public.ledger_run SET state = 'superseded', lease_until = NULL, finished_at = %s, errors = errors || %s
WHERE state IN ('due', 'running')
"""
_AUDIT: Final = """
INSERT INTO public.audit_auditrecord (actor, action, subject, reason, before, after) VALUES (%s, %s, %s, %s, %s, %s)
"""
_EXPECTED: Final = (Outcome, RefusedError, NotFoundError, InvalidError, DatabaseError)
"""What may be wrong with one shop without being a bug of the program."""


class UnfinishedSystemError(RefusedError):
    """The restore of this system did not come to its end: drop the database, and begin anew."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Who restores a system, why and when, and what the entries of its schedule are called.

    Raises `InvalidError` without a reason: the acts of its beginning are written past `audit.record`, that of its end
    is not, and would be refused hours later.
    """

    entries: Sequence[str]
    actor: str
    reason: str
    now: datetime

    def __post_init__(self) -> None:
        """Refuse a blank reason before anything is read."""
        if not self.reason.strip():
            message = "a restore of everything needs a reason: say why, in a sentence"
            raise InvalidError(message)


@dataclass(frozen=True, slots=True)
class AtRest:
    """What was brought to rest: shops that were closed, entries that were paused, and how many runs were laid aside."""

    closed: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """A whole system at rest.

    `migrated`: schemas; `absent`: shops whose rows are there and whose schemas are not; `failed`: shops that could not
    be brought up to now, and why. Both stay suspended.
    """

    migrated: tuple[str, ...]
    absent: tuple[str, ...]
    failed: dict[str, str] = field(default_factory=dict)


def bring(owner: psycopg.Connection[Any], rest: Rest, backup: str) -> AtRest:
    """Bring the shared schema, which has just been restored, to rest in the caller's transaction.

    Its columns are as old as the backup, and these have been what they are since there are backups.
    """
    owner.execute("SET LOCAL search_path = public")
    _note(owner, rest, action=BEGUN, subject=backup)
    closed = [name for (name,) in owner.execute(_CLOSE)]
    for name in closed:
        _note(
            owner, rest, action="shop.close", subject=name,
            before={"state": State.ACTIVE.value}, after={"state": State.RESTORING.value},
        )  # fmt: skip
    given = {"entries": list(rest.entries), "by": PAUSED_BY, "reason": rest.reason, "now": rest.now}
    paused = [name for (name,) in owner.execute(_PAUSE, given)]
    for name in paused:
        _note(owner, rest, action="schedule.pause", subject=name, before={"paused": False}, after={"paused": True})
    failure = Failure(kind="LaidAside", message=rest.reason).as_json(rest.now)
    runs = owner.execute(_LAY_ASIDE, [rest.now, Jsonb([failure])]).rowcount
    _note(owner, rest, action="run.lay_aside", subject="all", after={"runs": runs})
    return AtRest(tuple(sorted(closed)), tuple(sorted(paused)), runs)


def finish(
    found: Manifest, *, erased: Sequence[str], vaults: Sequence[Vault], unwound: Sequence[RestoredShop], actor: str,
    reason: str, now: datetime,
) -> Finished:  # fmt: skip
    """Bring the restored system, whose schemas are all there, to the newest migrations: see Note [It starts paused].

    Django's connection is on the restored database, as its owner. `erased`: schemas that were not restored, since their
    keys were destroyed. What goes wrong with the shared schema is raised, and the system is not let go then.
    """
    program = forward.known()
    facts = {one.schema: one.facts for one in found.packs if one.facts is not None and one.schema not in erased}
    owed = {schema for schema, taken in facts.items() if forward.owed(taken.migrations, program)}
    if _PUBLIC in owed:
        schemas.migrate_schema(_PUBLIC)
    lost.settle(vaults, older_than=timedelta(0), now=now)  # this backup was being made as its rows were read
    absent, failed = [], {}
    for shop in shops.listed():
        slug = str(shop.schema_name)
        if slug not in facts:
            absent.append(slug)
            _leave_suspended(shop, actor=actor, reason=f"{reason}: {_why_absent(slug, erased)}")
            continue
        try:
            _bring_up(shop, facts[slug], unwound, owes=slug in owed)
        except _EXPECTED as fault:
            failed[slug] = str(fault).strip() or type(fault).__name__
            _leave_suspended(shop, actor=actor, reason=f"{reason}: {failed[slug]}")
    migrated = tuple(sorted(owed - {*failed}))
    told: dict[str, JSON] = {"shops": len(facts) - len(failed) - 1, "absent": [*absent], "failed": [*failed]}
    audit.record(actor=actor, action=ENDED, subject=found.backup, reason=reason, after=told)
    return Finished(migrated, tuple(absent), failed)


def release(*, entries: Sequence[Entry], slug: str | None, actor: str, reason: str) -> dict[str, Sequence[str]]:
    """Open one shop of a system that starts paused, or all of them and the schedule; say what was opened.

    A shop that a restore in its place has closed is not one of these, be it at work or killed: its copy is live or is
    not, and only that restore, or its undo, may open it. It is named (`unfinished`), and refused where it is the one:
    raises `zargar.backups.restores.UnfinishedRestoreError`, and `UnfinishedSystemError`.
    """
    if audit.newest(BEGUN, ENDED) == BEGUN:
        raise UnfinishedSystemError(UnfinishedSystemError.__doc__)
    if slug is not None:
        _open(slug, actor=actor, reason=reason)
        return {"shops": [slug], "entries": [], "unfinished": []}
    opened, unfinished = [], []
    for one in [str(shop.schema_name) for shop in shops.listed() if State(shop.state) is State.RESTORING]:
        try:
            _open(one, actor=actor, reason=reason)
        except UnfinishedRestoreError:
            unfinished.append(one)
        else:
            opened.append(one)
    resumed = schedules.resume_all(entries, paused_by=PAUSED_BY, actor=actor, reason=reason)
    return {"shops": opened, "entries": resumed, "unfinished": unfinished}


def _open(slug: str, *, actor: str, reason: str) -> None:
    with transaction.atomic():  # who closes a shop for a restore says so in the transaction that changes its row
        shop = shops.reopen(slug=slug, to=State.ACTIVE, actor=actor, reason=reason)
        if restore_store.closed_by_one(shop.id):
            message = f"a restore has closed {slug} and did not come to an end: `zargar restore undo {slug}` settles it"
            raise UnfinishedRestoreError(message)


def _bring_up(shop: Shop, taken: ShopFacts, unwound: Sequence[RestoredShop], *, owes: bool) -> None:
    """Migrate one shop forward and hand it over."""
    if owes:
        schemas.migrate_schema(str(shop.schema_name))
    if taken.migrations:  # a schema that records none has no domain's tables
        hand_over(unwound, shop.id, taken_at=taken.moment)


def _leave_suspended(shop: Shop, *, actor: str, reason: str) -> None:
    if State(shops.numbered(shop.id).state) in {State.RESTORING, State.MIGRATING}:  # the latter already in the backup
        shops.keep_closed(slug=str(shop.schema_name), actor=actor, reason=reason)


def _why_absent(slug: str, erased: Sequence[str]) -> str:
    return "its keys were destroyed" if slug in erased else "the backup does not hold it"


def _note(
    owner: psycopg.Connection[Any], rest: Rest, *, action: str, subject: str, before: JSON = None, after: JSON = None
) -> None:  # fmt: skip
    told = [None if one is None else Jsonb(one) for one in (before, after)]
    owner.execute(_AUDIT, [rest.actor, action, subject, rest.reason, *told])
