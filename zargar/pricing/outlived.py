"""The SQL of retention: which ticks are still referred to, and the removal of what has outlived its period.

Beside `store`, which keeps what a judgement needs: this only takes away; what it must not take, `retention` says.
Both are called while the judge's lock is held (`store.judging`), so that nothing begins to be referred to meanwhile.
"""

from django.db import connection

from zargar.pricing.readings import State
from zargar.pricing.retention import Going, Referred
from zargar.pricing.store import RECENT_TICKS


def referred() -> Referred:
    """Return which ticks a judgement or an answer may still look at.

    The recursion steps from one price of one board to the next by the index `quote_newest`, past the quotes between.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM pricing_tick ORDER BY at DESC, id DESC LIMIT %s", [RECENT_TICKS])
        latest = [tick for (tick,) in cursor.fetchall()]
        cursor.execute(
            "SELECT id FROM pricing_tick WHERE state = %s ORDER BY at DESC, id DESC LIMIT 1", [State.ACCEPTED.value]
        )
        accepted = cursor.fetchone()
        cursor.execute(
            """
            WITH RECURSIVE price AS (
                (SELECT source, instrument FROM pricing_quoterecord WHERE bid IS NOT NULL
                 ORDER BY source, instrument LIMIT 1)
                UNION ALL
                SELECT following.* FROM price CROSS JOIN LATERAL (
                    SELECT source, instrument FROM pricing_quoterecord
                    WHERE bid IS NOT NULL AND (source, instrument) > (price.source, price.instrument)
                    ORDER BY source, instrument LIMIT 1
                ) AS following
            )
            SELECT newest.tick_id, since.id FROM price
            CROSS JOIN LATERAL (
                SELECT tick_id, changed_at FROM pricing_quoterecord AS quote
                WHERE quote.source = price.source AND quote.instrument = price.instrument AND quote.bid IS NOT NULL
                ORDER BY quote.id DESC LIMIT 1
            ) AS newest
            LEFT JOIN LATERAL (
                SELECT id FROM pricing_tick WHERE at >= newest.changed_at AND state <> %s ORDER BY at, id LIMIT 1
            ) AS since ON TRUE
            """,
            [State.STALE.value],
        )
        rows = cursor.fetchall()
    return Referred(
        latest=latest,
        accepted=accepted[0] if accepted else None,
        last_said=[said for said, _ in rows],
        unchanged_since=[since for _, since in rows if since is not None],
    )


def remove(going: Going, *, at_most: int) -> dict[str, int]:
    """Remove quotes, and ticks that have none left, the oldest first, at most so many of each; return how many."""
    never = list(going.never)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM pricing_quoterecord WHERE id IN (
                SELECT quote.id FROM pricing_quoterecord AS quote JOIN pricing_tick AS tick ON tick.id = quote.tick_id
                WHERE tick.at < %s AND NOT tick.id = ANY(%s) ORDER BY quote.id LIMIT %s
            )
            """,
            [going.quotes, never, at_most],
        )
        quotes = cursor.rowcount
        cursor.execute(
            """
            DELETE FROM pricing_tick WHERE id IN (
                SELECT id FROM pricing_tick AS tick
                WHERE at < %s AND NOT id = ANY(%s)
                  AND NOT EXISTS (SELECT FROM pricing_quoterecord AS quote WHERE quote.tick_id = tick.id)
                ORDER BY at, id LIMIT %s
            )
            """,
            [going.ticks, never, at_most],
        )
        return {"quotes": quotes, "ticks": cursor.rowcount}
