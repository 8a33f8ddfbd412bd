"""The broker of the tests: a real Valkey, emptied before each test that asks for it, and Celery pointed at it."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import kombu.pools

from zargar.embedded.valkey import Valkey


@dataclass(frozen=True)
class Broker:
    """Where messages and results go in this test; `server` can be killed, paused and wiped."""

    url: str = field(repr=False)
    results_url: str = field(repr=False)
    server: Valkey = field(repr=False)

    @property
    def env(self) -> dict[str, str]:
        """What a worker or beat needs in its environment to meet us there."""
        return {"CELERY_BROKER_URL": self.url, "CELERY_RESULT_BACKEND": self.results_url}


@contextmanager
def celery_uses(broker: Broker) -> Iterator[None]:
    """Point this process's Celery application at the broker. Celery lets the environment win over its settings."""
    before = {name: os.environ[name] for name in broker.env}
    os.environ.update(broker.env)
    _forget_connections()
    try:
        yield
    finally:
        os.environ.update(before)
        _forget_connections()


def _forget_connections() -> None:
    """Close what the application keeps open: pools remember which queues they declared, and a wiped broker does not."""
    if importlib.util.find_spec("zargar.celery") is None:
        return
    from zargar.celery import app  # noqa: PLC0415 -- only where the package has it

    app.conf.update(broker_url=os.environ["CELERY_BROKER_URL"], result_backend=os.environ["CELERY_RESULT_BACKEND"])
    kombu.pools.reset()  # type: ignore[no-untyped-call]  # kombu is not typed
    app._after_fork()  # noqa: SLF001 -- Celery's only way to drop its pools and stay registered
    app.__dict__["_backend_cache"] = None
    app._local.__dict__.pop("backend", None)  # noqa: SLF001 -- the result backend of this thread
