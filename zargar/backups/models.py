"""The catalogue of backups (shared schema): what was made, where each copy lies, what is proven of it.

It is a convenience, not the truth: a backup exists by its manifest in a vault, and this is rebuilt from there.
"""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from zargar.backups.alarms import Kind as AlarmKind
from zargar.backups.retention import Kind


class State(models.TextChoices):
    """How a backup stands. `DEGRADED`: whole, but not in every vault. Only what has a manifest is one of these."""

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


class KeyRecord(models.Model):
    """The public half of a key pair to which packs are locked; the secret half lies wrapped in the vaults (`keys`).

    There is no reference to the shop's row: the key outlives the shop, until it is destroyed with intent.
    """

    holds = models.CharField(max_length=64, help_text="the shop's id, or the name of another pack (shared)")
    shop = models.CharField(
        max_length=63, help_text="what the shop was called when the key was made: it names the object"
    )
    recipient = models.CharField(max_length=100, unique=True, help_text="age1...")
    created_at = models.DateTimeField(db_default=Now())
    destroyed_at = models.DateTimeField(null=True, help_text="since when it is to be gone, by intent")
    erased_at = models.DateTimeField(null=True, help_text="when the last vault was rid of it")

    class Meta:
        """One key in use for each."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["holds"], condition=Q(destroyed_at__isnull=True), name="key_in_use"),
        ]

    def __str__(self) -> str:
        """Name whose it is."""
        return f"key of {self.shop}"


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
    touched_at = models.DateTimeField(null=True, help_text="when a later sitting took it up, or an earlier one left it")

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
    condemned_at = models.DateTimeField(null=True, help_text="since when retention says that it may go")
    detail = models.TextField(blank=True)

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


class BackupSchedule(models.Model):
    """When a shop, or everything, is backed up besides the daily and weekly backup. Data: edited while all runs.

    `next_due` is the next time owed. Whoever settles the row moves it on in the transaction that opens the run.
    """

    shop = models.ForeignKey(
        "shops.Shop", null=True, on_delete=models.CASCADE, related_name="+", help_text="none: everything"
    )
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.name) for kind in Kind])
    cron = models.CharField(max_length=100, help_text="five fields, Tehran time")
    enabled = models.BooleanField(default=True)
    reason = models.TextField()
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    next_due = models.DateTimeField()
    settled_at = models.DateTimeField(help_text="when next_due was computed; ahead of the clock: it was set back")

    class Meta:
        """Shops have copies of their own, everything is made daily's or weekly's way; the tick asks by due time."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(shop__isnull=False, kind=Kind.SHOP)
                | Q(shop__isnull=True, kind__in=[Kind.DAILY, Kind.WEEKLY]),
                name="schedule_kind_fits_its_scope",
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(made_by=""), name="schedule_has_a_why"),
        ]
        indexes: ClassVar = [models.Index(fields=["next_due"], condition=Q(enabled=True), name="schedule_by_due")]

    def __str__(self) -> str:
        """Say of what and when."""
        return f"{self.kind} of {self.shop_id or 'everything'} at {self.cron}"


class BackupReport(models.Model):
    """What was said of the backups of a day or week, as it was known when it was made."""

    kind = models.CharField(max_length=6, choices=[("daily", "daily"), ("weekly", "weekly")])
    until = models.DateTimeField(help_text="the end of its period")
    body = models.JSONField()
    made_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        """One for each period."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "until"], name="backup_report_once")]

    def __str__(self) -> str:
        """Name its period."""
        return f"{self.kind} until {self.until:%Y-%m-%d %H:%M}"


class Drill(models.Model):
    """One pack of a backup that was restored out of one vault and compared: proven, or what is wrong with it.

    A row is never changed: when a shop's last proven restore out of a vault was is read from these.
    """

    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="drills")
    vault = models.CharField(max_length=40)
    holds = models.CharField(max_length=64, help_text="the shop's id, or shared")
    schema = models.CharField(max_length=63)
    drilled_at = models.DateTimeField()
    proven_at = models.DateTimeField(null=True)
    milliseconds = models.PositiveIntegerField(help_text="from opening the key to the last comparison")
    faults = models.TextField(blank=True, help_text="what differs or is damaged, one a line")

    class Meta:
        """Either proven or at fault; the last one of a shop in a vault is looked for."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(proven_at__isnull=False) ^ ~Q(faults=""), name="drill_proven_or_red"),
        ]
        indexes: ClassVar = [models.Index(F("holds"), F("vault"), F("drilled_at").desc(), name="drill_newest_of")]

    def __str__(self) -> str:
        """Say what of which vault, and whether it came back."""
        return f"{self.schema} of {self.vault} {'proven' if self.proven_at else 'red'}"


