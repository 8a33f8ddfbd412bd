"""FCM HTTP v1 to telephones, by a service account of Google.

`ZARGAR_PROVIDERS="apps=fcm+https://fcm.googleapis.com"`, with the service account's JSON as the account's key (best as
`ZARGAR_PROVIDER_APPS_KEY_FILE`). `Outgoing.to` is the registration token of an app. From Iran, devices reach FCM by a
detour or not at all, so a push is an addition to a text message or the inbox, never in their place.

| error | means |
|---|---|
| UNREGISTERED 404; INVALID_ARGUMENT 400 of an `FcmError` | the token is gone: the device is removed |
| INVALID_ARGUMENT 400 of anything else | the text |
| UNAVAILABLE 503, QUOTA_EXCEEDED 429 | later |
| SENDER_ID_MISMATCH 403, THIRD_PARTY_AUTH_ERROR 401 | the account |
| INTERNAL 500, or no answer | nobody knows |
"""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlsplit

from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport import Request, Response
from google.oauth2.service_account import Credentials

from zargar.notifications.accounts import Account, BadAccountError
from zargar.notifications.channels.http import Answer, Caller
from zargar.notifications.channels.one_by_one import OneByOne
from zargar.notifications.channels.push import payload
from zargar.notifications.channels.sms.verdicts import UNREACHABLE, by_status, unanswered
from zargar.notifications.values import Accepted, Channel, Outgoing, Refusal, Refused, Verdict

HOST: Final = "https://fcm.googleapis.com"
SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
FCM_ERROR: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
PATIENCE: Final = 10.0
"""Seconds for which the token server is asked again."""
_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})

GONE: Final = frozenset({"UNREGISTERED", "INVALID_ARGUMENT"})
"""Codes by which FCM says, of a recipient, that there is no such app any more, or that its token is none."""
_CODES: Final[Mapping[str, tuple[Refusal, str]]] = {
    "UNREGISTERED": (Refusal.RECIPIENT, "the app is no longer on the device"),
    "SENDER_ID_MISMATCH": (Refusal.ACCOUNT, "the token belongs to another project"),
    "THIRD_PARTY_AUTH_ERROR": (Refusal.ACCOUNT, "the key is not accepted"),
    "UNAUTHENTICATED": (Refusal.ACCOUNT, "the key is not accepted"),
    "PERMISSION_DENIED": (Refusal.ACCOUNT, "the service account may not send"),
    "NOT_FOUND": (Refusal.ACCOUNT, "there is no such project"),
    "QUOTA_EXCEEDED": (Refusal.BUSY, "too many messages"),
    "RESOURCE_EXHAUSTED": (Refusal.BUSY, "too many messages"),
    "UNAVAILABLE": (Refusal.BUSY, "the service is busy"),
}


class Fcm(OneByOne):
    """FCM under one service account.

    Args:
        name: the account's name in the configuration.
        base: scheme, host and port.
        key: the service account's JSON.
        caller: how it is called; one of its own by default.

    Raises `BadAccountError` for a key that is none; it shows nothing of it.
    """

    channel = Channel.PUSH
    limits = replace(OneByOne.limits, longest=timedelta(seconds=120))
    """The last message of a `send` may need a new token first, which takes up to three calls before its own."""

    def __init__(self, *, name: str, base: str, key: str, caller: Caller | None = None) -> None:
        self.name = name
        self._caller = caller or Caller()
        self._credentials, project = _credentials(name, key)
        self._url = f"{(base or HOST).rstrip('/')}/v1/projects/{project}/messages:send"

    @classmethod
    def of(cls, account: Account) -> "Fcm":
        """Return the provider of an account. Raises `BadAccountError`."""
        return cls(name=account.name, base=account.base, key=account.key)

    def _one(self, message: Outgoing) -> Verdict:
        return payload.fault(message) or self._call(message)

    def _call(self, message: Outgoing) -> Verdict:
        if not message.to.isascii() or not message.to.isprintable() or message.to.lstrip().startswith("{"):
            return Refused(message.reference, Refusal.SENDER, "kind", "this address is no token of an app")
        refused = self._signed_in(message)
        if refused is not None:
            return refused
        headers = {"Authorization": f"Bearer {self._credentials.token}"}
        reply = self._caller.post(self._url, document=_document(message), headers=headers)
        if not isinstance(reply, Answer):
            return unanswered([message], reply)[0]
        return _verdict(message, reply)

    def _signed_in(self, message: Outgoing) -> Refused | None:
        """See that there is a token; a refusal where none is to be had. Nothing was sent by then."""
        if self._credentials.valid:
            return None
        try:
            self._credentials.refresh(_Transport(self._caller))  # type: ignore[no-untyped-call]  # untyped there
        except TransportError:
            return Refused(message.reference, Refusal.BUSY, UNREACHABLE, "the token server does not answer")
        except GoogleAuthError as error:
            if getattr(error, "retryable", False):
                return Refused(message.reference, Refusal.BUSY, UNREACHABLE, "the token server is not well")
            return Refused(message.reference, Refusal.ACCOUNT, "token", "the token server does not accept the key")
        return None


