"""The operators' accounts (shared schema)."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person who operates the platform."""
