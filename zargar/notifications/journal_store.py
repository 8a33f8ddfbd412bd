"""The journal's SQL: what was handed to providers, who opted out, and the facts that judging asks of both.

It lies in the shared schema, and its tables are named with it, so that it is the same one inside every shop.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from zargar.notifications.due_store import query
from zargar.notifications.outbox import GUARDING, Attempt
from zargar.notifications.rows import Claimed
from zargar.notifications.values import Channel, Delivery, Purpose, Receipt

_GUARDING: Final = "('accepted', 'trying', 'unknown')"
"""As the guard's unique index has it, to the letter: PostgreSQL finds the index by it."""
assert {one.value for one in GUARDING} == {"accepted", "trying", "unknown"}  # noqa: S101 -- the line above repeats it


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the journal is to know of an attempt's answer."""

    reference: int
    state: Attempt
    provider_id: str = ""
    cost: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An attempt as the journal has it."""

    reference: int
    account: str
    state: Attempt
    tried_at: datetime


def known(shop_id: int, keys: Collection[tuple[str, bytes, Channel]]) -> set[tuple[str, bytes, Channel]]:
    """Return which of these (event, recipient, channel) have left, or may have, for a shop."""
    rows = query(
        f"""
        SELECT entry.event_key, entry.recipient, entry.channel
        FROM unnest(%s::text[], %s::bytea[], %s::text[]) AS asked (event_key, recipient, channel)
        JOIN public.notifications_journalentry AS entry
          ON entry.shop_id = %s AND entry.event_key = asked.event_key AND entry.recipient = asked.recipient
             AND entry.channel = asked.channel AND entry.state IN {_GUARDING}
        """,  # noqa: S608 -- a constant of this module
        [[one[0] for one in keys], [one[1] for one in keys], [one[2].value for one in keys], shop_id],
    )
    return {(event, bytes(recipient), Channel(channel)) for event, recipient, channel in rows}


def begin(
    shop_id: int, messages: Sequence[tuple[Claimed, bytes, int | None]], *, account: str, now: datetime
) -> set[int]:
    """Write that these are about to be handed to an account, each with its recipient's digest and parts.

    Returns the references that may be sent: a message that has left, or may have, under another one is not among them.
    It is committed before the provider is called.
    """
    fresh = [one for one in messages if not one[0].again]
    again = [one[0].reference for one in messages if one[0].again]
    return _first(shop_id, fresh, account=account, now=now) | _repeated(shop_id, again, account=account, now=now)


def _first(
    shop_id: int, messages: Sequence[tuple[Claimed, bytes, int | None]], *, account: str, now: datetime
) -> set[int]:
    if not messages:
        return set()
    columns = zip(
        *(
            (m.reference, m.event_key, recipient, m.channel.value, m.purpose.value, m.kind, m.id, m.due_at, parts)
            for m, recipient, parts in messages
        ),
        strict=True,
    )
    rows = query(
        f"""
        INSERT INTO public.notifications_journalentry
               (shop_id, account, state, tried_at, reference, event_key, recipient, channel, purpose, kind, message_id,
                due_at, parts)
        SELECT %s, %s, 'trying', %s, new.* FROM unnest(%s::bigint[], %s::text[], %s::bytea[], %s::text[], %s::text[],
               %s::text[], %s::bigint[], %s::timestamptz[], %s::int[]) AS new
        ON CONFLICT (shop_id, event_key, recipient, channel) WHERE state IN {_GUARDING} DO NOTHING
        RETURNING reference
        """,  # noqa: S608 -- as above
        [shop_id, account, now, *(list(column) for column in columns)],
    )
    return {reference for (reference,) in rows}


def _repeated(shop_id: int, references: Sequence[int], *, account: str, now: datetime) -> set[int]:
    if not references:
        return set()
    rows = query(
        f"""
        UPDATE public.notifications_journalentry AS entry SET state = 'trying', tries = tries + 1, tried_at = %s
        WHERE reference = ANY(%s) AND shop_id = %s AND account = %s AND state = 'absent' AND NOT EXISTS (
            SELECT FROM public.notifications_journalentry AS other
            WHERE other.shop_id = entry.shop_id AND other.event_key = entry.event_key
                  AND other.recipient = entry.recipient AND other.channel = entry.channel
                  AND other.state IN {_GUARDING}
        )
        RETURNING reference
        """,  # noqa: S608 -- as above
        [now, list(references), shop_id, account],
    )
    return {reference for (reference,) in rows}


def tell(told: Sequence[Told], *, now: datetime) -> None:
    """Write what came of attempts. One that is settled (a receipt was faster) is not unsettled again."""
    if not told:
        return
    columns = zip(*((t.reference, t.state.value, t.provider_id, t.cost, t.why[:300]) for t in told), strict=True)
    query(
        """
        UPDATE public.notifications_journalentry AS entry
        SET state = said.state, provider_id = said.provider_id, cost = said.cost, why = said.why, answered_at = %s
        FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[])
             AS said (reference, state, provider_id, cost, why)
        WHERE entry.reference = said.reference AND entry.state IN ('trying', 'unknown')
        """,
        [now, *(list(column) for column in columns)],
    )


def begun(shop_id: int, references: Collection[int]) -> Mapping[int, Begun]:
    """Return which of a shop's references the journal has, and how they stand."""
    rows = query(
        """
        SELECT reference, account, state, tried_at FROM public.notifications_journalentry
        WHERE reference = ANY(%s) AND shop_id = %s
        """,
        [list(references), shop_id],
    )
    return {row[0]: Begun(reference=row[0], account=row[1], state=Attempt(row[2]), tried_at=row[3]) for row in rows}


