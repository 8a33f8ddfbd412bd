"""Who looks whether prices need a person: the worker, after each run of a price task that has closed.

The updates bring a look every five minutes while the window is open; the hourly check and the hourly upkeep, on another
queue, bring one when no update closes any more. When no worker closes anything, nobody looks: that is told by
`zargar status` and the web's health answer, which ask the heartbeats (docs/runbook.md, "Mail and alerts").
"""

import logging
from typing import Final

from celery import current_app
from django.db import InterfaceError, OperationalError

from zargar import clock, names
from zargar.engine.task import run_closed
from zargar.monitoring import price_alerts

log = logging.getLogger(__name__)

PRICES: Final = names.UPDATE_GOLD_PRICES.removesuffix("update_gold_prices")
"""What the names of the tasks of prices begin with."""


@run_closed.connect  # type: ignore[untyped-decorator]  # celery is not typed
def look(*, task: str, **_: object) -> None:
    """Look, and open a run for each notice that is to be sent. A database that is away is left to the next look.

    A run that could not be opened is made up for: its notice stays unsent, and a later look rings for it.
    """
    if not task.startswith(PRICES) or task == names.SEND_GOLD_PRICE_ALERT:
        return
    try:
        for notice in price_alerts.look(now=clock.now()):
            current_app.tasks[names.SEND_GOLD_PRICE_ALERT].apply_async(kwargs={"notice_id": notice})
    except (OperationalError, InterfaceError) as error:
        log.warning("nobody looked at the prices: the database is out of reach: %s", type(error).__name__)
