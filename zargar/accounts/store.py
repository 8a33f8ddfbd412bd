"""The attempts to sign in, counted in the database, so that all web processes count together.

Note [Counted before it is judged]
----------------------------------
An attempt is written before the password is looked at, under a lock that all processes share. Counting afterwards would
let as many guesses through at once as there are processes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from zargar.accounts.models import SignInAttempt
from zargar.accounts.sign_in import Limit

LOCK_OF_SIGN_IN: Final = 0x5A41_5253_4947  # "ZARSIG"


@contextmanager
def counting() -> Iterator[None]:
    """Hold the lock under which attempts are counted and added, in one transaction."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_OF_SIGN_IN])
        yield


def attempts(*, account: str, address: str) -> dict[Limit, list[datetime]]:
    """Return when the attempts that each limit counts were made. The arguments are hashes."""
    of_account = SignInAttempt.objects.filter(account=account)
    of_address = SignInAttempt.objects.filter(address=address)
    return {
        Limit.PAIR: list(of_account.filter(address=address).values_list("at", flat=True)),
        Limit.ADDRESS: list(of_address.values_list("at", flat=True)),
        Limit.ACCOUNT: list(of_account.values_list("at", flat=True)),
    }


def add(*, account: str, address: str, at: datetime) -> None:
    """Keep an attempt."""
    SignInAttempt.objects.create(account=account, address=address, at=at)


def forget_before(moment: datetime) -> None:
    """Remove attempts that no longer count."""
    SignInAttempt.objects.filter(at__lt=moment).delete()


def forget_pair(*, account: str, address: str) -> None:
    """Remove the attempts at this account from this address: its owner is there."""
    SignInAttempt.objects.filter(account=account, address=address).delete()
