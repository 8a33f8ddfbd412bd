"""Kavenegar: the one company that recognises a message by our own number, and can be asked for it.

Address `https://api.kavenegar.com/v1/{key}/{method}.json`: the key is in the path, so no address is ever told. Every
answer is `{"return": {"status", "message"}, "entries"}`; the status of HTTP mirrors `return.status`, which decides.

- Texts go by `sms/sendarray`, at most 200 in a call and 900 characters each: equal or different texts alike, with our
  reference as `localmessageids`. Its arrays travel as JSON inside the fields of a form. A reference that is handed over
  again is not sent again (the old record comes back), so repeating a call with the same references is safe.
- `sms/statuslocalmessageid` tells for 12 hours which references have arrived; 100 there means that none has.
- Patterns go by `verify/lookup`, one recipient a call, and know no reference: they can neither be asked for nor
  repeated. `token`, `token2` and `token3` hold no space, line break, underscore or separator, `token10` at most five
  spaces, `token20` at most eight (code 431): a whole name belongs into `token10`. A pattern's values are named so.
- Entries come in the order of the request; since no text says so, they are matched by number and text, and what cannot
  be matched is unknown. An entry with status 14 (the recipient has blocked advertising) was not sent and is refunded.
- One wrong number refuses the whole call (411), one text too (413, 420, 422): such a call is divided (`carrier`).
- Delivery is asked with `sms/status`, 500 ids a call, for 48 hours: 100 then means too old, not failed.
- What people wrote comes by `sms/inboxpaged`, which can be read again (`sms/receive` marks as read what it tells, and a
  lost answer would lose it): the last day of this account's line, unread and read (somebody may have looked in the
  panel), at most `PAGES` pages of 200 each.
- Costs and credit are in Rial.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from zargar.notifications.channels.http import Answer, Caller, Reply
from zargar.notifications.channels.sms.carrier import Carrier, fault, texts_together
from zargar.notifications.channels.sms.fields import moment, objects, whole
from zargar.notifications.channels.sms.numbers import digits, local, read
from zargar.notifications.channels.sms.verdicts import Code, Codes, by_status, disbelieve, refused, unanswered, unknown
from zargar.notifications.ports import Unanswered
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

HOST: Final = "https://api.kavenegar.com"
LONGEST: Final = 900
SPACES: Final[Mapping[str, int]] = {"token": 0, "token2": 0, "token3": 0, "token10": 5, "token20": 8}
"""The names of a pattern's values, and how many spaces each may hold."""
TAKEN: Final = 200
BLOCKED: Final = 14
NO_SUCH_ID: Final = 100
SINCE: Final = timedelta(days=1)
"""How far back what people wrote is read."""
PAGE: Final = 200
PAGES: Final = 5

CODES: Final[Codes] = {
    400: Code(Refusal.OURS, "incomplete parameters"),
    401: Code(Refusal.ACCOUNT, "the account is disabled"),
    402: Code(Refusal.OURS, "the operation failed"),
    403: Code(Refusal.ACCOUNT, "the key is not accepted"),
    404: Code(Refusal.OURS, "no such method"),
    405: Code(Refusal.OURS, "the wrong verb"),
    406: Code(Refusal.OURS, "a mandatory parameter is empty"),
    407: Code(Refusal.ACCOUNT, "this address may not ask"),
    409: Code(Refusal.BUSY, "the server cannot answer now"),
    411: Code(Refusal.RECIPIENT, "the number is not valid"),
    412: Code(Refusal.SENDER, "the line is not valid"),
    413: Code(Refusal.CONTENT, "the text is empty or too long"),
    414: Code(Refusal.OURS, "too many in one call"),
    415: Code(Refusal.OURS, "the start index is too large"),
    416: Code(Refusal.ACCOUNT, "this address is not that of the service"),
    417: Code(Refusal.OURS, "the date is wrong"),
    418: Code(Refusal.ACCOUNT, "not enough credit"),
    419: Code(Refusal.OURS, "arrays of different lengths"),
    420: Code(Refusal.CONTENT, "a link that is not approved"),
    422: Code(Refusal.CONTENT, "a character that is not allowed"),
    424: Code(Refusal.SENDER, "no such pattern, or it is not approved"),
    426: Code(Refusal.ACCOUNT, "the plan does not hold this"),
    427: Code(Refusal.ACCOUNT, "this line may not be used"),
    428: Code(Refusal.CONTENT, "the values cannot be called out"),
    429: Code(Refusal.ACCOUNT, "this address is limited"),
    431: Code(Refusal.CONTENT, "a value with a space, line break or separator"),
    432: Code(Refusal.SENDER, "the pattern lacks its token"),
    451: Code(Refusal.BUSY, "too many calls at a time"),
    501: Code(Refusal.ACCOUNT, "the account is in test mode"),
    607: Code(Refusal.SENDER, "the tag is not valid"),
}
"""The reference's table, 1.3. What is not in it is judged by `_meaning`."""

