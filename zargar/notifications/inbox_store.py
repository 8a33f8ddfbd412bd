"""The inboxes of customers of the shop that is entered: what was put into them, read and unread.

`put`, `lying` and the reads are one statement each.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import Count, F, Q, Value
from django.db.models.functions import Greatest
from psycopg.sql import SQL, Identifier

from zargar.customers.models import Customer
from zargar.notifications.shop.models.inbox import InboxMessage

_READ_THERE: Final = """
UPDATE shop_messages_inboxmessage AS here SET read_at = old.read_at
FROM {old} AS old WHERE old.reference = here.reference AND here.read_at IS NULL AND old.read_at IS NOT NULL
"""
_CARRIED: Final = """
INSERT INTO shop_messages_inboxmessage (reference, customer_id, title, text, put_at, read_at)
SELECT old.reference, old.customer_id, old.title, old.text, old.put_at, old.read_at
FROM {old} AS old JOIN customers_customer AS one ON one.id = old.customer_id ORDER BY old.id
ON CONFLICT (reference) DO NOTHING
"""


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


def mark_read(customer_id: int, *, now: datetime, ids: Collection[int] | None = None) -> int:
    """Mark messages of a customer as read (None: all); return how many were unread. Others' are not touched.

    They were put by the database's clock: what `now` of another clock is behind of is read as it is put.
    """
    unread = InboxMessage.objects.filter(customer_id=customer_id, read_at=None)
    if ids is not None:
        unread = unread.filter(id__in=list(ids))
    return unread.update(read_at=Greatest(F("put_at"), Value(now)))


def carry_over(replaced: str) -> int:
    """Put what lies in the inboxes of the schema `replaced`, and not in those here, into these; return how much it was.

    Only customers who are here get anything. What was read there is read here. Doing it again changes nothing.
    """
    old = Identifier(replaced, "shop_messages_inboxmessage")
    with connection.cursor() as cursor:
        cursor.execute(SQL(_READ_THERE).format(old=old))
        cursor.execute(SQL(_CARRIED).format(old=old))
        return int(cursor.rowcount)


def remove(*, before: datetime, at_most: int) -> int:
    """Remove so many messages that were put before a moment, read or not; return how many."""
    old = InboxMessage.objects.filter(put_at__lt=before).order_by("id").values_list("id", flat=True)[:at_most]
    return InboxMessage.objects.filter(id__in=list(old)).delete()[0]
