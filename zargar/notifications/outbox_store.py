"""The outbox's SQL, for the shop that is entered or for the platform: each function is one statement.

Messages go through in sets, by arrays: a statement for each message, or a model object, would cost more than sending.
`table` is one of the two constants below, never a value from outside. Every write after a claim requires its `turn`.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from json import loads
from typing import Any, Final

from django.db import connection
from psycopg.types.json import Jsonb

from zargar.notifications.decency import Why
from zargar.notifications.due_store import query
from zargar.notifications.outbox import State
from zargar.notifications.rows import PLATFORM, Claimed, Outcome
from zargar.notifications.values import Channel, Draft, Purpose

SHOPS: Final = "shop_messages_message"
PLATFORMS: Final = "public.notifications_platformmessage"


def table_of(shop_id: int) -> str:
    """Return the outbox of a shop (the one that is entered), or the platform's own."""
    return PLATFORMS if shop_id == PLATFORM else SHOPS


def insert(table: str, drafts: Sequence[tuple[Draft, str]], *, now: datetime) -> list[datetime]:
    """Queue drafts, each with its pinned template; return when each that is new is due. What is known stays."""
    columns = zip(
        *(
            (d.kind, d.event_key, d.to, d.channel.value, d.purpose.value, Jsonb(dict(d.values)), template,
             d.digest_key, d.customer_id, d.due_at, d.expires_at)
            for d, template in drafts
        ),
        strict=True,
    )  # fmt: skip
    rows = query(
        f"""
        INSERT INTO {table} (kind, event_key, "to", channel, purpose, "values", template, digest_key, customer_id,
                             due_at, expires_at, tried, created_at)
        SELECT new.*, '{{}}', %s FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[],
             %s::text[], %s::text[], %s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS new
        ON CONFLICT (event_key, "to", channel) DO NOTHING RETURNING due_at
        """,  # noqa: S608 -- the name of a table, from this module
        [now, *(list(column) for column in columns)],
    )
    return [due_at for (due_at,) in rows]


def claim(
    table: str, *, turn: int, now: datetime, until: datetime, at_most: int, only: Collection[int] | None = None
) -> list[Claimed]:
    """Take what is due, the earliest first, until `until`; `only` narrows it to these messages, due or not yet.

    Each gets the next number from `turn` on as its reference, unless it has one from an attempt that may be repeated.
    """
    chosen = "due_at <= %s" if only is None else "id = ANY(%s)"
    rows = query(
        f"""
        WITH taken AS (
            SELECT id, state FROM {table} WHERE state IN ('queued', 'asking') AND {chosen}
            ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
        ), numbered AS (
            SELECT id, state, row_number() OVER () - 1 AS number FROM taken
        )
        UPDATE {table} AS message
        SET state = 'claimed', lease_until = %s, turn = %s,
            reference = CASE WHEN message.account = '' THEN %s + numbered.number ELSE message.reference END
        FROM numbered WHERE message.id = numbered.id
        RETURNING message.id, kind, event_key, "to", channel, purpose, "values"::text, template, customer_id, due_at,
                  expires_at, attempts, reference, account, tried, tried_at, numbered.state
        """,  # noqa: S608 -- as above
        [now if only is None else list(only), at_most, until, turn, turn],
    )
    return [_claimed(row) for row in rows]


def lost(table: str, *, now: datetime, at_most: int) -> list[tuple[int, int]]:
    """Return what is held by claims whose lease has ended, as (turn, messages). It changes nothing."""
    return query(
        f"""
        SELECT turn, count(*) FROM (
            SELECT turn FROM {table} WHERE state = 'claimed' AND lease_until <= %s ORDER BY lease_until LIMIT %s
        ) AS late GROUP BY turn
        """,  # noqa: S608 -- as above
        [now, at_most],
    )


def take_over(table: str, *, dead: int, turn: int, now: datetime, until: datetime) -> list[tuple[Claimed, int]]:
    """Take the messages of a turn that is dead; return each with how many workers have died over it, this one too."""
    rows = query(
        f"""
        UPDATE {table} AS message SET turn = %s, lease_until = %s, losses = losses + 1
        WHERE turn = %s AND state = 'claimed' AND lease_until <= %s
        RETURNING id, kind, event_key, "to", channel, purpose, "values"::text, template, customer_id, due_at,
                  expires_at, attempts, reference, account, tried, tried_at, state, losses
        """,  # noqa: S608 -- as above
        [turn, until, dead, now],
    )
    return [(_claimed(row[:-1]), int(row[-1])) for row in rows]


