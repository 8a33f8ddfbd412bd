"""IPPanel (Edge): takes a bulk under one id for each text, and says afterwards what came of it.

Address `https://edge.ippanel.com/v1`, key in the header `Authorization` as it is. Every answer is `{"data", "meta"}`:
`meta.status` true is success, else `meta.message_code` says why. Numbers, and the line that is written from, are E.164.

- One text to many goes as `sending_type: webservice`, texts of their own as `peer_to_peer` (the numbers of one text
  together). `message_outbox_ids` holds one id for each text, in order, and none for a number: a message's id here is
  `<outbox id>-<mark>`, the mark being eight bytes of the number's BLAKE2b under the account's key: no number is in an
  id, and who has the ids cannot try all numbers. After a change of key the older ids are told the state of their bulk.
- The company's most numbers in a call is not documented; 100 are handed over.
- Patterns go as `pattern`, one recipient a call; a value has at most 40 characters.
- What is wrong with a number, a blocked one, or the credit shows only afterwards: it is taken, and the report says so
  (`message_status` 4; state 4 or 8 of the whole bulk). A validation (400-2) names the field: numbers, text or line.
- Nothing recognises a message that is handed over twice.
- Delivery is asked one bulk a call (`report/recipients`), and for what has no state there, the bulk's
  (`report/by_bulk`).
- What people wrote comes by `report/messages-inbox`, the newest hundred, repeatable.
- The credit is in Rial; a send does not tell its cost.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from zargar.notifications.channels.http import Answer, Reply
from zargar.notifications.channels.sms.carrier import Carrier, fault, texts_together
from zargar.notifications.channels.sms.fields import moment, objects, rial, whole
from zargar.notifications.channels.sms.numbers import digits, line, read
from zargar.notifications.channels.sms.verdicts import Code, by_status, disbelieve, refused, unanswered, unknown
from zargar.notifications.values import (
    Accepted,
    Delivery,
    Inbound,
    Limits,
    Outgoing,
    Receipt,
    Refusal,
    Refused,
    Verdict,
)

HOST: Final = "https://edge.ippanel.com"
LONGEST_VALUE: Final = 40
PAGE: Final = 100

CODES: Final[Mapping[str, Code]] = {
    "400-1": Code(Refusal.ACCOUNT, "the key is not accepted"),
    "400-2": Code(Refusal.OURS, "a field is not valid"),
    "400-31": Code(Refusal.OURS, "a state that is not valid"),
    "404-1": Code(Refusal.SENDER, "no such pattern"),
    "422-1": Code(Refusal.OURS, "a request that is not valid"),
}
"""What Edge publishes (the reference, 1.3). A code that is not here, with `status` false, is `OTHER`."""
OTHER: Final = Code(Refusal.OURS, "a code that is not in the table")
VALIDATION: Final = "400-2"
FIELDS: Final[Mapping[str, Code]] = {
    "recipients": Code(Refusal.RECIPIENT, "a number is not valid"),
    "params": Code(Refusal.RECIPIENT, "a number or a text is not valid"),
    "message": Code(Refusal.CONTENT, "the text is not valid"),
    "from_number": Code(Refusal.SENDER, "the line is not valid"),
    "code": Code(Refusal.SENDER, "the pattern is not valid"),
}
"""Whose fault a validation is, by the first part of the field's name."""

STATES: Final[Mapping[int, Delivery]] = {
    0: Delivery.AT_OPERATOR,
    1: Delivery.AT_OPERATOR,
    2: Delivery.DELIVERED,
    3: Delivery.UNDELIVERED,
    4: Delivery.BLACKLISTED,
}
"""`message_status` of one number."""
BULK_STATES: Final[Mapping[int, Delivery]] = {
    0: Delivery.QUEUED,
    1: Delivery.QUEUED,
    2: Delivery.QUEUED,
    3: Delivery.FAILED,
    4: Delivery.FAILED,
    5: Delivery.QUEUED,
    6: Delivery.AT_OPERATOR,
    7: Delivery.CANCELLED,
    8: Delivery.FAILED,
    9: Delivery.FAILED,
}
"""`state_id` of a whole bulk."""


