"""The tasks of gold prices: a name, a family, one call each."""

from functools import partial

from zargar import clock, names
from zargar.admin_panel.words import word
from zargar.engine.task import task
from zargar.monitoring import price_alerts
from zargar.names import Family, Queue
from zargar.outcomes import Summary
from zargar.pricing import operations, reporting
from zargar.pricing.operations import ForceReason
from zargar.pricing.wiring import fineness, market, post
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


@task(names.GENERATE_GOLD_PRICE_REPORT, family=Family.PRICES, queue=Queue.MAINTENANCE)
def generate_gold_price_report(*, period: str, **_: object) -> Summary:
    """Make, keep and mail the reports that are owed of a `period`: daily, weekly or monthly."""
    return reporting.generate_report(
        kind=period, now=clock.now(), post=post(), words=partial(word, table="reason"), fineness=fineness()
    )


@task(names.CLEANUP_GOLD_PRICE_CACHE, family=Family.PRICES, queue=Queue.MAINTENANCE)
def cleanup_gold_price_cache(**_: object) -> Summary:
    """Repair the cached price, bring history up to date, and remove the rows that have outlived their period."""
    return upkeep.clean_up(keep=keep(), now=clock.now())


# On the queue of other messages: a mail server that hangs must not delay a price.
@task(names.SEND_GOLD_PRICE_ALERT, family=Family.NOTIFICATIONS, queue=Queue.BULK)
def send_gold_price_alert(*, notice_id: int, **_: object) -> Summary:
    """Send a notice of an alert to the operators, unless it has been sent."""
    return price_alerts.send(notice_id=notice_id, now=clock.now())
