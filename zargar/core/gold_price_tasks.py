"""The tasks of gold prices: a name, a family, one call each."""

from zargar import clock, names
from zargar.engine.task import task
from zargar.names import Family, Queue
from zargar.outcomes import Summary
from zargar.pricing import operations
from zargar.pricing.operations import ForceReason
from zargar.pricing.wiring import market
from zargar.schedules.wiring import next_price
from zargar.upkeep import operations as upkeep
from zargar.upkeep.wiring import keep


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


@task(names.VALIDATE_GOLD_PRICE_APIS, family=Family.PRICES, queue=Queue.MAINTENANCE)
def validate_gold_price_apis(**_: object) -> Summary:
    """Ask each board once, beside the ticks; answer which is readable, how fast it is and how far off."""
    return operations.validate_boards(market=market(), next_price=next_price, now=clock.now())


@task(names.CLEANUP_GOLD_PRICE_CACHE, family=Family.PRICES, queue=Queue.MAINTENANCE)
def cleanup_gold_price_cache(**_: object) -> Summary:
    """Repair the cached price, and remove the rows about the system itself that have outlived their period."""
    return upkeep.clean_up(keep=keep(), now=clock.now())
