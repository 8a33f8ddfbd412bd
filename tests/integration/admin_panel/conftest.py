"""What the tests of the web process share."""

import pytest
from django.test import Client

from tests.support.databases import ScratchDatabase, django_uses
from zargar.accounts.models import User
from zargar.shops import operations as shops
from zargar.shops.models import Shop

PASSWORD = "یک گذرواژه دراز ۱۴۰۵"


@pytest.fixture
def client() -> Client:
    """A visitor who is nobody yet; what goes wrong in a view is raised here."""
    return Client()


@pytest.fixture
def operator(database: ScratchDatabase) -> User:
    """An operator who may do everything."""
    assert database.name
    return User.objects.create_superuser("maryam", password=PASSWORD)


@pytest.fixture
def staff(client: Client, operator: User) -> Client:
    """The operator, signed in."""
    client.force_login(operator)
    return client


@pytest.fixture
def other_shop(database: ScratchDatabase) -> Shop:
    """A second active shop, with its own schema."""
    with django_uses(database.owner_url):
        return shops.create(
            slug="negin", name="طلای نگین", domain="negin.example", actor="test", reason="a second shop"
        )
