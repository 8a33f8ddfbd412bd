"""The public halves of the keys that packs are locked for."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class KeyRecord(models.Model):
    """The public half of a key pair to which packs are locked; the secret half lies wrapped in the vaults (`keys`).

    There is no reference to the shop's row: the key outlives the shop, until it is destroyed with intent.
    """

    holds = models.CharField(max_length=64, help_text="the shop's id, or the name of another pack (shared)")
    shop = models.CharField(
        max_length=63, help_text="what the shop was called when the key was made: it names the object"
    )
    recipient = models.CharField(max_length=100, unique=True, help_text="age1...")
    size = models.PositiveIntegerField(null=True, help_text="bytes of the object of the secret half; null: not known")
    sha256 = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        help_text="of that object, hexadecimal; empty: not known",
    )
    created_at = models.DateTimeField(db_default=Now())
    lost_at = models.DateTimeField(
        null=True, help_text="since when no vault has it whole: nothing is locked for it any more, and all is opened"
    )
    destroyed_at = models.DateTimeField(null=True, help_text="since when it is to be gone, by intent")
    erased_at = models.DateTimeField(null=True, help_text="when the last vault was rid of it")

    class Meta:
        """One key in use for each."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["holds"], condition=Q(destroyed_at__isnull=True, lost_at__isnull=True), name="key_in_use"
            ),
            models.CheckConstraint(
                condition=Q(size=None, sha256="") | Q(size__isnull=False, sha256__regex="^[0-9a-f]{64}$"),
                name="key_measured_or_not",
            ),
        ]

    def __str__(self) -> str:
        """Name whose it is."""
        return f"key of {self.shop}"
