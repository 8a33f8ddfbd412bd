"""Tests: the environment that the test session set, no file of this machine, nothing by default."""

from zargar.settings.base import *
from zargar.settings.environment import cache, databases, env

SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
DATABASES = databases(app_url=env.str("DATABASE_URL"), owner_url=env.str("DATABASE_OWNER_URL", None))
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL")
CELERY_RESULT_BACKEND = env.str("CELERY_RESULT_BACKEND")
CACHES = {"default": cache(env.str("CACHE_URL", CELERY_RESULT_BACKEND))}
