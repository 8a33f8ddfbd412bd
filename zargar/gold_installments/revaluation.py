"""The calls by which open contracts are valued anew: once for each price, in every active shop.

Note [One run for all shops]
----------------------------
A price rings one run, whose id follows from the price, so that it is the same run whoever rings and however often. It
enters the active shops one after another, each in a transaction of its own that a few statements fill. A run for each
shop would make the ledger's largest table of a price every five minutes; so only a shop in which it fails gets a run
of its own, again with an id that follows from shop and price. There it is retried, and in the end a dead letter with
the shop's name on it, while the others have long been valued. A shop that was valued already costs one statement, so a
run that is cut short begins again at the first shop and does nothing twice.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from zargar import names
from zargar.gold_installments import valuation_store as store
from zargar.gold_installments.valuation import price_list
from zargar.ledger import store as ledger
from zargar.ledger.values import Work
from zargar.names import Family, Queue
from zargar.outcomes import Outcome, Permanent, Retryable, Summary
from zargar.pricing import operations as pricing
from zargar.pricing.karats import Fineness
from zargar.pricing.marks import Mark
from zargar.pricing.quotes import plain
from zargar.shops import operations as shops
from zargar.shops.models import State
from zargar.tenancy import ShopSuspendedError, in_tenant

RUNS: Final = UUID("7a6f3b52-93cf-5f0e-9d0a-5c1b6d1f2e90")
"""The name space of the ids of these runs; any fixed one would do."""

_AT_ONCE: Final = timedelta()


def ring(*, now: datetime) -> UUID | None:
    """Open the run that values all shops at the newest price; the sweeper rings for it. None when there is no price.

    A price that was rung for is the same run and stays what it is. Call it when a price may have come.
    """
    mark = pricing.newest_mark(now=now)
    if mark is None:
        return None
    work = _work(mark, shop_id=None)
    ledger.open_runs([work], ring_in=_AT_ONCE)
    return work.id


def revalue(*, shop_id: object, fineness: Fineness, now: datetime) -> Summary:
    """Value the open contracts of one shop, or of all active shops where `shop_id` is None, at the newest price.

    What is not active is refused when it is named (`tenancy`'s errors), and left out of all. Raises `Permanent` for an
    id that is none, `Retryable` when the database is away.
    """
    if shop_id is not None and (isinstance(shop_id, bool) or not isinstance(shop_id, int)):
        message = f"shop_id is a shop's id or absent; got {shop_id!r}"
        raise Permanent(message)
    try:
        mark = pricing.newest_mark(now=now)
        if mark is None:
            return {"state": "no_price", "reason": "no price was ever accepted or set: nothing is valued"}
        if shop_id is not None:
            return _one(shop_id, mark, fineness, now=now)
        return _all(mark, fineness, now=now)
    except (OperationalError, InterfaceError) as error:
        connection.close()
        message = f"the contracts could not be valued: {type(error).__name__}"
        raise Retryable(message) from error


def _one(shop_id: int, mark: Mark, fineness: Fineness, *, now: datetime) -> Summary:
    """Value one shop in one transaction; a shop valued at this price or a newer one is left as it is, and says so."""
    with in_tenant(shop_id), transaction.atomic():
        if not store.move_on(mark, now=now):
            return {"state": "already_valued", "shop_id": shop_id, "contracts": 0, **_as_json(mark)}
        valued = store.value_all(price_list(mark, fineness), now=now)
        store.forget_closed()
    return {"state": "valued", "shop_id": shop_id, "contracts": valued, **_as_json(mark)}


def _all(mark: Mark, fineness: Fineness, *, now: datetime) -> Summary:
    done: list[Summary] = []
    failed: list[int] = []
    for shop_id in _active():
        try:
            done.append(_one(shop_id, mark, fineness, now=now))
        except ShopSuspendedError:
            continue  # since the list was read; nothing is done for it
        except (Outcome, DatabaseError, InterfaceError) as error:
            if not (isinstance(error, Outcome) or connection.is_usable()):
                raise  # the database is away, and no fault of the shop; a session that was lost has been opened anew
            failed.append(shop_id)
    ledger.open_runs([_work(mark, shop_id=shop_id) for shop_id in failed], ring_in=_AT_ONCE)
    states = [one["state"] for one in done]
    return {
        "state": "valued" if "valued" in states else "already_valued",
        "shops": states.count("valued"),
        "already_valued": states.count("already_valued"),
        "failed": [*failed],
        "contracts": sum(count for one in done if isinstance(count := one["contracts"], int)),
        **_as_json(mark),
    }


def _active() -> Sequence[int]:
    return [shop.id for shop in shops.listed() if shop.state == State.ACTIVE]


def _work(mark: Mark, *, shop_id: int | None) -> Work:
    return Work(
        id=uuid5(RUNS, f"{'all' if shop_id is None else shop_id} {mark}"),
        task=names.REVALUE_INSTALLMENT_CONTRACTS,
        family=Family.PRICES,
        queue=Queue.BULK,
        origin=f"price {mark}",
        kwargs={} if shop_id is None else {"shop_id": shop_id},
    )


def _as_json(mark: Mark) -> Summary:
    return {"price": plain(mark.price), "priced_at": mark.at.isoformat(), "priced_by": str(mark)}
