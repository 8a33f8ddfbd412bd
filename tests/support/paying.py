"""A shop that takes payments, to be restored in its place, and what is asked of it before and after."""

# ruff: noqa: S608 -- the names in the statements are the tests' own

from typing import Any
from uuid import UUID

from tests.support.databases import TEMPLATE_SHOP
from tests.support.packs import Shops
from tests.support.restores import OPERATIONS
from zargar.backups import restores
from zargar.backups.copied import Desk
from zargar.backups.models import Restore, RestoreState
from zargar.shops.models import Domain, Shop, State

SHOP = TEMPLATE_SHOP
DOMAIN = "negin.example"


def taking_payments(shops: Shops) -> Shop:
    """Give the template's shop a domain, and payments 1 to 3 in two tables."""
    found: Shop = Shop.objects.get(schema_name=SHOP)
    Domain.objects.create(domain=DOMAIN, tenant=found, is_primary=True)
    shops.run(f"""CREATE TABLE {SHOP}.payments (id bigint PRIMARY KEY, note text);
                  CREATE TABLE {SHOP}.receipts (payment bigint PRIMARY KEY);
                  GRANT ALL ON {SHOP}.payments, {SHOP}.receipts TO zargar_app""")
    pay(shops, 1, 2, 3)
    return found


def pay(shops: Shops, *numbers: int) -> None:
    """Take payments of these numbers."""
    for number in numbers:
        shops.run(
            f"INSERT INTO {SHOP}.payments VALUES ({number}, 'paid'); INSERT INTO {SHOP}.receipts VALUES ({number})"
        )


def paid(shops: Shops, schema: str = SHOP, table: str = "payments", column: str = "id") -> set[int]:
    """Return the numbers of the payments in one copy."""
    return {number for (number,) in shops.rows(f"SELECT {column} FROM {schema}.{table}")}


def schemas(shops: Shops) -> set[str]:
    """Return the schemas that are called as the shop, or begin so."""
    return {name for (name,) in shops.rows(f"SELECT nspname FROM pg_namespace WHERE nspname LIKE '{SHOP}%'")}


def restored(desk: Desk, backup: UUID, **more: Any) -> Restore:  # noqa: ANN401 -- the call's own arguments
    """Restore the shop in its place."""
    arguments: dict[str, Any] = {
        "slug": SHOP, "backup": backup, "identity": OPERATIONS.identity, "confirm": DOMAIN, "actor": "a test",
        "reason": "a customer was deleted", **more,
    }  # fmt: skip
    return restores.in_place(desk, **arguments)


def undone(desk: Desk) -> Restore:
    """Undo that."""
    return restores.undo(desk, slug=SHOP, confirm=DOMAIN, actor="a test", reason="it was the wrong day")


def as_before(shops: Shops, shop: Shop) -> None:
    """Nothing is left of a restore: the shop's own rows and state, no other schema."""
    assert schemas(shops) == {SHOP}
    assert paid(shops) == {1, 2, 3, 4}
    shop.refresh_from_db()
    assert shop.state == State.ACTIVE
    assert set(Restore.objects.values_list("state", flat=True)) == {RestoreState.FAILED}
