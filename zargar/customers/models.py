"""The customers of one shop. These tables exist in each shop's schema and nowhere else."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

E164: Final = r"^\+[1-9][0-9]{6,14}$"
"""The form that the database accepts; whether such a number can exist is judged by `phones`."""


class Channel(models.TextChoices):
    """A way to reach somebody."""

    SMS = "sms", "پیامک"
    EMAIL = "email", "ایمیل"
    PUSH = "push", "اعلان"
    INBOX = "inbox", "صندوق پیام"


class Purpose(models.TextChoices):
    """Why somebody is written to: about their own business with the shop, or to sell."""

    TRANSACTIONAL = "transactional", "کار مشتری"
    PROMOTION = "promotion", "تبلیغ"


class AppointmentState(models.TextChoices):
    """What became of an appointment."""

    BOOKED = "booked", "گرفته شده"
    KEPT = "kept", "انجام شد"
    MISSED = "missed", "نیامد"
    CANCELLED = "cancelled", "لغو شد"


class Customer(models.Model):
    """A person who buys from the shop. The mobile number tells customers apart."""

    full_name = models.CharField("نام و نام خانوادگی", max_length=120)
    mobile = models.CharField("تلفن همراه", max_length=16, unique=True, help_text="E.164, as +989121234567")
    email = models.EmailField("ایمیل", blank=True, db_default="")
    birth_date = models.DateField("تاریخ تولد", null=True, blank=True)
    quiet_since = models.TimeField("آغاز سکوت", null=True, blank=True, help_text="hour of Tehran")
    quiet_until = models.TimeField("پایان سکوت", null=True, blank=True, help_text="hour of Tehran")
    note = models.TextField("یادداشت", blank=True, db_default="")
    created_at = models.DateTimeField("ثبت", db_default=Now(), editable=False)

    class Meta:
        """What a form may forget, the table does not take."""

        verbose_name = "مشتری"
        verbose_name_plural = "مشتریان"
        ordering = ("full_name", "id")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(mobile__regex=E164),
                name="customer_mobile_e164",
                violation_error_message="شماره باید به شکل +989121234567 باشد.",
            ),
            models.CheckConstraint(
                condition=Q(full_name__regex=r"\S"),
                name="customer_named",
                violation_error_message="نام خالی است.",
            ),
            models.CheckConstraint(
                condition=Q(quiet_since__isnull=True, quiet_until__isnull=True)
                | (Q(quiet_since__isnull=False, quiet_until__isnull=False) & ~Q(quiet_since=F("quiet_until"))),
                name="customer_quiet_hours",
                violation_error_message="ساعت سکوت هر دو سر را می‌خواهد، و نه یکسان.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(F("birth_date"), condition=Q(birth_date__isnull=False), name="customer_birth_date")
        ]

    def __str__(self) -> str:
        """Name the person."""
        return self.full_name


class Consent(models.Model):
    """That a customer agreed to be written to in one way for one purpose. Withdrawn ones are kept, as proof."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents", verbose_name="مشتری")
    channel = models.CharField("راه", max_length=8, choices=Channel)
    purpose = models.CharField("برای", max_length=16, choices=Purpose)
    given_at = models.DateTimeField("داده شد")
    withdrawn_at = models.DateTimeField("پس گرفته شد", null=True, blank=True)
    source = models.CharField("از کجا", max_length=200, help_text="فرم کاغذی، گفت‌وگو در فروشگاه، لغو۱۱")

    class Meta:
        """At most one standing consent for each way and purpose."""

        verbose_name = "رضایت"
        verbose_name_plural = "رضایت‌ها"
        ordering = ("-given_at", "-id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="consent_channel"),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="consent_purpose"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__gte=F("given_at")),
                name="consent_withdrawn_after_given",
                violation_error_message="پس گرفتن نمی‌تواند پیش از دادن باشد.",
            ),
            models.CheckConstraint(
                condition=Q(source__regex=r"\S"),
                name="consent_source",
                violation_error_message="بنویسید که رضایت از کجا آمده است.",
            ),
            models.UniqueConstraint(
                fields=["customer", "channel", "purpose"],
                condition=Q(withdrawn_at__isnull=True),
                name="consent_standing_once",
                violation_error_message="این رضایت هم‌اکنون برقرار است.",
            ),
        ]

    def __str__(self) -> str:
        """Say what was agreed to."""
        return f"{Channel(self.channel).label}، {Purpose(self.purpose).label}"


class Appointment(models.Model):
    """A time at which a customer comes to the shop."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="appointments", verbose_name="مشتری")
    at = models.DateTimeField("زمان")
    subject = models.CharField("موضوع", max_length=200)
    state = models.CharField("وضع", max_length=9, choices=AppointmentState, default=AppointmentState.BOOKED)
    created_at = models.DateTimeField("ثبت", db_default=Now(), editable=False)

    class Meta:
        """Reminders ask for what is booked on a day."""

        verbose_name = "قرار"
        verbose_name_plural = "قرارها"
        ordering = ("-at", "-id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=AppointmentState.values), name="appointment_state"),
            models.CheckConstraint(
                condition=Q(subject__regex=r"\S"), name="appointment_subject", violation_error_message="موضوع خالی است."
            ),
            models.UniqueConstraint(
                fields=["customer", "at"],
                condition=Q(state=AppointmentState.BOOKED),
                name="appointment_booked_once",
                violation_error_message="این مشتری در همین زمان قرار دیگری دارد.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(F("at"), condition=Q(state=AppointmentState.BOOKED), name="appointment_booked")
        ]

    def __str__(self) -> str:
        """Say what it is about."""
        return self.subject
