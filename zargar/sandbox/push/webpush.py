"""A push service of browsers (RFC 8030, 8188, 8291, 8292), and the browsers that subscribe to it.

- `POST /webpush/subscribe/{id}` is what a page gets of `PushManager.subscribe()`: `{"endpoint", "keys"}`. The browser's
  private key stays here, and a push is opened with it, as a browser would.
- `POST /webpush/push/{id}` takes a push: 201 with `Location`; 400 without a TTL or in another encoding; 401 or 403 by
  its VAPID token (signature, audience, a life of at most a day; `keys` of the rules: the public keys that are known);
  404 for an endpoint that never was, 410 for one that is gone (`blacklist`), 413 for more than 4096 bytes.
"""

import base64
import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import http_ece  # type: ignore[import-untyped]  # ships no types
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from zargar.sandbox.push.addressed import Addressed
from zargar.sandbox.sms.desk import Ask, Told

MOST_BYTES: Final = 4096
A_DAY: Final = 24 * 3600
_POINT: Final = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


class WebPush:
    """The service and its browsers."""

    name = "webpush"

    def __init__(self) -> None:
        self.company = Addressed(first_id=1)
        self._browsers: dict[str, tuple[ec.EllipticCurvePrivateKey, bytes]] = {}

    def routes(self) -> Mapping[tuple[str, str], Callable[[Ask], Told]]:
        """Return what is answered at which address."""
        return {
            ("POST", "/subscribe/{id}"): self._subscribe,
            ("POST", "/push/{id}"): self._push,
            ("GET", "/device/{id}"): self._device,
        }

    def refusal(self, code: str, *, status: int | None) -> Told:
        """Refuse by a status of HTTP, which is all that a push service says."""
        return Told({"reason": "refused"}, status=status or int(code), headers={"Retry-After": "30"})

    def _subscribe(self, ask: Ask) -> Told:
        name = ask.path["id"]
        key, secret = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        self._browsers[name] = (key, secret)
        endpoint = f"http://{ask.headers['Host']}/webpush/push/{name}"
        public = key.public_key().public_bytes(*_POINT)
        return Told({"endpoint": endpoint, "keys": {"p256dh": _written(public), "auth": _written(secret)}})

    def _push(self, ask: Ask) -> Told:
        name = ask.path["id"]
        status = self._fault(ask, name)
        if status:
            return Told({"code": status}, status=status)
        key, secret = self._browsers[name]
        try:
            shown = http_ece.decrypt(ask.body, private_key=key, auth_secret=secret, version="aes128gcm")
        except http_ece.ECEException:
            return Told({"code": 400}, status=400)
        message = self.company.show(name, shown.decode(), at=ask.at)
        return Told({}, status=201, headers={"Location": f"http://{ask.headers['Host']}/webpush/message/{message.id}"})

    def _fault(self, ask: Ask, name: str) -> int | None:
        if not self.company.is_number(name) or name not in self._browsers:
            return 404
        if self.company.has_blocked(name):
            return 410
        if not ask.headers.get("TTL", "").isdigit() or ask.headers.get("Content-Encoding") != "aes128gcm":
            return 400
        if len(ask.body) > MOST_BYTES:
            return 413
        return self._vapid_fault(ask)

    def _vapid_fault(self, ask: Ask) -> int | None:
        """Judge the token by RFC 8292: `vapid t=JWT, k=KEY`."""
        scheme, _, given = ask.headers.get("Authorization", "").partition(" ")
        fields = dict(part.strip().split("=", 1) for part in given.split(",") if "=" in part)
        if scheme != "vapid" or set(fields) != {"t", "k"}:
            return 401
        try:
            claims = _claims(fields["t"], _read(fields["k"]))
        except (ValueError, InvalidSignature):
            return 403
        sound = claims.get("aud") == f"http://{ask.headers['Host']}" and str(claims.get("sub")).startswith("mailto:")
        now = time.time()  # the sender's clock is the real one, whatever hour it is in this world
        alive = now < float(claims.get("exp", 0)) <= now + A_DAY
        known = not self.company.rules.keys or fields["k"].rstrip("=") in self.company.rules.keys
        return None if sound and alive and known else 403

    def _device(self, ask: Ask) -> Told:
        return Told(self.company.shown[ask.path["id"]])


def _claims(token: str, point: bytes) -> dict[str, Any]:
    """Return what an ES256 token claims. Raises `ValueError` for no token, `InvalidSignature`."""
    head, body, signature = ([*token.split("."), "", ""])[:3]
    raw = _read(signature)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    both = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.verify(both, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    claims = json.loads(_read(body))
    if not isinstance(claims, dict):
        raise ValueError(body)  # noqa: TRY004 -- wrong on the wire, not in this program
    return claims


def _read(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _written(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
