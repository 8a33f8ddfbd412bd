"""sms.ir as it answers: `/smsir/v1/...`, key in `X-API-KEY`, ids by position (0 blocked, null invalid).

Lines are numbers, costs and credit are in units of `UNIT` Rial with a point. HTTP is 200 for success, 401 for a key,
429 for too many calls and 400 for every other code. A call is paid for as a whole or refused (102). A template is
one of `TEMPLATES`.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final
from uuid import UUID

from zargar.sandbox.sms.company import Company, Fate, Message
from zargar.sandbox.sms.desk import Ask, Told

UNIT: Final = 100
"""Rial in one unit of credit."""
MOST: Final = 100
LONGEST_VALUE: Final = 25
STATES: Final = {Fate.QUEUED: 3, Fate.AT_OPERATOR: 5, Fate.DELIVERED: 1, Fate.UNDELIVERED: 2, Fate.BLOCKED: 7}
TEMPLATES: Final = {123456: "کد تایید شما: #CODE#", 200100: "#NAME# عزیز، قسط #AMOUNT# تومان، سررسید #DATE#"}
WORDS: Final = {
    1: "موفق", 0: "مشکلی در سامانه رخ داده است، لطفا با پشتیبانی در تماس باشید", 10: "کلید وب سرویس نامعتبر است",
    20: "تعداد درخواست بیشتر از حد مجاز است", 101: "شماره خط نامعتبر میباشد", 102: "اعتبار کافی نمیباشد",
    103: "درخواست شما دارای متن (های) خالی است", 105: "تعداد موبایل ها بیشتر از حد مجاز (100 عدد) میباشد",
    107: "لیست موبایل ها خالی میباشد", 110: "تعداد موبایل ها و متون یکسان نیست",
    111: "با این شناسه ارسالی ثبت نشده است", 113: "قالب یافت نشد",
    114: "طول رشته مقدار پارامتر، بیش از حد مجاز (25 کاراکتر) میباشد",
    104: "موبایل نامعتبر است",
}  # fmt: skip
_HTTP: Final = {1: 200, 0: 500, 10: 401, 11: 401, 20: 429}


class SmsIr:
    """The company and its protocol."""

    name = "smsir"

    def __init__(self) -> None:
        self.company = Company(first_id=86_522_023)
        self._packs = count(1)

    def routes(self) -> Mapping[tuple[str, str], Callable[[Ask], Told]]:
        """Return what is answered at which address."""
        paths = {
            ("POST", "send/bulk"): self._bulk, ("POST", "send/likeToLike"): self._like_to_like,
            ("POST", "send/verify"): self._verify, ("GET", "send/{id:[0-9]+}"): self._report,
            ("GET", "credit"): self._credit, ("GET", "receive/live"): self._inbox,
        }  # fmt: skip
        return {(method, f"/v1/{path}"): self._opened(answer) for (method, path), answer in paths.items()}

    def refusal(self, code: str, *, status: int | None) -> Told:
        """Refuse by a code."""
        return _refused(int(code), status=status)

    def _opened(self, answer: Callable[[Ask], Told]) -> Callable[[Ask], Told]:
        return lambda ask: answer(ask) if self.company.knows(ask.headers.get("X-API-KEY", "wrong")) else _refused(10)

    def _bulk(self, ask: Ask) -> Told:
        order = ask.document if isinstance(ask.document, dict) else {}
        mobiles = order.get("mobiles") or []
        return self._take(order, mobiles, [str(order.get("messageText") or "")] * len(mobiles), ask.at)

    def _like_to_like(self, ask: Ask) -> Told:
        order = ask.document if isinstance(ask.document, dict) else {}
        return self._take(order, order.get("mobiles") or [], order.get("messageTexts") or [], ask.at)

    def _take(self, order: Mapping[str, Any], mobiles: Sequence[str], texts: Sequence[str], at: float) -> Told:
        code = self._fault(order, mobiles, texts)
        if code:
            return _refused(code)
        taken = [
            self.company.take(mobile, text, sender=str(order["lineNumber"]), at=at)
            if self.company.is_number(mobile)
            else None
            for mobile, text in zip(mobiles, texts, strict=True)
        ]
        return _told(
            {
                "packId": str(UUID(int=next(self._packs))),
                "messageIds": [None if one is None else 0 if one.blocked else one.id for one in taken],
                "cost": sum(one.cost for one in taken if one) / UNIT,
            }
        )

    def _fault(self, order: Mapping[str, Any], mobiles: Sequence[str], texts: Sequence[str]) -> int | None:
        if not isinstance(order.get("lineNumber"), int):
            return 101
        if not mobiles:
            return 107
        if len(mobiles) > MOST:
            return 105
        if len(mobiles) != len(texts):
            return 110
        if not all(texts):
            return 103
        return None if self.company.affords(texts) else 102

    def _verify(self, ask: Ask) -> Told:
        order = ask.document if isinstance(ask.document, dict) else {}
        template = TEMPLATES.get(order.get("templateId", 0))
        values = {one["name"]: one["value"] for one in order.get("parameters", [])}
        if template is None:
            return _refused(113)
        if any(len(value) > LONGEST_VALUE for value in values.values()):
            return _refused(114)
        if not self.company.is_number(order.get("mobile", "")):
            return _refused(104)
        for name, value in values.items():
            template = template.replace(f"#{name.upper()}#", value)
        if not self.company.affords([template]):
            return _refused(102)
        message = self.company.take(order["mobile"], template, sender="3000", at=ask.at)
        return _told({"messageId": message.id, "cost": message.cost / UNIT})

    def _report(self, ask: Ask) -> Told:
        message = self.company.of_id(int(ask.path["id"]))
        return _refused(111) if message is None else _told(self._record(message, ask.at))

    def _record(self, message: Message, at: float) -> dict[str, Any]:
        fate = self.company.fate(message, at)
        arrived = int(at) if fate in {Fate.DELIVERED, Fate.UNDELIVERED} else None
        return {
            "messageId": message.id, "mobile": int(message.receptor), "messageText": message.text,
            "sendDateTime": int(message.at), "lineNumber": int(message.sender), "cost": message.cost / UNIT,
            "deliveryState": STATES[fate], "deliveryDateTime": arrived,
        }  # fmt: skip

    def _credit(self, _: Ask) -> Told:
        return _told(self.company.rules.credit / UNIT)

    def _inbox(self, ask: Ask) -> Told:
        size, page = int(ask.fields.get("pageSize", "100")), int(ask.fields.get("pageNumber", "1"))
        newest = sorted(self.company.inbox, key=lambda one: -one.id)[(page - 1) * size : page * size]
        return _told(
            [
                {
                    "receiveReturnId": one.id, "messageText": one.text, "number": int(one.line),
                    "mobile": int(one.sender.removeprefix("+")), "receivedDateTime": int(one.at),
                }
                for one in newest
            ]
        )  # fmt: skip


def _told(data: Any) -> Told:  # noqa: ANN401 -- whatever `data` holds
    return Told({"status": 1, "message": WORDS[1], "data": data})


def _refused(code: int, *, status: int | None = None) -> Told:
    words = WORDS.get(code, "خطا")
    return Told({"status": code, "message": words, "data": None}, status=status or _HTTP.get(code, 400))
