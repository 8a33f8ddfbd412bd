"""What providers tell later of what they took, in the journal: whether it was delivered, and when they were asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from zargar.notifications.due_store import query
from zargar.notifications.values import Channel, Delivery, Receipt


@dataclass(frozen=True, slots=True)
class Whose:
    """Which shop wrote a message, to whom (the digest), by which channel."""

    shop_id: int
    recipient: bytes
    channel: Channel


def whose(account: str, provider_id: str) -> Whose | None:
    """Return whose a message is, by a provider's id; None: the journal has none that was taken under it."""
    rows = query(
        """
        SELECT shop_id, recipient, channel FROM public.notifications_journalentry
        WHERE account = %s AND provider_id = %s AND provider_id <> '' ORDER BY tried_at DESC LIMIT 1
        """,
        [account, provider_id],
    )
    return next((Whose(shop, bytes(recipient), Channel(channel)) for shop, recipient, channel in rows), None)


def undelivered(account: str, *, since: datetime, now: datetime, apart: timedelta, at_most: int) -> list[str]:
    """Return ids of what an account took since a moment and may not have delivered, the longest unasked first.

    Who was asked is asked again when `apart` has passed, and as much time as had passed between sending and asking:
    what is not delivered in an hour will hardly be in the next minute, and each question may be a call.
    """
    rows = query(
        """
        SELECT provider_id FROM public.notifications_journalentry
        WHERE account = %s AND state = 'accepted' AND delivery IN ('', 'queued', 'at_operator') AND tried_at >= %s
              AND provider_id <> ''
              AND (asked_at IS NULL OR asked_at + greatest(asked_at - tried_at, %s) <= %s)
        ORDER BY asked_at NULLS FIRST, tried_at LIMIT %s
        """,
        [account, since, apart, now, at_most],
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
