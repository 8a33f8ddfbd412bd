"""What must not be stored or shown does not survive; what diagnoses does."""

import pytest

from zargar.scrub import LONGEST, scrub


@pytest.mark.parametrize(
    "secret",
    [
        "09121234567",
        "+98 912 123 4567",
        "00989121234567",
        "۰۹۱۲۱۲۳۴۵۶۷",
        "۰۹۱۲-۱۲۳-۴۵۶۷",
        "+4915112345678",
    ],
)
def test_a_phone_number_in_any_form_is_taken_out(secret: str) -> None:
    assert secret not in scrub(f"no answer for {secret}, giving up")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("connect to redis://:s3cr3t@127.0.0.1:6379/0 refused", "s3cr3t"),
        ("GET https://api.example/latest/?api_key=abc123&item=18ayar", "abc123"),
        ("Authorization: Bearer eyJhbGciOi.x.y", "eyJhbGciOi"),
        ('{"password": "hunter2"}', "hunter2"),
        ("POST https://api.kavenegar.com/v1/6A3B4C5D6E7F8A9B0C1D2E3F4A5B/sms/send.json", "6A3B4C5D6E7F"),
    ],
)
def test_a_credential_is_taken_out_and_the_rest_stays(text: str, secret: str) -> None:
    cleaned = scrub(text)
    assert secret not in cleaned
    assert cleaned.split()[0] == text.split(maxsplit=1)[0] or cleaned.startswith(("{", "Authorization"))


@pytest.mark.parametrize(
    "text",
    [
        "price 18530000 Toman is 1.2 % off the median 18750000",
        "run 0d5e6f4e-0000-4000-8000-00000000abcd at 2026-11-22 10:00:00",
        "wallgold answered 503 after 5.0 s",
    ],
)
def test_prices_ids_and_times_are_left_alone(text: str) -> None:
    assert scrub(text) == text


def test_a_long_message_is_cut() -> None:
    assert len(scrub("x" * 10_000)) == LONGEST + 1
