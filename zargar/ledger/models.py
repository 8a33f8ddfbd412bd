"""The run: a piece of work as a row (shared schema). Its states and moves: docs/state-machines.md."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from zargar.names import Family, Queue


class State(models.TextChoices):
    """Where a run stands. The last three are final."""

    DUE = "due"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    SUPERSEDED = "superseded"


class Run(models.Model):
    """One piece of work. Its `id` is also the id of its Celery message, so that a redelivery is recognised.

    Note [Who may do it]
    --------------------
    A run is claimed by one UPDATE that requires `state = due`; it takes a lease and the next `fence` number. Whatever
    the claimant writes later requires that fence, so a process that slept through its lease changes nothing.
    A message is no claim: any number of them may ring for a run, and all but one find nothing to do.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.CharField(max_length=200)
    family = models.CharField(max_length=20, choices=[(f.value, f.name) for f in Family])
    queue = models.CharField(max_length=20, choices=[(q.value, q.name) for q in Queue])
    kwargs = models.JSONField(default=dict)
    origin = models.CharField(max_length=200, help_text="what asked for it: slot ENTRY, person NAME, call, replay ID")
    state = models.CharField(max_length=10, choices=State, default=State.DUE)

    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now(), help_text="not to be claimed before")
    stop_at = models.DateTimeField(null=True, help_text="not to be tried again at or after; when the next slot is due")
    ring_at = models.DateTimeField(db_default=Now(), help_text="when the doorbell rings next")
    rings = models.IntegerField(default=0, help_text="messages sent since it last became due")

    attempts = models.SmallIntegerField(default=0, help_text="claims that ended in a failure of the work")
    losses = models.SmallIntegerField(default=0, help_text="claims whose process was lost")
    fence = models.IntegerField(default=0)
    worker = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    summary = models.JSONField(null=True)
    errors = models.JSONField(default=list, help_text="one object an attempt: at, kind, message, where")

    class Meta:
        """The sweeper asks two questions every second; each has an index that holds only the rows it asks about.

        No index by task, and one check rather than one a column: every claim and every close would pay for them
        (PostgreSQL reads a check's stored form anew for each statement; `make bench`, overhead).
        """

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state=State.RUNNING, lease_until__isnull=False)
                | Q(state__in=[s for s in State if s is not State.RUNNING], lease_until__isnull=True),
                name="run_lease_only_while_running",
            ),
        ]
        indexes: ClassVar = [
            models.Index(F("ring_at"), condition=Q(state=State.DUE), name="run_to_ring"),
            models.Index(F("lease_until"), condition=Q(state=State.RUNNING), name="run_leased"),
            models.Index(F("created_at").desc(), name="run_by_age"),
        ]

    def __str__(self) -> str:
        """Name the work and its state."""
        return f"{self.task} {self.id} {self.state}"


class Heartbeat(models.Model):
    """The row of a living worker or beat; what it says and what follows from it: see `ledger.heartbeats`."""

    name = models.CharField(max_length=200, primary_key=True)
    kind = models.CharField(max_length=10)
    queues = models.JSONField(default=list, help_text="what a worker consumes")
    slots = models.PositiveIntegerField(default=0, help_text="how many runs it can do at a time")
    busy = models.PositiveIntegerField(default=0, help_text="how many it does")
    silent_after = models.DurationField(help_text="its promise: not longer between two movements")
    started_at = models.DateTimeField()
    alive_at = models.DateTimeField(help_text="when it last wrote this row")
    moved_at = models.DateTimeField(null=True, help_text="when it last consumed a message or made a tick")
    session_pid = models.IntegerField(help_text="the database session that wrote the row")
    session_since = models.DateTimeField()

    def __str__(self) -> str:
        """Name the process."""
        return f"{self.kind} {self.name}"
