"""Contracts, plans and payments. These tables exist in each shop's schema and nowhere else.

Money is whole Toman. What lies in one row is checked by constraints below; what lies in several (the plan adds up to
the contract, payments stay within what is owed) by the triggers of migration 0002, so that no path around the forms
exists.
"""

from decimal import Decimal
from typing import ClassVar, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Round

from zargar.gold_installments import terms
from zargar.persian import number, toman
from zargar.pricing.karats import KARATS

MOST_INSTALMENTS: Final = 60


class ContractState(models.TextChoices):
    """Whether something is still owed. A cancelled contract keeps its rows and is worked with no more."""

    OPEN = "open", "باز"
    SETTLED = "settled", "تسویه‌شده"
    CANCELLED = "cancelled", "باطل"


class Method(models.TextChoices):
    """How a payment came."""

    CASH = "cash", "نقد"
    CARD = "card", "کارتخوان"
    TRANSFER = "transfer", "واریز به حساب"
    CHEQUE = "cheque", "چک"


class Contract(models.Model):
    """Gold sold to a customer in instalments, at the price of the day it was signed.

    `total` is the gold at that price and the fees; a floor and a ceiling bound the price per gram at which the contract
    is valued later, whichever of them were agreed.
    """

    number = models.CharField("شماره قرارداد", max_length=40, unique=True)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="contracts", verbose_name="مشتری"
    )
    signed_on = models.DateField("تاریخ قرارداد")
    grams = models.DecimalField("وزن (گرم)", max_digits=9, decimal_places=3)
    karat = models.PositiveSmallIntegerField("عیار", choices=[(karat, number(karat)) for karat in KARATS])
    price_per_gram = models.BigIntegerField("قیمت هر گرم در روز قرارداد (تومان)")
    fees = models.BigIntegerField("اجرت، سود و مالیات (تومان)", default=0)
    total = models.BigIntegerField("جمع قرارداد (تومان)")
    down_payment = models.BigIntegerField("پیش‌پرداخت (تومان)", default=0)
    instalment_count = models.PositiveSmallIntegerField("شمار قسط‌ها")
    first_due_on = models.DateField("سررسید نخستین قسط")
    floor_price = models.BigIntegerField("کف قیمت هر گرم (تومان)", null=True, blank=True)
    ceiling_price = models.BigIntegerField("سقف قیمت هر گرم (تومان)", null=True, blank=True)
    state = models.CharField("وضع", max_length=9, choices=ContractState, default=ContractState.OPEN, editable=False)
    created_at = models.DateTimeField("ثبت", db_default=models.functions.Now(), editable=False)

    class Meta:
        """Each constraint says in Persian what a person got wrong."""

        verbose_name = "قرارداد قسطی"
        verbose_name_plural = "قراردادهای قسطی"
        ordering = ("-signed_on", "-id")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(number__regex=r"\S"), name="contract_number", violation_error_message="شماره خالی است."
            ),
            models.CheckConstraint(
                condition=Q(grams__gt=0), name="contract_grams", violation_error_message="وزن باید مثبت باشد."
            ),
            models.CheckConstraint(
                condition=Q(karat__in=KARATS), name="contract_karat", violation_error_message="این عیار نیست."
            ),
            models.CheckConstraint(
                condition=Q(price_per_gram__gt=0),
                name="contract_price",
                violation_error_message="قیمت هر گرم باید مثبت باشد.",
            ),
            models.CheckConstraint(
                condition=Q(fees__gte=0), name="contract_fees", violation_error_message="اجرت نمی‌تواند منفی باشد."
            ),
            models.CheckConstraint(
                condition=Q(total=Round(F("grams") * F("price_per_gram")) + F("fees")),
                name="contract_total_is_gold_and_fees",
                violation_error_message="جمع قرارداد با وزن، قیمت و اجرت نمی‌خواند.",
            ),
            models.CheckConstraint(
                condition=Q(down_payment__gte=0, down_payment__lt=F("total")),
                name="contract_down_payment",
                violation_error_message="پیش‌پرداخت باید کمتر از جمع قرارداد باشد و منفی نباشد.",
            ),
            models.CheckConstraint(
                condition=Q(instalment_count__gte=1, instalment_count__lte=MOST_INSTALMENTS),
                name="contract_instalment_count",
                violation_error_message=f"شمار قسط‌ها باید از ۱ تا {number(MOST_INSTALMENTS)} باشد.",
            ),
            models.CheckConstraint(
                condition=Q(first_due_on__gte=F("signed_on")),
                name="contract_first_due",
                violation_error_message="نخستین سررسید نمی‌تواند پیش از قرارداد باشد.",
            ),
            models.CheckConstraint(
                condition=(Q(floor_price__isnull=True) | Q(floor_price__gt=0))
                & (Q(ceiling_price__isnull=True) | Q(ceiling_price__gt=0)),
                name="contract_bounds_positive",
                violation_error_message="کف و سقف باید مثبت باشند.",
            ),
            models.CheckConstraint(
                condition=Q(floor_price__isnull=True)
                | Q(ceiling_price__isnull=True)
                | Q(floor_price__lte=F("ceiling_price")),
                name="contract_floor_under_ceiling",
                violation_error_message="کف قیمت نمی‌تواند بالاتر از سقف باشد.",
            ),
            models.CheckConstraint(condition=Q(state__in=ContractState.values), name="contract_state"),
        ]
        indexes: ClassVar = [models.Index(F("id"), condition=Q(state=ContractState.OPEN), name="contract_open")]

    def __str__(self) -> str:
        """Name the contract by its number."""
        return self.number

    @property
    def owed(self) -> int:
        """What the instalments must bring, in Toman: the total without the down payment."""
        return self.total - self.down_payment

    @property
    def paid(self) -> int:
        """What payments have brought so far, in Toman, the down payment and voided ones not counted."""
        paid: int = self.payments.filter(voided_at=None).aggregate(paid=Sum("amount", default=0))["paid"]
        return paid

    def clean(self) -> None:
        """Tell the right total where it is wrong, and refuse a plan of less than a Toman each."""
        if _missing(self, "grams", "price_per_gram", "fees", "total"):
            return
        right = terms.total(grams=Decimal(self.grams), price_per_gram=self.price_per_gram, fees=self.fees)
        if self.total != right:
            message = f"جمع باید {toman(right)} تومان باشد: وزن در قیمت هر گرم، به اضافه اجرت."
            raise ValidationError({"total": message})
        if not _missing(self, "instalment_count", "down_payment") and 0 < self.owed < self.instalment_count:
            raise ValidationError({"instalment_count": "برای هر قسط یک تومان هم نمی‌ماند."})


