"""One shop's admin (`/shop/<name>/admin/`): customers, appointments, contracts and payments.

It is reachable through `middleware.EnterShop` alone, which enters the shop's schema for the whole request.
"""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from zargar.admin_panel.admin import consents
from zargar.admin_panel.admin.audited import AuditedAdmin, ReasonedForm
from zargar.admin_panel.admin.contracts import ContractAdmin, PaymentAdmin
from zargar.admin_panel.admin.fields import MobileField
from zargar.admin_panel.admin.messages import BulkAdmin, MessageAdmin, PolicyAdmin, RecurringAdmin, TemplateAdmin
from zargar.admin_panel.admin.sites import ZargarAdminSite
from zargar.admin_panel.templatetags.zargar_persian import jdate
from zargar.customers.models import Appointment, Customer
from zargar.gold_installments.models import Contract, Payment
from zargar.notifications.shop.models import Bulk, Message, Recurring, ShopPolicy, TemplateVersion


class ShopSite(ZargarAdminSite):
    """The admin of the shop that the request has entered."""

    index_title = "فروشگاه"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Name the shop on every page."""
        name = getattr(request, "shop_name", "")
        return {**super().each_context(request), "site_header": f"زرگر، {name}", "shop_name": name}


class CustomerForm(ReasonedForm):
    """A customer, with a phone in any form."""

    mobile = MobileField(label="تلفن همراه")


class CustomerAdmin(AuditedAdmin):
    """Customers and what they may be told."""

    form = CustomerForm
    inlines = (consents.ConsentInline,)
    list_display = ("full_name", "phone", "birthday", "joined")
    search_fields = ("full_name", "mobile")
    fields = ("full_name", "mobile", "email", "birth_date", "quiet_since", "quiet_until", "note", "inbox", "reason")
    readonly_fields = ("inbox",)

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:  # noqa: ANN401 -- Django's
        """Leave the inbox out for whoever has none yet."""
        return [name for name in super().get_fields(request, obj) if obj is not None or name != "inbox"]

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:  # noqa: ANN401 -- Django's
        """Keep consents where all of messaging looks for them."""
        del form, change
        consents.keep(request, formset)

    @admin.display(description="صندوق پیام")
    def inbox(self, customer: Customer) -> str:
        """Lead to what lies in the customer's inbox."""
        return format_html('<a href="{}">پیام‌های این مشتری</a>', reverse("customer-inbox", args=[customer.pk]))

    @admin.display(description="تلفن همراه", ordering="mobile")
    def phone(self, customer: Customer) -> str:
        """Show the number from left to right."""
        return format_html('<bdi dir="ltr">{}</bdi>', customer.mobile)

    @admin.display(description="تاریخ تولد", ordering="birth_date")
    def birthday(self, customer: Customer) -> str:
        """Show the Jalali date."""
        return jdate(customer.birth_date)

    @admin.display(description="ثبت", ordering="created_at")
    def joined(self, customer: Customer) -> str:
        """Say since when they are a customer."""
        return jdate(customer.created_at)


class AppointmentAdmin(AuditedAdmin):
    """When customers come."""

    list_display = ("when", "customer", "subject", "state")
    list_filter = ("state",)
    list_select_related = ("customer",)
    search_fields = ("customer__full_name", "customer__mobile", "subject")
    autocomplete_fields = ("customer",)
    fields = ("customer", "at", "subject", "state", "reason")

    @admin.display(description="زمان", ordering="at")
    def when(self, appointment: Appointment) -> str:
        """Show the Jalali date and the time in Tehran."""
        return jdate(appointment.at)


shop_site = ShopSite(name="shop")
shop_site.register(Customer, CustomerAdmin)
shop_site.register(Appointment, AppointmentAdmin)
shop_site.register(Contract, ContractAdmin)
shop_site.register(Payment, PaymentAdmin)
shop_site.register(Message, MessageAdmin)
shop_site.register(Bulk, BulkAdmin)
shop_site.register(Recurring, RecurringAdmin)
shop_site.register(TemplateVersion, TemplateAdmin)
shop_site.register(ShopPolicy, PolicyAdmin)
