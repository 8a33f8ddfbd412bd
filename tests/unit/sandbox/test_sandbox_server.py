"""The sandbox as a process: it says where it is, notes what it is asked, does as it is told, and ends."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.boards import BoardServer


def test_it_notes_every_call_before_it_answers(tmp_path: Path) -> None:
    journal = tmp_path / "calls.jsonl"
    with BoardServer("--journal", str(journal)) as server:
        server.misbehave("wallgold", "refuse")
        with pytest.raises(ConnectionError):
            server.get("/wallgold/api/v1/markets?x=1")
        server.get("/tgju/ajax.json")
        calls = server.calls()
    assert [(call["n"], call["board"], call["query"], call["how"]) for call in calls] == [
        (1, "wallgold", "x=1", "refuse"), (2, "tgju", "", None),
    ]  # fmt: skip
    assert [json.loads(line) for line in journal.read_text().splitlines()] == calls


def test_the_level_of_its_market_can_be_moved() -> None:
    with BoardServer() as server:
        before = json.loads(server.get("/_sandbox/market"))
        server.move("0.76")
        after = json.loads(server.get("/_sandbox/market"))
    assert abs(int(after["toman_per_gram_18k"]) / int(before["toman_per_gram_18k"]) - 0.76) < 0.001


@pytest.mark.parametrize("order", ['{"board": "nobody", "how": "silent"}', '{"board": "tgju", "how": "sing"}', "junk"])
def test_an_order_that_means_nothing_is_refused(order: str) -> None:
    with BoardServer() as server, pytest.raises(AssertionError, match="error"):
        server.order(order)


def test_its_clock_stands_where_it_is_told_to_and_goes_on_when_let() -> None:
    moment = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    with BoardServer() as server:
        server.stand_at(moment)
        first, again = server.get("/_sandbox/market"), server.get("/_sandbox/market")
        told = json.loads(server.get("/tgju/ajax.json"))["current"]["geram18"]["ts"]
        server.stand_at(None)
        later = json.loads(server.get("/_sandbox/market"))
    assert json.loads(first)["at"] == moment.isoformat()
    assert first == again
    assert told == "2026-11-22 11:30:00"
    assert later["at"] > datetime.now(UTC).replace(microsecond=0).isoformat()[:16]