class IpPanel(Carrier):
    """IPPanel under one account; see the module."""

    limits = Limits(most=100, can_be_asked=False, most_ids=20)

    def receipts(self, provider_ids: Sequence[str]) -> list[Receipt]:
        """Ask what became of messages, one call for each bulk among them. Raises `Unanswered`."""
        bulks: defaultdict[str, list[str]] = defaultdict(list)
        for one in provider_ids:
            bulks[one.partition("-")[0]].append(one)
        return [receipt for bulk, ids in bulks.items() for receipt in self._of_bulk(bulk, ids)]

    def _of_bulk(self, bulk: str, ids: Sequence[str]) -> list[Receipt]:
        query = {"page": "1", "per_page": str(PAGE), "bulk_id": bulk}
        told = {
            f"{bulk}-{self._mark(str(entry.get('recipient')))}": whole(entry.get("message_status"))
            for entry in objects(self._ask("report/recipients", query))
        }
        found = {one: STATES[state] for one in ids if (state := told.get(one)) is not None and state in STATES}
        if len(found) < len(ids):
            data = self._ask("report/by_bulk", {"messages_outbox_id": bulk})
            state = whole(data.get("state_id")) if isinstance(data, dict) else None
            whole_bulk = Delivery.UNKNOWN if state is None else BULK_STATES.get(state, Delivery.UNKNOWN)
            found = {**dict.fromkeys(ids, whole_bulk), **found}
        return [Receipt(one, found[one]) for one in ids]

    def inbound(self) -> list[Inbound]:
        """Read the newest hundred messages that people wrote to any line of the account. Raises `Unanswered`."""
        reply = self._post("report/messages-inbox", {"page": 1, "per_page": PAGE})
        return [one for entry in objects(_data(reply, "report/messages-inbox")) if (one := _written(entry))]

    def credit(self) -> int | None:
        """Return what is left in Rial. Raises `Unanswered`."""
        data = self._ask("payment/credit/mine")
        return rial(data.get("credit"), unit=1) if isinstance(data, dict) else None

    def _fault(self, message: Outgoing) -> Refused | None:
        if message.pattern is None:
            return None if message.text else fault(message, Refusal.CONTENT, "an empty text")
        bad = [name for name, value in message.pattern.values.items() if len(value) > LONGEST_VALUE or not value]
        return fault(message, Refusal.CONTENT, f"1 to {LONGEST_VALUE} characters in {bad[0]}") if bad else None

    def _calls(self, messages: Sequence[Outgoing]) -> list[list[Outgoing]]:
        return [call for group in texts_together(messages, line=self._line) for call in _without_twins(group)]

    def _one_call(self, messages: Sequence[Outgoing]) -> list[Verdict]:
        texts: defaultdict[str, list[Outgoing]] = defaultdict(list)
        for one in messages:
            texts[one.text].append(one)
        groups = list(texts.values())
        reply = self._post("send", {"from_number": line(self._line(messages[0])), **_body(groups)})
        return judge(messages, groups, reply, mark=self._mark)

    def _mark(self, number: str) -> str:
        return blake2b(digits(number).encode(), digest_size=8, key=self._key.encode()[:64]).hexdigest()

    def _ask(self, path: str, query: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 -- whatever `data` holds
        return _data(self._caller.get(f"{self._base}/v1/api/{path}", query=query, headers=self._headers()), path)

    def _post(self, path: str, document: Mapping[str, Any]) -> Reply:
        return self._caller.post(f"{self._base}/v1/api/{path}", document=document, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return {"Authorization": self._key}


def _without_twins(messages: Sequence[Outgoing]) -> list[list[Outgoing]]:
    """Keep the same text to the same number out of one call: there, both would have one id."""
    calls: list[dict[tuple[str, str], Outgoing]] = []
    for one in messages:
        place = (one.to, one.text)
        free = next((call for call in calls if place not in call), None)
        if free is None:
            calls.append(free := {})
        free[place] = one
    return [list(call.values()) for call in calls]


def _body(groups: Sequence[Sequence[Outgoing]]) -> dict[str, Any]:
    first = groups[0][0]
    if first.pattern is not None:
        return {
            "sending_type": "pattern", "code": first.pattern.code, "recipients": [first.to],
            "params": dict(first.pattern.values),
        }  # fmt: skip
    each = [{"recipients": [one.to for one in group], "message": group[0].text} for group in groups]
    if len(each) == 1:
        return {
            "sending_type": "webservice", "message": first.text, "params": {"recipients": each[0]["recipients"]},
        }  # fmt: skip
    return {"sending_type": "peer_to_peer", "params": each}


def judge(
    messages: Sequence[Outgoing],
    groups: Sequence[Sequence[Outgoing]],
    reply: Reply,
    *,
    mark: Callable[[str], str],
) -> list[Verdict]:
    """Return a verdict for each message of one call. Pure.

    `groups` are the messages of one text each, as they were handed over; `mark` stands for a number in an id.
    """
    if not isinstance(reply, Answer):
        return unanswered(messages, reply)
    meta, data = _opened(reply)
    if meta is None:
        return by_status(messages, reply)
    if meta.get("status") is not True:
        return _refusal(messages, meta, reply)
    identities = data.get("message_outbox_ids") if isinstance(data, dict) else None
    if not isinstance(identities, list) or len(identities) != len(groups) or not all(whole(one) for one in identities):
        return unknown(messages, "taken, with another number of ids than texts")
    of_message = {
        one.reference: f"{identity}-{mark(one.to)}"
        for identity, group in zip(identities, groups, strict=True)
        for one in group
    }
    return [Accepted(one.reference, of_message[one.reference]) for one in messages]


def _refusal(messages: Sequence[Outgoing], meta: Mapping[str, Any], answer: Answer) -> list[Verdict]:
    number = str(meta.get("message_code"))
    if answer.status >= 500 or not number.startswith("4"):  # noqa: PLR2004 -- the server's own failures
        return unknown(messages, "a failure of the system there")
    errors = meta.get("errors")
    fields = [name.partition(".")[0] for name in errors] if isinstance(errors, dict) and number == VALIDATION else []
    code = next((FIELDS[name] for name in fields if name in FIELDS), CODES.get(number, OTHER))
    known = number if number in CODES else "other"
    return refused(messages, code, known, retry_after=answer.retry_after)


def _opened(reply: Reply) -> tuple[Mapping[str, Any] | None, Any]:
    document = reply.json() if isinstance(reply, Answer) else None
    meta = document.get("meta") if isinstance(document, dict) else None
    return (meta, document.get("data")) if isinstance(document, dict) and isinstance(meta, dict) else (None, None)


def _data(reply: Reply, what: str) -> Any:  # noqa: ANN401 -- whatever `data` holds
    meta, data = _opened(reply)
    if meta is None or meta.get("status") is not True:
        known = CODES.get(str(meta.get("message_code"))) if meta else None
        disbelieve(what, known, reply)
    return data


def _written(entry: Mapping[str, Any]) -> Inbound | None:
    identity, sender = whole(entry.get("messages_inbox_id")), read(str(entry.get("from")))
    if identity is None or not sender:
        return None
    to, text = str(entry.get("number")), str(entry.get("message"))
    return Inbound(str(identity), sender, to, text, moment(entry.get("time")))