class _Transport(Request):
    """How google-auth reaches the token server: by the one place that knows deadlines and bounds.

    The library asks up to three times when the server is not well; a call does not begin when `PATIENCE` is over.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._until = time.monotonic() + PATIENCE

    def __call__(
        self, url: str, method: str = "GET", body: Any = None, headers: Any = None, timeout: Any = None, **_: object  # noqa: ANN401 -- google-auth's
    ) -> Response:  # fmt: skip
        """Ask. Raises `TransportError` without an answer, and when it is too late to ask once more."""
        del timeout
        if time.monotonic() > self._until:
            words = "the token server is too slow"
            raise TransportError(words)  # type: ignore[no-untyped-call]  # untyped there
        if method == "POST":
            reply = self._caller.post(url, body=body or b"", headers=headers)
        else:
            reply = self._caller.get(url, headers=headers)
        if not isinstance(reply, Answer):
            raise TransportError(reply.words)  # type: ignore[no-untyped-call]  # untyped there
        return cast(Response, _Told(reply))


class _Told:
    """An answer in google-auth's words."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.headers: Mapping[str, str] = {}
        self.data = answer.body.decode("utf-8", "replace")  # the library's own decoding raises


def _credentials(name: str, key: str) -> tuple[Credentials, str]:
    problem = f"the account {name}: its key must be the JSON of a service account"
    try:
        held = json.loads(key)
        where = urlsplit(str(held["token_uri"]))
        project = str(held["project_id"])
        made = Credentials.from_service_account_info(held, scopes=[SCOPE])  # type: ignore[no-untyped-call]  # as above
    except (ValueError, KeyError, TypeError, GoogleAuthError):
        raise BadAccountError(problem) from None
    if not project.replace("-", "").isalnum() or not (where.scheme == "https" or where.hostname in _HERE):
        raise BadAccountError(problem)
    return made, project


def _document(message: Outgoing) -> dict[str, Any]:
    return {
        "message": {
            "token": message.to,
            "notification": {"title": payload.title_of(message), "body": message.text},
            "android": {"ttl": f"{payload.LIFE}s", "notification": {"tag": str(message.reference)}},
            "data": {"reference": str(message.reference)},
        }
    }


def _verdict(message: Outgoing, answer: Answer) -> Verdict:
    told = answer.json()
    if answer.status == HTTPStatus.OK and isinstance(told, dict) and isinstance(told.get("name"), str):
        return Accepted(message.reference, told["name"][:200], cost=0)
    error = told.get("error") if isinstance(told, dict) else None
    if not isinstance(error, dict) or answer.status < HTTPStatus.BAD_REQUEST:
        return by_status([message], answer)[0]
    code, of_fcm = _code(error)
    if code == "INVALID_ARGUMENT":
        why, words = (
            (Refusal.RECIPIENT, "the token is none") if of_fcm else (Refusal.CONTENT, "the message is not accepted")
        )
        return Refused(message.reference, why, code, words)
    found = _CODES.get(code)
    if found is None:
        return by_status([message], answer)[0]
    return Refused(message.reference, found[0], code, found[1], answer.retry_after)


def _code(error: Mapping[str, Any]) -> tuple[str, bool]:
    """Return FCM's own code where it gives one, else the general one; and whether it was FCM's."""
    details = error.get("details")
    for one in details if isinstance(details, list) else ():
        if isinstance(one, dict) and one.get("@type") == FCM_ERROR:
            return str(one.get("errorCode") or error.get("status")), True
    return str(error.get("status")), False
