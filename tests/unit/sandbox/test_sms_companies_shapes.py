"""The companies of the sandbox: shapes as documented, calls noted before they are recognised, things to count."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.boards import BoardServer


def kavenegar(server: BoardServer, method: str, **fields: object) -> dict[str, Any]:
    query = urlencode({name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()})
    told: dict[str, Any] = json.loads(server.get(f"/kavenegar/v1/key/{method}.json?{query}"))
    return told


def array(server: BoardServer, *references: int) -> dict[str, Any]:
    return kavenegar(
        server, "sms/sendarray", receptor=[f"0912000{n:04d}" for n in references], sender=["3000"] * len(references),
        message=["سلام"] * len(references), localmessageids=[*references],
    )  # fmt: skip


def lines(journal: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.read_text().splitlines()]


def test_an_entry_has_the_documented_fields_and_types() -> None:
    with BoardServer() as server:
        told = array(server, 1)
    assert told["return"] == {"status": 200, "message": "تایید شد"}
    assert {name: type(value) for name, value in told["entries"][0].items()} == {
        "messageid": int, "message": str, "status": int, "statustext": str, "sender": str, "receptor": str,
        "date": int, "cost": int,
    }  # fmt: skip


def test_a_call_is_noted_before_its_references_are_recognised(tmp_path: Path) -> None:
    journal = tmp_path / "calls.jsonl"
    with BoardServer("--journal", str(journal)) as server:
        first, again = array(server, 1, 2), array(server, 2, 3)
        shown = json.loads(server.get("/_sandbox/sms/kavenegar"))
        by_reference = json.loads(server.get("/_sandbox/sms/kavenegar/accepted?by=reference"))
        by_receptor = json.loads(server.get("/_sandbox/sms/kavenegar/accepted?by=receptor"))
    assert again["entries"][0]["messageid"] == first["entries"][1]["messageid"]
    noted = lines(journal)
    assert [sorted(one) for one in noted] == [
        sorted({"n", "at", "board", "method", "path", "query", "headers", "body", "how"}),
        ["accepted", "again", "board", "of"],
    ] * 2
    assert [one["of"] for one in noted[1::2]] == [noted[0]["n"], noted[2]["n"]]
    assert [[taken[0] for taken in one["accepted"]] for one in noted[1::2]] == [[1, 2], [3]]
    assert [one["again"] for one in noted[1::2]] == [[], [2]]
    assert (shown["accepted"], shown["twice"]) == (3, 0)
    assert by_reference == {"1": 1, "2": 1, "3": 1}
    assert by_receptor == {f"98912000000{n}": 1 for n in (1, 2, 3)}


def test_a_message_without_a_reference_is_taken_as_often_as_it_comes() -> None:
    with BoardServer() as server:
        for _ in range(2):
            kavenegar(server, "sms/send", receptor="09120000001", message="سلام", sender="3000")
        assert json.loads(server.get("/_sandbox/sms/kavenegar/accepted?by=receptor")) == {"989120000001": 2}


def test_what_was_taken_and_whose_answer_was_lost_is_in_the_file(tmp_path: Path) -> None:
    journal = tmp_path / "calls.jsonl"
    with BoardServer("--journal", str(journal)) as server:
        server.misbehave("kavenegar", "lost_answer", calls=1)
        with pytest.raises(ConnectionError):
            array(server, 7)
        assert array(server, 8)["return"]["status"] == 200
    assert [taken[0] for one in lines(journal) if "accepted" in one for taken in one["accepted"]] == [7, 8]


def test_messages_move_on_with_time() -> None:
    with BoardServer() as server:
        identity = array(server, 1)["entries"][0]["messageid"]
        states = []
        for pace in (1000.0, 0):
            server.tell("sms/kavenegar", pace=pace)
            states.append(kavenegar(server, "sms/status", messageid=str(identity))["entries"][0]["status"])
    assert states[0] == 1
    assert states[1] in {10, 11}


def test_credit_pays_for_a_whole_call_or_for_none_of_it() -> None:
    with BoardServer() as server:
        server.tell("sms/kavenegar", credit=2_500, price=1_000)
        with pytest.raises(AssertionError, match="418"):
            array(server, 1, 2, 3)
        shown = json.loads(server.get("/_sandbox/sms/kavenegar"))
    assert (shown["accepted"], shown["credit"]) == (0, 2_500)


def test_an_order_that_means_nothing_is_refused() -> None:
    with BoardServer() as server, pytest.raises(AssertionError, match="error"):
        server.tell("sms/kavenegar", fortune=7)


def test_beginning_anew_forgets_all_but_the_ids() -> None:
    with BoardServer() as server:
        first = array(server, 1)["entries"][0]["messageid"]
        server.forget("/_sandbox/sms/kavenegar")
        assert json.loads(server.get("/_sandbox/sms/kavenegar/accepted?by=reference")) == {}
        assert array(server, 1)["entries"][0]["messageid"] > first
