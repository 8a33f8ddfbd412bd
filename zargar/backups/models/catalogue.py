"""Backups, the packs that they hold, and the copy that each vault has of them."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zargar.backups.retention import Kind


class State(models.TextChoices):
    """How a backup stands. What has a manifest exists: `DEGRADED` where a vault lacks it, or it lacks something."""

    RUNNING = "running"
    FAILED = "failed"
    DEGRADED = "degraded"
    COMPLETE = "complete"


class CopyState(models.TextChoices):
    """What one vault has of a backup. `MISSING`: nothing, or not all; a later run brings it over."""

    MISSING = "missing"
    STORED = "stored"
    GOOD = "good"
    DAMAGED = "damaged"
    REMOVED = "removed"


class Backup(models.Model):
    """One backup, from before its first byte. `number` counts up, whatever the clocks do."""

    number = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.name) for kind in Kind])
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    reason = models.TextField(help_text="what asked for it: the schedule, a person, the operation that it goes before")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    stored_bytes = models.BigIntegerField(default=0)
    plain_bytes = models.BigIntegerField(default=0)
    fault = models.TextField(blank=True)
    scope = models.CharField(max_length=64, blank=True, help_text="the one shop's id; empty: everything")
    job = models.UUIDField(null=True, help_text="the run that makes it; none: a person, in his own process")
    checkpoint = models.BinaryField(
        null=True, help_text="what is stored of one that is not done, to go on from (`continuing`)"
    )
    swept_at = models.DateTimeField(null=True, help_text="when what a failed one had left was removed everywhere")
    touched_at = models.DateTimeField(null=True, help_text="when whoever makes it was last seen at it")
    sitting = models.PositiveIntegerField(
        default=1, db_default=1, help_text="counts those who had the right to write it: only the last one has"
    )
    sealed = models.BinaryField(
        null=True, help_text="its manifest as it is written to the vaults, from before that until the row is closed"
    )
    excluded = models.JSONField(
        default=list, db_default=[], help_text="what it does not hold and why, a line each (`exclusions`)"
    )

    class Meta:
        """Lists go from the newest."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="backup_state"),
            models.CheckConstraint(
                condition=Q(state__in=[State.COMPLETE, State.DEGRADED], manifest_sha256__regex="^[0-9a-f]{64}$")
                | Q(state__in=[State.RUNNING, State.FAILED], manifest_sha256=""),
                name="backup_is_whole_only_with_a_manifest",
            ),
            models.CheckConstraint(
                condition=Q(state=State.RUNNING) ^ Q(ended_at__isnull=False), name="backup_ended_unless_running"
            ),
        ]
        indexes: ClassVar = [
            models.Index(F("began_at").desc(), name="backup_by_age"),
            models.Index(fields=["job"], condition=Q(checkpoint__isnull=False), name="backup_to_go_on_with"),
        ]

    def __str__(self) -> str:
        """Name it and its state."""
        return f"{self.kind} {self.id} {self.state}"


class Pack(models.Model):
    """One shop (or the shared schema, or files) in one backup. Where its bytes lie is in the manifest alone."""

    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="packs")
    holds = models.CharField(max_length=64, help_text="the shop's id, or the name of another pack (shared)")
    schema = models.CharField(max_length=63, help_text="of a pack of files: its name")
    taken_at = models.DateTimeField(help_text="the moment of its snapshot")
    tables = models.PositiveIntegerField()
    rows = models.BigIntegerField()
    files = models.PositiveIntegerField(default=0, help_text="entries of a pack of files")
    plain_bytes = models.BigIntegerField()
    stored_bytes = models.BigIntegerField()

    class Meta:
        """A backup holds each once; a shop's packs are looked for from the newest."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["backup", "holds"], name="pack_once_a_backup")]
        indexes: ClassVar = [models.Index(F("holds"), F("backup").desc(), name="pack_newest_of")]

    def __str__(self) -> str:
        """Name what it holds."""
        return f"{self.schema} in {self.backup_id}"


class Copy(models.Model):
    """A backup in one vault, and what was found when it was last read back."""

    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="copies")
    vault = models.CharField(max_length=40)
    state = models.CharField(max_length=8, choices=CopyState)
    checked_at = models.DateTimeField(null=True)
    condemned_at = models.DateTimeField(
        null=True, help_text="since when retention says that it may go; of a removed one: some of it may lie there yet"
    )
    detail = models.TextField(blank=True)
    half_read = models.JSONField(
        null=True, help_text="how far reading it back has come that could not be ended in one go (`verifying`)"
    )

    class Meta:
        """One row for each vault; only what was read back is good or damaged."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["backup", "vault"], name="copy_once_a_vault"),
            models.CheckConstraint(condition=Q(state__in=CopyState.values), name="copy_state"),
            models.CheckConstraint(
                condition=~Q(state__in=[CopyState.GOOD, CopyState.DAMAGED]) | Q(checked_at__isnull=False),
                name="copy_proven_only_when_read_back",
            ),
        ]

    def __str__(self) -> str:
        """Say where and how it is."""
        return f"{self.vault} {self.state}"
