"""IPPanel (Edge) as it answers: `/ippanel/v1/api/...`, key in `Authorization`, one id for each text.

A number that has blocked advertising, and a credit that is not enough, show only in the reports: the first as
`message_status` 4 of the number, the second as `state_id` 8 of the whole bulk. A number that is none is a validation
(400-2) that names `recipients`. The credit is in Rial with a point.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final

from zargar.sandbox.sms.company import Company, Fate, Message
from zargar.sandbox.sms.desk import Ask, Told

STATES: Final = {Fate.QUEUED: "0", Fate.AT_OPERATOR: "1", Fate.DELIVERED: "2", Fate.UNDELIVERED: "3", Fate.BLOCKED: "4"}
PATTERNS: Final = {"zargar-due": "%name% عزیز، قسط %amount% تومان، سررسید %date%", "zargar-code": "کد شما: %code%"}
FINISHED: Final = 6
NO_CREDIT: Final = 8
LONGEST_VALUE: Final = 40


class IpPanel:
    """The company and its protocol."""

    name = "ippanel"

    def __init__(self) -> None:
        self.company = Company(first_id=1)
        self._bulk_ids = count(1_123_544_244)
        self._bulks: dict[int, list[Message] | None] = {}

    def routes(self) -> Mapping[tuple[str, str], Callable[[Ask], Told]]:
        """Return what is answered at which address."""
        paths = {
            ("POST", "send"): self._send, ("GET", "report/recipients"): self._recipients,
            ("GET", "report/by_bulk"): self._by_bulk, ("POST", "report/messages-inbox"): self._inbox,
            ("GET", "payment/credit/mine"): self._credit,
        }  # fmt: skip
        return {(method, f"/v1/api/{path}"): self._opened(answer) for (method, path), answer in paths.items()}

    def refusal(self, code: str, *, status: int | None) -> Told:
        """Refuse by a code; HTTP says its first part."""
        return _refused(code, status=status)

    def _opened(self, answer: Callable[[Ask], Told]) -> Callable[[Ask], Told]:
        known = self.company.knows
        return lambda ask: (
            answer(ask) if known(ask.headers.get("Authorization", "wrong")) else _refused("400-1", status=401)
        )

    def _send(self, ask: Ask) -> Told:
        order = ask.document if isinstance(ask.document, dict) else {}
        kind, line = order.get("sending_type"), str(order.get("from_number", ""))
        if not line.startswith("+"):
            return _refused("400-2", field="from_number")
        if kind == "pattern":
            return self._pattern(order, line, ask.at)
        if kind == "webservice":
            return self._take([(order.get("params", {}).get("recipients", []), order.get("message", ""))], line, ask.at)
        if kind == "peer_to_peer":
            pairs = [(one.get("recipients", []), one.get("message", "")) for one in order.get("params", [])]
            return self._take(pairs, line, ask.at)
        return _refused("400-2", field="sending_type")

    def _pattern(self, order: Mapping[str, Any], line: str, at: float) -> Told:
        text, numbers, values = (
            PATTERNS.get(order.get("code", "")),
            order.get("recipients", []),
            order.get("params", {}),
        )
        if text is None:
            return _refused("404-1")
        if len(numbers) != 1:
            return _refused("400-2", field="recipients")
        if any(len(value) > LONGEST_VALUE for value in values.values()):
            return _refused("400-2", field="params")
        for name, value in values.items():
            text = text.replace(f"%{name}%", value)
        return self._take([(numbers, text)], line, at)

    def _take(self, pairs: Sequence[tuple[Sequence[str], str]], line: str, at: float) -> Told:
        if not pairs or not all(numbers for numbers, _ in pairs):
            return _refused("400-2", field="recipients")
        if not all(text for _, text in pairs):
            return _refused("400-2", field="message")
        for numbers, _ in pairs:
            if not all(one.startswith("+") and self.company.is_number(one) for one in numbers):
                return _refused("400-2", field="recipients.0")
        return _told({"message_outbox_ids": [self._bulk(numbers, text, line, at) for numbers, text in pairs]})

    def _bulk(self, numbers: Sequence[str], text: str, line: str, at: float) -> int:
        identity = next(self._bulk_ids)
        paid = self.company.affords([text] * len(numbers))
        self._bulks[identity] = [self.company.take(one, text, sender=line, at=at) for one in numbers] if paid else None
        return identity

    def _recipients(self, ask: Ask) -> Told:
        messages = self._bulks.get(int(ask.fields.get("bulk_id", "0"))) or []
        rows = [
            {
                "recipient": one.receptor, "message": one.text, "is_readable": True, "msg_parts": "1",
                "message_status": STATES[self.company.fate(one, ask.at)],
            }
            for one in messages
        ][: int(ask.fields.get("per_page", "10"))]  # fmt: skip
        return _told(rows)

    def _by_bulk(self, ask: Ask) -> Told:
        identity = int(ask.fields.get("messages_outbox_id", "0"))
        if identity not in self._bulks:
            return _refused("400-2", field="messages_outbox_id")
        messages = self._bulks[identity]
        return _told(
            {
                "messages_outbox_id": str(identity), "state_id": NO_CREDIT if messages is None else FINISHED,
                "state": "finish", "cost": sum(one.cost for one in messages or []),
                "rcpts_count": str(len(messages or [])),
            }
        )  # fmt: skip

    def _inbox(self, ask: Ask) -> Told:
        most = int((ask.document or {}).get("per_page", 10))
        return _told(
            [
                {
                    "messages_inbox_id": one.id, "from": one.sender, "number": one.line, "message": one.text,
                    "type": "normal", "time": int(one.at), "seen": "0",
                }
                for one in sorted(self.company.inbox, key=lambda one: -one.id)[:most]
            ]
        )  # fmt: skip

    def _credit(self, _: Ask) -> Told:
        return _told({"credit": self.company.rules.credit + 0.5, "gift": 0, "gift_expires_at": None})


def _told(data: Any) -> Told:  # noqa: ANN401 -- whatever `data` holds
    meta = {"status": True, "message": "انجام شد", "message_parameters": [], "message_code": "200-1"}
    return Told({"data": data, "meta": meta})


def _refused(code: str, *, field: str = "", status: int | None = None) -> Told:
    errors = {field: ["نامعتبر است"]} if field else {}
    meta = {
        "status": False, "message": "اطلاعات وارد شده صحیح نمی باشد", "message_parameters": [], "message_code": code,
        "errors": errors,
    }  # fmt: skip
    return Told({"data": None, "meta": meta}, status=status or (422 if field else int(code[:3])))
