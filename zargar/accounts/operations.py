"""Signing in, throttled. The caller looks at the password; these two calls go before and after it."""

from datetime import datetime, timedelta

from django.utils.crypto import salted_hmac

from zargar.accounts import sign_in, store


def begin(*, account: str, address: str, now: datetime) -> timedelta | None:
    """Count an attempt to sign in; return None when it may go on, or how long to wait, and then it was not counted."""
    keys = _keys(account, address)
    with store.counting():
        store.forget_before(now - sign_in.WINDOW)
        wait = sign_in.wait(store.attempts(**keys), now=now)
        if wait is None:
            store.add(**keys, at=now)
    return wait


def succeeded(*, account: str, address: str) -> None:
    """Forget the attempts of somebody who has shown the right password."""
    store.forget_pair(**_keys(account, address))


def _keys(account: str, address: str) -> dict[str, str]:
    return {"account": _key("account", account.strip().casefold()), "address": _key("address", address)}


def _key(kind: str, value: str) -> str:
    return salted_hmac(f"zargar.accounts.sign_in.{kind}", value, algorithm="sha256").hexdigest()
