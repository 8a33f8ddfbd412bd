"""After a price, the contracts: when a run that may have brought one has closed, the run that values them is opened.

Not in the price's own transaction, since a price must not wait for contracts, nor fail with them. A worker that dies
between the two delays it until the next price's run: what was not rung then is the newest price still, or a newer one
has taken its place. See `zargar.gold_installments.revaluation`.
"""

import logging
from typing import Final

from django.db import InterfaceError, OperationalError

from zargar import clock, names
from zargar.engine.task import run_closed
from zargar.gold_installments import revaluation

log = logging.getLogger(__name__)

BRING_PRICES: Final = frozenset(
    {names.UPDATE_GOLD_PRICES, names.UPDATE_SINGLE_KARAT_PRICE, names.FORCE_GOLD_PRICE_REFRESH}
)


@run_closed.connect  # type: ignore[untyped-decorator]  # celery is not typed
def ring(*, task: str, **_: object) -> None:
    """Ring for the contracts. A database that is away is left alone: the next price rings again."""
    if task not in BRING_PRICES:
        return
    try:
        revaluation.ring(now=clock.now())
    except (OperationalError, InterfaceError) as error:
        log.warning("contracts are not valued yet: the database is out of reach: %s", type(error).__name__)
