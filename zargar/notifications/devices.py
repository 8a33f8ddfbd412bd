"""What a browser or an app hands over so that it can be written to: read strictly, and refused by name. Pure.

A browser hands over its subscription as `JSON.stringify(subscription)` writes it (W3C Push API), an app its token of
FCM:

    {"endpoint": "https://…", "keys": {"p256dh": "…", "auth": "…"}, "expirationTime": null}
    {"token": "…"}

`"renewed": true` beside it says that nobody pressed anything: a page that is opened again asks whether its browser is
registered, and tells that it is still there. What else a browser writes is left out of what is kept.

The endpoint is an address that a worker of ours will call, so it must be of a push service (`channels.push.endpoints`).
`p256dh` is a point of P-256 in its uncompressed form and `auth` 16 bytes (RFC 8291), both in base64url.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from cryptography.hazmat.primitives.asymmetric import ec

from zargar.notifications.channels.push.endpoints import ForbiddenEndpointError, origin_by_name
from zargar.refusals import InvalidError

MOST_BYTES: Final = 4096
"""Of what is posted; a subscription is some 400."""
LONGEST: Final = 1000
"""Characters of what is kept of a device."""
_AUTH: Final = 16
_WRITTEN: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_:.%-]+")
_SHAPE: Final = 'expected {"endpoint", "keys": {"p256dh", "auth"}} of a browser, or {"token"} of an app'


class BadDeviceError(InvalidError):
    """What is to be registered is no device: the message names the field and what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What can be written to: browsers under `web_key` (VAPID; "": none) and at which hosts besides theirs; apps."""

    web_key: str = ""
    hosts: frozenset[str] = frozenset()
    apps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser: its address as it is kept, the same for the same subscription however it was written."""

    address: str = field(repr=False)
    endpoint: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app on a telephone, by its token."""

    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Handed:
    """What was handed over, and whether a person did it (`renewed`: nobody did)."""

    device: Browser | App
    renewed: bool = False


def read(body: bytes, services: Services) -> Handed:
    """Read what was posted. Raises `BadDeviceError`, also for a kind of device that the deployment cannot write to."""
    held = _object(body)
    renewed = held.get("renewed", False)
    if not isinstance(renewed, bool):
        _refuse("renewed", "expected true or false")
    if ("endpoint" in held) == ("token" in held):
        raise BadDeviceError(_SHAPE)
    return Handed(_browser(held, services) if "endpoint" in held else _app(held, services), renewed)


def _object(body: bytes) -> dict[str, Any]:
    try:
        held = json.loads(body)
    except (ValueError, RecursionError):
        message = f"the body is no JSON: {_SHAPE}"
        raise BadDeviceError(message) from None
    if not isinstance(held, dict):
        raise BadDeviceError(_SHAPE)
    return held


def _browser(held: dict[str, Any], services: Services) -> Browser:
    if not services.web_key:
        _refuse("endpoint", "this deployment writes to no browsers: it has no account for Web Push")
    endpoint = _text(held, "endpoint", "endpoint")
    try:
        origin_by_name(endpoint, named=services.hosts)
    except ForbiddenEndpointError:
        _refuse("endpoint", "not an https address of a push service of a browser")
    if not (endpoint.isascii() and endpoint.isprintable() and " " not in endpoint):
        _refuse("endpoint", "an address is of printable ASCII without spaces")
    keys = held.get("keys")
    if not isinstance(keys, dict):
        _refuse("keys", 'expected {"p256dh", "auth"}')
    kept = {"auth": _auth(keys), "p256dh": _point(keys)}
    address = json.dumps({"endpoint": endpoint, "keys": kept}, separators=(",", ":"))
    if len(address) > LONGEST:
        _refuse("endpoint", f"endpoint and keys are longer than {LONGEST} characters together")
    return Browser(address=address, endpoint=endpoint)


def _app(held: dict[str, Any], services: Services) -> App:
    if not services.apps:
        _refuse("token", "this deployment writes to no apps: it has no account for FCM")
    token = _text(held, "token", "token")
    if len(token) > LONGEST or not _TOKEN.fullmatch(token):
        _refuse("token", f"a token of FCM is 1 to {LONGEST} letters, digits, and : _ - . %")
    return App(address=token)


def _point(keys: dict[str, Any]) -> str:
    raw = _bytes(keys, "p256dh")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError:
        _refuse("keys.p256dh", "expected a point of P-256, uncompressed (65 bytes)")
    if raw[0] != 4:  # noqa: PLR2004 -- SEC 1: what follows is uncompressed
        _refuse("keys.p256dh", "expected a point of P-256, uncompressed (65 bytes)")
    return _in_base64url(raw)


def _auth(keys: dict[str, Any]) -> str:
    raw = _bytes(keys, "auth")
    if len(raw) != _AUTH:
        _refuse("keys.auth", f"expected {_AUTH} bytes, got {len(raw)}")
    return _in_base64url(raw)


def _bytes(keys: dict[str, Any], name: str) -> bytes:
    text = _text(keys, name, f"keys.{name}")
    bare = text.rstrip("=")
    if not _WRITTEN.fullmatch(text) or len(bare) % 4 == 1:  # six bits alone are no byte
        _refuse(f"keys.{name}", "expected base64url")
    return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def _text(held: dict[str, Any], name: str, called: str) -> str:
    found = held.get(name)
    if not isinstance(found, str) or not found:
        _refuse(called, "expected a text")
    return found


def _in_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _refuse(name: str, words: str) -> NoReturn:
    message = f"{name}: {words}"
    raise BadDeviceError(message) from None
