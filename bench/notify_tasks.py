"""What the throughput is compared with: one Celery task for each message, on the same app.

It is what one would write without an outbox engine, and as lean as that can be: enter the shop's schema, read the row,
render, write the attempt, one request over a kept connection, store the same columns of the same two rows.
"""

from typing import Any

from celery import shared_task
from django.db import connection

from zargar import clock
from zargar.celery import app
from zargar.notifications import recipients, wiring
from zargar.notifications.channels.sms.parts import parts
from zargar.notifications.recipients import first_reference
from zargar.notifications.shop.models import Message
from zargar.notifications.templates import engine
from zargar.notifications.templates.defaults import default_of
from zargar.notifications.values import Accepted, Outgoing

__all__ = ["app"]


@shared_task(name="bench.single", ignore_result=True)  # type: ignore[untyped-decorator]  # celery is not typed
def single(schema: str, shop_id: int, message_id: int) -> None:
    """Send one message as a task of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', %s, false)", [f"{schema}, public"])
    row = Message.objects.get(id=message_id)
    rendered = engine.render(default_of(row.template), row.values)
    [provider] = wiring.providers().values()
    now = clock.now()
    reference = first_reference(now, ((message_id * 1009 + shop_id) * 0.618033988) % 1)
    _begin(shop_id, row, reference, parts(rendered.text).parts, provider.name)
    [verdict] = provider.send([Outgoing(reference=reference, to=row.to, text=rendered.text)])
    assert isinstance(verdict, Accepted)
    _end(row, verdict, provider.name)


def _begin(shop_id: int, row: Message, reference: int, count: int, account: str) -> None:
    digest = recipients.digest(wiring.recipients_key(), row.to)
    now = clock.now()
    _execute(
        """
        INSERT INTO public.notifications_journalentry
               (shop_id, account, state, tried_at, reference, event_key, recipient, channel, purpose, kind, message_id,
                due_at, parts)
        VALUES (%s, %s, 'trying', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        shop_id, account, now, reference, row.event_key, digest, row.channel, row.purpose, row.kind, row.pk,
        row.due_at, count,
    )  # fmt: skip


def _end(row: Message, verdict: Accepted, account: str) -> None:
    now = clock.now()
    _execute(
        """
        UPDATE public.notifications_journalentry
        SET state = 'accepted', provider_id = %s, cost = %s, answered_at = %s WHERE reference = %s
        """,
        verdict.provider_id, verdict.cost, now, verdict.reference,
    )  # fmt: skip
    _execute(
        """
        UPDATE shop_messages_message SET state = 'sent', reference = %s, account = %s, attempts = 1, tried_at = %s,
               sent_at = %s, provider_id = %s, cost = %s WHERE id = %s
        """,
        verdict.reference, account, now, now, verdict.provider_id, verdict.cost, row.pk,
    )  # fmt: skip


def _execute(sql: str, *values: Any) -> None:  # noqa: ANN401 -- whatever a column takes
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
