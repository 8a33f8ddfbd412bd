"""The due index: which shop has something to send, and whose turn it is. SQL on one small table of the shared schema.

Note [Nobody is missed]
-----------------------
Who enqueues writes the message and then the shop's row, in one transaction. Who has had a turn deletes the row, looks
at the outbox in a later statement, and writes the row back where something is left, in one transaction. Whichever of
the two deletes or writes the row first makes the other wait or be seen: a message is either in what the look sees, or
its transaction writes the row after. A worker that dies in its turn has moved the row by one lease, and not deleted it.

Note [The ear]
--------------
One row is no shop's: whoever takes it hears what providers have to say (`hearing`). It cannot be lost for longer than a
tick: the statement that looks for a turn also writes it where it is missing, or stands later than it ever should (a
database that was restored, a clock that was set back), and writes nothing where it stands well. Pausing is about what
leaves, so it does not stop the ear: who says «۱۱» while all is paused must be off the list when it goes on, and a
restored database has opt-outs to hear again that were said since its backup. Hearing changes nothing at a provider, so
that a copy of the database takes nothing from the house that it was copied from.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from zargar.notifications.rows import EAR, PLATFORM


def query(sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def first_due(*, now: datetime, until: datetime, ear_by: datetime) -> int | None:
    """Take the shop (or the ear) whose turn it is until `until`; None when nothing is due. One statement.

    While sending is paused, the ear alone has turns. It is due at `ear_by` at the latest. See Note [The ear].
    """
    rows = query(
        f"""
        WITH ear AS (
            INSERT INTO public.notifications_dueshop AS known (shop_id, due_at)
            SELECT {EAR}, %(ear_by)s WHERE NOT EXISTS (
                SELECT FROM public.notifications_dueshop WHERE shop_id = {EAR} AND due_at <= %(ear_by)s
            )
            ON CONFLICT (shop_id) DO UPDATE SET due_at = least(known.due_at, excluded.due_at)
        )
        UPDATE public.notifications_dueshop SET due_at = %(until)s
        WHERE shop_id = (
            SELECT shop_id FROM public.notifications_dueshop
            WHERE due_at <= %(now)s AND (shop_id = {EAR} OR NOT EXISTS (
                SELECT FROM public.notifications_sending WHERE paused_at IS NOT NULL
            ))
            ORDER BY due_at, shop_id LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        RETURNING shop_id
        """,  # noqa: S608 -- a number of `rows`
        {"now": now, "until": until, "ear_by": ear_by},
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


def listen_at(at: datetime) -> None:
    """Have the ear's next turn at `at`, whatever it was before."""
    query("UPDATE public.notifications_dueshop SET due_at = %s WHERE shop_id = %s", [at, EAR])


def lift(shop_id: int) -> None:
    """Take the shop out of the index, before its outbox is looked at. See the note of this module."""
    query("DELETE FROM public.notifications_dueshop WHERE shop_id = %s", [shop_id])


def shops() -> list[int]:
    """Return the shops that have something waiting, what is no shop left out."""
    rows = query("SELECT shop_id FROM public.notifications_dueshop WHERE shop_id > %s ORDER BY shop_id", [PLATFORM])
    return [shop_id for (shop_id,) in rows]


def waiting(*, now: datetime) -> int:
    """Count the shops whose turn it is."""
    [(found,)] = query(
        "SELECT count(*) FROM public.notifications_dueshop WHERE due_at <= %s AND shop_id <> %s", [now, EAR]
    )
    return int(found)
