"""What answers prove that no sandbox gives: entries out of order, ids that do not fit, bodies that make no sense."""

import json
from collections.abc import Callable

import pytest

from zargar.notifications.channels.http import Answer
from zargar.notifications.channels.sms import ippanel, kavenegar, melipayamak, smsir
from zargar.notifications.values import Accepted, Outgoing, Refusal, Refused, Unknown, Verdict

MESSAGES = [Outgoing(reference=n, to=f"+98912000000{n}", text=f"سلام {n}") for n in (1, 2)]


def kavenegar_of(*entries: dict[str, object]) -> list[Verdict]:
    document = {"return": {"status": 200, "message": ""}, "entries": [*entries]}
    return kavenegar.judge(MESSAGES, Answer(200, json.dumps(document).encode()))


def test_kavenegar_entries_in_another_order_find_their_messages() -> None:
    entries = [
        {"messageid": 12, "message": "سلام 2", "status": 1, "receptor": "989120000002", "cost": 10},
        {"messageid": 11, "message": "سلام 1", "status": 5, "receptor": "+989120000001", "cost": "9"},
    ]
    assert kavenegar_of(*entries) == [Accepted(1, "11", 9), Accepted(2, "12", 10)]


def test_kavenegar_entries_of_one_number_find_their_messages_by_the_text() -> None:
    twice = [Outgoing(reference=n, to="+989120000001", text=f"سلام {n}") for n in (1, 2)]
    entries = [
        {"messageid": 10 + n, "message": f"سلام {n}", "status": 1, "receptor": "09120000001", "cost": 9} for n in (2, 1)
    ]
    document = {"return": {"status": 200, "message": ""}, "entries": entries}
    told = kavenegar.judge(twice, Answer(200, json.dumps(document).encode()))
    assert told == [Accepted(1, "11", 9), Accepted(2, "12", 9)]


def test_a_kavenegar_entry_that_is_missing_leaves_its_message_open() -> None:
    told = kavenegar_of({"messageid": 12, "message": "سلام 2", "status": 1, "receptor": "09120000002", "cost": 10})
    assert told == [Unknown(1, "not among what was told"), Accepted(2, "12", 10)]


def smsir_of(data: object) -> list[Verdict]:
    return smsir.judge(MESSAGES, Answer(200, json.dumps({"status": 1, "data": data}).encode()), unit=None)


@pytest.mark.parametrize("data", [None, {}, {"messageIds": []}, {"messageIds": [1]}, {"messageIds": [1, 2, 3]}])
def test_ids_that_do_not_fit_the_messages_prove_nothing(data: object) -> None:
    assert all(isinstance(verdict, Unknown) for verdict in smsir_of(data))


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("5243690627088685351", Accepted(1, "5243690627088685351")),
        ("37414374140", Accepted(1, "37414374140")),
        ("3741437414", Unknown(1, "neither an id nor a code")),
        ("1001", Unknown(1, "neither an id nor a code")),
        ("1", Unknown(1, "neither an id nor a code")),
        ("", Unknown(1, "neither an id nor a code")),
        (None, Unknown(1, "neither an id nor a code")),
        ("0", Refused(1, Refusal.ACCOUNT, "0", "the login is not accepted")),
        ("15", Refused(1, Refusal.CONTENT, "15", "several recipients without the words that stop it")),
    ],
)
def test_only_a_long_id_of_melipayamak_is_one(value: str | None, verdict: Verdict) -> None:
    answer = Answer(200, json.dumps({"Value": value, "RetStatus": 1, "StrRetStatus": "Ok"}).encode())
    assert melipayamak.judge(MESSAGES[:1], answer) == [verdict]


def test_a_refusal_of_melipayamak_that_shows_a_long_value_is_a_refusal() -> None:
    answer = Answer(200, json.dumps({"Value": "5243690627088685351", "RetStatus": 2, "StrRetStatus": "x"}).encode())
    assert melipayamak.judge(MESSAGES[:1], answer) == [Refused(1, Refusal.ACCOUNT, "2", "not enough credit")]


def mark(number: str) -> str:
    return number[-1]


@pytest.mark.parametrize("ids", [[], [7], [7, None], ["x", 8], None, [7, 8, 9]])
def test_ippanel_ids_that_do_not_fit_the_texts_prove_nothing(ids: object) -> None:
    document = {"data": {"message_outbox_ids": ids}, "meta": {"status": True}}
    told = ippanel.judge(MESSAGES, [[one] for one in MESSAGES], Answer(200, json.dumps(document).encode()), mark=mark)
    assert all(isinstance(verdict, Unknown) for verdict in told)


@pytest.mark.parametrize(
    ("field", "why"),
    [("recipients.0", Refusal.RECIPIENT), ("message", Refusal.CONTENT), ("from_number", Refusal.SENDER),
     ("params.0.recipients", Refusal.RECIPIENT), ("sending_type", Refusal.OURS)],
)  # fmt: skip
def test_a_validation_of_ippanel_blames_the_field_that_it_names(field: str, why: Refusal) -> None:
    meta = {"status": False, "message_code": "400-2", "errors": {field: ["..."]}}
    answer = Answer(422, json.dumps({"data": None, "meta": meta}).encode())
    told = ippanel.judge(MESSAGES, [MESSAGES], answer, mark=mark)
    assert [one.why for one in told if isinstance(one, Refused)] == [why, why]


JUDGES: dict[str, Callable[[Answer], list[Verdict]]] = {
    "kavenegar": lambda answer: kavenegar.judge(MESSAGES, answer),
    "smsir": lambda answer: smsir.judge(MESSAGES, answer, unit=1),
    "melipayamak": lambda answer: melipayamak.judge(MESSAGES, answer),
    "ippanel": lambda answer: ippanel.judge(MESSAGES, [MESSAGES], answer, mark=mark),
}


@pytest.mark.parametrize("name", JUDGES)
@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"7", b'"text"', b"{}", b"[" * 100_000, b"\xff\xfe", b'{"return": 200}', b'{"meta": []}',
        b'{"return": {"status": true}}', b'{"status": 1.0}', b'{"status": "1", "data": []}', b"9" * 5_000,
        b'{"return": {"status": 200}}', b'{"meta": {"status": "true"}, "data": {"message_outbox_ids": [1]}}',
        b'{"RetStatus": true, "Value": "5243690627088685351"}', b'{"RetStatus": 1}',
    ],
)  # fmt: skip
def test_a_body_that_makes_no_sense_takes_nothing_and_proves_nothing(name: str, body: bytes) -> None:
    for verdict in JUDGES[name](Answer(200, body)):
        assert not isinstance(verdict, Accepted), verdict
        assert isinstance(verdict, Unknown) or verdict.why is not Refusal.RECIPIENT


@pytest.mark.parametrize("name", JUDGES)
@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, Refusal.ACCOUNT), (403, Refusal.ACCOUNT), (404, Refusal.OURS), (413, Refusal.OURS), (429, Refusal.BUSY),
     (302, None), (307, None), (408, None), (500, None), (502, None), (503, None), (504, None), (200, None)],
)  # fmt: skip
def test_a_strangers_page_proves_something_by_its_status_alone(
    name: str, status: int, expected: Refusal | None
) -> None:
    for verdict in JUDGES[name](Answer(status, b"<html>...</html>")):
        assert (verdict.why if isinstance(verdict, Refused) else None) is expected
