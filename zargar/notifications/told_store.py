"""The events that were told, in the shared schema: see `models.told`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from zargar.notifications.due_store import query
from zargar.notifications.outbox import State
from zargar.notifications.values import Refusal

LONGEST_RUN: Final = timedelta(days=1)
"""How long before it was committed an event may say that it was told: a run has one moment for all its pages."""


_UNSENT: Final = [one.value for one in (State.QUEUED, State.HELD, State.DEAD, State.DROPPED)]
"""What has not left and, once it is too late, will not."""


def tell(shop_id: int, keys: Iterable[str], *, now: datetime) -> frozenset[str]:
    """Say that these events are told with this transaction; return those that were not before. Two statements.

    Of two that tell the same at the same time the second waits for the first, and finds it told.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return frozenset()
    _forget_lost(shop_id, wanted, now=now)
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


def _forget_lost(shop_id: int, keys: Sequence[str], *, now: datetime) -> None:
    """Forget of these events those whose message, in the shop that is entered, is too late and has not left.

    What may have left is told; so is what a person took back, and what went to a number or address that a provider
    refuses, as it will tomorrow. A device that was refused is forgotten, and another way is taken.
    """
    query(
        """
        DELETE FROM public.notifications_told AS told
        WHERE told.shop_id = %(shop)s AND told.event_key = ANY(%(keys)s) AND told.message <> ''
              AND EXISTS (SELECT FROM shop_messages_message AS lost
                          WHERE lost.event_key = told.message AND lost.expires_at <= %(now)s
                                AND lost.state = ANY(%(unsent)s)
                                AND (lost.channel = 'push' OR NOT starts_with(lost.why, %(refused)s)))
              AND NOT EXISTS (SELECT FROM shop_messages_message AS other
                              WHERE other.event_key = told.message AND other.state <> ALL(%(unsent)s))
              AND NOT EXISTS (SELECT FROM public.notifications_journalentry AS entry
                              WHERE entry.shop_id = told.shop_id AND entry.event_key = told.message
                                    AND entry.state IN ('accepted', 'trying', 'unknown'))
        """,
        {"shop": shop_id, "keys": list(keys), "now": now, "unsent": _UNSENT, "refused": f"{Refusal.RECIPIENT} "},
    )


def told_in(shop_id: int, messages: Mapping[str, str]) -> None:
    """Say in which messages events are told: the name of the message by that of the event. One statement."""
    query(
        """
        UPDATE public.notifications_told AS told SET message = said.message
        FROM unnest(%s::text[], %s::text[]) AS said (event_key, message)
        WHERE told.shop_id = %s AND told.event_key = said.event_key
        """,
        [[*messages], [*messages.values()], shop_id],
    )


def untell(shop_id: int, *, since: datetime) -> int:
    """Forget what was told since a moment by messages that a restore has undone; return how many. One statement.

    Such a message is neither in the outbox of the shop, which is entered, nor in the journal as one that has left or
    may have.
    """
    return len(
        query(
            """
            DELETE FROM public.notifications_told AS told
            WHERE told.shop_id = %s AND told.told_at > %s AND told.message <> ''
                  AND NOT EXISTS (SELECT FROM shop_messages_message AS kept WHERE kept.event_key = told.message)
                  AND NOT EXISTS (SELECT FROM public.notifications_journalentry AS entry
                                  WHERE entry.shop_id = told.shop_id AND entry.event_key = told.message
                                        AND entry.state IN ('accepted', 'trying', 'unknown'))
            RETURNING 1
            """,
            [shop_id, since - LONGEST_RUN],
        )
    )


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
