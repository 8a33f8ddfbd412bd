"""One call for all shops: the active ones, one after another, none of which stops another.

Note [One run for all shops]
----------------------------
It is done as re-valuing does it (`gold_installments.revaluation`). A run enters the active shops in turn, each in
bounded transactions of its own. A shop in which it fails gets a run of its own, whose id follows from the task, the
shop and the slot, so that it is opened once; there it is retried, and in the end a dead letter with that shop's name on
it, while the others have long been told. A run that is cut short begins again at the first shop; what was told is told.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from zargar.ledger import store as ledger
from zargar.ledger.values import Work
from zargar.names import Family, Queue
from zargar.notifications import policy_store
from zargar.notifications.audiences.telling import Counts, Shop
from zargar.outcomes import Outcome, Permanent, Retryable, Summary
from zargar.refusals import InvalidError, NotFoundError, RefusedError
from zargar.shops import operations as shops
from zargar.shops.models import State
from zargar.tenancy import ShopSuspendedError, in_tenant

RUNS: Final = UUID("0b2f8a86-0c4e-5f0b-9a53-6a2f6a4b7d11")
"""The name space of the ids of these runs; any fixed one would do."""

_AT_ONCE: Final = timedelta()
_REFUSALS: Final = (InvalidError, NotFoundError, RefusedError)
"""What a shop's own rows can cause, as a template that lacks a variable."""


def for_shops(task: str, tell: Callable[[Shop], Counts], *, shop_id: object, slot: str, now: datetime) -> Summary:
    """Do one thing in one shop, or in all active ones where `shop_id` is None; say what came of it.

    `tell` is called inside the shop and outside a transaction. `slot` names the occasion (a day, an hour). A shop that
    is named and not active is refused by `tenancy`'s errors. Raises `Permanent` for an id that is none or for what the
    named shop's own rows do not allow, `Retryable` when the database is away.
    """
    if shop_id is not None and (isinstance(shop_id, bool) or not isinstance(shop_id, int)):
        message = f"shop_id is a shop's id or absent; got {shop_id!r}"
        raise Permanent(message)
    try:
        if shop_id is not None:
            return _as_json(1, _named(shop_id, tell), ())
        return _all(task, tell, slot=slot, now=now)
    except (OperationalError, InterfaceError) as error:
        connection.close()
        message = f"the shops could not be told: {type(error).__name__}"
        raise Retryable(message) from error


def _named(shop_id: int, tell: Callable[[Shop], Counts]) -> Counts:
    try:
        return _one(shop_id, tell)
    except _REFUSALS as refused:
        raise Permanent(str(refused)) from refused


def _one(shop_id: int, tell: Callable[[Shop], Counts]) -> Counts:
    with in_tenant(shop_id) as shop:
        return tell(Shop(shop.id, shop.name, policy_store.current()))


def _all(task: str, tell: Callable[[Shop], Counts], *, slot: str, now: datetime) -> Summary:
    counts, done = Counts(), 0
    failed: list[int] = []
    for shop_id in _active():
        try:
            counts += _one(shop_id, tell)
            done += 1
        except ShopSuspendedError:
            continue  # since the list was read; nothing is done for it
        except (Outcome, *_REFUSALS, DatabaseError, InterfaceError) as error:
            if isinstance(error, DatabaseError | InterfaceError) and not connection.is_usable():
                raise  # the database is away, and no fault of the shop
            failed.append(shop_id)
    ledger.open_runs([_work(task, shop_id, slot, now) for shop_id in failed], ring_in=_AT_ONCE)
    return _as_json(done, counts, failed)


def _active() -> Sequence[int]:
    return [shop.id for shop in shops.listed() if shop.state == State.ACTIVE]


def _work(task: str, shop_id: int, slot: str, now: datetime) -> Work:
    return Work(
        id=uuid5(RUNS, f"{task} {shop_id} {slot}"),
        task=task, family=Family.NOTIFICATIONS, queue=Queue.BULK, origin=f"{slot}, shop {shop_id}",
        kwargs={"shop_id": shop_id}, due_at=now,
    )  # fmt: skip


def _as_json(done: int, counts: Counts, failed: Sequence[int]) -> Summary:
    return {
        "shops": done,
        "failed": [*failed],
        "found": counts.found,
        "queued": counts.queued,
        "told_before": counts.told_before,
        "unreached": counts.unreached,
    }
