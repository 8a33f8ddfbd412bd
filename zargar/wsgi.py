"""The web process: `gunicorn zargar.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zargar.settings.embedded")

application = get_wsgi_application()
