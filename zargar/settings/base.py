"""What every deployment shares."""

from datetime import time, timedelta
from decimal import Decimal

import django_stubs_ext
from marshmallow.validate import OneOf, Range

from zargar.settings.environment import (
    backup_files,
    env,
    locked_vaults,
    mail_addresses,
    mail_server,
    providers,
    public_url,
    vaults,
)

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
    "zargar.calendars",
    "zargar.pricing",
    "zargar.backups",
    "zargar.notifications",
]
TENANT_APPS = ["zargar.customers", "zargar.gold_installments", "zargar.notifications.shop"]
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
# Whether the feeds of the world's ounce are asked along; and through which proxies boards are asked, with passwords
# (zargar/pricing/proxies.py).
PRICES_WORLD = env.bool("ZARGAR_PRICES_WORLD", True)
PRICES_PROXIES: str = env.str("ZARGAR_PRICES_PROXIES", "")
# Limits of the judgement, each with its evidence in zargar/pricing/rules.py. The ranges keep them from contradicting
# each other: what agrees is no slip of a unit, a wide move is wider than a normal one and needs no fewer families.
PRICES_QUORUM = env.int("ZARGAR_PRICES_QUORUM", 2, validate=Range(min=1))
PRICES_AGREEMENT = (
    env.decimal("ZARGAR_PRICES_AGREEMENT_PER_MILLE", Decimal(10), validate=Range(min=Decimal(1), max=Decimal(30)))
    / 1000
)
PRICES_UNIT_ALARM = (
    env.decimal(
        "ZARGAR_PRICES_UNIT_ALARM_PER_MILLE", Decimal(30), validate=Range(min=PRICES_AGREEMENT * 1000, max=Decimal(500))
    )
    / 1000
)
PRICES_NORMAL_JUMP = (
    env.decimal("ZARGAR_PRICES_NORMAL_JUMP_PER_MILLE", Decimal(20), validate=Range(min=Decimal(5), max=Decimal(100)))
    / 1000
)
PRICES_WIDE_JUMP = (
    env.decimal(
        "ZARGAR_PRICES_WIDE_JUMP_PER_MILLE",
        Decimal(100),
        validate=Range(min=PRICES_NORMAL_JUMP * 1000, max=Decimal(400)),
    )
    / 1000
)
PRICES_WIDE_FAMILIES = env.int("ZARGAR_PRICES_WIDE_FAMILIES", max(3, PRICES_QUORUM), validate=Range(min=PRICES_QUORUM))
# In session time, which may reach back over two sessions at most (zargar/calendars/sessions.py): 20 hours.
PRICES_SOURCE_AGE = timedelta(minutes=env.int("ZARGAR_PRICES_SOURCE_AGE_MINUTES", 90, validate=Range(min=10, max=1200)))
PRICES_QUIET_SOURCE_AGE = timedelta(
    minutes=env.int(
        "ZARGAR_PRICES_QUIET_SOURCE_AGE_MINUTES",
        max(300, PRICES_SOURCE_AGE // timedelta(minutes=1)),
        validate=Range(min=PRICES_SOURCE_AGE // timedelta(minutes=1), max=1200),
    )
)
PRICES_FLAT_FOR = timedelta(minutes=env.int("ZARGAR_PRICES_FLAT_MINUTES", 90, validate=Range(min=10, max=1200)))
# What is meant by 18 and by 24 karat, in per mille (zargar/pricing/karats.py); the price itself stays that of 750.
FINENESS_18K = env.decimal("ZARGAR_FINENESS_18K", Decimal(750), validate=OneOf([Decimal(750), Decimal(740)]))
FINENESS_24K = env.decimal(
    "ZARGAR_FINENESS_24K", Decimal(1000), validate=OneOf([Decimal(1000), Decimal("999.9"), Decimal(995)])
)
# Set only beside the sandbox: where the boards' stand-in listens, and how often the demo asks it.
SANDBOX_URL: str | None = env.str("ZARGAR_SANDBOX_URL", None)
PRICES_EVERY_SECONDS: int | None = env.int("ZARGAR_PRICES_EVERY_SECONDS", None)

# When operators are alerted (the reasons: `zargar.pricing.alarms.Thresholds`): the least success rate of an hour, the
# move between two prices that is news, how long no price may be accepted, and how often an open alert is repeated.
ALERT_SUCCESS = env.decimal("ZARGAR_ALERT_SUCCESS_PER_CENT", Decimal(90), validate=Range(min=0, max=100))
ALERT_JUMP = env.decimal("ZARGAR_ALERT_JUMP_PER_MILLE", Decimal(30), validate=Range(min=1)) / 1000
ALERT_HELD = timedelta(minutes=env.int("ZARGAR_ALERT_HELD_MINUTES", 20, validate=Range(min=1)))
ALERT_REMIND = timedelta(hours=env.int("ZARGAR_ALERT_REMIND_HOURS", 6, validate=Range(min=1)))

# -- mail: where letters are handed over, from whom, and to whom those about the system go; unset: there is no mail ----
MAIL_FROM: str | None = env.str("ZARGAR_MAIL_FROM", None)
MAIL_SERVER = mail_server(env.str("ZARGAR_MAIL_URL", None), sender=MAIL_FROM)
OPERATORS_MAIL = mail_addresses(env.str("ZARGAR_OPERATORS_MAIL", ""))
# To whom alerts go by text message and push as well: numbers with commas between, devices' addresses a line each.
OPERATORS_MOBILES = tuple(env.str("ZARGAR_OPERATORS_MOBILES", "").replace(",", " ").split())
OPERATORS_DEVICES = tuple(line for line in env.str("ZARGAR_OPERATORS_DEVICES", "").splitlines() if line.strip())

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

# -- backups ----------------------------------------------------------------------------------------------------------
# Where backups are written, each proven by itself; two, and not on the machine that the database is on.
VAULTS = vaults(env.str("ZARGAR_VAULTS", ""))
VAULT_KEYS: dict[str, tuple[str | None, str | None]] = {
    name: (
        env.str(f"ZARGAR_VAULT_{name.upper()}_ACCESS_KEY", None),
        env.str(f"ZARGAR_VAULT_{name.upper()}_SECRET_KEY", None),
    )
    for name in VAULTS
}
# Those of them whose lock (or keys) must refuse to delete: tried each day, and alarmed about when one does not.
VAULTS_LOCKED = locked_vaults(env.str("ZARGAR_VAULTS_LOCKED", ""), known=VAULTS)
# How old the newest copy of a shop that was read back and found good may be, in every vault, before operators hear.
BACKUP_OBJECTIVE = timedelta(hours=env.int("ZARGAR_BACKUP_OBJECTIVE_HOURS", 50, validate=Range(min=1)))
# The public keys of those who can open what this machine cannot: operations, and one that is kept offline.
BACKUP_RECIPIENTS: tuple[str | None, str | None] = (
    env.str("ZARGAR_BACKUP_RECIPIENT_OPERATIONS", None), env.str("ZARGAR_BACKUP_RECIPIENT_ESCROW", None),
)  # fmt: skip
# Who may read every schema: the owner. Given to the process that makes backups, and to no other.
BACKUP_DATABASE_URL: str | None = env.str("ZARGAR_BACKUP_DATABASE_URL", None)
KEEP_BACKUP_DAYS = env.int("ZARGAR_KEEP_BACKUP_DAYS", 7, validate=Range(min=1))
KEEP_BACKUP_WEEKS = env.int("ZARGAR_KEEP_BACKUP_WEEKS", 5, validate=Range(min=0))
KEEP_BACKUP_MONTHS = env.int("ZARGAR_KEEP_BACKUP_MONTHS", 12, validate=Range(min=0))
KEEP_BACKUP_YEARS = env.int("ZARGAR_KEEP_BACKUP_YEARS", 7, validate=Range(min=0))
KEEP_SHOP_BACKUPS = timedelta(days=env.int("ZARGAR_KEEP_SHOP_BACKUPS_DAYS", 30, validate=Range(min=1)))
KEEP_SNAPSHOTS = timedelta(days=env.int("ZARGAR_KEEP_SNAPSHOTS_DAYS", 7, validate=Range(min=1)))
# How long what a restore put aside is kept in the database, so that it can be undone.
KEEP_REPLACED_SHOPS = timedelta(days=env.int("ZARGAR_KEEP_REPLACED_SHOPS_DAYS", 7, validate=Range(min=1)))
# In how many processes of its own a backup of many shops reads them; 0: in the worker's.
BACKUP_READERS = env.int("ZARGAR_BACKUP_READERS", 2, validate=Range(min=0, max=16))
# How long what retention lets go is still there, so that a person may object.
BACKUP_GRACE = timedelta(hours=env.int("ZARGAR_BACKUP_GRACE_HOURS", 72, validate=Range(min=0)))
# After how long a job of many shops keeps what it has and goes on in another sitting, so that others have their turn
# and little is lost with a process; the time limit of tasks ends a sitting before 20 minutes in any case.
BACKUP_SITTING = timedelta(seconds=env.int("ZARGAR_BACKUP_SITTING_SECONDS", 1200, validate=Range(min=0, max=1200)))
# How long the catalogue's own rows stay: reports, drills, what backups held that no vault has any more.
KEEP_BACKUP_REPORTS = timedelta(days=env.int("ZARGAR_KEEP_BACKUP_REPORTS_DAYS", 730, validate=Range(min=7)))
KEEP_DRILLS = timedelta(days=env.int("ZARGAR_KEEP_DRILLS_DAYS", 365, validate=Range(min=7)))
KEEP_REMOVED_PACKS = timedelta(days=env.int("ZARGAR_KEEP_REMOVED_PACKS_DAYS", 90, validate=Range(min=7)))
# Folders and files of this machine that a backup of everything holds beside the database: uploads, configuration.
BACKUP_FILES = backup_files(env.str("ZARGAR_BACKUP_FILES", ""))
# Within how many days every shop of every vault is restored on trial; 0: never by itself, there is no worker for it.
DRILL_PERIOD = timedelta(days=env.int("ZARGAR_DRILL_PERIOD_DAYS", 0, validate=Range(min=0)))

# -- notifications ----------------------------------------------------------------------------------------------------
# The accounts that carry messages, each with its key (zargar/notifications/accounts.py).
PROVIDERS = providers(env.str("ZARGAR_PROVIDERS", ""))
PROVIDER_KEYS: dict[str, str | None] = {
    name: env.str(f"ZARGAR_PROVIDER_{name.upper()}_KEY", None) for name in PROVIDERS
}
# By what it is proven that a mail company's webhook is called by that company; without it there is no such address.
PROVIDER_WEBHOOK_SECRETS: dict[str, str | None] = {
    name: env.str(f"ZARGAR_PROVIDER_{name.upper()}_WEBHOOK_SECRET", None) for name in PROVIDERS
}
# Under which key recipients are kept in the journal and the list of those who opted out; unset: one made of SECRET_KEY.
# With another key neither is recognised, so sending is refused until the old one is back.
RECIPIENTS_KEY: str = env.str("ZARGAR_RECIPIENTS_KEY", "")
# Where customers reach the web process: for the address in a letter by which one leaves, and for their inbox.
PUBLIC_URL = public_url(env.str("ZARGAR_PUBLIC_URL", ""))
# How long messages that have ended stay in a shop's outbox, and how long it is kept to whom what was sent.
KEEP_MESSAGES = timedelta(days=env.int("ZARGAR_KEEP_MESSAGES_DAYS", 180, validate=Range(min=1)))
KEEP_JOURNAL = timedelta(
    days=env.int("ZARGAR_KEEP_JOURNAL_DAYS", max(730, KEEP_MESSAGES.days), validate=Range(min=KEEP_MESSAGES.days))
)
# How long messages stay in a customer's inbox, read or not, and devices that are not seen again (FCM itself gives a
# token up after 270 days).
KEEP_INBOX = timedelta(days=env.int("ZARGAR_KEEP_INBOX_DAYS", 365, validate=Range(min=1)))
KEEP_UNSEEN_DEVICES = timedelta(days=env.int("ZARGAR_KEEP_UNSEEN_DEVICES_DAYS", 270, validate=Range(min=1)))
