"""The app with Celery's own nets cut: messages acknowledged before the work, none rejected when a process is lost."""

from zargar.celery import app

for task in app.tasks.values():
    task.acks_late = False
    task.reject_on_worker_lost = False

__all__ = ["app"]
