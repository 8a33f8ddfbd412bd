"""One call for all shops: what stops a shop stops no other, and what stops the database stops the run."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import connection

from tests.support.databases import ScratchDatabase, django_uses
from zargar import names
from zargar.ledger.models import Run
from zargar.notifications.audiences.telling import Counts, Shop
from zargar.notifications.audiences.walk import for_shops
from zargar.outcomes import Permanent, Retryable, Summary
from zargar.refusals import InvalidError
from zargar.shops import operations as shops
from zargar.shops.models import Shop as Row

NOW = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
TASK = names.SEND_DAILY_PAYMENT_REMINDERS

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def second(database: ScratchDatabase) -> Iterator[Row]:
    """Another active shop."""
    with django_uses(database.owner_url):
        shops.create(slug="second", name="طلای دوم", domain="second.example", actor="test", reason="test")
    with django_uses(database.app_url):
        yield Row.objects.get(schema_name="second")


def walk(tell: "Teller", shop_id: int | None = None, *, slot: str = "2026-11-23") -> Summary:
    return for_shops(TASK, tell, shop_id=shop_id, slot=slot, now=NOW)


class Teller:
    """Tells every shop one thing, but for one in which it raises, or ends its own session."""

    def __init__(self, *, refuses: int = 0, ends: int = 0) -> None:
        self.refuses, self.ends = refuses, ends
        self.met: list[str] = []

    def __call__(self, shop: Shop) -> Counts:
        """Meet a shop."""
        self.met.append(shop.name)
        if shop.id == self.refuses:
            message = "a template lacks a variable"
            raise InvalidError(message)
        if shop.id == self.ends:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return Counts(found=1, queued=1)


def test_a_shop_whose_own_rows_refuse_gets_one_run_a_slot_and_the_others_are_told(shop: Row, second: Row) -> None:
    tell = Teller(refuses=shop.id)
    for _ in range(2):
        assert walk(tell) == {
            "shops": 1, "failed": [shop.id], "found": 1, "queued": 1, "told_before": 0, "unreached": 0,
        }  # fmt: skip
    assert tell.met == [shop.name, second.name] * 2
    assert Run.objects.filter(task=TASK, kwargs={"shop_id": shop.id}).count() == 1
    walk(tell, slot="2026-11-24")
    assert Run.objects.count() == 2
    with pytest.raises(Permanent, match="lacks a variable"):
        walk(tell, shop.id)


def test_a_database_that_goes_away_ends_the_run_to_be_tried_again(shop: Row, second: Row) -> None:
    tell = Teller(ends=shop.id)
    with pytest.raises(Retryable):
        walk(tell)
    assert tell.met == [shop.name]
    assert not Run.objects.exists()
    assert walk(Teller())["shops"] == 2
    with pytest.raises(Retryable):
        walk(Teller(ends=second.id), second.id)
