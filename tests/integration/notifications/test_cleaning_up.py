"""What the weekly clean-up removes of a shop's messages, inboxes and devices, and what it leaves."""

from datetime import timedelta

from django.test.utils import override_settings

from tests.support.databases import TEMPLATE_SHOP, ScratchDatabase
from tests.support.messages import NOON, draft, queue, rows
from zargar.customers.models import Customer
from zargar.notifications import device_store, inbox_store, jobs
from zargar.notifications.shop.models import Device, InboxMessage, PushService
from zargar.shops import operations as shops
from zargar.shops.models import Shop
from zargar.tenancy import in_tenant

WEEK = timedelta(days=7)


def filled(shop: Shop) -> None:
    """Give the shop a letter and a device of each age, and a message that has ended and one that waits."""
    queue(shop, draft(1), draft(2))
    with in_tenant(shop.id):
        who = Customer.objects.create(full_name="مریم احمدی", mobile="+989121234567").id
        for n, days in enumerate((8, 6), start=1):
            at = NOON - timedelta(days=days)
            inbox_store.put([(n, who, f"{days} days", "متن")])
            InboxMessage.objects.filter(reference=n).update(put_at=at)
            device_store.register(who, service=PushService.FCM, address=f"{days} days", now=at)


def ended(shop: Shop, database: ScratchDatabase) -> None:
    """Let both messages be old and the first of them have ended."""
    with database.owner() as owner:
        owner.execute(
            f"UPDATE {shop.schema_name}.shop_messages_message SET created_at = %s, "  # noqa: S608 -- the template's
            "state = CASE WHEN event_key = 'welcome:1' THEN 'cancelled' ELSE state END",
            [NOON - timedelta(days=8)],
        )


def left(shop: Shop) -> tuple[list[str], list[str]]:
    with in_tenant(shop.id):
        return [*InboxMessage.objects.values_list("title", flat=True)], [
            *Device.objects.values_list("address", flat=True)
        ]


@override_settings(KEEP_MESSAGES=WEEK, KEEP_INBOX=WEEK, KEEP_UNSEEN_DEVICES=WEEK)
def test_what_has_outlived_its_period_goes_and_the_rest_stays(database: ScratchDatabase, shop: Shop) -> None:
    filled(shop)
    ended(shop, database)
    done = jobs.clean_up(now=NOON)
    assert {name: done[name] for name in ("messages", "letters", "devices", "shops_skipped")} == {
        "messages": 1, "letters": 1, "devices": 1, "shops_skipped": 0,
    }  # fmt: skip
    assert left(shop) == (["6 days"], ["6 days"])
    assert rows(shop, "event_key, state") == [("welcome:2", "queued")]


@override_settings(KEEP_MESSAGES=WEEK, KEEP_INBOX=WEEK * 2, KEEP_UNSEEN_DEVICES=WEEK)
def test_each_kind_has_a_period_of_its_own(database: ScratchDatabase, shop: Shop) -> None:
    filled(shop)
    done = jobs.clean_up(now=NOON)
    assert (done["messages"], done["letters"], done["devices"]) == (0, 0, 1)
    assert left(shop) == (["6 days", "8 days"], ["6 days"])


@override_settings(KEEP_MESSAGES=WEEK, KEEP_INBOX=WEEK, KEEP_UNSEEN_DEVICES=WEEK)
def test_a_suspended_shop_s_own_waits_for_the_first_run_after_it_is_resumed(
    database: ScratchDatabase, shop: Shop
) -> None:
    filled(shop)
    ended(shop, database)
    shops.suspend(slug=TEMPLATE_SHOP, actor="test", reason="unpaid")
    done = jobs.clean_up(now=NOON)
    assert (done["messages"], done["letters"], done["devices"], done["shops_skipped"]) == (0, 0, 0, 1)
    shops.resume(slug=TEMPLATE_SHOP, actor="test", reason="paid")
    assert left(shop) == (["6 days", "8 days"], ["8 days", "6 days"])
    done = jobs.clean_up(now=NOON)
    assert (done["messages"], done["letters"], done["devices"], done["shops_skipped"]) == (1, 1, 1, 0)