class RestoreState(models.TextChoices):
    """How far a restore in a shop's place came; `docs/state-machines.md` says what is true in each."""

    PREPARING = "preparing"
    CLOSED = "closed"
    SWAPPED = "swapped"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"
    DROPPED = "dropped"


class Restore(models.Model):
    """A copy that takes a shop's place: out of a backup, or (undo) what an earlier restore had put aside.

    Plain numbers and names: it outlives the shop, and a catalogue that was lost. `kept` is there in the database if
    and only if the swap was committed.
    """

    shop = models.BigIntegerField(help_text="the shop's id")
    schema = models.CharField(max_length=63, help_text="what the shop was called then")
    backup = models.UUIDField(null=True, help_text="none: an undo")
    undoes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    copy = models.CharField(max_length=63, blank=True, help_text="the schema that takes the shop's place")
    kept = models.CharField(max_length=63, blank=True, help_text="what the schema that was live is called since")
    state = models.CharField(max_length=9, choices=RestoreState, default=RestoreState.PREPARING)
    shop_was = models.CharField(max_length=12, blank=True, help_text="the shop's state before it was closed")
    taken_at = models.DateTimeField(null=True, help_text="the moment whose rows are live since")
    snapshot = models.UUIDField(null=True, help_text="the backup of what was live, taken when the shop was closed")
    apart = models.JSONField(default=list, help_text="by table, how many rows differed, and the first keys")
    actor = models.CharField(max_length=150)
    reason = models.TextField()
    began_at = models.DateTimeField()
    swapped_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    fault = models.TextField(blank=True)

    class Meta:
        """What is done was swapped; a shop's last one is looked for."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=RestoreState.values), name="restore_state"),
            models.CheckConstraint(
                condition=~Q(state__in=[RestoreState.DONE, RestoreState.UNDONE, RestoreState.DROPPED])
                | Q(swapped_at__isnull=False, ended_at__isnull=False),
                name="restore_done_was_swapped",
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(actor=""), name="restore_has_a_why"),
        ]
        indexes: ClassVar = [models.Index(F("shop"), F("id").desc(), name="restore_newest_of")]

    def __str__(self) -> str:
        """Say of what and how far."""
        return f"restore {self.pk} of {self.schema} {self.state}"


class BackupAlarm(models.Model):
    """A condition that a person must hear of, from when it was seen until it was seen to be over (`alarms`)."""

    kind = models.CharField(max_length=10, choices=[(kind.value, kind.name) for kind in AlarmKind])
    subject = models.CharField(max_length=120, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    figures = models.JSONField(help_text="the newest figures, as JSON without floats")
    told_at = models.DateTimeField(null=True, help_text="when operators were last told that it stands")
    over_told_at = models.DateTimeField(null=True, help_text="when they were told that it is over")
    tried_at = models.DateTimeField(null=True, help_text="when telling failed last")

    class Meta:
        """One open of each; the open ones, and those to be told, are asked for every minute."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in AlarmKind]), name="backup_alarm_kind"),
            models.CheckConstraint(condition=Q(closed_at__gte=F("opened_at")), name="backup_alarm_closed_later"),
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(closed_at__isnull=True), name="backup_alarm_one_open"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                F("closed_at").desc(),
                condition=Q(closed_at__isnull=False, over_told_at__isnull=True),
                name="backup_alarm_over_untold",
            ),
        ]

    def __str__(self) -> str:
        """Say what it is and since when."""
        return f"{self.kind} {self.subject} since {self.opened_at:%Y-%m-%d %H:%M}"


class VaultCheck(models.Model):
    """What a vault did when it was last tried: written to, deleted from, swept (`duties`)."""

    vault = models.CharField(max_length=40, primary_key=True)
    checked_at = models.DateTimeField()
    fault = models.TextField(blank=True, help_text="what it said instead of doing it; empty: it did")
    refused = models.BooleanField(null=True, help_text="whether it refused to delete; null: that was not tried")
    swept = models.PositiveIntegerField(default=0, help_text="unfinished uploads that were removed")

    def __str__(self) -> str:
        """Name it, and say whether it did as it was asked."""
        return f"{self.vault} {self.fault or 'did as it was asked'}"


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
