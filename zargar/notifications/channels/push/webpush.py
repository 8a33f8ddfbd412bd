"""Web Push to browsers (RFC 8030), encrypted for the one browser (RFC 8291), under the shop's key (VAPID, RFC 8292).

`ZARGAR_PROVIDERS="web=webpush?subject=mailto:ops@shop.example"`, with the VAPID private key (PEM, or the 43 characters
of its raw form) as the account's key. `hosts=a.example b.example` names push services beside the browsers' own.
`public=KEY` is the public half, with which pages subscribe: for a web process that is not given the private one.

`Outgoing.to` is a subscription as the browser's `JSON.stringify(subscription)` writes it. The libraries' defaults are
not used: a `TTL` of 0, by which a message for a browser that is closed is lost, and a patience of 10,000 seconds.

| answer | means |
|---|---|
| 201, 202 | taken |
| 404, 410 | the subscription is gone for ever: the device is removed, as for no other answer |
| 400, 413 | the text; 401, 403 the key |
| 429, 503 | later, `Retry-After` |
| anything else, or none | nobody knows |

A service whose name the resolver leads into a private network is not called: later, and of the others nothing is said.
"""

import base64
import binascii
import json
from collections.abc import Collection
from http import HTTPStatus
from typing import Final

import http_ece  # type: ignore[import-untyped]  # ships no types
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02, VapidException  # type: ignore[import-untyped]  # ships no types

from zargar import clock
from zargar.notifications.accounts import Account, BadAccountError
from zargar.notifications.channels.http import Answer, Caller, Reply
from zargar.notifications.channels.one_by_one import OneByOne
from zargar.notifications.channels.push import payload
from zargar.notifications.channels.push.endpoints import (
    ForbiddenEndpointError,
    NotPublicError,
    Resolver,
    origin_of,
    resolved,
)
from zargar.notifications.channels.sms.verdicts import by_status, unanswered
from zargar.notifications.values import Accepted, Channel, Outgoing, Refusal, Refused, Verdict

TOKEN_LIFE: Final = 12 * 3600
"""Seconds for which a VAPID token is good; RFC 8292 allows a day."""
RAW_KEY: Final = 32
"""Bytes of a private key in its raw form."""
TOKEN_KEPT: Final = 3600
"""Seconds for which a token is used again."""