STATES: Final[Mapping[int, Delivery]] = {
    1: Delivery.QUEUED,
    2: Delivery.QUEUED,
    4: Delivery.AT_OPERATOR,
    5: Delivery.AT_OPERATOR,
    6: Delivery.FAILED,
    10: Delivery.DELIVERED,
    11: Delivery.UNDELIVERED,
    13: Delivery.CANCELLED,
    14: Delivery.BLACKLISTED,
    100: Delivery.UNKNOWN,
}


class Kavenegar(Carrier):
    """Kavenegar under one account; see the module. `clock`: by which "the last day" is meant; aware."""

    limits = Limits(most=200, can_be_asked=True, asked_within=timedelta(hours=12), most_ids=500)

    def __init__(
        self, *, name: str, base: str, key: str, sender: str, clock: Callable[[], datetime],
        caller: Caller | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, base=base, key=key, sender=sender, caller=caller)
        self._clock = clock

    def look_up(self, references: Sequence[int]) -> dict[int, Accepted | None]:
        """Say which references have arrived, of the last 12 hours, and never of a pattern's. Raises `Unanswered`."""
        entries = self._ask("sms/statuslocalmessageid", localid=_list(references))
        found: dict[int, Accepted | None] = {}
        for entry in objects(entries):
            reference, status = whole(entry.get("localid")), whole(entry.get("status"))
            identity = whole(entry.get("messageid"))
            if reference is None or status is None:
                continue
            if status == NO_SUCH_ID:
                found[reference] = None
            elif identity:
                found[reference] = Accepted(reference, str(identity))
        return {reference: found[reference] for reference in references if reference in found}

    def receipts(self, provider_ids: Sequence[str]) -> list[Receipt]:
        """Ask what became of at most 500 messages of the last 48 hours. Raises `Unanswered`."""
        entries = self._ask("sms/status", messageid=_list(provider_ids))
        states = ((whole(entry.get("messageid")), whole(entry.get("status"))) for entry in objects(entries))
        asked = set(provider_ids)
        return [
            Receipt(str(identity), STATES.get(status, Delivery.UNKNOWN))
            for identity, status in states
            if status is not None and str(identity) in asked
        ]

    def inbound(self) -> list[Inbound]:
        """Read what people wrote to this account's line since yesterday. Raises `Unanswered`."""
        since = str(int((self._clock() - SINCE).timestamp()))
        return [one for flag in ("0", "1") for entry in self._inbox(since, flag) if (one := _written(entry))]

    def _inbox(self, since: str, flag: str) -> Iterator[Mapping[str, Any]]:
        for page in range(1, PAGES + 1):
            form = {"linenumber": self._sender, "isread": flag, "startdate": since, "pagenumber": str(page)}
            entries = list(objects(self._ask("sms/inboxpaged", **form)))
            yield from entries
            if len(entries) < PAGE:
                return

    def credit(self) -> int:
        """Return what is left in Rial. Raises `Unanswered`."""
        entries = self._ask("account/info")
        left = whole(entries.get("remaincredit")) if isinstance(entries, dict) else None
        if left is None:
            message = "account/info: no credit in it"
            raise Unanswered(message)
        return left

    def _fault(self, message: Outgoing) -> Refused | None:
        if message.pattern is None:
            long = len(message.text) > LONGEST or not message.text
            return fault(message, Refusal.CONTENT, f"1 to {LONGEST} characters in a text") if long else None
        return _pattern_fault(message, message.pattern.values)

    def _calls(self, messages: Sequence[Outgoing]) -> list[list[Outgoing]]:
        return texts_together(messages, line=lambda _: "")

    def _one_call(self, messages: Sequence[Outgoing]) -> list[Verdict]:
        pattern = messages[0].pattern
        if pattern is None:
            reply = self._post("sms/sendarray", self._array(messages))
        else:
            form = {"receptor": local(messages[0].to), "template": pattern.code, "type": "sms", **pattern.values}
            reply = self._post("verify/lookup", form)
        return judge(messages, reply)

    def _array(self, messages: Sequence[Outgoing]) -> dict[str, str]:
        columns = {
            "receptor": [local(one.to) for one in messages],
            "sender": [self._line(one) for one in messages],
            "message": [one.text for one in messages],
            "localmessageids": [one.reference for one in messages],
        }
        return {name: json.dumps(column, ensure_ascii=False) for name, column in columns.items()}

    def _ask(self, method: str, **form: str) -> object:
        reply = self._post(method, form)
        status, entries = _opened(reply)
        if status != TAKEN:
            disbelieve(method, CODES.get(status or 0), reply)
        return entries

    def _post(self, method: str, form: Mapping[str, str]) -> Reply:
        return self._caller.post(f"{self._base}/v1/{quote(self._key, safe='')}/{method}.json", form=form)


