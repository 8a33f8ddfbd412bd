"""The task of contracts sold in instalments: a name, a family, one call."""

from zargar import clock, names
from zargar.engine.task import task
from zargar.gold_installments import revaluation
from zargar.names import Family, Queue
from zargar.outcomes import Summary
from zargar.pricing.wiring import fineness


@task(names.REVALUE_INSTALLMENT_CONTRACTS, family=Family.PRICES, queue=Queue.BULK)
def update_gold_prices(*, shop_id: int | None = None, **_: object) -> Summary:
    """Value the open contracts of all active shops, or of one, at the newest price: once for each price."""
    return revaluation.revalue(shop_id=shop_id, fineness=fineness(), now=clock.now())
