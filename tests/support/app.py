"""The app with the tests' tasks beside its own: `celery -A tests.support.app worker`."""

from zargar.celery import app

app.loader.import_task_module("tests.support.tasks")

__all__ = ["app"]
