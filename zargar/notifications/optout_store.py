"""The shared list of who declined what, by the digests of recipients: it outlives every restore, outweighs consents."""

from collections.abc import Collection, Sequence
from datetime import datetime

from zargar.notifications.due_store import query
from zargar.notifications.values import Channel, Purpose


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


def opt_in(
    shop_id: int, recipient: bytes, channel: Channel, purpose: Purpose, *, until: datetime | None = None
) -> bool:  # fmt: skip
    """Forget that somebody declined; False when he had not, or (with `until`) only after that moment."""
    return bool(
        query(
            """
            DELETE FROM public.notifications_optout
            WHERE shop_id = %s AND recipient = %s AND channel = %s AND purpose = %s
              AND said_at <= coalesce(%s::timestamptz, 'infinity') RETURNING 1
            """,
            [shop_id, recipient, channel.value, purpose.value, until],
        )
    )


def opt_outs(shop_id: int) -> Sequence[tuple[bytes, Channel, Purpose, datetime]]:
    """Return everything that was declined of a shop, and when."""
    rows = query(
        "SELECT recipient, channel, purpose, said_at FROM public.notifications_optout WHERE shop_id = %s", [shop_id]
    )
    return [(bytes(recipient), Channel(channel), Purpose(purpose), at) for recipient, channel, purpose, at in rows]
