"""The tasks of gold prices are registered under the names of the contract."""

import pytest

from zargar import names
from zargar.celery import app
from zargar.core import gold_price_tasks
from zargar.outcomes import Permanent


def test_each_task_has_its_frozen_name_and_queue() -> None:
    queues = {
        names.UPDATE_GOLD_PRICES: "realtime",
        names.UPDATE_SINGLE_KARAT_PRICE: "realtime",
        names.FORCE_GOLD_PRICE_REFRESH: "realtime",
        names.CLEANUP_GOLD_PRICE_CACHE: "maintenance",
        names.SEND_GOLD_PRICE_ALERT: "bulk",
    }
    app.loader.import_default_modules()
    assert {name: app.tasks[name].promise for name in queues} == queues


@pytest.mark.parametrize("karat", [23, 0, "18", True])
def test_a_karat_that_is_not_sold_is_a_dead_letter(karat: object) -> None:
    with pytest.raises(Permanent, match="14, 18, 21, 22, 24"):
        gold_price_tasks.update_single_karat_price(karat=karat, from_a_newer_producer=1)


def test_a_reason_that_is_not_listed_is_a_dead_letter() -> None:
    with pytest.raises(Permanent, match="outage_over"):
        gold_price_tasks.force_gold_price_refresh(reason="I felt like it")
