"""The tasks of gold prices: a name, a family, one call each."""

from zargar import clock, names
from zargar.engine.task import task
from zargar.names import Family, Queue
from zargar.outcomes import Summary
from zargar.pricing import operations
from zargar.pricing.operations import ForceReason
from zargar.pricing.wiring import market


@task(names.UPDATE_GOLD_PRICES, family=Family.PRICES, queue=Queue.REALTIME)
def update_gold_prices(**_: object) -> Summary:
    """Ask the boards, judge, store, publish; answer the five karats."""
    return operations.update_prices(market=market(), now=clock.now()).summary()


@task(names.UPDATE_SINGLE_KARAT_PRICE, family=Family.PRICES, queue=Queue.REALTIME)
def update_single_karat_price(*, karat: int, **_: object) -> Summary:
    """Make a tick and answer one karat: 14, 18, 21, 22 or 24. Any other is a dead letter, and no board is asked."""
    return operations.update_single_karat(market=market(), karat=karat, now=clock.now())


@task(names.FORCE_GOLD_PRICE_REFRESH, family=Family.PRICES, queue=Queue.REALTIME)
def force_gold_price_refresh(*, reason: str = ForceReason.OPERATOR, **_: object) -> Summary:
    """Make a tick outside the schedule, for a reason of `ForceReason`."""
    return operations.force_refresh(market=market(), reason=reason, now=clock.now()).summary()


@task(names.CLEANUP_GOLD_PRICE_CACHE, family=Family.PRICES, queue=Queue.MAINTENANCE)
def cleanup_gold_price_cache(**_: object) -> Summary:
    """Compare the cached price with the database and repair it."""
    return operations.cleanup_cache()
