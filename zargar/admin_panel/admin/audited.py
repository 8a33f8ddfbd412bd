"""Changes in the admin: each carries a reason, and leaves its mark in the audit instead of Django's own log.

Django's log would not do: it is one table for all shops and keeps the names of customers. The audit keeps who, what,
which fields and why; the values stay in the shop.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from zargar.admin_panel.admin.fields import PERSIAN_FIELDS
from zargar.admin_panel.queries import audit_of
from zargar.audit import operations as audit
from zargar.outcomes import JSON
from zargar.refusals import InvalidError, NotFoundError, RefusedError

REASON: Final = "reason"

Row = TypeVar("Row", bound=models.Model)


class ReasonedForm(forms.ModelForm[Any]):
    """A form that asks why."""

    reason = forms.CharField(
        label="دلیل", max_length=500, widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
        help_text="در رخدادنگار می‌ماند.",
    )  # fmt: skip


class ReasonedActionForm(ActionForm):
    """The choice of an action on ticked rows, and why."""

    reason = forms.CharField(label="دلیل", required=False, max_length=500)


def actor(request: HttpRequest) -> str:
    """Name who acts, for the audit."""
    return f"web {request.user.get_username()}"


def slug_of(request: HttpRequest) -> str | None:
    """Return the shop that the request is in, or None outside of shops; see `middleware.EnterShop`."""
    return getattr(request, "shop_slug", None)


class AuditedAdmin(admin.ModelAdmin[Any]):
    """The base of everything that is shown in the admin."""

    form = ReasonedForm
    formfield_overrides = PERSIAN_FIELDS
    action_form = ReasonedActionForm
    actions_selection_counter = True
    list_per_page = 50
    show_full_result_count = False
    view_on_site = False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nothing is deleted here: rows are withdrawn, voided, cancelled or deactivated, and stay as proof."""
        del request, obj
        return False

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:  # noqa: ANN401 -- Django's
        """Leave the reason out where nothing can be changed."""
        fields = super().get_fields(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fields
        return [name for name in fields if name != REASON]

    def subject(self, request: HttpRequest, pk: object) -> str:
        """Name a row for the audit: its shop, table and id."""
        row = f"{self.opts.label_lower} {pk}"
        shop = slug_of(request)
        return f"{shop} {row}" if shop else row

    def construct_change_message(
        self,
        request: HttpRequest,
        form: Any,  # noqa: ANN401 -- Django's signature
        formsets: Any,  # noqa: ANN401 -- as above
        add: bool = False,  # noqa: FBT001, FBT002 -- Django's signature
    ) -> Any:  # noqa: ANN401 -- as above; it is what `log_change` gets
        """Return the names of the fields that changed, and how many rows of each inline."""
        del request, add
        changed: dict[str, JSON] = {"fields": [name for name in form.changed_data if name != REASON]}
        for formset in formsets or []:
            rows = sum(1 for row in formset.forms if row.has_changed())
            if rows:
                changed[formset.prefix] = rows
        return changed

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> None:  # type: ignore[override]  # noqa: ANN401 -- the audit takes the place of Django's log entry
        """Write an addition to the audit."""
        self._record(request, obj, "add", message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> None:  # type: ignore[override]  # noqa: ANN401 -- as above
        """Write a change to the audit."""
        self._record(request, obj, "change", message)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what the audit knows of a row."""
        del extra_context
        obj = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_view_permission(request, obj):
            return render(request, "console/refused.html", {"why": "اجازه دیدن این را ندارید."}, status=403)
        context = {
            **self.admin_site.each_context(request),
            "title": f"پیشینه {obj}",
            "opts": self.opts,
            "records": audit_of(self.subject(request, obj.pk)),
        }
        return render(request, "console/history.html", context)

    def _record(self, request: HttpRequest, obj: models.Model, verb: str, message: Any) -> None:  # noqa: ANN401 -- as above
        # The form for a password is Django's own and asks for no reason.
        reason = request.POST.get(REASON, "").strip() or "form without a reason: password"
        audit.record(
            actor=actor(request),
            action=f"{self.opts.model_name}.{verb}",
            subject=self.subject(request, obj.pk),
            reason=reason,
            after=message if isinstance(message, dict) else None,
        )


class ReadOnlyAdmin(AuditedAdmin):
    """Rows that are only looked at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added here."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nothing is changed here."""
        del request, obj
        return False


class PersianInline(admin.TabularInline[Any, Any]):
    """Rows that belong to another row, on its page."""

    formfield_overrides = PERSIAN_FIELDS
    extra = 0
    can_delete = False


def act_on(request: HttpRequest, rows: Iterable[Row], act: Callable[[Row, str], object], *, done: str) -> None:
    """Do something to each ticked row, each in a transaction of its own, for the reason that was typed.

    `act` takes the row and the reason. What a domain refuses is told with its cause, and the other rows go on.
    """
    reason = request.POST.get(REASON, "").strip()
    for row in rows:
        try:
            with transaction.atomic():
                act(row, reason)
        except (InvalidError, NotFoundError, RefusedError) as error:
            messages.error(request, f"{row}: انجام نشد. {error}")
        else:
            messages.success(request, f"{row}: {done}")