def accepted_of(shop_id: int) -> Sequence[tuple[str, bytes, str, int, str]]:
    """Return (event, recipient, channel, reference, account) of all that a shop sent, or may have sent."""
    return [
        (event, bytes(recipient), channel, reference, account)
        for event, recipient, channel, reference, account in query(
            f"""
            SELECT event_key, recipient, channel, reference, account FROM public.notifications_journalentry
            WHERE shop_id = %s AND state IN {_GUARDING}
            """,  # noqa: S608 -- as above
            [shop_id],
        )
    ]


# -- facts for the manners --------------------------------------------------------------------------------------------


def opted_out(shop_id: int, recipients: Collection[bytes]) -> set[tuple[bytes, Channel, Purpose]]:
    """Return what these recipients have declined of a shop."""
    rows = query(
        """
        SELECT recipient, channel, purpose FROM public.notifications_optout
        WHERE shop_id = %s AND recipient = ANY(%s)
        """,
        [shop_id, list(recipients)],
    )
    return {(bytes(recipient), Channel(channel), Purpose(purpose)) for recipient, channel, purpose in rows}


def promotions(shop_id: int, recipients: Collection[bytes], *, since: datetime) -> Mapping[bytes, int]:
    """Count the promotions of a shop that have left, or may have, to these recipients since a moment."""
    rows = query(
        f"""
        SELECT recipient, count(*) FROM public.notifications_journalentry
        WHERE shop_id = %s AND recipient = ANY(%s) AND tried_at >= %s AND purpose = 'promotion'
              AND state IN {_GUARDING}
        GROUP BY recipient
        """,  # noqa: S608 -- as above
        [shop_id, list(recipients), since],
    )
    return {bytes(recipient): int(count) for recipient, count in rows}


def opt_out(shop_id: int, recipient: bytes, channel: Channel, purpose: Purpose, *, source: str, now: datetime) -> bool:
    """Keep that somebody declined; False when he had."""
    return bool(
        query(
            """
            INSERT INTO public.notifications_optout (shop_id, recipient, channel, purpose, source, said_at)
            VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1
            """,
            [shop_id, recipient, channel.value, purpose.value, source[:200], now],
        )
    )


def opt_in(shop_id: int, recipient: bytes, channel: Channel, purpose: Purpose) -> bool:
    """Forget that somebody declined; False when he had not."""
    return bool(
        query(
            """
            DELETE FROM public.notifications_optout
            WHERE shop_id = %s AND recipient = %s AND channel = %s AND purpose = %s RETURNING 1
            """,
            [shop_id, recipient, channel.value, purpose.value],
        )
    )


def opt_outs(shop_id: int) -> Sequence[tuple[bytes, Channel, Purpose, datetime]]:
    """Return everything that was declined of a shop, and when."""
    rows = query(
        "SELECT recipient, channel, purpose, said_at FROM public.notifications_optout WHERE shop_id = %s", [shop_id]
    )
    return [(bytes(recipient), Channel(channel), Purpose(purpose), at) for recipient, channel, purpose, at in rows]


def last_shop_of(recipient: bytes, channel: Channel, *, account: str, since: datetime) -> int | None:
    """Return which shop wrote to somebody last by an account: whom an answer to a shared line is for."""
    rows = query(
        """
        SELECT shop_id FROM public.notifications_journalentry
        WHERE recipient = %s AND channel = %s AND account = %s AND tried_at >= %s AND state = 'accepted'
        ORDER BY tried_at DESC LIMIT 1
        """,
        [recipient, channel.value, account, since],
    )
    return int(rows[0][0]) if rows else None


# -- receipts ---------------------------------------------------------------------------------------------------------


