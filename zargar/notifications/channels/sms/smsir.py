"""sms.ir (v1): keeps the order of what it was given, and cannot be asked by our own number.

Address `https://api.sms.ir/v1`, key in the header `X-API-KEY`. Every answer is `{"status", "message", "data"}`: status
1 is success whatever HTTP says, everything else is a code. Code 0 and HTTP 500 are failures of the system there and
prove nothing.

- One text to many goes by `send/bulk`, texts of their own by `send/likeToLike`, at most 100 in a call, one line in a
  call. `messageIds` answers by position: 0 is a number that has blocked advertising, null a number or text that is not
  valid; neither was sent.
- Patterns go by `send/verify`, one recipient a call: `templateId` is a whole number, a value has at most 25 letters.
- Nothing recognises a message that is handed over twice.
- Delivery is asked one message a call (`send/{messageId}`), so few ids are taken at a time.
- What people wrote comes by `receive/live`, which can be read again (`receive/latest` tells each only once, and a lost
  answer would lose it): today's, and yesterday's in the early hours, newest first, at most `PAGES` pages of 100.
- Costs and credit are in units of the account, not in Rial: the option `unit` says how many Rial one is. Without it
  they are not told.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from zargar.notifications.channels.http import Answer, Caller, Reply
from zargar.notifications.channels.sms.carrier import Carrier, fault, texts_together
from zargar.notifications.channels.sms.fields import moment, objects, rial, whole
from zargar.notifications.channels.sms.numbers import local, read
from zargar.notifications.channels.sms.verdicts import Code, Codes, by_status, disbelieve, refused, unanswered, unknown
from zargar.notifications.values import (
    Accepted,
    Delivery,
    Inbound,
    Limits,
    Outgoing,
    Receipt,
    Refusal,
    Refused,
    Unknown,
    Verdict,
)

HOST: Final = "https://api.sms.ir"
LONGEST_VALUE: Final = 25
TAKEN: Final = 1
BLOCKED: Final = Code(Refusal.RECIPIENT, "the recipient has blocked it")
INVALID: Final = Code(Refusal.RECIPIENT, "the number, or this text for it, is not valid")
NO_SUCH_MESSAGE: Final = 111
PAGE: Final = 100
PAGES: Final = 5

CODES: Final[Codes] = {
    10: Code(Refusal.ACCOUNT, "the key is not accepted"),
    11: Code(Refusal.ACCOUNT, "the key is disabled"),
    12: Code(Refusal.ACCOUNT, "the key may not be used from this address"),
    13: Code(Refusal.ACCOUNT, "the account is not active"),
    14: Code(Refusal.ACCOUNT, "the account is suspended"),
    20: Code(Refusal.BUSY, "too many calls"),
    101: Code(Refusal.SENDER, "the line is not valid"),
    102: Code(Refusal.ACCOUNT, "not enough credit"),
    103: Code(Refusal.CONTENT, "an empty text"),
    104: Code(Refusal.RECIPIENT, "a number is not valid"),
    105: Code(Refusal.OURS, "more than 100 numbers"),
    106: Code(Refusal.OURS, "more than 100 texts"),
    107: Code(Refusal.RECIPIENT, "no number"),
    108: Code(Refusal.CONTENT, "no text"),
    109: Code(Refusal.OURS, "the time is not valid"),
    110: Code(Refusal.OURS, "as many numbers as texts"),
    113: Code(Refusal.SENDER, "no such pattern"),
    114: Code(Refusal.CONTENT, "a value of more than 25 characters"),
    115: Code(Refusal.RECIPIENT, "the recipient has blocked it"),
    116: Code(Refusal.SENDER, "a parameter of the pattern without a name"),
    117: Code(Refusal.SENDER, "the text is not approved"),
    118: Code(Refusal.OURS, "too many messages"),
    119: Code(Refusal.ACCOUNT, "the plan does not hold patterns of one's own"),
    123: Code(Refusal.ACCOUNT, "the line is not active"),
}
"""The reference's table, 1.3, without 0, which proves nothing."""

STATES: Final[Mapping[int, Delivery]] = {
    1: Delivery.DELIVERED,
    2: Delivery.UNDELIVERED,
    3: Delivery.QUEUED,
    4: Delivery.FAILED,
    5: Delivery.AT_OPERATOR,
    6: Delivery.FAILED,
    7: Delivery.BLACKLISTED,
}


