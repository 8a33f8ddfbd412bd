"""What every deployment shares."""

from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path

import django_stubs_ext

from zargar.settings.environment import env

django_stubs_ext.monkeypatch()

PACKAGE = Path(__file__).resolve().parent.parent

# -- applications -----------------------------------------------------------------------------------------------------
# No model may live in both lists: a table that exists twice is read from whichever comes first on the search path.
SHARED_APPS = [
    "django_tenants",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "zargar.accounts",
    "zargar.shops",
    "zargar.audit",
    "zargar.ledger",
    "zargar.schedules",
    "zargar.pricing",
    "zargar.admin_panel",  # before Django's admin, whose templates it completes
    "django.contrib.admin.apps.SimpleAdminConfig",
]
TENANT_APPS = ["zargar.customers"]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]

AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TENANT_MODEL = "shops.Shop"
TENANT_DOMAIN_MODEL = "shops.Domain"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
# Otherwise every cursor costs one more `SET search_path`; tenancy.in_tenant() verifies the path where it matters.
TENANT_LIMIT_SET_CALLS = True

# -- people see Tehran and Persian, rows hold UTC ---------------------------------------------------------------------
LANGUAGE_CODE = "fa"
TIME_ZONE = "Asia/Tehran"
USE_TZ = True
USE_I18N = True

# -- web --------------------------------------------------------------------------------------------------------------
ROOT_URLCONF = "zargar.admin_panel.urls"
WSGI_APPLICATION = "zargar.wsgi.application"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "zargar.admin_panel.middleware.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "/static/"
# Served out of the packages themselves: nothing has to be collected before the first request.
WHITENOISE_USE_FINDERS = True
LOGGING_CONFIG = None  # Celery and gunicorn set up their own handlers; zargar.scrub cleans what passes through them.

# -- engine (why each figure: docs/architecture.md, "Leases, grace and time limits") -----------------------------------
WORKER_CONCURRENCY = env.int("ZARGAR_WORKER_CONCURRENCY", 2, validate=lambda n: n > 0)
LEASE = timedelta(seconds=env.float("ZARGAR_LEASE_SECONDS", 60))
RING_GRACE = timedelta(seconds=env.float("ZARGAR_RING_GRACE_SECONDS", 15))
SWEEP_EVERY = timedelta(seconds=env.float("ZARGAR_SWEEP_SECONDS", 1))

# -- prices -----------------------------------------------------------------------------------------------------------
PRICES_DEADLINE = timedelta(seconds=env.float("ZARGAR_PRICES_DEADLINE_SECONDS", 5))
PRICES_OPEN = env.time("ZARGAR_PRICES_OPEN", time(8, 0))
PRICES_CLOSE = env.time("ZARGAR_PRICES_CLOSE", time(18, 0))
PRICES_QUORUM = env.int("ZARGAR_PRICES_QUORUM", 2, validate=lambda n: n > 0)
PRICES_AGREEMENT = env.decimal("ZARGAR_PRICES_AGREEMENT_PER_MILLE", Decimal(10)) / 1000
# Set only beside the sandbox: where the boards' stand-in listens, and how often the demo asks it.
SANDBOX_URL: str | None = env.str("ZARGAR_SANDBOX_URL", None)
PRICES_EVERY_SECONDS: int | None = env.int("ZARGAR_PRICES_EVERY_SECONDS", None)
