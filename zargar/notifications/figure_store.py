"""How sending went, by the hour: counted from the journal, and kept where the journal is not."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from zargar.notifications.due_store import query


def count_hour(hour: datetime) -> int:
    """Count an hour (UTC, whole) anew from the journal; return how many lines of figures it has."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"from": hour, "to": hour + timedelta(hours=1)})
        return int(cursor.rowcount)


def totals(*, since: datetime) -> Sequence[tuple[Any, ...]]:
    """Return (channel, account, sent, delivered, failed, ambiguous, cost, estimated, latency) since a moment.

    The latency is the mean in milliseconds. `cost` is what providers told, `estimated` parts by price of what they told
    no cost of; None: there is none such.
    """
    return query(
        """
        SELECT channel, account, sum(sent)::bigint, sum(delivered)::bigint, sum(failed)::bigint,
               sum(ambiguous)::bigint, sum(cost)::bigint, sum(estimated)::bigint,
               (sum(latency_sum) / nullif(sum(sent), 0))::bigint
        FROM public.notifications_hourfigures WHERE hour >= %s GROUP BY channel, account ORDER BY channel, account
        """,
        [since],
    )


_COUNT: Final = """
    WITH counted AS (
        SELECT shop_id, channel, account,
               count(*) FILTER (WHERE state = 'accepted') AS sent,
               count(*) FILTER (WHERE delivery = 'delivered') AS delivered,
               count(*) FILTER (WHERE (state = 'refused' AND tries > 0)
                                OR delivery IN ('undelivered', 'failed', 'blacklisted')) AS failed,
               count(*) FILTER (WHERE state IN ('unknown', 'given_up')) AS ambiguous,
               coalesce(sum(parts) FILTER (WHERE state = 'accepted'), 0) AS parts,
               sum(cost) FILTER (WHERE state = 'accepted') AS cost,
               sum(estimate) FILTER (WHERE state = 'accepted' AND cost IS NULL) AS estimated,
               extract(epoch FROM coalesce(sum(greatest(answered_at - due_at, interval '0'))
                                           FILTER (WHERE state = 'accepted'), interval '0')) * 1000 AS latency_sum,
               extract(epoch FROM coalesce(max(greatest(answered_at - due_at, interval '0'))
                                           FILTER (WHERE state = 'accepted'), interval '0')) * 1000 AS latency_max,
               extract(epoch FROM coalesce(sum(answered_at - tried_at)
                                           FILTER (WHERE state = 'accepted'), interval '0')) * 1000 AS call_sum
        FROM public.notifications_journalentry
        WHERE tried_at >= %(from)s AND tried_at < %(to)s
        GROUP BY shop_id, channel, account
    )
    INSERT INTO public.notifications_hourfigures
           (hour, shop_id, channel, account, sent, delivered, failed, ambiguous, parts, cost, estimated, latency_sum,
            latency_max, call_sum, counted_at)
    SELECT %(from)s, shop_id, channel, account, sent, delivered, failed, ambiguous, parts, cost, estimated,
           latency_sum::bigint, latency_max::bigint, call_sum::bigint, statement_timestamp()
    FROM counted
    ON CONFLICT (hour, shop_id, channel, account) DO UPDATE
    SET sent = excluded.sent, delivered = excluded.delivered, failed = excluded.failed, ambiguous = excluded.ambiguous,
        parts = excluded.parts, cost = excluded.cost, estimated = excluded.estimated,
        latency_sum = excluded.latency_sum, latency_max = excluded.latency_max, call_sum = excluded.call_sum,
        counted_at = excluded.counted_at
"""
