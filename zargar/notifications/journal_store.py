"""The journal's SQL: what is about to be handed to providers, what came of it, and what has left.

It lies in the shared schema, and its table is named with it, so that it is the same one inside every shop. What
`zargar_app` may change of it, and what nobody may, is in the migration `0002_journal_rights`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from zargar.notifications.due_store import query
from zargar.notifications.outbox import GUARDING, Attempt
from zargar.notifications.rows import Claimed
from zargar.notifications.values import Channel

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
    called: bool = True
    """Whether the provider was called at all: an attempt that never was is not among its calls (`tries`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An attempt as the journal has it."""

    reference: int
    account: str
    state: Attempt
    tried_at: datetime


def known(shop_id: int, keys: Collection[tuple[str, bytes, Channel]]) -> Mapping[tuple[str, bytes, Channel], Begun]:
    """Return which of these (event, recipient, channel) have left, or may have, for a shop, and by which attempt."""
    rows = query(
        f"""
        SELECT entry.event_key, entry.recipient, entry.channel, entry.reference, entry.account, entry.state,
               entry.tried_at
        FROM unnest(%s::text[], %s::bytea[], %s::text[]) AS asked (event_key, recipient, channel)
        JOIN public.notifications_journalentry AS entry
          ON entry.shop_id = %s AND entry.event_key = asked.event_key AND entry.recipient = asked.recipient
             AND entry.channel = asked.channel AND entry.state IN {_GUARDING}
        """,  # noqa: S608 -- a constant of this module
        [[one[0] for one in keys], [one[1] for one in keys], [one[2].value for one in keys], shop_id],
    )
    return {
        (event, bytes(recipient), Channel(channel)): Begun(
            reference=reference, account=account, state=Attempt(state), tried_at=at
        )
        for event, recipient, channel, reference, account, state, at in rows
    }


def begin(
    shop_id: int,
    messages: Sequence[tuple[Claimed, bytes, int | None]],
    *,
    account: str,
    now: datetime,
    price: int | None = None,
) -> set[int]:
    """Write that these are about to be handed to an account, each with its recipient's digest and parts.

    `price` is what one part costs by this account, in Rial, as far as it is configured: parts by price are an estimate.
    Returns the references that may be sent: a message that has left, or may have, under another one is not among them.
    It is committed before the provider is called.
    """
    fresh = [one for one in messages if not one[0].again]
    again = [one[0].reference for one in messages if one[0].again]
    first = _first(shop_id, fresh, account=account, now=now, price=price)
    return first | _repeated(shop_id, again, account=account, now=now)


def _first(
    shop_id: int, messages: Sequence[tuple[Claimed, bytes, int | None]], *, account: str, now: datetime,
    price: int | None,
) -> set[int]:  # fmt: skip
    if not messages:
        return set()
    columns = zip(
        *(
            (
                m.reference,
                m.event_key,
                recipient,
                m.channel.value,
                m.purpose.value,
                m.kind,
                m.id,
                m.customer_id,
                m.due_at,
                parts,
                None if price is None or parts is None else price * parts,
            )
            for m, recipient, parts in messages
        ),
        strict=True,
    )
    rows = query(
        f"""
        INSERT INTO public.notifications_journalentry
               (shop_id, account, state, tried_at, reference, event_key, recipient, channel, purpose, kind, message_id,
                customer_id, due_at, parts, estimate)
        SELECT %s, %s, 'trying', %s, new.* FROM unnest(%s::bigint[], %s::text[], %s::bytea[], %s::text[], %s::text[],
               %s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::int[], %s::bigint[]) AS new
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
    """Write what came of attempts. One that is settled (a receipt was faster) is not unsettled again.

    What was absent when its provider was asked first can still have been accepted: the call was in work for longer.
    """
    if not told:
        return
    columns = zip(
        *((t.reference, t.state.value, t.provider_id, t.cost, t.why[:300], int(not t.called)) for t in told),
        strict=True,
    )
    query(
        """
        UPDATE public.notifications_journalentry AS entry
        SET state = said.state, provider_id = said.provider_id, cost = said.cost, why = said.why, answered_at = %s,
            tries = entry.tries - said.uncalled
        FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::int[])
             AS said (reference, state, provider_id, cost, why, uncalled)
        WHERE entry.reference = said.reference
              AND (entry.state IN ('trying', 'unknown') OR (entry.state = 'absent' AND said.state = 'accepted'))
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


def promotions(
    shop_id: int, recipients: Collection[bytes], customers: Collection[int], *, since: datetime
) -> Mapping[tuple[int | None, bytes], int]:
    """Count the promotions of a shop that have left, or may have, since a moment, to these recipients or customers.

    By (customer, recipient); the customer is None where it is not known whose the address was.
    """
    rows = query(
        f"""
        SELECT customer_id, recipient, count(*) FROM public.notifications_journalentry
        WHERE shop_id = %s AND (recipient = ANY(%s) OR customer_id = ANY(%s)) AND tried_at >= %s
              AND purpose = 'promotion' AND state IN {_GUARDING}
        GROUP BY customer_id, recipient
        """,  # noqa: S608 -- as above
        [shop_id, list(recipients), list(customers), since],
    )
    return {(customer, bytes(recipient)): int(count) for customer, recipient, count in rows}


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