_TAKEN: Final = frozenset({HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
GONE: Final = frozenset({str(HTTPStatus.NOT_FOUND.value), str(HTTPStatus.GONE.value)})
"""Codes by which a service says that there is no such browser any more."""
_CODES: Final = {
    HTTPStatus.NOT_FOUND: (Refusal.RECIPIENT, "the subscription does not exist"),
    HTTPStatus.GONE: (Refusal.RECIPIENT, "the subscription is gone"),
    HTTPStatus.BAD_REQUEST: (Refusal.OURS, "the request is not understood"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (Refusal.CONTENT, "longer than the service takes"),
    HTTPStatus.UNAUTHORIZED: (Refusal.ACCOUNT, "the VAPID key is not accepted"),
    HTTPStatus.FORBIDDEN: (Refusal.ACCOUNT, "the VAPID key is not the one that browsers subscribed with"),
    HTTPStatus.TOO_MANY_REQUESTS: (Refusal.BUSY, "too many calls"),
    HTTPStatus.SERVICE_UNAVAILABLE: (Refusal.BUSY, "the service is busy"),
}


class WebPush(OneByOne):
    """The browsers' push services under one VAPID key.

    Args:
        name: the account's name in the configuration.
        key: the VAPID private key.
        subject: whom a service may write to about us: `mailto:…` or `https://…`.
        hosts: push services beside those of the browsers.
        caller: how they are called; one of its own by default.
        resolve: who knows where a name leads; the system by default.

    Raises `BadAccountError` for a key or subject that is none; it shows neither.
    """

    channel = Channel.PUSH

    def __init__(
        self, *, name: str, key: str, subject: str, hosts: Collection[str] = (), caller: Caller | None = None,
        resolve: Resolver = resolved,
    ) -> None:  # fmt: skip
        self.name = name
        self._subject = subject
        self._hosts = frozenset(hosts)
        self._caller = caller or Caller()
        self._resolve = resolve
        self._tokens: dict[str, tuple[float, str]] = {}
        self._vapid = _vapid(name, key)
        if not subject.startswith(("mailto:", "https://")):
            message = f"the account {name}: `subject` must be mailto:ADDRESS or an https address"
            raise BadAccountError(message)

    @classmethod
    def of(cls, account: Account) -> "WebPush":
        """Return the provider of an account. Raises `BadAccountError`."""
        made = cls(
            name=account.name, key=account.key, subject=account.options.get("subject", ""), hosts=hosts_of(account)
        )
        if account.options.get("public", made.public_key).rstrip("=") != made.public_key:
            message = f"the account {account.name}: `public` is not the public half of its key"
            raise BadAccountError(message)
        return made

    @property
    def public_key(self) -> str:
        """What a page subscribes with (`applicationServerKey`), in unpadded base64url."""
        return _vapid_public(self._vapid)

    def _one(self, message: Outgoing) -> Verdict:
        return payload.fault(message) or self._call(message)

    def _call(self, message: Outgoing) -> Verdict:
        subscription = _read(message.to)
        if subscription is None:
            return Refused(message.reference, Refusal.SENDER, "kind", "this address is no subscription of a browser")
        endpoint, receiver, secret = subscription
        try:
            origin = origin_of(endpoint, named=self._hosts, resolve=self._resolve)
            body = _sealed(payload.document(message), receiver=receiver, secret=secret)
        except ForbiddenEndpointError as forbidden:
            return Refused(message.reference, Refusal.RECIPIENT, "endpoint", str(forbidden))
        except NotPublicError as elsewhere:
            return Refused(message.reference, Refusal.BUSY, "resolver", str(elsewhere))
        except (ValueError, http_ece.ECEException):
            return Refused(message.reference, Refusal.RECIPIENT, "keys", "the subscription's keys are none")
        return _verdict(message, self._caller.post(endpoint, body=body, headers=self._headers(message, origin)))

    def _headers(self, message: Outgoing, origin: str) -> dict[str, str]:
        return {
            "Authorization": self._authorization(origin),
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(payload.LIFE),
            "Urgency": "normal",
            "Topic": f"z{message.reference:x}",  # the same again takes its place while the browser is away
        }

    def _authorization(self, origin: str) -> str:
        """Return the token for a service, made anew after an hour. It holds the time of the real clock, as it must."""
        now = clock.now().timestamp()
        made, token = self._tokens.get(origin, (0.0, ""))
        if not token or not 0 <= now - made < TOKEN_KEPT:
            claims = {"aud": origin, "sub": self._subject, "exp": int(now) + TOKEN_LIFE}
            token = str(self._vapid.sign(claims)["Authorization"])
            self._tokens[origin] = (now, token)
        return token


def hosts_of(account: Account) -> frozenset[str]:
    """Return the push services that an account names beside those of the browsers."""
    return frozenset(account.options.get("hosts", "").split())


def public_key_of(account: Account) -> str:
    """Return what pages subscribe with under an account: its `public`, or the half of its key; "" with neither.

    Raises `BadAccountError`.
    """
    stated = account.options.get("public", "").rstrip("=")
    if stated:
        return stated
    return _vapid_public(_vapid(account.name, account.key)) if account.key else ""


def _verdict(message: Outgoing, reply: Reply) -> Verdict:
    if not isinstance(reply, Answer):
        return unanswered([message], reply)[0]
    if reply.status in _TAKEN:
        return Accepted(message.reference, f"webpush {message.reference}", cost=0)
    if reply.status not in _CODES:
        return by_status([message], reply)[0]
    why, words = _CODES[HTTPStatus(reply.status)]
    return Refused(message.reference, why, str(reply.status), words, reply.retry_after)


def _vapid(name: str, key: str) -> Vapid02:
    problem = f"the account {name}: its key must be a VAPID private key, PEM or raw base64url"
    try:
        if "BEGIN" in key:
            return Vapid02.from_pem(key.encode())
        if len(_bytes(key.strip())) == RAW_KEY:
            return Vapid02.from_raw(key.strip().encode())
    except (ValueError, TypeError, IndexError, binascii.Error, VapidException):
        raise BadAccountError(problem) from None
    raise BadAccountError(problem)


def _vapid_public(vapid: Vapid02) -> str:
    point = vapid.public_key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def _read(to: str) -> tuple[str, bytes, bytes] | None:
    """Return endpoint, public key and secret of a subscription; None where it is of another kind."""
    try:
        held = json.loads(to)
        keys = held["keys"]
        return str(held["endpoint"]), _bytes(keys["p256dh"]), _bytes(keys["auth"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _sealed(data: bytes, *, receiver: bytes, secret: bytes) -> bytes:
    """Encrypt for one browser. Raises `ValueError` or `ECEException` for keys that are none."""
    sealed: bytes = http_ece.encrypt(
        data, private_key=ec.generate_private_key(ec.SECP256R1()), dh=receiver, auth_secret=secret, version="aes128gcm"
    )
    return sealed
