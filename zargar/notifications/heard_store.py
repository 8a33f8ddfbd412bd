"""Which wishes were granted: SQL on one small table of the shared schema."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection

from zargar.notifications.due_store import query


def known(account: str, identities: Collection[str]) -> set[str]:
    """Return which of a company's numbers were heard before."""
    rows = query(
        "SELECT identity FROM public.notifications_heardwish WHERE account = %s AND identity = ANY(%s)",
        [account, list(identities)],
    )
    return {identity for (identity,) in rows}


def keep(account: str, identity: str, *, now: datetime) -> None:
    """Keep that one was heard; in the transaction that grants it."""
    query(
        """
        INSERT INTO public.notifications_heardwish (account, identity, heard_at) VALUES (%s, %s, %s)
        ON CONFLICT DO NOTHING
        """,
        [account, identity, now],
    )


def remove(*, before: datetime, at_most: int) -> int:
    """Forget so many that were heard before a moment; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM public.notifications_heardwish WHERE id IN (
                SELECT id FROM public.notifications_heardwish WHERE heard_at < %s
                ORDER BY heard_at LIMIT %s FOR UPDATE SKIP LOCKED
            )
            """,
            [before, at_most],
        )
        return int(cursor.rowcount)
