"""Melipayamak (REST) as it answers: `/melipayamak/api/SendSMS/{method}`, forms, HTTP 200 whatever happens.

An id has nineteen digits and travels as text. A wrong number is invalid data (35); who has blocked advertising is taken
and shows as 35 in the delivery. Credit is in Rial.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from zargar.sandbox.sms.company import Company, Fate
from zargar.sandbox.sms.desk import Ask, Told

STATES: Final = {Fate.QUEUED: 400, Fate.AT_OPERATOR: 8, Fate.DELIVERED: 1, Fate.UNDELIVERED: 2, Fate.BLOCKED: 35}
STOP: Final = ("لغو11", "لغو۱۱")
TEMPLATES: Final = {478949: ("{0} عزیز، قسط {1} تومان، سررسید {2}", 3), 1001: ("کد شما: {0}", 1)}
"""The patterns that are approved here, with how many values each takes."""
NAMES: Final = {1: "Ok", 35: "InvalidData"}


class Melipayamak:
    """The company and its protocol."""

    name = "melipayamak"

    def __init__(self) -> None:
        self.company = Company(first_id=5_243_690_627_088_685_351)

    def routes(self) -> Mapping[tuple[str, str], Callable[[Ask], Told]]:
        """Return its methods."""
        methods = {
            "SendSMS": self._send, "BaseServiceNumber": self._pattern, "GetDeliveries2": self._delivery,
            "GetCredit": self._credit, "GetMessages": self._messages,
        }  # fmt: skip
        return {("POST", f"/api/SendSMS/{name}"): self._opened(answer) for name, answer in methods.items()}

    def refusal(self, code: str, *, status: int | None) -> Told:
        """Refuse by a code: in `Value` as a pattern's are (negative), else in `RetStatus`."""
        del status  # it is always 200
        return _told(code) if code.startswith("-") else _refused(int(code))

    def _opened(self, answer: Callable[[Ask], Told]) -> Callable[[Ask], Told]:
        def checked(ask: Ask) -> Told:
            known = ask.fields.get("username") and self.company.knows(ask.fields.get("password", "wrong"))
            return answer(ask) if known else _refused(0)

        return checked

    def _send(self, ask: Ask) -> Told:
        text = ask.fields.get("text", "")
        numbers = [one for one in ask.fields.get("to", "").split(",") if one]
        if not text or not numbers or not ask.fields.get("from") or not all(map(self.company.is_number, numbers)):
            return _refused(35)
        if len(numbers) > 1 and not any(words in text for words in STOP):
            return _refused(15)
        if not self.company.affords([text] * len(numbers)):
            return _refused(2)
        taken = [self.company.take(one, text, sender=ask.fields["from"], at=ask.at) for one in numbers]
        return _told(str(taken[0].id))

    def _pattern(self, ask: Ask) -> Told:
        to, values = ask.fields.get("to", ""), ask.fields.get("text", "").split(";")
        text, wants = TEMPLATES.get(int(ask.fields.get("bodyId", "0")), ("", 0))
        if not text:
            return _told("-4")
        if len(values) != wants:
            return _told("-5")
        if not self.company.is_number(to):
            return _refused(35)
        text = text.format(*values)
        if not self.company.affords([text]):
            return _refused(2)
        return _told(str(self.company.take(to, text, sender="9000", at=ask.at).id))

    def _delivery(self, ask: Ask) -> Told:
        message = self.company.of_id(int(ask.fields.get("recID", "0")))
        return _told("100" if message is None else str(STATES[self.company.fate(message, ask.at)]))

    def _credit(self, _: Ask) -> Told:
        return _told(str(float(self.company.rules.credit)))

    def _messages(self, ask: Ask) -> Told:
        to, most = ask.fields.get("from", ""), int(ask.fields.get("count", "10"))
        mine = [one for one in self.company.inbox if to in {"", one.line}]
        data: list[dict[str, Any]] = [
            {
                "MsgID": one.id, "Body": one.text, "SendDate": "", "Sender": one.sender.removeprefix("+"),
                "Receiver": one.line, "Parts": 1, "IsRead": False,
            }
            for one in sorted(mine, key=lambda one: -one.id)[:most]
        ]  # fmt: skip
        return Told({"MyBase": _told(str(len(data))).document, "Data": data})


def _told(value: str) -> Told:
    return Told({"Value": value, "RetStatus": 1, "StrRetStatus": "Ok"})


def _refused(code: int) -> Told:
    return Told({"Value": "0", "RetStatus": code, "StrRetStatus": NAMES.get(code, "Error")})
