"""Where a browser's push may be sent: nowhere but to a push service."""

import pytest

from zargar.notifications.channels.push.endpoints import (
    ForbiddenEndpointError,
    NotPublicError,
    is_public,
    origin_of,
)

HERE = ("127.0.0.1",)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://fcm.googleapis.com:8443/fcm/send/abc",
        "https://user:pass@fcm.googleapis.com/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/x",
        "https://[::1]/x",
        "https://10.0.0.7/x",
        "https://postgres.internal:5432/",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilpush.apple.com.example/x",
        "https://notify.windows.com.example/",
        "file:///etc/passwd",
        "gopher://fcm.googleapis.com/",
        "",
        "https://",
        "https://[broken",
        "http://127.0.0.2/x",
    ],
)
def test_an_endpoint_that_is_no_push_service_is_not_called(endpoint: str) -> None:
    with pytest.raises(ForbiddenEndpointError):
        origin_of(endpoint, named=HERE)


def test_a_host_that_the_deployment_names_is_trusted_and_only_this_machine_without_tls() -> None:
    assert origin_of("http://127.0.0.1:8080/webpush/push/a", named=HERE) == "http://127.0.0.1:8080"
    assert origin_of("https://push.shop.example/x", named=("push.shop.example",)) == "https://push.shop.example"
    with pytest.raises(ForbiddenEndpointError):
        origin_of("http://push.shop.example/x", named=("push.shop.example",))


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.2.3", False), ("::1", False),
        ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False),
        ("::ffff:10.0.0.1", False), ("fe80::1", False), ("fc00::1", False), ("224.0.0.1", False),
    ],
)  # fmt: skip
def test_only_the_public_internet_is_public(address: str, *, public: bool) -> None:
    assert is_public(address) == public


@pytest.mark.parametrize("found", [["10.10.34.35"], ["142.250.0.1", "10.10.34.36"]])
def test_a_known_service_that_a_resolver_leads_astray_is_not_called_and_is_not_forbidden(found: list[str]) -> None:
    with pytest.raises(NotPublicError):
        origin_of("https://fcm.googleapis.com/fcm/send/abc", resolve=lambda _: found)


@pytest.mark.parametrize("found", [["142.250.0.1", "2606:4700::1111"], []], ids=["public", "unknown"])
def test_a_service_with_public_addresses_or_none_that_is_known_is_called(found: list[str]) -> None:
    assert origin_of("https://fcm.googleapis.com/x", resolve=lambda _: found) == "https://fcm.googleapis.com"
