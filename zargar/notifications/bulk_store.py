"""The rows of bulks of the shop that is entered."""

from collections.abc import Sequence

from zargar.notifications.outbox import State
from zargar.notifications.shop.models import Bulk, Message


def event_key(bulk_id: int) -> str:
    """Return the event that each message of a bulk is about."""
    return f"bulk:{bulk_id}"


def keep(row: Bulk) -> Bulk:
    """Write a row."""
    row.save()
    return row


def held(bulk_id: int) -> Bulk | None:
    """Return a bulk, held until the transaction ends."""
    return Bulk.objects.select_for_update().filter(id=bulk_id).first()


def listed(*, limit: int) -> Sequence[Bulk]:
    """Return the newest bulks."""
    return list(Bulk.objects.order_by("-id")[:limit])


def waiting(bulk_id: int) -> list[int]:
    """Return the messages of a bulk that have not left and can be taken back."""
    rows = Message.objects.filter(event_key=event_key(bulk_id), state__in=[State.QUEUED, State.HELD, State.DEAD])
    return list(rows.values_list("id", flat=True))
