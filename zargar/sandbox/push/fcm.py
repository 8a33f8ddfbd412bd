"""FCM HTTP v1 as it answers, and the token server that its callers need (RFC 7523).

- `POST /fcmtokens/token` takes an assertion (RS256) and gives a bearer token. `keys` of its rules are the public keys
  (PEM) of the service accounts that are known; empty: any. It has its own control, and misbehaves by itself.
- `POST /fcm/v1/projects/{project}/messages:send` takes `{"message": {"token", "notification", …}}`.

A token in `blacklist` is UNREGISTERED (404), one in `invalid` is INVALID_ARGUMENT with an FcmError (400); an order's
code for `refusal` is any of `ERRORS`.
"""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from zargar.sandbox.push.addressed import Addressed
from zargar.sandbox.sms.desk import Ask, Told

ERRORS: Final = {
    "UNREGISTERED": 404, "INVALID_ARGUMENT": 400, "SENDER_ID_MISMATCH": 403, "QUOTA_EXCEEDED": 429,
    "UNAVAILABLE": 503, "INTERNAL": 500, "THIRD_PARTY_AUTH_ERROR": 401,
}  # fmt: skip
FCM_ERROR: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST: Final = "type.googleapis.com/google.rpc.BadRequest"
MOST_BYTES: Final = 4096


class Tokens:
    """The token server."""

    name = "fcmtokens"

    def __init__(self) -> None:
        self.company = Addressed(first_id=1)
        self.given: set[str] = set()

    def routes(self) -> Mapping[tuple[str, str], Callable[[Ask], Told]]:
        """Return what is answered at which address."""
        return {("POST", "/token"): self._token}

    def refusal(self, code: str, *, status: int | None) -> Told:
        """Refuse by an error of OAuth's."""
        return Told({"error": code}, status=status or 400)

    def _token(self, ask: Ask) -> Told:
        if ask.fields.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return Told({"error": "unsupported_grant_type"}, status=400)
        if not self._knows(ask.fields.get("assertion", "")):
            return Told({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, status=400)
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self.given.add(token)
        return Told({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def _knows(self, assertion: str) -> bool:
        head, _, rest = assertion.partition(".")
        body, _, signature = rest.partition(".")
        for pem in self.company.rules.keys:
            key = serialization.load_pem_public_key(pem.encode())
            if isinstance(key, rsa.RSAPublicKey):
                try:
                    key.verify(_read(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
                except (InvalidSignature, ValueError):
                    continue
                return True
        return not self.company.rules.keys and bool(signature)


class Fcm:
    """The service; it knows the bearers of `tokens`."""

    name = "fcm"

    def __init__(self, tokens: Tokens) -> None:
        self.company = Addressed(first_id=1)
        self._tokens = tokens

    def routes(self) -> Mapping[tuple[str, str], Callable[[Ask], Told]]:
        """Return what is answered at which address."""
        return {
            ("POST", "/v1/projects/{project}/messages:send"): self._send,
            ("GET", "/device/{id}"): self._device,
        }

    def refusal(self, code: str, *, status: int | None) -> Told:
        """Refuse by one of `ERRORS`."""
        return _error(code, FCM_ERROR, status=status)

    def _send(self, ask: Ask) -> Told:
        token = ask.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self._tokens.given:
            return _error("THIRD_PARTY_AUTH_ERROR", FCM_ERROR)
        message = ask.document.get("message") if isinstance(ask.document, dict) else None
        if not isinstance(message, dict) or not isinstance(message.get("token"), str) or len(ask.body) > MOST_BYTES:
            return _error("INVALID_ARGUMENT", BAD_REQUEST)
        device = message["token"]
        if not self.company.is_number(device):
            return _error("INVALID_ARGUMENT", FCM_ERROR)
        if self.company.has_blocked(device):
            return _error("UNREGISTERED", FCM_ERROR)
        taken = self.company.show(device, json.dumps(message, ensure_ascii=False), at=ask.at)
        return Told({"name": f"projects/{ask.path['project']}/messages/0:{taken.id}"})

    def _device(self, ask: Ask) -> Told:
        return Told([json.loads(one) for one in self.company.shown[ask.path["id"]]])


def _error(code: str, kind: str, *, status: int | None = None) -> Told:
    http = ERRORS.get(code, 400)
    named = {404: "NOT_FOUND", 400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED",
             503: "UNAVAILABLE", 500: "INTERNAL", 401: "UNAUTHENTICATED"}[http]  # fmt: skip
    detail: dict[str, Any] = {"@type": kind}
    if kind == FCM_ERROR:
        detail["errorCode"] = code
    document = {"error": {"code": http, "message": code.lower(), "status": named, "details": [detail]}}
    return Told(document, status=status or http, headers={"Retry-After": "30"} if http in {429, 503} else {})


def _read(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