class Instalment(models.Model):
    """One line of a contract's plan. What is paid of it follows from the contract's payments, oldest line first."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="instalments", verbose_name="قرارداد")
    sequence = models.PositiveSmallIntegerField("قسط")
    due_on = models.DateField("سررسید")
    amount = models.BigIntegerField("مبلغ (تومان)")

    class Meta:
        """Numbers from 1 without a gap: one a number here, the count in the trigger."""

        verbose_name = "قسط"
        verbose_name_plural = "قسط‌ها"
        ordering = ("contract", "sequence")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contract", "sequence"], name="instalment_once"),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="instalment_sequence"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="instalment_amount"),
        ]
        indexes: ClassVar = [models.Index(F("due_on"), name="instalment_by_day")]

    def __str__(self) -> str:
        """Say which one it is."""
        return f"قسط {number(self.sequence)}"


class Payment(models.Model):
    """Money that a customer paid on a contract. It is never changed or removed: a mistaken one is voided, and why."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="payments", verbose_name="قرارداد")
    amount = models.BigIntegerField("مبلغ (تومان)")
    paid_on = models.DateField("تاریخ پرداخت")
    method = models.CharField("روش", max_length=8, choices=Method)
    reference = models.CharField("شماره پیگیری", max_length=60, blank=True)
    recorded_at = models.DateTimeField("ثبت", db_default=models.functions.Now(), editable=False)
    voided_at = models.DateTimeField("باطل شد", null=True, blank=True, editable=False)
    void_reason = models.TextField("دلیل ابطال", blank=True, db_default="", editable=False)

    class Meta:
        """A voided payment says why."""

        verbose_name = "پرداخت"
        verbose_name_plural = "پرداخت‌ها"
        ordering = ("-paid_on", "-id")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="payment_amount", violation_error_message="مبلغ باید مثبت باشد."
            ),
            models.CheckConstraint(condition=Q(method__in=Method.values), name="payment_method"),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True) ^ Q(void_reason__regex=r"\S"), name="payment_void_reason"
            ),
        ]

    def __str__(self) -> str:
        """Say how much."""
        return f"{toman(self.amount)} تومان"

    def clean(self) -> None:
        """Refuse more than is owed, and a payment on a contract that is not open. The database refuses both too."""
        if self.pk or _missing(self, "contract_id", "amount"):
            return
        if self.contract.state != ContractState.OPEN:
            raise ValidationError({"contract": "این قرارداد باز نیست."})
        left = self.contract.owed - self.contract.paid
        if self.amount > left:
            raise ValidationError({"amount": f"بدهی مانده {toman(left)} تومان است."})


def _missing(row: models.Model, *names: str) -> bool:
    """Say whether a form left one of these columns out, or typed what it refused; it has told so itself."""
    return any(getattr(row, name) is None for name in names)
