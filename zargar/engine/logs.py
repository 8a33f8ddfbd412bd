"""Have Celery's workers and beats log as all our processes do (`zargar.logs`), not in a format of their own."""

import logging

from django.conf import settings

from zargar import logs


def configure(loglevel: int | None = None, logfile: str | None = None, **_: object) -> None:
    """Set logging up: in a worker, in each of its children, and in a beat. The app connects it."""
    logs.configure(as_json=settings.LOG_JSON, level=loglevel or logging.INFO, file=logfile)
