"""What a browser or an app hands over: read strictly, kept in one form, and what is wrong is named."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from zargar.notifications.devices import App, BadDeviceError, Browser, Services, read

BOTH = Services(web_key="a key", hosts=frozenset({"127.0.0.1"}), apps=True)
POINT = (
    ec.derive_private_key(7, ec.SECP256R1())
    .public_key()
    .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
)
SQUEEZED = (
    ec.derive_private_key(7, ec.SECP256R1())
    .public_key()
    .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
)
P256DH, AUTH = (base64.urlsafe_b64encode(raw).rstrip(b"=").decode() for raw in (POINT, b"sixteen bytes ok"))
ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/gAAAA"


def subscription(**different: Any) -> dict[str, Any]:  # noqa: ANN401 -- whatever a stranger posts
    """What Firefox writes, with something changed."""
    keys = {"p256dh": P256DH, "auth": AUTH} | different.pop("keys", {})
    return {"endpoint": ENDPOINT, "expirationTime": None, "keys": keys} | different


def handed(document: object) -> Browser | App:
    return read(json.dumps(document).encode(), BOTH).device


def test_the_same_subscription_is_kept_in_the_same_words_however_it_is_written() -> None:
    padded = subscription(keys={"auth": AUTH + "==", "p256dh": P256DH + "="}, extra="left out")
    first = handed(subscription())
    assert first == handed(dict(reversed(padded.items())))
    assert isinstance(first, Browser)
    assert json.loads(first.address) == {"endpoint": ENDPOINT, "keys": {"auth": AUTH, "p256dh": P256DH}}
    assert ENDPOINT not in repr(first)


def test_a_token_of_an_app_is_kept_as_it_is() -> None:
    assert handed({"token": "cQ:APA91b-x_y"}) == App(address="cQ:APA91b-x_y")


@pytest.mark.parametrize(("said", "renewed"), [({}, False), ({"renewed": False}, False), ({"renewed": True}, True)])
def test_a_page_that_is_opened_again_says_so(said: dict[str, bool], *, renewed: bool) -> None:
    assert read(json.dumps(subscription(**said)).encode(), BOTH).renewed is renewed


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ([], "expected"),
        ({}, "expected"),
        ({"token": "x", "endpoint": ENDPOINT}, "expected"),
        ({"token": ""}, "token:"),
        ({"token": 7}, "token:"),
        ({"token": "x" * 1001}, "token:"),
        ({"token": '{"endpoint": "http://10.0.0.1"}'}, "token:"),
        (subscription(renewed="yes"), "renewed:"),
        (subscription(endpoint=None), "endpoint:"),
        (subscription(endpoint="http://updates.push.services.mozilla.com/x"), "endpoint:"),
        (subscription(endpoint="https://10.0.0.7/x"), "endpoint:"),
        (subscription(endpoint="https://localhost/x"), "endpoint:"),
        (subscription(endpoint="https://169.254.169.254/latest/meta-data"), "endpoint:"),
        (subscription(endpoint="https://shop.example/x"), "endpoint:"),
        (subscription(endpoint=f"{ENDPOINT}/\nHost: a"), "endpoint:"),
        (subscription(endpoint=ENDPOINT + "x" * 1000), "endpoint and keys are longer than 1000"),
        ({"endpoint": ENDPOINT}, "keys:"),
        ({"endpoint": ENDPOINT, "keys": [1]}, "keys:"),
        (subscription(keys={"auth": "AAAA"}), "keys.auth: expected 16 bytes, got 3"),
        (subscription(keys={"auth": "A"}), "keys.auth: expected base64url"),
        (subscription(keys={"auth": "a+b/"}), "keys.auth: expected base64url"),
        (subscription(keys={"auth": None}), "keys.auth: expected a text"),
        (subscription(keys={"p256dh": AUTH}), "keys.p256dh:"),
        (
            subscription(keys={"p256dh": base64.urlsafe_b64encode(b"\x04" + b"\x01" * 64).decode()}),
            "keys.p256dh: expected a point",
        ),
        (subscription(keys={"p256dh": base64.urlsafe_b64encode(SQUEEZED).decode()}), "keys.p256dh: expected a point"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_wrong_is_named(document: object, named: str) -> None:
    with pytest.raises(BadDeviceError) as refused:
        handed(document)
    assert named in str(refused.value)


@pytest.mark.parametrize("body", [b"", b"x", b"[" * 4000, b"\xff\xfe"], ids=["nothing", "no json", "deep", "bytes"])
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(BadDeviceError, match="is no JSON"):
        read(body, BOTH)


@pytest.mark.parametrize(
    ("document", "words"), [(subscription(), "no account for Web Push"), ({"token": "x"}, "no account for FCM")],
    ids=["browser", "app"],
)  # fmt: skip
def test_a_device_that_the_deployment_cannot_write_to_is_not_kept(document: object, words: str) -> None:
    with pytest.raises(BadDeviceError, match=words):
        read(json.dumps(document).encode(), Services())