def undelivered(account: str, *, since: datetime, asked_before: datetime, at_most: int) -> list[str]:
    """Return ids of what an account took since a moment and may not have delivered, the longest unasked first."""
    rows = query(
        """
        SELECT provider_id FROM public.notifications_journalentry
        WHERE account = %s AND state = 'accepted' AND delivery IN ('', 'queued', 'at_operator') AND tried_at >= %s
              AND provider_id <> '' AND (asked_at IS NULL OR asked_at < %s)
        ORDER BY asked_at NULLS FIRST, tried_at LIMIT %s
        """,
        [account, since, asked_before, at_most],
    )
    return [identity for (identity,) in rows]


def asked(account: str, provider_ids: Collection[str], *, now: datetime) -> None:
    """Note that an account was asked about these."""
    query(
        """
        UPDATE public.notifications_journalentry SET asked_at = %s WHERE account = %s AND provider_id = ANY(%s)
        """,
        [now, account, list(provider_ids)],
    )


def receive(account: str, receipts: Sequence[Receipt], *, now: datetime) -> list[tuple[int, int, Delivery]]:
    """Write receipts; return (shop, message, state) of those that changed something.

    What was delivered stays delivered, and `UNKNOWN` (an id that the provider has forgotten) changes nothing. A receipt
    for an attempt without an answer is the answer.
    """
    said = [one for one in receipts if one.state is not Delivery.UNKNOWN]
    if not said:
        return []
    rows = query(
        """
        UPDATE public.notifications_journalentry AS entry
        SET delivery = said.state, state = 'accepted', answered_at = coalesce(entry.answered_at, %s),
            delivered_at = CASE WHEN said.state = 'delivered' THEN coalesce(said.at, %s) END
        FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS said (provider_id, state, at)
        WHERE entry.account = %s AND entry.provider_id = said.provider_id
              AND entry.delivery NOT IN ('delivered', said.state)
              AND entry.state IN ('trying', 'accepted', 'unknown')
        RETURNING entry.shop_id, entry.message_id, entry.delivery
        """,
        [
            now, now, [one.provider_id for one in said], [one.state.value for one in said], [one.at for one in said],
            account,
        ],
    )  # fmt: skip
    return [(shop, message, Delivery(state)) for shop, message, state in rows]


def remove(*, before: datetime, at_most: int) -> int:
    """Remove so many attempts that are older than `before`; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM public.notifications_journalentry WHERE reference IN (
                SELECT reference FROM public.notifications_journalentry WHERE tried_at < %s
                ORDER BY tried_at LIMIT %s FOR UPDATE SKIP LOCKED
            )
            """,
            [before, at_most],
        )
        return int(cursor.rowcount)


def count_hour(hour: datetime) -> int:
    """Count an hour (UTC, whole) anew from the journal; return how many lines of figures it has."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"from": hour, "to": hour + timedelta(hours=1)})
        return int(cursor.rowcount)


def totals(*, since: datetime) -> Sequence[tuple[Any, ...]]:
    """Return (channel, account, sent, delivered, failed, ambiguous, cost, mean latency in ms) since a moment."""
    return query(
        """
        SELECT channel, account, sum(sent)::bigint, sum(delivered)::bigint, sum(failed)::bigint,
               sum(ambiguous)::bigint, sum(cost)::bigint, (sum(latency_sum) / nullif(sum(sent), 0))::bigint
        FROM public.notifications_hourfigures WHERE hour >= %s GROUP BY channel, account ORDER BY channel, account
        """,
        [since],
    )


_COUNT: Final = """
    WITH counted AS (
        SELECT shop_id, channel, account,
               count(*) FILTER (WHERE state = 'accepted') AS sent,
               count(*) FILTER (WHERE delivery = 'delivered') AS delivered,
               count(*) FILTER (WHERE state = 'refused'
                                OR delivery IN ('undelivered', 'failed', 'blacklisted')) AS failed,
               count(*) FILTER (WHERE state IN ('unknown', 'given_up')) AS ambiguous,
               coalesce(sum(parts) FILTER (WHERE state = 'accepted'), 0) AS parts,
               coalesce(sum(cost), 0) AS cost,
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
           (hour, shop_id, channel, account, sent, delivered, failed, ambiguous, parts, cost, latency_sum, latency_max,
            call_sum, counted_at)
    SELECT %(from)s, shop_id, channel, account, sent, delivered, failed, ambiguous, parts, cost, latency_sum::bigint,
           latency_max::bigint, call_sum::bigint, statement_timestamp()
    FROM counted
    ON CONFLICT (hour, shop_id, channel, account) DO UPDATE
    SET sent = excluded.sent, delivered = excluded.delivered, failed = excluded.failed, ambiguous = excluded.ambiguous,
        parts = excluded.parts, cost = excluded.cost, latency_sum = excluded.latency_sum,
        latency_max = excluded.latency_max, call_sum = excluded.call_sum, counted_at = excluded.counted_at
"""
