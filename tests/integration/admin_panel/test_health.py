"""Whether the web process lives, and whether it can serve: told apart, part by part."""

from typing import Any

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase, django_uses

NOWHERE = "postgresql://zargar_app@127.0.0.1:1/nowhere"
WELL = {"database": "ok", "migrations": "ok", "broker": "ok", "cache": "ok"}

pytestmark = pytest.mark.usefixtures("database", "cache_server")


def ready(client: Client) -> tuple[int, dict[str, Any]]:
    """Ask whether it can serve."""
    answer = client.get("/health/ready")
    return answer.status_code, answer.json()


def test_a_process_whose_parts_are_all_away_still_lives(client: Client) -> None:
    with django_uses(NOWHERE):
        answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"state": "ok"})


def test_it_is_ready_when_every_part_answers(client: Client, broker: Broker) -> None:
    assert broker.server.running
    status, said = ready(client)
    assert (status, said["state"], said["parts"]) == (200, "ok", WELL)
    assert said["house"]["state"] == "away"  # it can serve, and says that nobody works
    assert {"no_beat", "queue_unserved", "price_none"} <= set(said["house"]["findings"])


def test_without_its_database_it_is_not_ready_and_says_which_part_is_away(client: Client, broker: Broker) -> None:
    with django_uses(NOWHERE):
        status, said = ready(client)
    assert status == 503
    assert said["parts"] == WELL | {"database": "unreachable", "migrations": "unknown"}
    assert said["house"] == {"state": "away", "findings": ["database_away"]}
    assert broker.server.running


def test_without_broker_and_cache_it_is_not_ready(client: Client, broker: Broker) -> None:
    broker.server.stop()
    status, said = ready(client)
    assert (status, said["parts"]) == (503, WELL | {"broker": "unreachable", "cache": "unreachable"})


def test_a_broker_that_hangs_is_not_waited_for(client: Client, broker: Broker) -> None:
    broker.server.pause()
    status, said = ready(client)
    assert (status, said["parts"]) == (503, WELL | {"broker": "unreachable", "cache": "unreachable"})


def test_a_schema_that_lacks_a_migration_is_behind(client: Client, broker: Broker, database: ScratchDatabase) -> None:
    assert broker.server.running
    with database.owner() as owner:
        owner.execute(f"DELETE FROM {MigrationRecorder.Migration._meta.db_table} WHERE app = 'audit'")  # noqa: S608, SLF001 -- Django's name of its own table
    status, said = ready(client)
    assert (status, said["parts"]) == (503, WELL | {"migrations": "behind"})
