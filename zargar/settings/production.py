"""Production: every address and secret is named by the environment, and a missing one stops the start."""

from zargar.settings.base import *
from zargar.settings.environment import cache, databases, env

SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS")
DATABASES = databases(app_url=env.str("DATABASE_URL"), owner_url=env.str("DATABASE_OWNER_URL", None))
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL")
CELERY_RESULT_BACKEND = env.str("CELERY_RESULT_BACKEND")
CACHES = {"default": cache(env.str("CACHE_URL", CELERY_RESULT_BACKEND))}

LOG_JSON = env.bool("ZARGAR_LOG_JSON", True)

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
