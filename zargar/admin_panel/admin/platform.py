"""The platform's admin (`/admin/`): operators, shops, and the audit. A shop's own tables are behind its name."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from zargar.accounts.models import User
from zargar.admin_panel import words
from zargar.admin_panel.admin.audited import AuditedAdmin, ReadOnlyAdmin, ReasonedForm, act_on, actor
from zargar.admin_panel.admin.sites import ZargarAdminSite
from zargar.admin_panel.templatetags.zargar_persian import jdate
from zargar.audit.models import AuditRecord
from zargar.shops import operations as shops
from zargar.shops.models import Shop

WHY: Any = (("چرا", {"fields": ("reason",)}),)


class PlatformSite(ZargarAdminSite):
    """The admin of the shared tables."""

    index_title = "سکو"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add the shops, for people to pick one to work in."""
        context = super().each_context(request)
        return {**context, "shops": shops.listed() if context["has_permission"] else ()}


class ReasonedUserChangeForm(UserChangeForm[User], ReasonedForm):
    """A change of an operator's account, and why."""


class ReasonedUserCreationForm(AdminUserCreationForm[User], ReasonedForm):
    """A new operator's account, and why."""


class OperatorAdmin(UserAdmin[User], AuditedAdmin):
    """Operators' accounts. One that is no longer wanted is made inactive."""

    form = ReasonedUserChangeForm
    add_form = ReasonedUserCreationForm
    readonly_fields = ("last_seen", "joined")
    list_display = ("username", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "last_seen")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("مشخصات", {"fields": ("first_name", "last_name", "email", "last_seen", "joined")}),
        ("اجازه‌ها", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        *WHY,
    )
    add_fieldsets = (*UserAdmin.add_fieldsets, *WHY)

    @admin.display(description="آخرین ورود", ordering="last_login")
    def last_seen(self, user: User) -> str:
        """Say when they signed in last."""
        return jdate(user.last_login)

    @admin.display(description="عضویت", ordering="date_joined")
    def joined(self, user: User) -> str:
        """Say when the account was made."""
        return jdate(user.date_joined)


class OperatorGroupAdmin(GroupAdmin, AuditedAdmin):
    """Groups of operators and what they may do."""

    form = ReasonedForm


class ShopAdmin(AuditedAdmin):
    """Shops: looked at, suspended and resumed. What changes a schema is the owner's role's: `zargar shops`."""

    list_display = ("name", "slug", "standing", "addresses", "since", "enter")
    search_fields = ("name", "schema_name", "domains__domain")
    fields = ("name", "slug", "standing", "addresses", "since", "enter")
    readonly_fields = fields
    actions = ("suspend", "resume")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A shop needs its schema, which the web process may not make."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401 -- Django's signature
        """A single shop is only looked at; the list has the actions."""
        return obj is None and super().has_change_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shop]:
        """Read the shops with their domains."""
        return super().get_queryset(request).prefetch_related("domains")

    @admin.display(description="نام کوتاه", ordering="schema_name")
    def slug(self, shop: Shop) -> str:
        """Show the schema's name, which addresses are made of."""
        return format_html('<bdi dir="ltr">{}</bdi>', shop.schema_name)

    @admin.display(description="وضع", ordering="state")
    def standing(self, shop: Shop) -> str:
        """Say the state."""
        return words.word(shop.state, "state")

    @admin.display(description="نشانی‌ها")
    def addresses(self, shop: Shop) -> str:
        """Name the domains."""
        return "، ".join(domain.domain for domain in shop.domains.all())

    @admin.display(description="ساخته شد", ordering="created_at")
    def since(self, shop: Shop) -> str:
        """Say since when it is a shop."""
        return jdate(shop.created_at)

    @admin.display(description="کار")
    def enter(self, shop: Shop) -> str:
        """Lead into the shop's own admin."""
        return format_html('<a href="/shop/{}/admin/">ورود</a>', shop.schema_name)

    @admin.action(description="معلق کردن", permissions=["change"])
    def suspend(self, request: HttpRequest, rows: QuerySet[Shop]) -> None:
        """Do no more work for the shops."""

        def act(shop: Shop, reason: str) -> None:
            shops.suspend(slug=shop.schema_name, actor=actor(request), reason=reason)

        act_on(request, rows, act, done="معلق شد")

    @admin.action(description="از سر گرفتن", permissions=["change"])
    def resume(self, request: HttpRequest, rows: QuerySet[Shop]) -> None:
        """Work for the shops again."""

        def act(shop: Shop, reason: str) -> None:
            shops.resume(slug=shop.schema_name, actor=actor(request), reason=reason)

        act_on(request, rows, act, done="فعال شد")


class AuditAdmin(ReadOnlyAdmin):
    """Who did what, when and why. Only to be read, as the database has it too."""

    list_display = ("when", "actor", "action", "subject", "reason")
    search_fields = ("actor", "action", "subject", "reason")
    fields: ClassVar = ["when", "actor", "action", "subject", "reason", "before", "after"]
    readonly_fields = ("when",)
    ordering = ("-id",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 -- Django's signature
        """Show all of a record; its reason is a column and not a question."""
        del request, obj
        return self.fields

    @admin.display(description="زمان", ordering="id")
    def when(self, record: AuditRecord) -> str:
        """Say when."""
        return jdate(record.at)


platform_site = PlatformSite(name="admin")
platform_site.register(User, OperatorAdmin)
platform_site.register(Group, OperatorGroupAdmin)
platform_site.register(Shop, ShopAdmin)
platform_site.register(AuditRecord, AuditAdmin)