def judge(messages: Sequence[Outgoing], reply: Reply) -> list[Verdict]:
    """Return a verdict for each message of one call. Pure."""
    if not isinstance(reply, Answer):
        return unanswered(messages, reply)
    status, entries = _opened(reply)
    if status is None:
        return by_status(messages, reply)
    if status == TAKEN:
        return _matched(messages, list(objects(entries)))
    code = _meaning(status)
    return (
        refused(messages, code, status, retry_after=reply.retry_after) if code else unknown(messages, f"code {status}")
    )


def _meaning(status: int) -> Code | None:
    """Return what a code other than 200 proves; None for the server's own failures, which prove nothing."""
    if status in CODES:
        return CODES[status]
    return Code(Refusal.OURS, "a code that is not in the table") if 400 <= status < 500 else None  # noqa: PLR2004 -- HTTP's class


def _matched(messages: Sequence[Outgoing], entries: Sequence[Mapping[str, Any]]) -> list[Verdict]:
    """Give each message its entry: by number and text, or by number alone where the call holds that number once."""
    by_text: defaultdict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    by_number: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in reversed(entries):
        number = digits(str(entry.get("receptor")))
        by_text[number, str(entry.get("message"))].append(entry)
        by_number[number].append(entry)
    times = Counter(digits(one.to) for one in messages)
    verdicts: list[Verdict] = []
    for one in messages:
        number = digits(one.to)
        told = by_number[number] if times[number] == 1 else by_text[number, one.text]
        verdicts.append(_of_entry(one, told.pop()) if told else Unknown(one.reference, "not among what was told"))
    return verdicts


def _of_entry(message: Outgoing, entry: Mapping[str, Any]) -> Verdict:
    identity, cost = whole(entry.get("messageid")), whole(entry.get("cost"))
    if whole(entry.get("status")) == BLOCKED:
        return Refused(message.reference, Refusal.RECIPIENT, str(BLOCKED), "the recipient has blocked it")
    if not identity:
        return Unknown(message.reference, "taken without an id")
    return Accepted(message.reference, str(identity), cost)


def _pattern_fault(message: Outgoing, values: Mapping[str, str]) -> Refused | None:
    strange = sorted(values.keys() - SPACES.keys())
    if strange or "token" not in values:
        words = f"a pattern's values are token (always) and of {', '.join(SPACES)}"
        return fault(message, Refusal.SENDER, words)
    for name, value in values.items():
        if not value:
            return fault(message, Refusal.CONTENT, f"{name} is empty")
        if any(character in value for character in "\n\r\t_") or value.count(" ") > SPACES[name]:
            return fault(
                message, Refusal.CONTENT, f"{name}: at most {SPACES[name]} spaces, no line break, no underscore"
            )
    return None


def _opened(reply: Reply) -> tuple[int | None, object]:
    """Return `return.status` and `entries`; no status for what is not in Kavenegar's shape."""
    document = reply.json() if isinstance(reply, Answer) else None
    head = document.get("return") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(head, dict):
        return None, None
    return whole(head.get("status")), document.get("entries")


def _written(entry: Mapping[str, Any]) -> Inbound | None:
    identity, sender = whole(entry.get("messageid")), read(str(entry.get("sender")))
    if identity is None or not sender:
        return None  # a company's own line, as an operator's: no customer
    text, line = str(entry.get("message")), str(entry.get("receptor"))
    return Inbound(str(identity), sender, line, text, moment(entry.get("date")))


def _list(numbers: Sequence[object]) -> str:
    return ",".join(str(number) for number in numbers)
