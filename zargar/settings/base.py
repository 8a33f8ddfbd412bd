"""What every deployment shares."""

from datetime import time, timedelta
from decimal import Decimal

import django_stubs_ext
from marshmallow.validate import Range

from zargar.settings.environment import env

django_stubs_ext.monkeypatch()

# -- applications -----------------------------------------------------------------------------------------------------
# No model may live in both lists: a table that exists twice is read from whichever comes first on the search path.
SHARED_APPS = [
    # Templates are found in this order: ours complete Django's, and django-tenants would replace some of them.
    "zargar.admin_panel",
    "django.contrib.admin.apps.SimpleAdminConfig",
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
]
TENANT_APPS = ["zargar.customers", "zargar.gold_installments"]
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
    "zargar.admin_panel.middleware.EnterShop",  # last: everything above it works in the shared schema
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
# How many proxies of ours stand in front (the visitor's address is what the outermost of them saw), and whether the
# console's page may be read without signing in.
TRUSTED_PROXIES = env.int("ZARGAR_TRUSTED_PROXIES", 0, validate=Range(min=0))
CONSOLE_OPEN = env.bool("ZARGAR_CONSOLE_OPEN", False)
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # reads what an older system stored; the next sign-in renews it
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Served out of the packages themselves: nothing has to be collected before the first request.
WHITENOISE_USE_FINDERS = True

# -- logs -------------------------------------------------------------------------------------------------------------
LOGGING_CONFIG = None  # zargar.logs sets up the one handler of each process, and cleans what passes through it
LOG_JSON = env.bool("ZARGAR_LOG_JSON", False)

# -- engine (why each figure: docs/architecture.md, "Leases, grace and time limits") -----------------------------------
WORKER_CONCURRENCY = env.int("ZARGAR_WORKER_CONCURRENCY", 2, validate=Range(min=1))
LEASE = timedelta(seconds=env.float("ZARGAR_LEASE_SECONDS", 60))
RING_GRACE = timedelta(seconds=env.float("ZARGAR_RING_GRACE_SECONDS", 15))
SWEEP_EVERY = timedelta(seconds=env.float("ZARGAR_SWEEP_SECONDS", 1))
# How often a worker proves that it consumes (docs/decisions/0008-health.md), and the file that moves when it has.
HEARTBEAT_EVERY = timedelta(seconds=env.float("ZARGAR_HEARTBEAT_SECONDS", 10))
HEARTBEAT_FILE: str | None = env.str("ZARGAR_HEARTBEAT_FILE", None)

# -- prices -----------------------------------------------------------------------------------------------------------
PRICES_DEADLINE = timedelta(seconds=env.float("ZARGAR_PRICES_DEADLINE_SECONDS", 5))
PRICES_OPEN = env.time("ZARGAR_PRICES_OPEN", time(8, 0))
PRICES_CLOSE = env.time("ZARGAR_PRICES_CLOSE", time(18, 0))
# Which boards are asked, by name, with commas between; unset: those whose owners do not object, beside the sandbox all.
PRICES_SOURCES: list[str] | None = env.str("ZARGAR_PRICES_SOURCES", "").replace(",", " ").split() or None
PRICES_KEYS: dict[str, str | None] = {
    "brsapi": env.str("ZARGAR_BRSAPI_KEY", None), "navasan": env.str("ZARGAR_NAVASAN_KEY", None),
}  # fmt: skip
PRICES_QUORUM = env.int("ZARGAR_PRICES_QUORUM", 2, validate=Range(min=1))
PRICES_AGREEMENT = env.decimal("ZARGAR_PRICES_AGREEMENT_PER_MILLE", Decimal(10)) / 1000
# Set only beside the sandbox: where the boards' stand-in listens, and how often the demo asks it.
SANDBOX_URL: str | None = env.str("ZARGAR_SANDBOX_URL", None)
PRICES_EVERY_SECONDS: int | None = env.int("ZARGAR_PRICES_EVERY_SECONDS", None)

# -- how long rows about the system itself stay, in days (docs/decisions/0006-retention.md) ----------------------------
# The audit is not among them: nobody may remove from it.
KEEP_RUNS = timedelta(days=env.int("ZARGAR_KEEP_RUNS_DAYS", 30, validate=Range(min=1)))
KEEP_DEAD_LETTERS = timedelta(days=env.int("ZARGAR_KEEP_DEAD_LETTERS_DAYS", 180, validate=Range(min=1)))
KEEP_SLOTS = timedelta(days=env.int("ZARGAR_KEEP_SLOTS_DAYS", 90, validate=Range(min=1)))
KEEP_MISSED = timedelta(days=env.int("ZARGAR_KEEP_MISSED_DAYS", 365, validate=Range(min=1)))
KEEP_TICKS = timedelta(days=env.int("ZARGAR_KEEP_TICKS_DAYS", 730, validate=Range(min=1)))
# What each board said in a tick; no longer than the tick itself.
KEEP_QUOTES = timedelta(
    days=env.int("ZARGAR_KEEP_QUOTES_DAYS", min(90, KEEP_TICKS.days), validate=Range(min=1, max=KEEP_TICKS.days))
)
