"""Shops of one test's database, among them the rich one."""

import pytest

from tests.support.databases import ScratchDatabase
from tests.support.packs import Shops
from tests.support.rich_schema import create_rich_schema

RICH = "gold"


@pytest.fixture
def shops(database: ScratchDatabase) -> Shops:
    """The database's shops; the template's is the only one yet."""
    return Shops(database)


@pytest.fixture
def rich(shops: Shops) -> str:
    """The name of a schema with one of everything."""
    with shops.database.owner() as owner:
        create_rich_schema(owner, RICH)
    return RICH
