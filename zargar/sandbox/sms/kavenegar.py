"""Kavenegar as it answers: `/kavenegar/v1/{key}/{method}.json`, every field and type as in its documents.

What it takes under a `localid` it takes once: a second time it tells the record of the first. Patterns know none. One
wrong number refuses the whole call; one that has blocked advertising gets an entry with status 14. The whole call is
paid for or refused (418).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from zargar.sandbox.sms.company import Company, Fate, Message
from zargar.sandbox.sms.desk import Ask, Told

MOST: Final = 200
MOST_IDS: Final = 500
LONGEST: Final = 900
LOCAL_IDS: Final = 12 * 3600.0
"""Seconds for which a local id can be asked for."""
STATUSES: Final = {
    Fate.QUEUED: (1, "در صف ارسال"),
    Fate.AT_OPERATOR: (5, "ارسال به مخابرات"),
    Fate.DELIVERED: (10, "رسیده به گیرنده"),
    Fate.UNDELIVERED: (11, "نرسیده به گیرنده"),
    Fate.BLOCKED: (14, "بلاک شده است"),
}
NONE: Final = (100, "شناسه پیامک نامعتبر است")
TEMPLATES: Final = {
    "token": "%token",
    "payment-reminder": "%token10 عزیز، قسط %token تومان، سررسید %token2",
    "birthday": "%token10 عزیز، تولدتان مبارک. %token",
}
"""The patterns that are approved here; any other name is code 424."""
WORDS: Final = {
    400: "پارامترها ناقص هستند", 403: "کلید شناسائی معتبر نیست", 404: "متد نامشخص است",
    406: "پارامترهای اجباری خالی ارسال شده اند", 411: "دریافت کننده نامعتبر است",
    413: "پیام خالی یا بیش از حد مجاز است", 414: "حجم درخواست بیشتر از حد مجاز است",
    418: "اعتبار حساب کافی نیست", 419: "طول آرایه ها برابر نیست",
    424: "الگوی مورد نظر پیدا نشد", 431: "ساختار کد صحیح نمی‌باشد", 432: "پارامتر کد در متن پیام پیدا نشد",
}  # fmt: skip


_NO_HTTP: Final = 600
"""From here on a code is no status of HTTP."""


class Kavenegar:
    """The company and its protocol."""

    name = "kavenegar"

    def __init__(self) -> None:
        self.company = Company(first_id=8_792_343)

    def routes(self) -> Mapping[tuple[str, str], Callable[[Ask], Told]]:
        """Return its methods; each may be called by GET or POST, as there."""
        methods = {
            "sms/send": self._send, "sms/sendarray": self._send_array, "verify/lookup": self._lookup,
            "sms/status": self._status, "sms/statuslocalmessageid": self._status_of_local_ids,
            "sms/inboxpaged": self._inbox, "account/info": self._info,
        }  # fmt: skip
        known = {("*", f"/v1/{{key}}/{name}.json"): self._opened(answer) for name, answer in methods.items()}
        return {**known, ("*", "/v1/{key}/{method:.*}"): lambda _: _refused(404)}

    def refusal(self, code: str, *, status: int | None) -> Told:
        """Refuse by a code; HTTP says the same unless told otherwise."""
        return _refused(int(code), status=status)

    def _opened(self, answer: Callable[[Ask], Told]) -> Callable[[Ask], Told]:
        return lambda ask: answer(ask) if self.company.knows(ask.path["key"]) else _refused(403)

    # -- sending ------------------------------------------------------------------------------------------------------

    def _send(self, ask: Ask) -> Told:
        receptors = [one for one in ask.fields.get("receptor", "").split(",") if one]
        written = [int(one) for one in ask.fields.get("localid", "").split(",") if one]
        local: list[int] | list[None] = written or [None] * len(receptors)
        texts, senders = (
            [ask.fields.get("message", "")] * len(receptors),
            [ask.fields.get("sender", "")] * len(receptors),
        )
        return self._take(receptors, texts, senders, local, ask.at)

    def _send_array(self, ask: Ask) -> Told:
        try:
            receptors, texts, senders = (json.loads(ask.fields[name]) for name in ("receptor", "message", "sender"))
            local = json.loads(ask.fields.get("localmessageids", "null")) or [None] * len(receptors)
        except (KeyError, json.JSONDecodeError):
            return _refused(400)
        return self._take(receptors, texts, senders, local, ask.at)

    def _take(
        self,
        receptors: Sequence[str],
        texts: Sequence[str],
        senders: Sequence[str],
        local: Sequence[int | None],
        at: float,
    ) -> Told:
        if len({len(receptors), len(texts), len(senders), len(local)}) > 1:
            return _refused(419)
        old = [self.company.of_reference(one) for one in local]
        new = [text for text, known in zip(texts, old, strict=True) if known is None]
        code = self._fault(receptors, texts, new)
        if code:
            return _refused(code)
        taken = [
            known or self.company.of_reference(reference)
            or self.company.take(receptor, text, sender=sender, at=at, reference=reference)
            for known, receptor, text, sender, reference in zip(old, receptors, texts, senders, local, strict=True)
        ]  # fmt: skip
        again = tuple(one.reference for one in old if one is not None and one.reference is not None)
        return _told([self._entry(one, at) for one in taken], again=again)

    def _fault(self, receptors: Sequence[str], texts: Sequence[str], new: Sequence[str]) -> int | None:
        if not receptors:
            return 406
        if len(receptors) > MOST:
            return 414
        if not all(self.company.is_number(one) for one in receptors):
            return 411
        if not all(0 < len(text) <= LONGEST for text in texts):
            return 413
        return None if self.company.affords(new) else 418

    def _lookup(self, ask: Ask) -> Told:
        receptor, template = ask.fields.get("receptor", ""), TEMPLATES.get(ask.fields.get("template", ""))
        tokens = {name: value for name, value in ask.fields.items() if name.startswith("token")}
        if template is None:
            return _refused(424)
        if not self.company.is_number(receptor):
            return _refused(411)
        if "token" not in tokens:
            return _refused(432)
        allowed = {"token10": 5, "token20": 8}
        if any(
            "\n" in value or "_" in value or value.count(" ") > allowed.get(name, 0) for name, value in tokens.items()
        ):
            return _refused(431)
        text = template
        for name in sorted(tokens, reverse=True):
            text = text.replace(f"%{name}", tokens[name])
        if not self.company.affords([text]):
            return _refused(418)
        return _told([self._entry(self.company.take(receptor, text, sender="10008663", at=ask.at), ask.at)])

    def _entry(self, message: Message, at: float) -> dict[str, Any]:
        status, words = STATUSES[self.company.fate(message, at)]
        return {
            "messageid": message.id, "message": message.text, "status": status, "statustext": words,
            "sender": message.sender, "receptor": message.receptor, "date": int(message.at), "cost": message.cost,
        }  # fmt: skip

    # -- asking -------------------------------------------------------------------------------------------------------

    def _status(self, ask: Ask) -> Told:
        ids = [int(one) for one in ask.fields.get("messageid", "").split(",") if one.isdigit()]
        if len(ids) > MOST_IDS:
            return _refused(414)
        return _told([{"messageid": one, **self._where(self.company.of_id(one), ask.at)} for one in ids])

    def _status_of_local_ids(self, ask: Ask) -> Told:
        ids = [int(one) for one in ask.fields.get("localid", "").split(",") if one.isdigit()]
        if len(ids) > MOST_IDS:
            return _refused(414)
        found = [(one, self.company.of_reference(one)) for one in ids]
        young = [(one, known if known and ask.at - known.at < LOCAL_IDS else None) for one, known in found]
        return _told(
            [
                {"messageid": known.id if known else 0, "localid": str(one), **self._where(known, ask.at)}
                for one, known in young
            ]
        )

    def _where(self, message: Message | None, at: float) -> dict[str, Any]:
        status, words = STATUSES[self.company.fate(message, at)] if message else NONE
        return {"status": status, "statustext": words}

    def _inbox(self, ask: Ask) -> Told:
        line, since = ask.fields.get("linenumber", ""), float(ask.fields.get("startdate", "0"))
        skipped = (int(ask.fields.get("pagenumber", "1")) - 1) * MOST
        unread = ask.fields.get("isread", "0") == "0"
        return _told(
            [
                {
                    "messageid": one.id, "message": one.text, "sender": one.sender, "receptor": one.line,
                    "date": int(one.at),
                }
                for one in self.company.inbox
                if unread and one.line == line and one.at >= since
            ][skipped : skipped + MOST]
        )  # fmt: skip

    def _info(self, _: Ask) -> Told:
        left = {"remaincredit": self.company.rules.credit, "expiredate": 13_548_889, "type": "master"}
        return _told(left)


def _told(entries: Any, *, again: tuple[int, ...] = ()) -> Told:  # noqa: ANN401 -- a list or an object
    return Told({"return": {"status": 200, "message": "تایید شد"}, "entries": entries}, again=again)


def _refused(code: int, *, status: int | None = None) -> Told:
    words = WORDS.get(code, "عملیات ناموفق بود")
    shape = {"return": {"status": code, "message": words}, "entries": None}
    return Told(shape, status=status or (code if code < _NO_HTTP else 400))
