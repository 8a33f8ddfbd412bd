"""Kill -9 whoever sends, again and again: the provider's own journal says what left.

Forty deaths over four thousand messages here, so that it takes less than a minute; two hundred over fifty thousand in
the bench (`python -m bench siege`), by the same programs. The chaos is seeded; the deaths are real. The verdict is the
sandbox's count of what it took, and plain SQL by a session of the test's own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.support.boards import BoardServer
from tests.support.databases import ScratchDatabase
from tests.support.many_shops import copies
from tests.support.messages import draft
from zargar.notifications import operations
from zargar.tenancy import in_tenant

KILLS = 40
SHOPS = 8
OF_EACH = 500
SHARE = 100


@pytest.fixture
def sandbox() -> Iterator[BoardServer]:
    """The companies, in a process of their own."""
    server = BoardServer()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def queued(database: ScratchDatabase) -> int:
    """Messages that wait in several shops; how many."""
    from django.db import transaction  # noqa: PLC0415 -- beside its use

    now = datetime.now(UTC)
    with database.owner() as owner:
        made = copies(owner, SHOPS)
    for place, (shop_id, _) in enumerate(made):
        drafts = [draft(place * 10_000 + number, due_at=now) for number in range(OF_EACH)]
        with in_tenant(shop_id), transaction.atomic():
            operations.enqueue(drafts, now=now)
    return SHOPS * OF_EACH


def besieged(database: ScratchDatabase, provider: str) -> dict[str, int]:
    """Run the workers by one provider under fire, to the end."""
    env = {
        **os.environ, **database.env, "ZARGAR_PROVIDERS": provider, "ZARGAR_PROVIDER_ONE_KEY": "sandboxkey",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.message_workers", "--kills", str(KILLS), "--share", str(SHARE)],
        env=env, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return said


def states(database: ScratchDatabase) -> dict[str, int]:
    counted: dict[str, int] = {}
    with database.app() as session:
        for (schema,) in session.execute("SELECT schema_name FROM shops_shop").fetchall():
            ask = f"SELECT state, count(*) FROM {schema}.shop_messages_message GROUP BY 1"  # noqa: S608 -- our own schemas
            rows = session.execute(ask).fetchall()
            for state, count in rows:
                counted[state] = counted.get(state, 0) + count
    return counted


def heard(sandbox: BoardServer, company: str) -> dict[str, int]:
    """Return how often each recipient was really sent something, by the company's own count."""
    found: dict[str, int] = json.loads(sandbox.get(f"/_sandbox/sms/{company}/accepted?by=receptor"))
    return found


def test_by_a_provider_that_can_be_asked_every_message_leaves_exactly_once_whoever_dies(
    database: ScratchDatabase, queued: int, sandbox: BoardServer
) -> None:
    said = besieged(database, f"one=kavenegar+{sandbox.url}/kavenegar?sender=10004346")
    counts = heard(sandbox, "kavenegar")
    assert said["kills"] == KILLS
    assert len(counts) == queued
    assert set(counts.values()) == {1}
    assert states(database) == {"sent": queued}


def test_by_one_that_cannot_be_asked_nothing_leaves_twice_and_what_is_unknown_is_said_to_be(
    database: ScratchDatabase, queued: int, sandbox: BoardServer
) -> None:
    said = besieged(database, f"one=smsir+{sandbox.url}/smsir?sender=30005005")
    counts = heard(sandbox, "smsir")
    assert set(counts.values()) == {1}
    found = states(database)
    assert set(found) <= {"sent", "ambiguous"}
    assert sum(found.values()) == queued
    assert found["sent"] <= len(counts) <= queued
    assert found.get("ambiguous", 0) <= said["kills"] * SHARE
