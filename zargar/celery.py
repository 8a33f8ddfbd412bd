"""The Celery app: queues, limits and explicit task modules. No task and no logic.

Each setting says why it differs from Celery's default; the failures behind them are in docs/architecture.md. The broker
only rings, so nothing here has to keep a message safe for longer than it takes somebody to look.
"""

import os
from typing import Any, Final

from celery import Celery
from celery.signals import celeryd_init, setup_logging, worker_init
from kombu.entity import Queue as BrokerQueue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zargar.settings.embedded")

from django.conf import settings

from zargar.engine import logs, memory
from zargar.engine.configuration import broker_options, leave_drills, result_options
from zargar.names import Queue

HARD_LIMIT: Final = 30 * 60
SOFT_LIMIT: Final = 25 * 60

setup_logging.connect(logs.configure)
worker_init.connect(memory.freeze)
celeryd_init.connect(leave_drills)

app = Celery(
    "zargar",
    include=[
        "zargar.core.backup_alarms",
        "zargar.core.backup_tasks",
        "zargar.core.console_tasks",
        "zargar.core.gold_price_tasks",
        "zargar.core.health_metrics",
        "zargar.core.installment_tasks",
        "zargar.core.notification_tasks",
        "zargar.core.price_alerts",
        "zargar.core.revaluation_bell",
    ],
)

_on_redis = settings.CELERY_BROKER_URL.startswith(("redis", "sentinel"))
_queue_arguments: dict[str, Any] = {} if _on_redis else {"x-queue-type": "quorum"}

_queues = [
    BrokerQueue(queue.value, queue_arguments=_queue_arguments)  # type: ignore[no-untyped-call]  # kombu: typed in part
    for queue in Queue
]

app.conf.update(
    # Where the parts are.
    broker_url=settings.CELERY_BROKER_URL,
    result_backend=settings.CELERY_RESULT_BACKEND,
    broker_transport_options=broker_options(settings.CELERY_BROKER_URL, hard_limit=HARD_LIMIT),
    result_backend_transport_options=result_options(hard_limit=HARD_LIMIT),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # Celery gives up after 100; a broker may be away for longer than that
    broker_channel_error_retry=True,  # READONLY and LOADING answers after a fail-over pass
    redis_socket_timeout=30,
    redis_socket_connect_timeout=5,
    redis_retry_on_timeout=True,
    redis_backend_health_check_interval=25,
    # JSON for all: a message is ids and enums, readable by anything, executable by nothing.
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    result_accept_content=["json"],
    timezone="Asia/Tehran",
    enable_utc=True,
    # Queues by latency promise. An unknown queue name is an error, not a new queue that nobody consumes.
    task_queues=_queues,
    task_routes=("zargar.engine.task:route",),
    task_default_queue=Queue.MAINTENANCE.value,
    task_create_missing_queues=False,
    # Limits of the mission; the visibility timeout (configuration.py) lies above the hard one.
    task_time_limit=HARD_LIMIT,
    task_soft_time_limit=SOFT_LIMIT,
    # A message is acknowledged after the work, so that a redelivery may ring once more; the ledger makes it harmless.
    task_acks_late=True,
    task_acks_on_failure_or_timeout=True,
    task_reject_on_worker_lost=True,
    # The ledger retries and takes back what was lost. Celery's own would loop or cut a provider's call in half.
    task_retry_on_worker_lost=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_concurrency=settings.WORKER_CONCURRENCY,
    worker_prefetch_multiplier=1,  # with acks late: no message waits behind a long task while another worker idles
    worker_max_tasks_per_child=1_000,
    worker_max_memory_per_child=400_000,  # kB; a leak ends with its child
    worker_soft_shutdown_timeout=10,
    worker_enable_soft_shutdown_on_idle=True,
    worker_hijack_root_logger=True,
    # The base stores summaries under the run's id (engine/task.py); a failure is kept longer, it is read later.
    result_expires=24 * 3600,
    result_failure_expires=7 * 24 * 3600,
    # Our beat: no file, any number of them.
    beat_scheduler="zargar.engine.beat:SlotScheduler",
    beat_max_loop_interval=5,
    beat_enable_remote_control=True,
    # The Django fix-up would otherwise open a database session for every task; the base owns the connection.
    CELERY_DB_REUSE_MAX=1_000_000_000,
)


app.loader.import_default_modules()

from zargar.engine.beat import as_beat_schedule  # noqa: E402 -- it needs Django, which the line above has set up
from zargar.engine.pulse import PulseStep  # noqa: E402 -- as above

app.conf.beat_schedule = as_beat_schedule(app)
app.steps["consumer"].add(PulseStep)
