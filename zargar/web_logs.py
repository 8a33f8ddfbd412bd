"""How gunicorn logs: `gunicorn zargar.wsgi --logger-class zargar.web_logs.WebLogger`.

Its own lines and those of the application go through `zargar.logs`, in the arbiter and in every worker.
"""

import os

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from zargar import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zargar.settings.embedded")

from django.conf import settings


class WebLogger(Logger):  # type: ignore[misc]  # gunicorn is not typed
    """Gunicorn's logger with our handler in place of its own."""

    def setup(self, cfg: object) -> None:
        """Let gunicorn choose the level, and take its handlers away."""
        super().setup(cfg)
        logs.configure(as_json=settings.LOG_JSON, level=self.loglevel)
