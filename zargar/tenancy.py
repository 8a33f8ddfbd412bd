"""The only way into a shop's schema, and the only user of django-tenants' machinery.

Note [A tenant that is not proven is refused]
---------------------------------------------
PostgreSQL accepts a search path to a schema that is gone and then writes to `public`. So entering a shop reads its row
now, from the database; refuses any state but active; holds a shared advisory lock on the shop, which deleting, renaming
and migrating must take exclusively; and asks the server where it really stands before the first statement runs.
The lock belongs to the session, so the block also refuses to end well on another session than it began on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from zargar.outcomes import Permanent, Retryable
from zargar.shops.models import Shop, State
from zargar.shops.schemas import SHOP_LOCK


class ShopGoneError(Permanent):
    """The shop does not exist, or its schema does not."""


class ShopSuspendedError(Permanent):
    """The shop is suspended: nothing is done for it until it is resumed."""


class ShopNotReadyError(Retryable):
    """The shop is being created or migrated; come back later."""


class WrongSchemaError(Retryable):
    """The session is not where it must be; the work is refused rather than done in another schema."""


@contextmanager
def in_tenant(shop_id: int) -> Iterator[Shop]:
    """Run the block in the schema of an active shop, and nowhere else.

    Raises `ShopGoneError`, `ShopSuspendedError`, `ShopNotReadyError` or `WrongSchemaError` before the block begins, and
    whatever the look-up raises when the database is away. Must not be nested, nor entered inside a transaction.
    """
    _outside()
    with _shared_lock(shop_id), _inside(_active(shop_id)) as shop:
        yield shop


@contextmanager
def in_closed_tenant(shop_id: int) -> Iterator[Shop]:
    """Run the block in the schema of a shop that this session holds exclusively and that is closed to all work.

    For whoever puts another schema in the shop's place (`zargar.shops.schemas.held`). Raises `ShopNotReadyError` when
    somebody else holds the shop, `RuntimeError` when it is not closed, and else as `in_tenant`.
    """
    _outside()
    with _shared_lock(shop_id):
        shop = _found(shop_id)
        if State(shop.state) is State.ACTIVE:
            message = f"shop {shop_id} is active: it is entered by in_tenant()"
            raise RuntimeError(message)
        with _inside(shop):
            yield shop


def _outside() -> None:
    tenants: Any = connection  # django-tenants adds the schema to Django's connection
    if connection.in_atomic_block or tenants.schema_name != "public":
        message = "a shop is entered from the shared schema and outside a transaction, one shop at a time"
        raise RuntimeError(message)


@contextmanager
def _inside(shop: Shop) -> Iterator[Shop]:
    tenants: Any = connection  # as above
    session = connection.connection
    tenants.set_tenant(shop)
    try:
        _verify(shop)
        yield shop
        if connection.connection is not session:
            message = f"the session was lost inside shop {shop.id}: its lock, and what was not committed, are gone"
            raise WrongSchemaError(message)
    finally:
        tenants.set_schema_to_public()


def entered_shop() -> int | None:
    """Return the id of the shop that this thread is in; None: it is in the shared schema."""
    tenants: Any = connection
    return None if tenants.schema_name == "public" else int(tenants.tenant.id)


@contextmanager
def _shared_lock(shop_id: int) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock_shared(%s, %s)", [SHOP_LOCK, shop_id])
        [(entered,)] = cursor.fetchall()
    if not entered:
        message = f"shop {shop_id} is being changed by somebody who holds it exclusively"
        raise ShopNotReadyError(message)
    session = connection.connection
    try:
        yield
    finally:
        # A session that was lost has lost its locks with it.
        if connection.connection is session and not session.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock_shared(%s, %s)", [SHOP_LOCK, shop_id])


def _found(shop_id: int) -> Shop:
    shop: Shop | None = Shop.objects.filter(id=shop_id).first()
    if shop is None:
        message = f"shop {shop_id} does not exist"
        raise ShopGoneError(message)
    return shop


def _active(shop_id: int) -> Shop:
    shop = _found(shop_id)
    match State(shop.state):
        case State.ACTIVE:
            return shop
        case State.SUSPENDED:
            message = f"shop {shop_id} is suspended"
            raise ShopSuspendedError(message)
        case state:
            message = f"shop {shop_id} is {state}"
            raise ShopNotReadyError(message)


def _verify(shop: Shop) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        [(standing,)] = cursor.fetchall()
    if standing != shop.schema_name:
        message = f"shop {shop.id} should be in schema {shop.schema_name}, which the server does not have"
        raise ShopGoneError(message)
