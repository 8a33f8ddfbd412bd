"""The table of situations: in each, the command, the web's readiness and the page say what is wrong, and nothing else.

Real processes in each row: a worker, a beat, the web process, the sandbox of the boards, Valkey and a database of their
own; a price is due every two seconds.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from psycopg.sql import SQL, Identifier

from tests.support.boards import BoardServer
from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase, Server
from tests.support.processes import Process, beat, running, wait_until, worker
from tests.support.web import web
from zargar.admin_panel import words

BOARDS = ("wallgold", "tgju", "talasea", "milli", "tlyn", "bonbast")
DONE, REFUSED, PART_AWAY = 0, 1, 4


@dataclass(frozen=True)
class House:
    """The running parts, and the ways to ask how they do."""

    hands: Process
    ticker: Process
    boards: BoardServer
    broker: Broker
    postgres: Server
    database: ScratchDatabase
    env: dict[str, str]
    address: str

    def status(self) -> tuple[int, dict[str, Any]]:
        """Ask the command."""
        done = subprocess.run(
            [sys.executable, "-m", "zargar.cli", "status", "--json"],
            env=self.env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def web(self, path: str) -> tuple[int, str]:
        """Ask the web process."""
        with closing(http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=15)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def refuse_sessions(self) -> None:
        """Have the server end the database's sessions and take no more, as one that is down."""
        with self.postgres.admin() as admin:
            admin.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(Identifier(self.database.name)))
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [self.database.name]
            )


def well(_: House) -> None:
    """Change nothing."""


def one_board_down(house: House) -> None:
    house.boards.misbehave("milli", "html")


def all_boards_down(house: House) -> None:
    for board in BOARDS:
        house.boards.misbehave(board, "error500")


def worker_killed(house: House) -> None:
    house.hands.kill()


def worker_stopped(house: House) -> None:
    house.hands.signal(signal.SIGSTOP)


def beat_killed(house: House) -> None:
    house.ticker.kill()


def broker_down(house: House) -> None:
    house.broker.server.stop()


def database_down(house: House) -> None:
    house.refuse_sessions()


@dataclass(frozen=True)
class Situation:
    """What is done to the house, and what has to be said of it then."""

    befalls: Callable[[House], None]
    state: str
    code: int
    findings: frozenset[str]
    ready: int = 200
    before_any_price: bool = False


SITUATIONS = {
    "healthy": Situation(well, "ok", DONE, frozenset()),
    "one board down": Situation(one_board_down, "degraded", DONE, frozenset({"board_down"})),
    "all boards down": Situation(all_boards_down, "failing", REFUSED, frozenset({"boards_all_down", "price_fallback"})),
    "no price yet": Situation(
        well, "failing", REFUSED, frozenset({"boards_all_down", "price_none"}), before_any_price=True
    ),
    "worker dead": Situation(worker_killed, "away", PART_AWAY, frozenset({"worker_dead"})),
    "worker alive but not consuming": Situation(worker_stopped, "away", PART_AWAY, frozenset({"worker_not_consuming"})),
    "beat dead": Situation(beat_killed, "away", PART_AWAY, frozenset({"beat_dead"})),
    "broker down": Situation(broker_down, "away", PART_AWAY, frozenset({"broker_away"}), ready=503),
    "database down": Situation(database_down, "away", PART_AWAY, frozenset({"database_away"}), ready=503),
}


@pytest.fixture
def boards() -> Iterator[BoardServer]:
    with BoardServer() as server:
        yield server


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS.keys())
def test_what_is_wrong_is_said_and_nothing_else(
    situation: Situation,
    tmp_path: Path,
    postgres: Server,
    database: ScratchDatabase,
    broker: Broker,
    cache_server: str,
    boards: BoardServer,
) -> None:
    env = {
        **os.environ, **database.env, **broker.env, "CACHE_URL": cache_server, "ZARGAR_SANDBOX_URL": boards.url,
        "ZARGAR_PRICES_EVERY_SECONDS": "2", "ZARGAR_HEARTBEAT_SECONDS": "1.5", "ZARGAR_CONSOLE_OPEN": "true",
        "ZARGAR_PRICES_SOURCES": ",".join(BOARDS),
    }  # fmt: skip
    hands, ticker = worker(tmp_path, env), beat(tmp_path, env)
    with running(hands, ticker), web(tmp_path, env) as address:
        house = House(hands, ticker, boards, broker, postgres, database, env, address)
        if situation.before_any_price:
            all_boards_down(house)
        else:
            wait_until(
                lambda: house.status()[1]["state"] == "ok", what="a well house", show=lambda: str(house.status())
            )
        situation.befalls(house)
        try:
            _is_said(house, situation)
        finally:
            hands.signal(signal.SIGCONT)


def _is_said(house: House, situation: Situation) -> None:
    """Wait until the command says it, exactly; then ask everybody else."""

    def codes() -> set[str]:
        return {finding["code"] for finding in house.status()[1]["findings"]}

    wait_until(
        lambda: codes() == situation.findings, what=f"{sorted(situation.findings)}", seconds=40,
        show=lambda: json.dumps(house.status()[1], indent=1),
    )  # fmt: skip
    code, told = house.status()
    assert (code, told["state"]) == (situation.code, situation.state), told
    assert len(told["needs"]) == len(situation.findings)

    status, answer = house.web("/health/ready")
    assert status == situation.ready, answer
    assert json.loads(answer)["house"] == {"state": situation.state, "findings": sorted_as(told)}

    status, page = house.web("/")
    if "database_away" in situation.findings:
        assert (status, "پایگاه داده پاسخ نمی‌دهد" in page) == (503, True)
        return
    assert status == 200
    assert words.HOUSE[situation.state] in page
    assert [code for code in situation.findings if words.FINDINGS[code] not in page] == []


def sorted_as(told: dict[str, Any]) -> list[str]:
    """Return the codes in the order in which they are told."""
    return [finding["code"] for finding in told["findings"]]
