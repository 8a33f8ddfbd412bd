"""Registering the devices of a customer of the shop that is entered, and taking them off again.

Whoever switches messages to a device on agrees to be told their own business there, and whoever switches the last one
off takes that back; both are kept as a consent. Promotion is another matter: it needs a consent of its own.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from zargar.customers import operations as customers
from zargar.customers.models import Channel as Way
from zargar.customers.models import Purpose as Reason
from zargar.notifications import consents, device_store
from zargar.notifications.devices import App, Browser, Handed
from zargar.notifications.shop.models.devices import PushService

MOST: Final = 10
"""Devices of one customer; the one that was not seen for longest makes room."""
SOURCE: Final = "inbox: a device was registered"
_GONE: Final = "inbox: the last device was taken off"


@dataclass(frozen=True, slots=True)
class Registered:
    """What stands after a change: the device's number (None: it is not theirs), and how many the customer has."""

    device: int | None
    devices: int


def register(customer_id: int, handed: Handed, *, now: datetime) -> Registered:
    """Keep a device as this customer's alone, and that they agree.

    One that only `renewed` itself is kept where it is theirs already, and nothing is agreed to: whoever else opens
    their own inbox in that browser takes it from nobody. Raises `zargar.customers.operations.NoSuchCustomerError`.
    """
    device = handed.device
    with transaction.atomic():
        customers.hold(customer_id=customer_id)  # two at a time would both find room
        if handed.renewed:
            seen = device_store.see(customer_id, device.address, now=now)
            return Registered(seen, device_store.count(customer_id))
        if isinstance(device, Browser):
            device_store.forget_older_keys(device.endpoint, but=device.address)
        number = device_store.register(customer_id, service=_service(device), address=device.address, now=now)
        device_store.keep_newest(customer_id, at_most=MOST)
        consents.give(customer_id=customer_id, channel=Way.PUSH, purpose=Reason.TRANSACTIONAL, source=SOURCE, now=now)
        return Registered(number, device_store.count(customer_id))


def take_off(customer_id: int, handed: Handed, *, now: datetime) -> Registered:
    """Remove a device of this customer, if it is one; with the last one they agree no more.

    Raises `zargar.customers.operations.NoSuchCustomerError`.
    """
    with transaction.atomic():
        customers.hold(customer_id=customer_id)
        removed = device_store.forget_of(customer_id, handed.device.address)
        left = device_store.count(customer_id)
        if removed and not left:
            consents.withdraw(
                customer_id=customer_id, channel=Way.PUSH, purpose=Reason.TRANSACTIONAL, source=_GONE, now=now
            )
        return Registered(None, left)


def _service(device: Browser | App) -> PushService:
    return PushService.WEB if isinstance(device, Browser) else PushService.FCM
