"""Melipayamak (REST): one recipient a call, and HTTP 200 whatever happens.

Address `https://rest.payamak-panel.com/api/SendSMS/{method}`, forms with `username` and `password`; the account's key
is the password (or the API key that may stand for it), the name is its option `user`. An answer is
`{"Value", "RetStatus", "StrRetStatus"}` with `Value` as text.

- It is taken only if `RetStatus` is 1 and `Value` is an id of more than ten digits. A `Value` of at most three digits
  (or negative) is a code though `RetStatus` be 1; what lies between is neither, and proves nothing. -6 is a failure of
  the system there and proves nothing either.
- Several recipients in one call get one id, and without «لغو۱۱» in the text are refused (15): each message is a call of
  its own, and few are taken at a time.
- Patterns go by `BaseServiceNumber`: `bodyId` is a whole number, the values are joined by `;` in the pattern's order,
  so none may hold one. They reach who has blocked advertising: for what concerns their own business alone.
- Nothing recognises a message that is handed over twice.
- Delivery is asked one message a call (`GetDeliveries2`). What people wrote comes by `GetMessages`, the newest hundred,
  repeatable; the reference names the call and not its fields, which are those of the SOAP service (`MsgID`, `Body`,
  `Sender`, `Receiver`): other names are no message. Its times name no zone and are not told.
- Credit is in messages or in Rial, by the account's kind: the option `unit` says how many Rial one is (1 for Rial).
  Without it, it is not told. Costs are not in the answer.
- Some networks reach this host by plain http only; keys are not sent so, and the console's host is no better known.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from zargar.notifications.channels.http import Answer, Caller, Reply
from zargar.notifications.channels.sms.carrier import Carrier, fault
from zargar.notifications.channels.sms.fields import objects, rial, whole
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
    Verdict,
)

HOST: Final = "https://rest.payamak-panel.com"
TAKEN: Final = 1
SHORTEST_ID: Final = 10**10
"""Eleven digits: what is shorter is not known to be an id (the reference's checks vary from 4 to 16 digits)."""
LARGEST_CODE: Final = 999
SEPARATOR: Final = ";"
RECEIVED: Final = "1"
"""The `location` of what came in."""

CODES: Final[Codes] = {
    0: Code(Refusal.ACCOUNT, "the login is not accepted"),
    2: Code(Refusal.ACCOUNT, "not enough credit"),
    3: Code(Refusal.BUSY, "the day's limit is reached"),
    4: Code(Refusal.BUSY, "the limit of volume is reached"),
    5: Code(Refusal.SENDER, "the line is not valid"),
    6: Code(Refusal.BUSY, "the system is being updated"),
    7: Code(Refusal.CONTENT, "a word that is filtered"),
    9: Code(Refusal.ACCOUNT, "shared lines are closed to calls"),
    10: Code(Refusal.ACCOUNT, "the account is not active"),
    11: Code(Refusal.OURS, "not sent"),
    12: Code(Refusal.ACCOUNT, "documents are missing"),
    14: Code(Refusal.CONTENT, "a link"),
    15: Code(Refusal.CONTENT, "several recipients without the words that stop it"),
    35: Code(Refusal.OURS, "invalid data: number, line or a parameter"),
    -1: Code(Refusal.SENDER, "no access to patterns"),
    -2: Code(Refusal.RECIPIENT, "more than one number"),
    -3: Code(Refusal.SENDER, "the line of patterns is not set up"),
    -4: Code(Refusal.SENDER, "no such pattern, or it is not approved"),
    -5: Code(Refusal.SENDER, "the values do not fit the pattern"),
    -7: Code(Refusal.SENDER, "the line of the pattern fails"),
}
"""The reference's table, 1.3, and 35, which users of it report; without -6, which proves nothing."""

STATES: Final[Mapping[int, Delivery]] = {
    0: Delivery.AT_OPERATOR,
    1: Delivery.DELIVERED,
    2: Delivery.UNDELIVERED,
    3: Delivery.FAILED,
    5: Delivery.FAILED,
    8: Delivery.AT_OPERATOR,
    16: Delivery.FAILED,
    35: Delivery.BLACKLISTED,
    100: Delivery.UNKNOWN,
    200: Delivery.AT_OPERATOR,
    300: Delivery.FAILED,
    400: Delivery.QUEUED,
    500: Delivery.FAILED,
}


class Melipayamak(Carrier):
    """Melipayamak under one account; see the module. `unit` is how many Rial one unit of its credit is."""

    limits = Limits(most=20, can_be_asked=False, most_ids=20)

    def __init__(
        self,
        *,
        name: str,
        base: str,
        key: str,
        sender: str,
        user: str,
        unit: int | None = None,
        caller: Caller | None = None,
    ) -> None:
        super().__init__(name=name, base=base, key=key, sender=sender, caller=caller)
        self._user = user
        self._unit = unit

    def receipts(self, provider_ids: Sequence[str]) -> list[Receipt]:
        """Ask what became of messages, one call each. Raises `Unanswered`."""
        states = [(one, whole(self._ask("GetDeliveries2", recID=one))) for one in provider_ids]
        return [Receipt(one, STATES.get(state, Delivery.UNKNOWN)) for one, state in states if state is not None]

    def inbound(self) -> list[Inbound]:
        """Read the newest hundred messages that people wrote to the account's line. Raises `Unanswered`."""
        form = {"location": RECEIVED, "from": self._sender, "index": "0", "count": "100"}
        reply = self._post("GetMessages", form)
        document = reply.json() if isinstance(reply, Answer) else None
        if not isinstance(document, dict) or not isinstance(document.get("Data"), list):
            disbelieve("GetMessages", None, reply)
        return [one for entry in objects(document["Data"]) if (one := _written(entry))]

    def credit(self) -> int | None:
        """Return what is left in Rial; None where nobody said what a unit is. Raises `Unanswered`."""
        return rial(self._ask("GetCredit"), unit=self._unit)

    def _fault(self, message: Outgoing) -> Refused | None:
        if message.pattern is None:
            return None if message.text else fault(message, Refusal.CONTENT, "an empty text")
        if whole(message.pattern.code) is None:
            return fault(message, Refusal.SENDER, "a pattern is named by a whole number here")
        bad = [name for name, value in message.pattern.values.items() if SEPARATOR in value or not value]
        return fault(message, Refusal.CONTENT, f"{bad[0]} is empty or holds a {SEPARATOR}") if bad else None

    def _calls(self, messages: Sequence[Outgoing]) -> list[list[Outgoing]]:
        return [[one] for one in messages]

    def _one_call(self, messages: Sequence[Outgoing]) -> list[Verdict]:
        (message,) = messages
        if message.pattern is None:
            form = {"to": local(message.to), "from": self._line(message), "text": message.text, "isFlash": "false"}
            return judge(messages, self._post("SendSMS", form))
        values = SEPARATOR.join(message.pattern.values.values())
        form = {"to": local(message.to), "bodyId": message.pattern.code, "text": values}
        return judge(messages, self._post("BaseServiceNumber", form))

    def _ask(self, method: str, **form: str) -> object:
        reply = self._post(method, form)
        opened = _opened(reply)
        if opened is None or opened[0] != TAKEN:
            disbelieve(method, CODES.get(opened[0]) if opened else None, reply)
        return opened[1]

    def _post(self, method: str, form: Mapping[str, str]) -> Reply:
        login = {"username": self._user, "password": self._key}
        return self._caller.post(f"{self._base}/api/SendSMS/{method}", form={**login, **form})


def judge(messages: Sequence[Outgoing], reply: Reply) -> list[Verdict]:
    """Return a verdict for the message of one call. Pure."""
    if not isinstance(reply, Answer):
        return unanswered(messages, reply)
    opened = _opened(reply)
    if opened is None:
        return by_status(messages, reply)
    status, value = opened
    identity = whole(value)
    if status == TAKEN and identity is not None and identity >= SHORTEST_ID:
        return [Accepted(one.reference, str(identity)) for one in messages]
    number = identity if status == TAKEN else status
    if number is None or number == TAKEN or abs(number) > LARGEST_CODE:
        return unknown(messages, "neither an id nor a code")
    code = CODES.get(number)
    return refused(messages, code, number) if code else unknown(messages, f"code {number}")


def _opened(reply: Reply) -> tuple[int, object] | None:
    """Return `RetStatus` and `Value`; None for what is not in Melipayamak's shape."""
    document = reply.json() if isinstance(reply, Answer) and reply.status == 200 else None  # noqa: PLR2004 -- its only one
    status = whole(document.get("RetStatus")) if isinstance(document, dict) else None
    return (status, document.get("Value")) if isinstance(document, dict) and status is not None else None


def _written(entry: Mapping[str, Any]) -> Inbound | None:
    identity, sender = whole(entry.get("MsgID")), read(str(entry.get("Sender")))
    if identity is None or not sender:
        return None
    return Inbound(str(identity), sender, str(entry.get("Receiver")), str(entry.get("Body")), None)
