"""Messages and their attempts as people look at them, of the shop that is entered or of the platform (0)."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from django.db.models import Count, QuerySet

from zargar.notifications.models import JournalEntry, PlatformMessage
from zargar.notifications.outbox import State
from zargar.notifications.rows import PLATFORM
from zargar.notifications.shop.models import Message

Row: TypeAlias = Message | PlatformMessage


def listed(shop_id: int, *, state: State | None, kind: str | None, limit: int) -> Sequence[Row]:
    """Return the newest messages."""
    rows = _rows(shop_id).order_by("-id")
    if state is not None:
        rows = rows.filter(state=state)
    if kind is not None:
        rows = rows.filter(kind=kind)
    return list(rows[:limit])


def counts(shop_id: int) -> Mapping[str, int]:
    """Return how many messages there are by state."""
    rows = _rows(shop_id).order_by().values_list("state").annotate(Count("id"))
    return dict(rows)


def found(shop_id: int, message_id: int) -> Row | None:
    """Return one message."""
    return _rows(shop_id).filter(id=message_id).first()


def ids_of(shop_id: int, event_key: str) -> Sequence[int]:
    """Return the messages about one event."""
    return list(_rows(shop_id).filter(event_key=event_key).values_list("id", flat=True))


def of_customer(shop_id: int, customer_id: int, *, limit: int) -> Sequence[Row]:
    """Return the newest messages to one customer."""
    return list(_rows(shop_id).filter(customer_id=customer_id).order_by("-id")[:limit])


def attempts(shop_id: int, message_id: int) -> Sequence[JournalEntry]:
    """Return the attempts at a message, the first first."""
    return list(JournalEntry.objects.filter(shop_id=shop_id, message_id=message_id).order_by("tried_at", "reference"))


def _rows(shop_id: int) -> QuerySet[Message] | QuerySet[PlatformMessage]:
    return PlatformMessage.objects.all() if shop_id == PLATFORM else Message.objects.all()
