"""A shop whose schema went back in time: what has left does not leave again, and who declined is not asked twice."""

from datetime import timedelta

from django.db import connection, transaction

from tests.support.databases import ScratchDatabase
from tests.support.messages import NOON, Desk, draft, due, queue, rows, states
from zargar.customers import operations as customers
from zargar.customers.models import Channel as Way
from zargar.customers.models import Consent
from zargar.customers.models import Purpose as Reason
from zargar.notifications import consents, operations, turns
from zargar.notifications.models import OptOut
from zargar.notifications.restored import RestoredMessages
from zargar.notifications.values import Channel, Purpose
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

BUDGET = timedelta(seconds=50)
TABLES = ("shop_messages_message", "customers_consent")


def back_up(database: ScratchDatabase, shop: Shop) -> None:
    """Keep the shop's outbox and consents as they are now."""
    with database.owner() as owner:
        owner.execute("CREATE SCHEMA kept")
        for table in TABLES:
            owner.execute(f"CREATE TABLE kept.{table} AS TABLE {shop.schema_name}.{table}")


def rewind(shop: Shop, desk: Desk) -> None:
    """Put them back, as a restore does, and hand the shop to messaging."""
    with in_tenant(shop.id), transaction.atomic():
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"DELETE FROM {table}")  # noqa: S608 -- of TABLES
                cursor.execute(f"INSERT INTO {table} SELECT * FROM kept.{table}")  # noqa: S608 -- of TABLES
        port = RestoredMessages(key=desk.post.key, clock=desk.clock)
        port.restored(shop.id, taken_at=NOON + timedelta(minutes=1))
        port.restored(shop.id, taken_at=NOON + timedelta(minutes=1))


def test_after_a_backup_a_sending_and_a_restore_the_provider_hears_nothing_more(
    database: ScratchDatabase, shop: Shop
) -> None:
    desk = Desk()
    queue(shop, draft(1), draft(2, due_at=NOON + timedelta(hours=2)))
    back_up(database, shop)
    turns.deliver_due(desk.post, budget=BUDGET)
    rewind(shop, desk)
    assert rows(shop, "state") == [("sent",), ("held",)]
    assert due(shop) is None
    desk.clock.passes(days=1)
    turns.deliver_due(desk.post, budget=BUDGET)
    assert len(desk.providers[0].journal()) == 1


def test_what_is_released_leaves_and_what_had_left_unknown_to_all_but_the_journal_does_not(
    database: ScratchDatabase, shop: Shop
) -> None:
    desk = Desk()
    queue(shop, draft(1), draft(2, due_at=NOON + timedelta(hours=2)))
    back_up(database, shop)
    rewind(shop, desk)
    assert states(shop) == {"held": 2}
    queue(shop, draft(1, event="another"), draft(1))  # the second is held, under the same name
    turns.deliver_due(desk.post, budget=BUDGET)
    assert len(desk.providers[0].journal()) == 1
    desk.clock.passes(hours=3)
    operations.release(shop_id=shop.id, ids=None, actor="zahra", reason="looked", now=desk.clock())
    turns.deliver_due(desk.post, budget=BUDGET)
    assert len(desk.providers[0].journal()) == 3
    assert states(shop) == {"sent": 3}


def test_a_consent_that_was_withdrawn_after_the_backup_is_withdrawn_again(
    database: ScratchDatabase, shop: Shop
) -> None:
    desk = Desk()
    with in_tenant(shop.id):
        for number in (1, 2):
            who = customers.add(full_name="مریم احمدی", mobile=draft(number).to)
            customers.give_consent(customer_id=who.pk, channel=Way.SMS, purpose=Reason.PROMOTION, source="x", now=NOON)
    back_up(database, shop)
    operations.opt_out(
        shop_id=shop.id, to=draft(1).to, channel=Channel.SMS, purpose=Purpose.PROMOTION, source="لغو۱۱", now=NOON
    )
    desk.clock.passes(hours=1)
    rewind(shop, desk)
    with in_tenant(shop.id):
        standing = Consent.objects.filter(withdrawn_at=None).values_list("customer__mobile", flat=True)
        assert list(standing) == [draft(2).to]


def test_who_agrees_again_after_declining_is_written_to_again_and_who_declines_at_the_shop_stays_declined(
    database: ScratchDatabase, shop: Shop
) -> None:
    with in_tenant(shop.id):
        who = customers.add(full_name="مریم احمدی", mobile=draft(1).to).pk
        consents.give(customer_id=who, channel=Way.SMS, purpose=Reason.PROMOTION, source="form", now=NOON)
        assert consents.withdraw(customer_id=who, channel=Way.SMS, purpose=Reason.PROMOTION, source="talk", now=NOON)
    assert OptOut.objects.count() == 1
    desk = Desk()
    queue(shop, draft(1, kind="birthday", purpose=Purpose.PROMOTION, customer_id=who))
    turns.deliver_due(desk.post, budget=BUDGET)
    assert rows(shop, "state, why") == [("dropped", "opted_out")]
    with in_tenant(shop.id):
        assert consents.give(customer_id=who, channel=Way.SMS, purpose=Reason.PROMOTION, source="form", now=NOON)
    queue(shop, draft(1, event="autumn", kind="birthday", purpose=Purpose.PROMOTION, customer_id=who))
    turns.deliver_due(desk.post, budget=BUDGET)
    assert states(shop) == {"dropped": 1, "sent": 1}