class SmsIr(Carrier):
    """sms.ir under one account; see the module. `unit` is how many Rial one unit of its credit is."""

    limits = Limits(most=100, can_be_asked=False, most_ids=20)

    def __init__(
        self, *, name: str, base: str, key: str, sender: str, unit: int | None = None, caller: Caller | None = None
    ) -> None:
        super().__init__(name=name, base=base, key=key, sender=sender, caller=caller)
        self._unit = unit

    def receipts(self, provider_ids: Sequence[str]) -> list[Receipt]:
        """Ask what became of messages, one call each. Raises `Unanswered`."""
        return [receipt for one in provider_ids if (receipt := self._receipt(one))]

    def _receipt(self, identity: str) -> Receipt | None:
        reply = self._get(f"send/{int(identity)}")
        status, data = _opened(reply)
        if status == NO_SUCH_MESSAGE:
            return None
        if status != TAKEN or not isinstance(data, dict):
            disbelieve("send", CODES.get(status or 0), reply)
        state = whole(data.get("deliveryState"))
        found = STATES.get(state, Delivery.UNKNOWN) if state is not None else Delivery.QUEUED
        return Receipt(identity, found, moment(data.get("deliveryDateTime")))

    def inbound(self) -> list[Inbound]:
        """Read what people wrote today to any line of the account. Raises `Unanswered`."""
        return [one for entry in self._inbox() if (one := _written(entry))]

    def _inbox(self) -> Iterator[Mapping[str, Any]]:
        for page in range(1, PAGES + 1):
            reply = self._get("receive/live", {"pageSize": str(PAGE), "pageNumber": str(page), "sortByNewest": "true"})
            status, data = _opened(reply)
            if status != TAKEN:
                disbelieve("receive/live", CODES.get(status or 0), reply)
            entries = list(objects(data))
            yield from entries
            if len(entries) < PAGE:
                return

    def credit(self) -> int | None:
        """Return what is left in Rial; None where nobody said what a unit is. Raises `Unanswered`."""
        reply = self._get("credit")
        status, data = _opened(reply)
        if status != TAKEN:
            disbelieve("credit", CODES.get(status or 0), reply)
        return rial(data, unit=self._unit)

    def _fault(self, message: Outgoing) -> Refused | None:
        if message.pattern is None:
            return None if message.text else fault(message, Refusal.CONTENT, "an empty text")
        if whole(message.pattern.code) is None:
            return fault(message, Refusal.SENDER, "a pattern is named by a whole number here")
        long = [name for name, value in message.pattern.values.items() if len(value) > LONGEST_VALUE or not value]
        return fault(message, Refusal.CONTENT, f"1 to {LONGEST_VALUE} characters in {long[0]}") if long else None

    def _calls(self, messages: Sequence[Outgoing]) -> list[list[Outgoing]]:
        return texts_together(messages, line=self._line)

    def _one_call(self, messages: Sequence[Outgoing]) -> list[Verdict]:
        first = messages[0]
        if first.pattern is not None:
            values = [{"name": name, "value": value} for name, value in first.pattern.values.items()]
            document: dict[str, Any] = {
                "mobile": local(first.to), "templateId": int(first.pattern.code), "parameters": values,
            }  # fmt: skip
            return judge(messages, self._post("send/verify", document), unit=self._unit)
        document = {"lineNumber": whole(self._line(first)), "mobiles": [local(one.to) for one in messages]}
        if all(one.text == first.text for one in messages):
            reply = self._post("send/bulk", {**document, "messageText": first.text})
        else:
            reply = self._post("send/likeToLike", {**document, "messageTexts": [one.text for one in messages]})
        return judge(messages, reply, unit=self._unit)

    def _post(self, path: str, document: Mapping[str, Any]) -> Reply:
        return self._caller.post(f"{self._base}/v1/{path}", document=document, headers={"X-API-KEY": self._key})

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Reply:
        return self._caller.get(f"{self._base}/v1/{path}", query=query, headers={"X-API-KEY": self._key})


def judge(messages: Sequence[Outgoing], reply: Reply, *, unit: int | None) -> list[Verdict]:
    """Return a verdict for each message of one call. Pure."""
    if not isinstance(reply, Answer):
        return unanswered(messages, reply)
    status, data = _opened(reply)
    if status is None:
        return by_status(messages, reply)
    if status != TAKEN:
        code = CODES.get(status)
        return (
            refused(messages, code, status, retry_after=reply.retry_after)
            if code
            else unknown(messages, f"code {status}")
        )
    identities, cost = _identities(data)
    if len(identities) != len(messages):
        return unknown(messages, "taken, with another number of ids than messages")
    price = rial(cost, unit=unit) if len(messages) == 1 else None
    return [_verdict(one, told, price) for one, told in zip(messages, identities, strict=True)]


def _identities(data: object) -> tuple[list[object], object]:
    if not isinstance(data, dict):
        return [], None
    several, one = data.get("messageIds"), data.get("messageId")
    alone = [] if one is None else [one]  # null has a meaning in a list alone
    return (several if isinstance(several, list) else alone), data.get("cost")


def _verdict(message: Outgoing, told: object, cost: int | None) -> Verdict:
    if told is None:
        return Refused(message.reference, INVALID.why, "null", INVALID.words)
    identity = whole(told)
    if identity is None:
        return Unknown(message.reference, "taken without an id")
    if identity == 0:
        return Refused(message.reference, BLOCKED.why, "0", BLOCKED.words)
    return Accepted(message.reference, str(identity), cost)


def _opened(reply: Reply) -> tuple[int | None, Any]:
    document = reply.json() if isinstance(reply, Answer) else None
    return (whole(document.get("status")), document.get("data")) if isinstance(document, dict) else (None, None)


def _written(entry: Mapping[str, Any]) -> Inbound | None:
    identity, sender = whole(entry.get("receiveReturnId")), read(str(entry.get("mobile")))
    if identity is None or not sender:
        return None
    text, line = str(entry.get("messageText")), str(entry.get("number"))
    return Inbound(str(identity), sender, line, text, moment(entry.get("receivedDateTime")))
