"""The devices of customers of the shop that is entered, as audiences ask for them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from zargar.notifications.shop.models.devices import Device


def tokens(customers: Collection[int]) -> Mapping[int, Sequence[str]]:
    """Return the addresses of the devices of customers, the one that was seen last first. One statement."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = Device.objects.filter(customer_id__in=customers).order_by("-seen_at", "-id")
    for customer, address in rows.values_list("customer_id", "address"):
        found[customer].append(address)
    return found
