"""The only account of a deployment, at a company that carries text messages over real HTTP: the sandbox's Kavenegar."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.test.utils import override_settings

from tests.support.boards import BoardServer
from zargar.engine.retries import wait_before_retry
from zargar.names import Family
from zargar.notifications import wiring
from zargar.notifications.sendable import Post

ACCOUNT = "one"
COMPANY = "kavenegar"
WAIT = partial(wait_before_retry, Family.NOTIFICATIONS)


@contextmanager
def only_account(*, price: int = 0, part: int = 67) -> Iterator[BoardServer]:
    """Run the company, and have this process's wiring know its account alone; `price` is Rial for a part.

    `part`: units of each of several Persian parts on its line.
    """
    with BoardServer() as server:
        place = {ACCOUNT: f"kavenegar+{server.url}/kavenegar?sender=10004346&price={price}&part={part}"}
        with override_settings(PROVIDERS=place, PROVIDER_KEYS={ACCOUNT: "sandboxkey"}):
            _forget()
            try:
                yield server
            finally:
                _forget()


def post() -> Post:
    """What the deployment sends with."""
    return wiring.post(wait=WAIT)


def taken(server: BoardServer) -> dict[str, int]:
    """How often the company took a message for each number, as it was written."""
    counted: dict[str, int] = json.loads(server.get("/_sandbox/sms/kavenegar/accepted?by=receptor"))
    return counted


def _forget() -> None:
    """Have the wiring read the settings anew."""
    wiring.configured.cache_clear()
    wiring.providers.cache_clear()
