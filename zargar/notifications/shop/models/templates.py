"""The words of one shop: versions of its own templates, in the shop's schema.

A version is a draft until it is published; from then on its words never change, since messages that wait are pinned to
it, and it can only be retired. At most one version of a kind and channel is published, and at most one is a draft.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zargar.notifications.kinds import Kind
from zargar.notifications.values import Channel


class TemplateState(models.TextChoices):
    """How far a version has come."""

    DRAFT = "draft", "پیش‌نویس"
    PUBLISHED = "published", "منتشر"
    RETIRED = "retired", "کنار گذاشته"


class TemplateVersion(models.Model):
    """One wording of one kind by one channel; its id in messages is `shop:` and its number."""

    kind = models.CharField("نوع", max_length=40, choices=[(kind.value, kind.value) for kind in Kind])
    channel = models.CharField("راه", max_length=8, choices=[(one.value, one.value) for one in Channel])
    subject = models.CharField("عنوان", max_length=300, blank=True)
    text = models.TextField("متن", max_length=8000)
    state = models.CharField("وضع", max_length=9, choices=TemplateState, db_default=TemplateState.DRAFT)
    written_by = models.CharField("نویسنده", max_length=150)
    written_at = models.DateTimeField("نوشته شد")
    published_at = models.DateTimeField("منتشر شد", null=True)
    retired_at = models.DateTimeField("کنار رفت", null=True)

    class Meta:
        """A state has its moments, and of each kind one version counts."""

        verbose_name = "قالب پیام"
        verbose_name_plural = "قالب‌های پیام"
        ordering = ("-id",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in Kind]), name="template_kind"),
            models.CheckConstraint(condition=Q(channel__in=[one.value for one in Channel]), name="template_channel"),
            models.CheckConstraint(
                condition=Q(state=TemplateState.DRAFT, published_at=None, retired_at=None)
                | Q(state=TemplateState.PUBLISHED, published_at__isnull=False, retired_at=None)
                | Q(state=TemplateState.RETIRED, published_at__isnull=False, retired_at__isnull=False),
                name="template_state",
            ),
            models.UniqueConstraint(
                fields=["kind", "channel"], condition=Q(state=TemplateState.PUBLISHED), name="template_published_once"
            ),
            models.UniqueConstraint(
                fields=["kind", "channel"], condition=Q(state=TemplateState.DRAFT), name="template_drafted_once"
            ),
        ]

    def __str__(self) -> str:
        """Say which."""
        return f"{self.kind} {self.channel} {self.id}"
