"""The devices of customers of the shop that is entered: registered by apps and pages, removed when they are gone."""

import json
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


def see(customer_id: int, address: str, *, now: datetime) -> int | None:
    """Keep that a device of a customer was seen again; return its number, None where it is not theirs."""
    rows = Device.objects.filter(customer_id=customer_id, address=address)
    rows.update(seen_at=now)
    return rows.values_list("id", flat=True).first()


def forget(addresses: Collection[str]) -> int:
    """Remove devices that their service says are gone; return how many there were."""
    return Device.objects.filter(address__in=list(addresses)).delete()[0] if addresses else 0


def forget_of(customer_id: int, address: str) -> int:
    """Remove a device of a customer, and nobody else's; return how many there were."""
    return Device.objects.filter(customer_id=customer_id, address=address).delete()[0]


def forget_older_keys(endpoint: str, *, but: str) -> int:
    """Remove what is kept of a browser's endpoint under other keys than those of the address `but`; return how many.

    A subscription that was renewed keeps its endpoint in some browsers, and can open nothing sealed for the old keys.
    """
    begins = json.dumps({"endpoint": endpoint}, separators=(",", ":")).removesuffix("}") + ","
    same = Device.objects.filter(service=PushService.WEB, address__startswith=begins)
    return same.exclude(address=but).delete()[0]


def keep_newest(customer_id: int, *, at_most: int) -> int:
    """Remove a customer's devices but the few that were seen last; return how many went."""
    rows = Device.objects.filter(customer_id=customer_id)
    kept = list(rows.order_by("-seen_at", "-id").values_list("id", flat=True)[:at_most])
    return rows.exclude(id__in=kept).delete()[0]


def count(customer_id: int) -> int:
    """Count a customer's devices."""
    return Device.objects.filter(customer_id=customer_id).count()


def forget_unseen(*, since: datetime, at_most: int) -> int:
    """Remove so many devices that were not seen since a moment; return how many."""
    old = Device.objects.filter(seen_at__lt=since).order_by("id").values_list("id", flat=True)[:at_most]
    return Device.objects.filter(id__in=list(old)).delete()[0]