def conclude(table: str, outcomes: Sequence[Outcome], *, turn: int) -> int:
    """Write what became of messages of a turn; return how many were still its own."""
    if not outcomes:
        return 0
    columns = zip(
        *(
            (o.id, o.state.value, o.why[:300], o.due_at, o.attempts, ",".join(o.tried), o.account, o.fresh, o.tried_at,
             o.sent_at, o.provider_id, o.cost, o.parts)
            for o in outcomes
        ),
        strict=True,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {table} AS message
            SET state = said.state, why = said.why, due_at = coalesce(said.due_at, message.due_at),
                attempts = said.attempts, tried = string_to_array(said.tried, ','),
                account = CASE WHEN said.fresh THEN '' ELSE said.account END,
                tried_at = coalesce(said.tried_at, message.tried_at), sent_at = said.sent_at,
                provider_id = said.provider_id, cost = said.cost, parts = said.parts, lease_until = NULL, turn = NULL
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::int[], %s::text[], %s::text[],
                        %s::bool[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::bigint[], %s::int[])
                 AS said (id, state, why, due_at, attempts, tried, account, fresh, tried_at, sent_at, provider_id, cost,
                          parts)
            WHERE message.id = said.id AND message.turn = %s AND message.state = 'claimed'
            """,  # noqa: S608 -- as above
            [*(list(column) for column in columns), turn],
        )
        return int(cursor.rowcount)


def next_due(table: str) -> tuple[datetime | None, datetime | None]:
    """Return when a message, or a question to a provider, is due next, and when the next lease ends."""
    [(waiting, lease)] = query(
        f"""
        SELECT (SELECT due_at FROM {table} WHERE state IN ('queued', 'asking') ORDER BY due_at LIMIT 1),
               (SELECT lease_until FROM {table} WHERE state = 'claimed' ORDER BY lease_until LIMIT 1)
        """  # noqa: S608 -- as above
    )
    return waiting, lease


def move(
    table: str, *, ids: Collection[int] | None, since: Collection[State], to: State, why: str, now: datetime,
    forgive: bool = False,
) -> list[int]:  # fmt: skip
    """Move messages by hand from one of `since`; return which. `forgive`: queued anew, with no attempt behind it."""
    anew = ", due_at = %(now)s, attempts = 0, losses = 0, tried = '{}', account = '', reference = NULL"
    rows = query(
        f"""
        UPDATE {table} SET state = %(to)s, why = %(why)s, lease_until = NULL, turn = NULL{anew if forgive else ""}
        WHERE state = ANY(%(since)s) AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s))
        RETURNING id
        """,  # noqa: S608 -- as above
        {
            "to": to.value, "why": why[:300], "now": now, "since": [one.value for one in since],
            "ids": None if ids is None else list(ids),
        },
    )  # fmt: skip
    return [identity for (identity,) in rows]


def wake_mourning(*, now: datetime) -> int:
    """Let promotion of the entered shop fall due that waits for mourning to end; return how many."""
    rows = query(
        f"""
        UPDATE {SHOPS} SET due_at = %s WHERE state = 'queued' AND why = %s AND due_at > %s RETURNING 1
        """,  # noqa: S608 -- as above
        [now, Why.MOURNING.value, now],
    )
    return len(rows)


def open_pages(*, size: int) -> Iterator[list[tuple[int, str, str, str]]]:
    """Yield (id, event, recipient, channel) of the entered shop's messages that are open, in pages."""
    after = 0
    while page := query(
        f"""
        SELECT id, event_key, "to", channel FROM {SHOPS}
        WHERE state NOT IN ('sent', 'dropped', 'cancelled') AND id > %s
        ORDER BY id LIMIT %s
        """,  # noqa: S608 -- as above
        [after, size],
    ):
        yield page
        after = page[-1][0]


def mark_left(found: Sequence[tuple[int, State, int, str]], *, why: str) -> None:
    """Mark messages of the entered shop as sent or ambiguous, each by its reference and account in the journal."""
    query(
        f"""
        UPDATE {SHOPS} AS message
        SET state = left_by.state, reference = left_by.reference, account = left_by.account, why = %s,
            lease_until = NULL, turn = NULL
        FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[]) AS left_by (id, state, reference, account)
        WHERE message.id = left_by.id
        """,  # noqa: S608 -- as above
        [
            why, [one[0] for one in found], [one[1].value for one in found], [one[2] for one in found],
            [one[3] for one in found],
        ],
    )  # fmt: skip


def hold(ids: Sequence[int], *, why: str) -> None:
    """Hold messages of the entered shop until a person says whether they are still meant."""
    query(
        f"""
        UPDATE {SHOPS} SET state = 'held', why = %s, lease_until = NULL, turn = NULL WHERE id = ANY(%s)
        """,  # noqa: S608 -- as above
        [why, list(ids)],
    )


def delivered(found: Sequence[tuple[int, str]], table: str) -> None:
    """Write what receipts said of messages: (id, state of delivery)."""
    query(
        f"""
        UPDATE {table} AS message SET delivery = said.delivery,
               state = CASE WHEN message.state IN ('asking', 'ambiguous') THEN 'sent' ELSE message.state END
        FROM unnest(%s::bigint[], %s::text[]) AS said (id, delivery) WHERE message.id = said.id
        """,  # noqa: S608 -- as above
        [[one[0] for one in found], [one[1] for one in found]],
    )


def references(table: str, ids: Collection[int] | None) -> list[int]:
    """Return under which numbers messages may have left of which nobody can tell, or not yet; they stay locked."""
    rows = query(
        f"""
        SELECT reference FROM {table}
        WHERE state IN ('ambiguous', 'asking') AND reference IS NOT NULL
              AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s))
        FOR UPDATE
        """,  # noqa: S608 -- as above
        {"ids": None if ids is None else list(ids)},
    )
    return [reference for (reference,) in rows]


def remove(table: str, *, before: datetime, at_most: int) -> int:
    """Remove so many messages that have ended and are older than `before`; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            DELETE FROM {table} WHERE id IN (
                SELECT id FROM {table} WHERE created_at < %s AND state IN ('sent', 'dropped', 'cancelled', 'dead')
                ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED
            )
            """,  # noqa: S608 -- as above
            [before, at_most],
        )
        return int(cursor.rowcount)


def _claimed(row: tuple[Any, ...]) -> Claimed:
    return Claimed(
        id=row[0], kind=row[1], event_key=row[2], to=row[3], channel=Channel(row[4]), purpose=Purpose(row[5]),
        values=loads(row[6]), template=row[7], customer_id=row[8], due_at=_moment(row[9]),
        expires_at=None if row[10] is None else _moment(row[10]), attempts=row[11], reference=row[12], account=row[13],
        tried=tuple(row[14]), tried_at=None if row[15] is None else _moment(row[15]), was=State(row[16]),
    )  # fmt: skip


def _moment(found: object) -> datetime:
    assert isinstance(found, datetime)  # noqa: S101 -- for the type checker
    return found
