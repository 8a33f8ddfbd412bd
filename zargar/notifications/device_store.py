"""The devices of customers of the shop that is entered: registered by apps and pages, removed when they are gone."""

from collections.abc import Collection
from datetime import datetime

from zargar.notifications.shop.models.devices import Device, PushService


def register(customer_id: int, *, service: PushService, address: str, now: datetime) -> int:
    """Keep a device, or that it was seen again; it is then this customer's alone. Return its number.

    Raises `IntegrityError` where there is no such customer.
    """
    device, _ = Device.objects.update_or_create(
        address=address, defaults={"customer_id": customer_id, "service": service, "seen_at": now}
    )
    return int(device.id)


def forget(addresses: Collection[str]) -> int:
    """Remove devices that their service says are gone; return how many there were."""
    return Device.objects.filter(address__in=list(addresses)).delete()[0] if addresses else 0


def forget_unseen(*, since: datetime, at_most: int) -> int:
    """Remove so many devices that were not seen since a moment; return how many."""
    old = Device.objects.filter(seen_at__lt=since).order_by("id").values_list("id", flat=True)[:at_most]
    return Device.objects.filter(id__in=list(old)).delete()[0]
