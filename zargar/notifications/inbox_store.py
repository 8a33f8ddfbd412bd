"""The inboxes of customers of the shop that is entered: what was put into them, read and unread.

`put`, `lying` and the reads are one statement each.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from zargar.customers.models import Customer
from zargar.notifications.shop.models.inbox import InboxMessage


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as its reader sees it; moments are aware UTC."""

    id: int
    title: str
    text: str
    put_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Inbox:
    """One page of an inbox, the newest first. `more` is what to ask `page` for to go on (`before`), None at its end."""

    customer: str
    letters: Sequence[Letter]
    unread: int
    more: int | None


def put(letters: Sequence[tuple[int, int, str, str]]) -> Mapping[int, int]:
    """Put (reference, customer, title, text) where they are not lying yet; return ids by reference.

    A reference whose customer does not exist is absent from the answer.
    """
    references, customers, titles, texts = (list(column) for column in zip(*letters, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH new AS (
                SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) WITH ORDINALITY
                         AS new (reference, customer_id, title, text, place)
            ), added AS (
                INSERT INTO shop_messages_inboxmessage (reference, customer_id, title, text)
                SELECT reference, customer_id, title, text FROM new
                WHERE EXISTS (SELECT FROM customers_customer AS one WHERE one.id = new.customer_id)
                ORDER BY place
                ON CONFLICT (reference) DO NOTHING RETURNING reference, id
            )
            SELECT reference, id FROM added
            UNION ALL SELECT reference, id FROM shop_messages_inboxmessage WHERE reference = ANY(%s)
            """,
            [references, customers, titles, texts, references],
        )
        return {int(reference): int(identity) for reference, identity in cursor.fetchall()}


def lying(references: Collection[int]) -> Mapping[int, int]:
    """Return the ids of what lies in an inbox, by reference."""
    rows = InboxMessage.objects.filter(reference__in=list(references)).values_list("reference", "id")
    return dict(rows)


def page(customer_id: int, *, before: int | None = None, at_most: int = 20) -> Inbox | None:
    """Return what lies in an inbox, older than the message `before`; None where there is no such customer."""
    owner = (
        Customer.objects.filter(id=customer_id)
        .annotate(unread=Count("inbox", filter=Q(inbox__read_at=None)))
        .values_list("full_name", "unread")
        .first()
    )
    if owner is None:
        return None
    rows = InboxMessage.objects.filter(customer_id=customer_id, **({} if before is None else {"id__lt": before}))
    found = [
        Letter(row.id, row.title, row.text, row.put_at, row.read_at) for row in rows.order_by("-id")[: at_most + 1]
    ]
    more = found[at_most - 1].id if len(found) > at_most else None
    return Inbox(customer=owner[0], letters=found[:at_most], unread=owner[1], more=more)


def mark_read(customer_id: int, *, ids: Collection[int] | None = None) -> int:
    """Mark messages of a customer as read (None: all); return how many were unread. Others' are not touched."""
    unread = InboxMessage.objects.filter(customer_id=customer_id, read_at=None)
    if ids is not None:
        unread = unread.filter(id__in=list(ids))
    return unread.update(read_at=timezone.now())


def remove(*, before: datetime, at_most: int) -> int:
    """Remove so many messages that were put before a moment, read or not; return how many."""
    old = InboxMessage.objects.filter(put_at__lt=before).order_by("id").values_list("id", flat=True)[:at_most]
    return InboxMessage.objects.filter(id__in=list(old)).delete()[0]
