"""Whether a process works is read from its work: killed, stopped, cut off and idle are told apart by their rows."""

import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import tasks
from tests.support.app import app
from tests.support.broker import Broker
from tests.support.databases import ScratchDatabase
from tests.support.processes import beat, running, wait_until, worker
from zargar.ledger.heartbeats import Kind, Pulse, pulses

EVERY = 0.3
LATE = timedelta(seconds=EVERY * 6)


@pytest.fixture
def env(database: ScratchDatabase, broker: Broker, tmp_path: Path) -> dict[str, str]:
    return {
        **database.env, **broker.env, "ZARGAR_HEARTBEAT_SECONDS": str(EVERY),
        "ZARGAR_HEARTBEAT_FILE": str(tmp_path / "heartbeat"),
    }  # fmt: skip


def becomes(true: Callable[[Pulse], bool], *, what: str, kind: Kind = Kind.WORKER) -> Pulse:
    """Wait until the one process of a kind is seen so."""

    def seen() -> bool:
        return any(true(one) for one in pulses() if one.kind is kind)

    wait_until(seen, what=what, show=lambda: str(pulses()))
    return next(one for one in pulses() if one.kind is kind)


def moving(one: Pulse) -> bool:
    return one.moved_ago is not None and one.moved_ago < one.silent_after


def silent(one: Pulse) -> bool:
    return one.moved_ago is not None and one.moved_ago > LATE


def test_an_idle_worker_moves_by_its_canary_and_leaves_no_row_when_it_ends(tmp_path: Path, env: dict[str, str]) -> None:
    hands, file = worker(tmp_path, env, queues="realtime,bulk", children=2), tmp_path / "heartbeat"
    with running(hands):
        found = becomes(moving, what="the pulse")
        assert (found.queues, found.slots, found.busy, found.has_session) == (("bulk", "realtime"), 2, 0, True)
        before = file.stat().st_mtime
        wait_until(lambda: file.stat().st_mtime > before, what="the file to move on")
    assert pulses() == []
    assert "Traceback" not in hands.words()


def test_a_worker_whose_hands_are_full_still_moves_though_no_canary_can_come(
    tmp_path: Path, env: dict[str, str]
) -> None:
    with running(worker(tmp_path, env)):
        becomes(moving, what="the pulse")
        app.tasks[tasks.NAP].delay(milliseconds=int(LATE.total_seconds() * 2000))
        becomes(lambda one: one.busy == 1, what="full hands")
        wait_until(lambda: all(map(moving, pulses())), what="it to move", seconds=LATE.total_seconds())
        became_free = becomes(lambda one: one.busy == 0, what="free hands")
        assert moving(became_free)


def test_a_stopped_worker_is_silent_but_keeps_its_session_and_goes_on_when_it_is_let(
    tmp_path: Path, env: dict[str, str]
) -> None:
    hands = worker(tmp_path, env)
    with running(hands):
        becomes(moving, what="the pulse")
        hands.signal(signal.SIGSTOP)
        try:
            found = becomes(silent, what="silence")
            assert (found.has_session, found.alive_ago > LATE / 2) == (True, True)
        finally:
            hands.signal(signal.SIGCONT)
        becomes(moving, what="the pulse again")


def test_a_killed_worker_is_silent_and_its_session_is_gone(tmp_path: Path, env: dict[str, str]) -> None:
    hands = worker(tmp_path, env)
    with running(hands):
        becomes(moving, what="the pulse")
        hands.kill()
        becomes(lambda one: not one.has_session and silent(one), what="its end")


def test_a_worker_that_lost_its_broker_lives_and_does_not_move_until_it_consumes_again(
    tmp_path: Path, env: dict[str, str], broker: Broker
) -> None:
    with running(worker(tmp_path, env)):
        becomes(moving, what="the pulse")
        broker.server.pause()
        try:
            found = becomes(silent, what="silence")
            assert found.alive_ago < timedelta(seconds=6)
        finally:
            broker.server.resume()
        becomes(moving, what="the pulse again")


def test_a_wiped_broker_costs_a_canary_and_not_the_pulse(tmp_path: Path, env: dict[str, str], broker: Broker) -> None:
    with running(worker(tmp_path, env)):
        becomes(moving, what="the pulse")
        for _ in range(5):
            broker.server.wipe()
        becomes(moving, what="the pulse to go on")


def test_a_beat_moves_by_its_ticks_and_a_killed_one_loses_its_session(tmp_path: Path, env: dict[str, str]) -> None:
    ticker = beat(tmp_path, env)
    with running(ticker):
        found = becomes(moving, what="a tick", kind=Kind.BEAT)
        assert found.name.endswith(f":{ticker.pid}")
        assert (tmp_path / "heartbeat").exists()
        ticker.kill()
        becomes(lambda one: not one.has_session, what="its end", kind=Kind.BEAT)


def test_a_beat_that_ends_in_order_takes_its_row_along(tmp_path: Path, env: dict[str, str]) -> None:
    with running(beat(tmp_path, env)):
        becomes(moving, what="a tick", kind=Kind.BEAT)
    assert pulses() == []
