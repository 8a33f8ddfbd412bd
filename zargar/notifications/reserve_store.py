"""Credit that is set aside for bulks: SQL on the shared schema. Money is whole Rial, a bulk is (shop, number).

Note [What is still set aside]
------------------------------
Nothing is counted up and down, so nothing has to be given back by a worker that may die. A bulk's reservation is its
counted cost, by the share of its messages that may still leave; what has left, or may have, is counted in the journal
by the bulk's event, and what will not leave is written down when somebody looks at the shop (`reserving.look_after`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from zargar.notifications.due_store import query

_LEFT: Final = """(
    SELECT count(*) FROM public.notifications_journalentry AS entry
    WHERE entry.shop_id = kept.shop_id AND entry.event_key = kept.event_key
          AND entry.state IN ('accepted', 'trying', 'unknown')
)"""


@dataclass(frozen=True, slots=True)
class Reserved:
    """What one bulk has set aside of the accounts that may carry it."""

    shop_id: int
    bulk_id: int
    accounts: tuple[str, ...]
    rial: int


def keep(
    bulk: tuple[int, int], *, event_key: str, accounts: Sequence[str], messages: int, cost: int, now: datetime,
    expires_at: datetime,
) -> None:  # fmt: skip
    """Set credit aside for a bulk, in the transaction that confirms it."""
    query(
        """
        INSERT INTO public.notifications_reservation
               (shop_id, bulk_id, event_key, accounts, messages, cost, confirmed_at, expires_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (shop_id, bulk_id) DO UPDATE
        SET event_key = excluded.event_key, accounts = excluded.accounts, messages = excluded.messages, dropped = 0,
            cost = excluded.cost, confirmed_at = excluded.confirmed_at, expires_at = excluded.expires_at
        """,
        [*bulk, event_key, list(accounts), messages, cost, now, expires_at],
    )


def free(bulk: tuple[int, int]) -> None:
    """Set nothing aside for a bulk any more."""
    query("DELETE FROM public.notifications_reservation WHERE shop_id = %s AND bulk_id = %s", [*bulk])


def waits(bulk: tuple[int, int], *, waiting: int) -> None:
    """Write down that so many messages of a bulk may still leave: the others have left, or will not."""
    query(
        f"""
        UPDATE public.notifications_reservation AS kept SET dropped = greatest(messages - %s - {_LEFT}, 0)
        WHERE shop_id = %s AND bulk_id = %s
        """,  # noqa: S608 -- a constant of this module
        [waiting, *bulk],
    )


def live(*, now: datetime, accounts: Collection[str] | None = None) -> Sequence[Reserved]:
    """Return what is set aside at a moment, of any of these accounts (None: of all)."""
    rows = query(
        f"""
        SELECT shop_id, bulk_id, accounts,
               ceil(cost::numeric * greatest(messages - dropped - {_LEFT}, 0) / messages)::bigint
        FROM public.notifications_reservation AS kept
        WHERE expires_at > %(now)s AND (%(accounts)s::text[] IS NULL OR accounts::text[] && %(accounts)s::text[])
        ORDER BY shop_id, bulk_id
        """,  # noqa: S608 -- as above
        {"now": now, "accounts": None if accounts is None else list(accounts)},
    )
    return [Reserved(shop, bulk, tuple(names), int(rial)) for shop, bulk, names, rial in rows]


def expire(*, now: datetime) -> None:
    """Forget what was set aside for bulks whose messages are too late to leave."""
    query("DELETE FROM public.notifications_reservation WHERE expires_at <= %s", [now])


def credit_of(accounts: Collection[str]) -> int | None:
    """Return what accounts have left together, less what calls on their way may spend; None where one is not known.

    They are locked until the transaction ends: of two bulks that are confirmed at the same time one sees the other.
    """
    rows = query(
        """
        SELECT credit - reserved FROM public.notifications_accountstate WHERE name = ANY(%s) ORDER BY name FOR UPDATE
        """,
        [list(accounts)],
    )
    known = [int(left) for (left,) in rows if left is not None]
    return sum(known) if known and len(known) == len(set(accounts)) else None
