"""What backups have met: the DDL of shapes (`ddl_store`), and which schema had which shape (`seen_store`)."""

from typing import ClassVar

from django.db import models


class KnownDdl(models.Model):
    """The DDL of a shape that a backup has met, so that the next one does not ask pg_dump for it."""

    source = models.CharField(max_length=90, help_text="which pg_dump wrote it, and what shapes are made of")
    shape = models.CharField(max_length=80, help_text="the exact shape (`fingerprint.Shape`)")
    schema = models.CharField(max_length=63, help_text="what the schema is called in the text")
    pre_data = models.BinaryField()
    post_data = models.BinaryField()

    class Meta:
        """A shape has one."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "shape"], name="known_ddl_once")]

    def __str__(self) -> str:
        """Name the shape."""
        return f"DDL of {self.shape}"


class SeenShape(models.Model):
    """The shape that a schema had in one state, in these surroundings (`recognising`)."""

    schema = models.CharField(max_length=63, unique=True)
    surroundings = models.CharField(max_length=64, help_text="what lay around the shops' schemas (`surroundings`)")
    state = models.CharField(max_length=64, help_text="the row versions of all that belongs to it (`changes`)")
    exact = models.CharField(max_length=80, help_text="the exact shape (`fingerprint.Shape`)")
    fingerprint = models.CharField(max_length=64)

    def __str__(self) -> str:
        """Name the schema."""
        return f"shape of {self.schema}"
