"""Tasks that only tests need, on the same base as all others: what they did is read from the ledger or a table."""

import os
import signal
import time

from django.db import connection

from zargar.customers.models import Customer
from zargar.engine.task import task
from zargar.names import Family, Queue
from zargar.outcomes import Permanent, Retryable, Summary

NOOP = "tests.noop"
NAP = "tests.nap"
STUMBLE = "tests.stumble"
DIE = "tests.die"
COUNT_CUSTOMERS = "tests.count_customers"
ADD_CUSTOMER = "tests.add_customer"


@task(NOOP, family=Family.PRICES, queue=Queue.REALTIME)
def noop(**_: object) -> Summary:
    """Do nothing, as fast as the base allows."""
    return {}


@task(NAP, family=Family.PRICES, queue=Queue.REALTIME)
def nap(*, milliseconds: int, **_: object) -> Summary:
    """Take some time."""
    time.sleep(milliseconds / 1000)
    return {"slept_ms": milliseconds}


@task(STUMBLE, family=Family.PRICES, queue=Queue.REALTIME)
def stumble(*, how: str, **_: object) -> Summary:
    """Fail in the way asked for."""
    match how:
        case "retryable":
            message = "the board at https://user:hunter2@board.example did not answer 09121234567"
            raise Retryable(message)
        case "permanent":
            message = "karat 19 is not one of ours"
            raise Permanent(message)
        case _:
            message = "a bug, with api_key=abcdef123456"
            raise RuntimeError(message)


@task(DIE, family=Family.PRICES, queue=Queue.REALTIME)
def die(**_: object) -> Summary:
    """Kill the process that runs it: a poison pill."""
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


@task(COUNT_CUSTOMERS, family=Family.NOTIFICATIONS, queue=Queue.BULK, per_shop=True)
def count_customers(*, shop_id: int, **_: object) -> Summary:
    """Read a shop's own table and say where the server says it was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        [(schema,)] = cursor.fetchall()
    return {"shop_id": shop_id, "schema": schema, "customers": Customer.objects.count()}


@task(ADD_CUSTOMER, family=Family.NOTIFICATIONS, queue=Queue.BULK, per_shop=True)
def add_customer(*, shop_id: int, **_: object) -> Summary:
    """Write to a shop's own table."""
    Customer.objects.create(full_name=f"مشتری {shop_id}", mobile="+989120000000")
    return {}
