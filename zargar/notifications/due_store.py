"""The due index: which shop has something to send, and whose turn it is. SQL on one small table of the shared schema.

Note [Nobody is missed]
-----------------------
Who enqueues writes the message and then the shop's row, in one transaction. Who has had a turn deletes the row, looks
at the outbox in a later statement, and writes the row back where something is left, in one transaction. Whichever of
the two deletes or writes the row first makes the other wait or be seen: a message is either in what the look sees, or
its transaction writes the row after. A worker that dies in its turn has moved the row by one lease, and not deleted it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection


def query(sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def first_due(*, now: datetime, until: datetime) -> int | None:
    """Take the shop whose turn it is until `until`; None when nothing is due, or sending is paused. One statement."""
    rows = query(
        """
        UPDATE public.notifications_dueshop SET due_at = %s
        WHERE shop_id = (
            SELECT shop_id FROM public.notifications_dueshop
            WHERE due_at <= %s AND NOT EXISTS (
                SELECT FROM public.notifications_sending WHERE paused_at IS NOT NULL
            )
            ORDER BY due_at, shop_id LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        RETURNING shop_id
        """,
        [until, now],
    )
    return int(rows[0][0]) if rows else None


def due_by(shop_id: int, at: datetime) -> None:
    """See to it that the shop has its turn at `at` or before; in the transaction that makes the reason."""
    query(
        """
        INSERT INTO public.notifications_dueshop AS known (shop_id, due_at) VALUES (%s, %s)
        ON CONFLICT (shop_id) DO UPDATE SET due_at = least(known.due_at, excluded.due_at)
        """,
        [shop_id, at],
    )


def lift(shop_id: int) -> None:
    """Take the shop out of the index, before its outbox is looked at. See the note of this module."""
    query("DELETE FROM public.notifications_dueshop WHERE shop_id = %s", [shop_id])


def waiting(*, now: datetime) -> int:
    """Count the shops whose turn it is."""
    [(found,)] = query("SELECT count(*) FROM public.notifications_dueshop WHERE due_at <= %s", [now])
    return int(found)
