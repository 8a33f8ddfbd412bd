"""The events that were told, in the shared schema: see `models.told`."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection


def tell(shop_id: int, keys: Iterable[str], *, now: datetime) -> frozenset[str]:
    """Say that these events are told with this transaction; return those that were not before. One statement.

    Of two that tell the same at the same time the second waits for the first, and finds it told.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO public.notifications_told (shop_id, event_key, told_at)
            SELECT %s, key, %s FROM unnest(%s::text[]) AS wanted (key)
            ON CONFLICT (shop_id, event_key) DO NOTHING
            RETURNING event_key
            """,
            [shop_id, now, wanted],
        )
        return frozenset(key for (key,) in cursor.fetchall())


def forget(*, before: datetime, at_most: int) -> int:
    """Remove at most so many events that were told before a moment; return how many. Call again until none go."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM public.notifications_told WHERE id IN (
                SELECT id FROM public.notifications_told WHERE told_at < %s ORDER BY told_at LIMIT %s
            )
            """,
            [before, at_most],
        )
        return int(cursor.rowcount)
