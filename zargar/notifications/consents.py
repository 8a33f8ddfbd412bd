"""What a customer says at the shop about being written to, kept in both places: consents, and the shared opt-outs.

An opt-out in the shared schema outlives every restore and outweighs every consent, so a new consent must take it back,
or somebody who said «لغو۱۱» in spring and signed a form in autumn would never be written to. What was said after the
consent stays: a form of spring that is typed in autumn takes nothing back.
"""

from datetime import datetime

from django.db import transaction

from zargar.customers import operations as customers
from zargar.customers.models import Channel as Way
from zargar.customers.models import Purpose as Reason
from zargar.notifications import operations
from zargar.notifications.declined import known_by
from zargar.notifications.values import Channel, Purpose
from zargar.tenancy import entered_shop


def give(*, customer_id: int, channel: Way, purpose: Reason, source: str, now: datetime) -> bool:
    """Keep that a customer of the entered shop agrees since `now`; False when that stands already.

    Raises as `give_consent`.
    """
    with transaction.atomic():
        changed = customers.give_consent(
            customer_id=customer_id, channel=channel, purpose=purpose, source=source, now=now
        )
        shop_id, to = entered_shop(), _known_by(customer_id, channel)
        if shop_id is not None and to:
            changed |= operations.opt_in(
                shop_id=shop_id, to=to, channel=Channel(channel.value), purpose=Purpose(purpose.value), now=now
            )
    return changed


def outweighed(*, customer_id: int, channel: Way, purpose: Reason) -> bool:
    """Say whether a customer of the entered shop has declined in a way that outweighs a consent."""
    shop_id, to = entered_shop(), _known_by(customer_id, channel)
    if shop_id is None or not to:
        return False
    return operations.declined(shop_id=shop_id, to=to, channel=Channel(channel.value), purpose=Purpose(purpose.value))


def withdraw(*, customer_id: int, channel: Way, purpose: Reason, source: str, now: datetime) -> bool:
    """Keep that a customer of the entered shop does not agree, whether or not they ever did; False when it was known.

    It stands until they agree. Raises as `customers.decline`.
    """
    with transaction.atomic():
        changed = customers.decline(
            customer_id=customer_id, channel=channel, purpose=purpose, source=source, now=now
        )  # fmt: skip
        shop_id, to = entered_shop(), _known_by(customer_id, channel)
        if shop_id is not None and to:
            changed |= operations.opt_out(
                shop_id=shop_id, to=to, channel=Channel(channel.value), purpose=Purpose(purpose.value), source=source,
                now=now,
            )  # fmt: skip
    return changed


def _known_by(customer_id: int, channel: Way) -> str:
    person = customers.people(ids=[customer_id]).get(customer_id)
    return known_by(person, Channel(channel.value)) if person else ""
