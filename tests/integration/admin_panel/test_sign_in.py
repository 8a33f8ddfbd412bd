"""Signing in: slow for those who guess, in every process at once, and never a record of who came from where."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import override_settings

from tests.integration.admin_panel.conftest import PASSWORD
from tests.support.pages import html_of, text_of
from zargar import clock
from zargar.accounts import operations as accounts
from zargar.accounts.models import SignInAttempt, User
from zargar.accounts.sign_in import MOST, WINDOW, Limit

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("cache_server", "operator")


def sign_in(client: Client, password: str, username: str = "maryam", address: str = "192.0.2.7") -> int:
    """Try to sign in and return the status."""
    fields = {"username": username, "password": password}
    return client.post("/admin/login/", fields, REMOTE_ADDR=address).status_code


def test_the_page_is_persian_and_the_right_password_is_let_in(client: Client) -> None:
    page = html_of(client.get("/admin/login/"))
    assert 'dir="rtl"' in page
    assert "گذرواژه" in page
    assert sign_in(client, PASSWORD) == 302
    html_of(client.get("/admin/"))


def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(client: Client) -> None:
    for _ in range(MOST[Limit.PAIR]):
        assert sign_in(client, "wrong") == 200
    answer = client.post("/admin/login/", {"username": "maryam", "password": PASSWORD}, REMOTE_ADDR="192.0.2.7")
    assert "۱۵ دقیقه دیگر" in text_of(html_of(answer, 429))
    assert client.get("/admin/").status_code == 302


def test_the_owner_of_the_account_is_let_in_from_elsewhere(client: Client) -> None:
    for _ in range(MOST[Limit.PAIR]):
        sign_in(client, "wrong")
    assert sign_in(client, PASSWORD, address="198.51.100.4") == 302


def test_a_success_forgets_the_failures_before_it(client: Client) -> None:
    for _ in range(MOST[Limit.PAIR] - 1):
        sign_in(client, "wrong")
    assert sign_in(client, PASSWORD) == 302
    assert not SignInAttempt.objects.exists()


def test_one_address_cannot_try_one_password_on_many_accounts(client: Client) -> None:
    for number in range(MOST[Limit.ADDRESS]):
        assert sign_in(client, "wrong", username=f"user{number}") == 200
    assert sign_in(client, PASSWORD) == 429


def test_many_addresses_cannot_guess_at_one_account_for_ever() -> None:
    for number in range(MOST[Limit.ACCOUNT]):
        assert accounts.begin(account="maryam", address=f"192.0.2.{number}", now=NOW) is None
    assert accounts.begin(account=" MARYAM ", address="198.51.100.4", now=NOW) == WINDOW


def test_guesses_that_come_at_the_same_time_are_counted_together() -> None:
    def attempt(_: int) -> bool:
        try:
            return accounts.begin(account="maryam", address="192.0.2.7", now=clock.now()) is None
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        let_through = list(pool.map(attempt, range(24)))
    assert let_through.count(True) == MOST[Limit.PAIR]


def test_waiting_ends_when_the_attempts_have_left_the_window_and_refusals_do_not_prolong_it() -> None:
    minute = timedelta(minutes=1)
    for number in range(MOST[Limit.PAIR]):
        accounts.begin(account="maryam", address="192.0.2.7", now=NOW + number * minute)
    for number in range(5, 15):
        wait = accounts.begin(account="maryam", address="192.0.2.7", now=NOW + number * minute)
        assert wait == WINDOW - number * minute
    assert accounts.begin(account="maryam", address="192.0.2.7", now=NOW + WINDOW) is None


def test_neither_names_nor_addresses_are_kept(client: Client) -> None:
    sign_in(client, "wrong", username="hunter2-in-the-wrong-field")
    row = SignInAttempt.objects.get()
    assert len(row.account) == len(row.address) == 64
    assert "hunter2" not in row.account
    assert "192.0.2.7" not in row.address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "same"),
    [(0, "203.0.113.{n}", True), (1, "203.0.113.{n}", False), (1, "203.0.113.{n}, 198.51.100.9", True)],
)
def test_an_address_that_the_visitor_made_up_is_not_believed(
    client: Client, proxies: int, forwarded: str, *, same: bool
) -> None:
    with override_settings(TRUSTED_PROXIES=proxies):
        for number in range(3):
            fields = {"username": "maryam", "password": "wrong"}
            client.post("/admin/login/", fields, headers={"X-Forwarded-For": forwarded.format(n=number)})
    assert SignInAttempt.objects.values("address").distinct().count() == (1 if same else 3)


def test_an_older_hash_is_renewed_as_argon2_when_its_owner_signs_in(client: Client) -> None:
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"]):
        User.objects.create_user("old", password=PASSWORD, is_staff=True)
    assert sign_in(client, PASSWORD, username="old") == 302
    assert User.objects.get(username="old").password.startswith("argon2$")
