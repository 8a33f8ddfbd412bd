"""The operators' accounts, and the recent attempts to sign in to one (shared schema)."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F


class User(AbstractUser):
    """A person who operates the platform."""


class SignInAttempt(models.Model):
    """One attempt to sign in that has not succeeded, kept while it counts.

    Account and address are keyed hashes: the table must not tell who signs in from where, nor keep a password that
    somebody typed into the wrong field.
    """

    account = models.CharField(max_length=64)
    address = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        """Counted by account and by address; removed by age."""

        indexes: ClassVar = [
            models.Index(F("account"), F("at"), name="sign_in_by_account"),
            models.Index(F("address"), F("at"), name="sign_in_by_address"),
            models.Index(F("at"), name="sign_in_by_time"),
        ]

    def __str__(self) -> str:
        """Say when."""
        return f"{self.at:%Y-%m-%d %H:%M:%S}"
