"""What the tests of the web process share."""

import pytest
from django.test import Client


@pytest.fixture
def client() -> Client:
    """A visitor who is nobody yet; what goes wrong in a view is raised here."""
    return Client()
