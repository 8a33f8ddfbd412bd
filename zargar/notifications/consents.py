"""What a customer says at the shop about being written to, kept in both places: consents, and the shared opt-outs.

An opt-out in the shared schema outlives every restore and outweighs every consent, so a new consent must take it back,
or somebody who said «لغو۱۱» in spring and signed a form in autumn would never be written to.
"""

from datetime import datetime

from django.db import transaction

from zargar.customers import operations as customers
from zargar.customers.models import Channel as Way
from zargar.customers.models import Purpose as Reason
from zargar.notifications import operations
from zargar.notifications.values import Channel, Purpose
from zargar.tenancy import entered_shop


def give(*, customer_id: int, channel: Way, purpose: Reason, source: str, now: datetime) -> bool:
    """Keep that a customer of the entered shop agrees; False when that stands already. Raises as `give_consent`."""
    with transaction.atomic():
        changed = customers.give_consent(
            customer_id=customer_id, channel=channel, purpose=purpose, source=source, now=now
        )
        shop_id, to = entered_shop(), _address(customer_id, channel)
        if shop_id is not None and to:
            changed |= operations.opt_in(
                shop_id=shop_id, to=to, channel=Channel(channel.value), purpose=Purpose(purpose.value)
            )
    return changed


def withdraw(*, customer_id: int, channel: Way, purpose: Reason, source: str, now: datetime) -> bool:
    """Keep that a customer of the entered shop agrees no more, for ever; False when they had said so."""
    with transaction.atomic():
        changed = customers.withdraw_consent(customer_id=customer_id, channel=channel, purpose=purpose, now=now)
        shop_id, to = entered_shop(), _address(customer_id, channel)
        if shop_id is not None and to:
            changed |= operations.opt_out(
                shop_id=shop_id, to=to, channel=Channel(channel.value), purpose=Purpose(purpose.value), source=source,
                now=now,
            )  # fmt: skip
    return changed


def _address(customer_id: int, channel: Way) -> str:
    """Return by what the shared list knows the customer on a channel; "" where it knows nobody there."""
    person = customers.people(ids=[customer_id]).get(customer_id)
    if person is None:
        return ""
    return {Way.SMS: person.mobile, Way.EMAIL: person.email}.get(channel, "")
