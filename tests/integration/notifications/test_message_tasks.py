"""The tasks of messages, by their registered names, with the deployment's own wiring and a provider over real HTTP."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from tests.support.boards import BoardServer
from tests.support.databases import ScratchDatabase
from tests.support.messages import draft, queue, rows, states
from zargar import names
from zargar.celery import app
from zargar.notifications import wiring
from zargar.outcomes import Summary
from zargar.shops.models import Shop


@pytest.fixture
def sandbox() -> Iterator[BoardServer]:
    """The companies; the only account of the deployment is at one of them."""
    server = BoardServer()
    place = {"one": f"kavenegar+{server.url}/kavenegar?sender=10004346"}
    try:
        with override_settings(PROVIDERS=place, PROVIDER_KEYS={"one": "sandboxkey"}):
            forget()
            yield server
    finally:
        forget()
        server.stop()


def forget() -> None:
    """Have the wiring read the settings anew."""
    wiring.configured.cache_clear()
    wiring.providers.cache_clear()


def run(name: str, **arguments: int) -> Summary:
    """Run a registered task as the plain function that it is."""
    found: Summary = app.tasks[name](**arguments)
    return found


def taken(sandbox: BoardServer) -> int:
    counted: dict[str, int] = json.loads(sandbox.get("/_sandbox/sms/kavenegar/accepted?by=receptor"))
    return sum(counted.values())


@pytest.mark.parametrize("name", [names.PROCESS_SCHEDULED_NOTIFICATIONS, names.LEGACY_PROCESS_SCHEDULED_NOTIFICATIONS])
def test_the_minute_s_task_sends_what_is_due_under_both_of_its_names(
    database: ScratchDatabase, shop: Shop, sandbox: BoardServer, name: str
) -> None:
    now = datetime.now(UTC)
    queue(shop, draft(1, due_at=now), draft(2, due_at=now + timedelta(hours=1)), now=now)
    assert run(name)["sent"] == 1
    assert taken(sandbox) == 1
    with CaptureQueriesContext(connection) as asked:
        assert run(name) == {"turns": 0, "claimed": 0}
    assert len(asked) == 1


def test_a_single_message_is_sent_by_its_id_and_a_second_ring_finds_nothing(
    database: ScratchDatabase, shop: Shop, sandbox: BoardServer
) -> None:
    now = datetime.now(UTC)
    queue(shop, draft(1, due_at=now), draft(2, due_at=now), now=now)
    ((first,), _) = rows(shop, "id")
    for sent in (1, None):
        said = run(names.SEND_SINGLE_NOTIFICATION, shop_id=shop.id, message_id=first)
        assert said.get("sent") == sent
    assert states(shop) == {"sent": 1, "queued": 1}
    assert taken(sandbox) == 1


def test_a_bulk_is_sent_and_statistics_hear_what_became_of_it(
    database: ScratchDatabase, shop: Shop, sandbox: BoardServer
) -> None:
    now = datetime.now(UTC)
    queue(shop, *(draft(number, due_at=now) for number in range(250)), now=now)
    assert run(names.SEND_BULK_NOTIFICATIONS_ASYNC)["sent"] == 250
    assert taken(sandbox) == 250
    said = run(names.UPDATE_NOTIFICATION_STATISTICS)
    assert isinstance(said["day"], list)
    [day] = said["day"]
    assert isinstance(day, dict)
    assert (day["account"], day["sent"]) == ("one", 250)
    assert run(names.CLEANUP_OLD_NOTIFICATIONS)["messages"] == 0


def test_the_sandbox_s_refusal_in_an_answer_of_200_is_no_success(
    database: ScratchDatabase, shop: Shop, sandbox: BoardServer
) -> None:
    now = datetime.now(UTC)
    sandbox.misbehave("kavenegar", "refusal_in_200", code="418")  # type: ignore[arg-type]  # codes are text there
    queue(shop, draft(1, due_at=now), now=now)
    run(names.PROCESS_SCHEDULED_NOTIFICATIONS)
    assert taken(sandbox) == 0
    assert rows(shop, "state, attempts") == [("queued", 0)]


def test_an_answer_that_is_lost_after_the_messages_were_taken_repeats_none_of_them(
    database: ScratchDatabase, shop: Shop, sandbox: BoardServer
) -> None:
    now = datetime.now(UTC)
    sandbox.misbehave("kavenegar", "lost_answer")
    queue(shop, *(draft(number, due_at=now) for number in range(30)), now=now)
    run(names.PROCESS_SCHEDULED_NOTIFICATIONS)
    assert states(shop) == {"asking": 30}
    sandbox.heal("kavenegar")
    with database.app() as owner:
        owner.execute(f"UPDATE {shop.schema_name}.shop_messages_message SET due_at = now()")  # noqa: S608 -- the template's
        owner.execute("UPDATE notifications_dueshop SET due_at = now()")
    run(names.PROCESS_SCHEDULED_NOTIFICATIONS)
    assert states(shop) == {"sent": 30}
    assert taken(sandbox) == 30


@pytest.mark.parametrize(
    "name",
    [
        names.SEND_DAILY_PAYMENT_REMINDERS, names.SEND_BIRTHDAY_GREETINGS, names.SEND_APPOINTMENT_REMINDERS,
        names.PROCESS_RECURRING_SCHEDULES,
    ],
)  # fmt: skip
def test_the_tasks_of_audiences_walk_all_shops(database: ScratchDatabase, shop: Shop, name: str) -> None:
    said = run(name)
    assert (said["shops"], said["failed"]) == (1, [])
