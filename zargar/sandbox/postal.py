"""Postal, the mail company that one can run oneself, as it answers: `POST /postal/api/v1/send/message`.

The key is in `X-Server-API-Key`. HTTP is 200 for a refusal too: `{"status": "error", "data": {"code", "message"}}`.
A recipient in `invalid` is a `ValidationError`; `wrong…` keys are not known. `GET /postal/letters`
tells what was taken.
"""

import time
from collections.abc import Callable, Mapping
from email.utils import parseaddr
from typing import Any

from zargar.sandbox.push.addressed import Addressed
from zargar.sandbox.sms.desk import Ask, Told


class Postal:
    """The company and its protocol."""

    name = "postal"

    def __init__(self) -> None:
        self.company = Addressed(first_id=31)
        self._letters: list[dict[str, Any]] = []

    def routes(self) -> Mapping[tuple[str, str], Callable[[Ask], Told]]:
        """Return what is answered at which address."""
        return {("POST", "/api/v1/send/message"): self._send, ("GET", "/letters"): self._show}

    def refusal(self, code: str, *, status: int | None) -> Told:
        """Refuse by a code of Postal's."""
        return _error(code, status=status)

    def _send(self, ask: Ask) -> Told:
        if not self.company.knows(ask.headers.get("X-Server-API-Key", "wrong")):
            return _error("InvalidServerAPIKey")
        letter = ask.document if isinstance(ask.document, dict) else {}
        fault = self._fault(letter)
        if fault:
            return _error(fault)
        self._letters.append(letter)
        reference = str(letter.get("headers", {}).get("Message-ID", ""))
        addresses = [parseaddr(one)[1] for one in letter["to"]]
        taken = {
            address: self.company.take(address, letter["plain_body"], sender=str(letter["from"]), at=ask.at)
            for address in addresses
        }
        messages = {address: {"id": one.id, "token": f"t{one.id}"} for address, one in taken.items()}
        data = {"message_id": reference or f"{next(iter(taken.values())).id}@postal", "messages": messages}
        return Told({"status": "success", "time": 0.01, "flags": {}, "data": data})

    def _fault(self, letter: Mapping[str, Any]) -> str | None:
        if not letter.get("to"):
            return "NoRecipients"
        if not letter.get("from"):
            return "FromAddressMissing"
        if not letter.get("plain_body"):
            return "NoContent"
        if not all(self.company.is_number(parseaddr(one)[1]) for one in letter["to"]):
            return "ValidationError"
        return None if self.company.affords([]) else "SendLimitReached"

    def _show(self, _: Ask) -> Told:
        return Told(self._letters)


def _error(code: str, *, status: int | None = None) -> Told:
    data = {"code": code, "message": f"{code} at {int(time.time())}"}
    return Told({"status": "error", "time": 0.0, "flags": {}, "data": data}, status=status or 200)
