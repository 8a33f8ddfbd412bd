"""What the shop has decided about its messages: one row at most, see `zargar.notifications.manners`."""

from datetime import time
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from zargar.calendars.anniversaries import Missing
from zargar.notifications.kinds import Tone
from zargar.notifications.manners import DEFAULT_CHANNELS, DEFAULT_STAGES, Ambiguous
from zargar.notifications.values import Channel


def default_stages() -> list[int]:
    """Return the days late at which an instalment is reminded of."""
    return list(DEFAULT_STAGES)


def default_channels() -> list[str]:
    """Return the ways to a customer, the preferred one first."""
    return [channel.value for channel in DEFAULT_CHANNELS]


class ShopPolicy(models.Model):
    """The decisions of one shop. A shop without a row keeps to the defaults of `manners.Policy`, which these repeat."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    tone = models.CharField("لحن", max_length=8, default=Tone.WARM, choices=[(t.value, t.name) for t in Tone])
    ambiguous = models.CharField(
        "پیام نامعلوم", max_length=8, default=Ambiguous.ASK, choices=[(one.value, one.name) for one in Ambiguous]
    )
    leap_birthdays = models.CharField(
        "زادروز ۳۰ اسفند", max_length=8, default=Missing.BACKWARD, choices=[(one.value, one.name) for one in Missing]
    )
    promotion_opens = models.TimeField("آغاز ساعت تبلیغ", default=time(9))
    promotion_closes = models.TimeField("پایان ساعت تبلیغ", default=time(21))
    quiet_since = models.TimeField("آغاز سکوت", null=True, blank=True)
    quiet_until = models.TimeField("پایان سکوت", null=True, blank=True)
    promotion_cap = models.PositiveSmallIntegerField("سقف تبلیغ برای هر مشتری", default=3)
    promotion_cap_days = models.PositiveSmallIntegerField("دوره سقف (روز)", default=7)
    digest = models.BooleanField("یک پیام برای چند یادآوری", default=True)
    first_days_of_muharram = models.BooleanField("سکوت تبلیغ از ۱ تا ۱۲ محرم", default=False)
    remind_days_before = models.PositiveSmallIntegerField("یادآوری چند روز پیش از سررسید", default=3)
    overdue_stages = ArrayField(
        models.PositiveSmallIntegerField(),
        verbose_name="روزهای دیرکرد برای یادآوری", default=default_stages, blank=True,
    )  # fmt: skip
    channels = ArrayField(
        models.CharField(max_length=8, choices=[(one.value, one.name) for one in Channel]),
        verbose_name="راه‌ها به ترتیب", default=default_channels,
    )  # fmt: skip

    class Meta:
        """One row, and nothing in it that no hour or customer could satisfy."""

        verbose_name = "سیاست پیام"
        verbose_name_plural = "سیاست پیام"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="shop_policy_one_row"),
            models.CheckConstraint(condition=Q(tone__in=[one.value for one in Tone]), name="shop_policy_tone"),
            models.CheckConstraint(
                condition=Q(ambiguous__in=[one.value for one in Ambiguous]), name="shop_policy_ambiguous"
            ),
            models.CheckConstraint(
                condition=Q(leap_birthdays__in=[one.value for one in Missing]), name="shop_policy_leap_birthdays"
            ),
            models.CheckConstraint(
                condition=~Q(promotion_opens=F("promotion_closes")), name="shop_policy_promotion_hours"
            ),
            models.CheckConstraint(
                condition=Q(quiet_since__isnull=True, quiet_until__isnull=True)
                | (Q(quiet_since__isnull=False, quiet_until__isnull=False) & ~Q(quiet_since=F("quiet_until"))),
                name="shop_policy_quiet_hours",
            ),
            models.CheckConstraint(
                condition=Q(promotion_cap__gte=1, promotion_cap_days__gte=1), name="shop_policy_promotion_cap"
            ),
            models.CheckConstraint(condition=Q(remind_days_before__lte=30), name="shop_policy_remind_days_before"),
            models.CheckConstraint(condition=Q(channels__len__gte=1), name="shop_policy_channels"),
        ]

    def __str__(self) -> str:
        """Say what it is."""
        return "policy"
