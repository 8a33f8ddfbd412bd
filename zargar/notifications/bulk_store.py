"""The rows of bulks of the shop that is entered."""

from collections.abc import Sequence
from datetime import UTC

from zargar.notifications.outbox import State
from zargar.notifications.shop.models import Bulk, BulkState, Message


def event_key(row: Bulk) -> str:
    """Return the event that each message of a bulk is about.

    A restore can rewind the shop's numbers, and does not rewind the journal: another bulk that gets a number anew is
    another event, so the moment at which it was prepared is part of its name.
    """
    return f"bulk:{row.pk}:{row.prepared_at.astimezone(UTC):%Y%m%dT%H%M%S%f}"


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


def still_to_leave(bulk_id: int) -> int:
    """Count the messages of a bulk that may still leave: queued, on their way, or to be queued yet."""
    row = Bulk.objects.filter(id=bulk_id).first()
    if row is None:
        return 0
    on_their_way = Message.objects.filter(
        event_key=event_key(row), state__in=[State.QUEUED, State.CLAIMED, State.ASKING]
    ).count()
    return on_their_way + (max(row.messages - row.queued, 0) if row.state == BulkState.CONFIRMED else 0)


def waiting(row: Bulk) -> list[int]:
    """Return the messages of a bulk that have not left and can be taken back."""
    rows = Message.objects.filter(event_key=event_key(row), state__in=[State.QUEUED, State.HELD, State.DEAD])
    return list(rows.values_list("id", flat=True))
