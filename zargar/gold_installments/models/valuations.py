"""What open contracts are worth at the price of the day. These tables exist in each shop's schema and nowhere else.

Both hold one current state and no history: the prices are kept in the shared schema, and what a contract was worth at
an earlier one follows from it. The price that they name (`basis`, `basis_id`) may be removed there when it has outlived
its period, so it is no foreign key, and its figure and moment are repeated here.
"""

from typing import Any, ClassVar, Final

from django.db import models
from django.db.models import F, Q

from zargar.gold_installments.models.contracts import Contract

PRICE: Final[dict[str, Any]] = {"max_digits": 30, "decimal_places": 12}
"""As prices are stored, exactly."""


class Basis(models.TextChoices):
    """Who said the price: enough boards together, or a person while they did not."""

    TICK = "tick", "توافق منابع"
    OPERATOR = "operator", "قیمت کاربر"


class Bound(models.TextChoices):
    """Which of the agreed bounds held the price of a gram."""

    NONE = "none", "هیچ‌کدام"
    FLOOR = "floor", "کف"
    CEILING = "ceiling", "سقف"


class Revaluation(models.Model):
    """The newest price at which all open contracts of the shop were valued: one row at most.

    It is what makes a price count once: who moves it on to a newer price values the contracts in the same transaction,
    and whoever comes with this price again, or with an older one, finds nothing to do.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    basis = models.CharField(max_length=8, choices=Basis)
    basis_id = models.BigIntegerField(help_text="the id of the tick or the override")
    toman_per_gram_750 = models.DecimalField(**PRICE)
    priced_at = models.DateTimeField(help_text="when the price was agreed on or set")
    valued_at = models.DateTimeField()

    class Meta:
        """One row, of a price."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="revaluation_one_row"),
            models.CheckConstraint(condition=Q(basis__in=Basis.values), name="revaluation_basis"),
            models.CheckConstraint(condition=Q(toman_per_gram_750__gt=0), name="revaluation_price"),
        ]

    def __str__(self) -> str:
        """Say of which price."""
        return f"{self.basis} {self.basis_id}"


class Valuation(models.Model):
    """What one open contract is worth, and what is still owed on it in gold. See `zargar.gold_installments.valuation`.

    Money is whole Toman. `market_price` is a gram of the contract's karat at the price of the day, `price` the same
    within the contract's floor and ceiling.
    """

    contract = models.OneToOneField(Contract, on_delete=models.CASCADE, primary_key=True, related_name="valuation")
    basis = models.CharField(max_length=8, choices=Basis)
    basis_id = models.BigIntegerField(help_text="the id of the tick or the override")
    toman_per_gram_750 = models.DecimalField(**PRICE)
    priced_at = models.DateTimeField(help_text="when the price was agreed on or set")
    valued_at = models.DateTimeField()
    market_price = models.BigIntegerField(help_text="Toman for a gram of the contract's karat")
    price = models.BigIntegerField(help_text="the same within floor and ceiling")
    bound = models.CharField(max_length=7, choices=Bound)
    gold_value = models.BigIntegerField(help_text="all grams of the contract at `price`, Toman")
    outstanding = models.BigIntegerField(help_text="what is still owed by the plan, Toman")
    outstanding_grams = models.DecimalField(max_digits=9, decimal_places=3, help_text="the share of the gold unpaid")
    outstanding_value = models.BigIntegerField(help_text="that share at `price`, Toman")

    class Meta:
        """What lies in one row fits together; a contract has one row."""

        verbose_name = "ارزش روز"
        verbose_name_plural = "ارزش روز قراردادها"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(basis__in=Basis.values), name="valuation_basis"),
            models.CheckConstraint(
                condition=Q(toman_per_gram_750__gt=0, market_price__gt=0, price__gt=0), name="valuation_prices"
            ),
            models.CheckConstraint(
                condition=Q(bound="none", price=F("market_price"))
                | Q(bound="floor", price__gt=F("market_price"))
                | Q(bound="ceiling", price__lt=F("market_price")),
                name="valuation_bound",
            ),
            models.CheckConstraint(
                condition=Q(outstanding__gte=0, outstanding_grams__gte=0, outstanding_value__gte=0)
                & Q(gold_value__gte=F("outstanding_value")),
                name="valuation_share_of_the_gold",
            ),
        ]

    def __str__(self) -> str:
        """Say what it is worth."""
        return f"{self.gold_value} Toman"
