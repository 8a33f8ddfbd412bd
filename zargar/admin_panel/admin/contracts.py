"""Contracts and payments in a shop's admin: signed or taken once, then only looked at, cancelled or voided."""

from typing import Any

from django.contrib import admin
from django.db.models import BigIntegerField, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from zargar import clock
from zargar.admin_panel.admin import valuations
from zargar.admin_panel.admin.audited import AuditedAdmin, ReasonedForm, act_on, actor
from zargar.admin_panel.templatetags.zargar_persian import fa, jdate, toman
from zargar.audit import operations as audit
from zargar.clock import TEHRAN
from zargar.gold_installments import operations as contracts
from zargar.gold_installments.models import Contract, ContractState, Instalment, Payment


class ContractAdmin(AuditedAdmin):
    """Contracts: signed here once, then only looked at, paid on, and cancelled."""

    list_display = ("number", "customer", "signed", "weight", "karat", "total_", "paid_", "left_", "overdue_", "state")
    list_filter = ("state", "karat")
    list_select_related = ("customer",)
    search_fields = ("number", "customer__full_name", "customer__mobile")
    autocomplete_fields = ("customer",)
    actions = ("cancel",)
    fields = (
        "number", "customer", "signed_on", "grams", "karat", "price_per_gram", "fees", "total", "down_payment",
        "instalment_count", "first_due_on", "floor_price", "ceiling_price", "reason",
    )  # fmt: skip
    shown = (
        "number", "customer", "signed", "weight", "karat", "price", "fees_", "total_", "down", "bounds", "state",
        "paid_", "left_", "overdue_", "worth", "plan",
    )  # fmt: skip
    readonly_fields = ("signed", "weight", "price", "fees_", "total_", "down", "bounds", "paid_", "left_", "overdue_",
                       "worth", "plan", "state")  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401 -- Django's signature
        """What was signed is not rewritten; the list has the actions."""
        return obj is None and super().has_change_permission(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 -- Django's signature
        """Ask for the terms of a new contract; show those of a signed one as people read them."""
        del request
        return self.fields if obj is None else self.shown

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contract]:
        """Read contracts with their sums, in one statement."""
        today = clock.now().astimezone(TEHRAN).date()
        received = Coalesce(_sum_of(Payment, Q(voided_at=None)), 0)
        due = Coalesce(_sum_of(Instalment, Q(due_on__lt=today)), 0)
        late = ExpressionWrapper(due - received, output_field=BigIntegerField())
        rows: QuerySet[Contract] = super().get_queryset(request)
        return rows.annotate(received=received, late=Greatest(late, 0))

    def save_model(self, request: HttpRequest, obj: Contract, form: ModelForm[Any], change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Sign the contract with its plan."""
        del request, form, change
        contracts.sign(obj)

    @admin.action(description="باطل کردن", permissions=["change"])
    def cancel(self, request: HttpRequest, rows: QuerySet[Contract]) -> None:
        """Cancel contracts that are open."""

        def act(contract: Contract, reason: str) -> None:
            contracts.cancel(contract_id=contract.pk)
            audit.record(
                actor=actor(request),
                action="contract.cancel",
                subject=self.subject(request, contract.pk),
                reason=reason,
                before={"state": ContractState.OPEN.value},
                after={"state": ContractState.CANCELLED.value},
            )

        act_on(request, rows, act, done="باطل شد")

    @admin.display(description="تاریخ قرارداد", ordering="signed_on")
    def signed(self, contract: Contract) -> str:
        """Show the Jalali date."""
        return jdate(contract.signed_on)

    @admin.display(description="وزن (گرم)", ordering="grams")
    def weight(self, contract: Contract) -> str:
        """Show the weight."""
        return fa(contract.grams)

    @admin.display(description="قیمت هر گرم (تومان)")
    def price(self, contract: Contract) -> str:
        """Show the price at signing."""
        return toman(contract.price_per_gram)

    @admin.display(description="اجرت، سود و مالیات (تومان)")
    def fees_(self, contract: Contract) -> str:
        """Show the fees."""
        return toman(contract.fees)

    @admin.display(description="جمع (تومان)", ordering="total")
    def total_(self, contract: Contract) -> str:
        """Show the total."""
        return toman(contract.total)

    @admin.display(description="پیش‌پرداخت (تومان)")
    def down(self, contract: Contract) -> str:
        """Show the down payment."""
        return toman(contract.down_payment)

    @admin.display(description="کف و سقف هر گرم (تومان)")
    def bounds(self, contract: Contract) -> str:
        """Show floor and ceiling, whichever were agreed."""
        if contract.floor_price is None and contract.ceiling_price is None:
            return "توافق نشده"
        return f"کف {toman(contract.floor_price)}، سقف {toman(contract.ceiling_price)}"

    @admin.display(description="پرداخت‌شده (تومان)", ordering="received")
    def paid_(self, contract: Any) -> str:  # noqa: ANN401 -- with the sums of get_queryset
        """Show what was paid beside the down payment."""
        return toman(contract.received)

    @admin.display(description="مانده (تومان)")
    def left_(self, contract: Any) -> str:  # noqa: ANN401 -- with the sums of get_queryset
        """Show what is still owed."""
        return toman(contract.owed - contract.received)

    @admin.display(description="سررسید گذشته (تومان)", ordering="late")
    def overdue_(self, contract: Any) -> str:  # noqa: ANN401 -- with the sums of get_queryset
        """Show what should have been paid by now; nothing is overdue on a contract that is not open."""
        return toman(contract.late if contract.state == ContractState.OPEN else 0)

    @admin.display(description="ارزش روز")
    def worth(self, contract: Contract) -> str:
        """Tell what it is worth at the price of the day."""
        return valuations.told(contract)

    @admin.display(description="قسط‌ها")
    def plan(self, contract: Contract) -> str:
        """Show each instalment and what is paid of it."""
        lines = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            (
                (
                    fa(share.planned.sequence),
                    jdate(share.planned.due_on),
                    toman(share.planned.amount),
                    toman(share.paid),
                )
                for share in contracts.shares(contract)
            ),
        )
        return format_html(
            "<table><thead><tr><th>قسط</th><th>سررسید</th><th>مبلغ (تومان)</th><th>پرداخت‌شده</th></tr></thead>"
            "<tbody>{}</tbody></table>",
            lines,
        )


class PaymentForm(ReasonedForm):
    """A payment. Its contract is held while the form is checked, so that what is owed cannot change meanwhile."""

    def clean(self) -> dict[str, Any] | None:
        """Hold the contract. The model then compares the amount with what is owed."""
        contract = self.cleaned_data.get("contract")
        if contract is not None and not self.instance.pk:
            self.cleaned_data["contract"] = contracts.hold(contract.pk)
        return super().clean()


class PaymentAdmin(AuditedAdmin):
    """Payments: added, and voided with a reason; never changed."""

    form = PaymentForm
    list_display = ("day", "contract", "amount_", "method", "reference", "void")
    list_filter = ("method",)
    list_select_related = ("contract",)
    search_fields = ("contract__number", "contract__customer__full_name", "reference")
    autocomplete_fields = ("contract",)
    actions = ("void_payments",)
    fields = ("contract", "amount", "paid_on", "method", "reference", "reason")
    shown = ("contract", "amount_", "day", "method", "reference", "recorded", "void")
    readonly_fields = ("day", "amount_", "recorded", "void")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401 -- Django's signature
        """A payment is not rewritten; the list has the action."""
        return obj is None and super().has_change_permission(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 -- Django's signature
        """Ask for a new payment; show a kept one."""
        del request
        return self.fields if obj is None else self.shown

    def save_model(self, request: HttpRequest, obj: Payment, form: ModelForm[Any], change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Keep the payment, and settle the contract if it is the last."""
        del request, form, change
        contracts.pay(obj)

    @admin.action(description="باطل کردن", permissions=["change"])
    def void_payments(self, request: HttpRequest, rows: QuerySet[Payment]) -> None:
        """Void payments that were mistakes."""

        def act(payment: Payment, reason: str) -> None:
            contracts.void(payment_id=payment.pk, reason=reason, now=clock.now())
            audit.record(
                actor=actor(request), action="payment.void", subject=self.subject(request, payment.pk), reason=reason
            )

        act_on(request, rows, act, done="باطل شد")

    @admin.display(description="تاریخ پرداخت", ordering="paid_on")
    def day(self, payment: Payment) -> str:
        """Show the Jalali date."""
        return jdate(payment.paid_on)

    @admin.display(description="مبلغ (تومان)", ordering="amount")
    def amount_(self, payment: Payment) -> str:
        """Show the amount."""
        return toman(payment.amount)

    @admin.display(description="ثبت")
    def recorded(self, payment: Payment) -> str:
        """Say when it was recorded."""
        return jdate(payment.recorded_at)

    @admin.display(description="باطل")
    def void(self, payment: Payment) -> str:
        """Say whether it was voided, and why."""
        return f"{jdate(payment.voided_at)}: {payment.void_reason}" if payment.voided_at else "خیر"


def _sum_of(model: type[Payment | Instalment], which: Q) -> Subquery:
    rows = model._default_manager.filter(which, contract=OuterRef("pk")).order_by().values("contract")  # noqa: SLF001 -- Django's name
    return Subquery(rows.annotate(amount_sum=Sum("amount")).values("amount_sum"))
