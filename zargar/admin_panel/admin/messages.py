"""A shop's messages in its admin: what was told to whom, the templates, the rules of decency, what comes again."""

from typing import Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from zargar import clock
from zargar.admin_panel.admin.audited import AuditedAdmin, ReadOnlyAdmin, act_on, actor
from zargar.admin_panel.templatetags.zargar_persian import fa, jdate
from zargar.admin_panel.words import word
from zargar.notifications import operations
from zargar.notifications.desk import masked
from zargar.notifications.kinds import SPECS, Kind
from zargar.notifications.shop.models import Bulk, Message, Recurring, ShopPolicy, TemplateVersion
from zargar.tenancy import entered_shop

ONLY: Final = 1
"""The one row of a shop's policy."""


def kind_in_words(stored: str) -> str:
    """Return the Persian title of a kind."""
    return SPECS[Kind(stored)].title


class MessageAdmin(ReadOnlyAdmin):
    """The outbox: nothing is written here, but a dead letter is tried again and a waiting one is taken back."""

    list_display = ("about", "reader", "by", "stands", "due", "left", "arrived", "why")
    list_filter = ("state", "channel", "kind")
    actions = ("retry", "take_back")
    ordering = ("-id",)
    fields = (
        "about", "reader", "by", "stands", "why", "due", "left", "arrived", "account", "provider_id", "cost", "parts",
        "attempts", "template", "event_key",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="نوع", ordering="kind")
    def about(self, message: Message) -> str:
        """Say what it is about."""
        return kind_in_words(message.kind)

    @admin.display(description="گیرنده")
    def reader(self, message: Message) -> str:
        """Show the end of the number: the customer's own page has all of it."""
        return format_html('<bdi dir="ltr">{}</bdi>', masked(message.to))

    @admin.display(description="راه", ordering="channel")
    def by(self, message: Message) -> str:
        """Say by which way."""
        return word(message.channel, "channel")

    @admin.display(description="وضع", ordering="state")
    def stands(self, message: Message) -> str:
        """Say how far it is."""
        return word(message.state, "message")

    @admin.display(description="موعد", ordering="due_at")
    def due(self, message: Message) -> str:
        """Say when it is due."""
        return jdate(message.due_at)

    @admin.display(description="فرستاده شد", ordering="sent_at")
    def left(self, message: Message) -> str:
        """Say when a provider took it."""
        return jdate(message.sent_at)

    @admin.display(description="رسید", ordering="delivery")
    def arrived(self, message: Message) -> str:
        """Say what became of it."""
        return word(message.delivery, "delivery") if message.delivery else "هنوز معلوم نیست"

    @admin.action(description="دوباره فرستادن نامه‌های مرده", permissions=["view"])
    def retry(self, request: HttpRequest, rows: QuerySet[Message]) -> None:
        """Queue dead letters again."""
        self._mend(request, rows, verb="replay", done="دوباره در صف است.")

    @admin.action(description="پس گرفتن", permissions=["view"])
    def take_back(self, request: HttpRequest, rows: QuerySet[Message]) -> None:
        """Take messages back that have not left."""
        self._mend(request, rows, verb="cancel", done="پس گرفته شد.")

    def _mend(self, request: HttpRequest, rows: QuerySet[Message], *, verb: str, done: str) -> None:
        shop_id = entered_shop()
        assert shop_id is not None  # noqa: S101 -- `middleware.EnterShop` alone leads here
        act = operations.cancel_entered if verb == "cancel" else operations.replay_entered

        def one(message: Message, reason: str) -> None:
            act(shop_id, [message.pk], actor=actor(request), reason=reason, now=clock.now())

        act_on(request, rows, one, done=done)


class TemplateAdmin(ReadOnlyAdmin):
    """The shop's own versions of what messages say; they are written and tried by `zargar notify templates`."""

    list_display = ("about", "by", "state", "written", "written_by")
    list_filter = ("state", "channel")
    fields = ("about", "by", "state", "subject", "text", "written", "written_by")
    readonly_fields = fields

    @admin.display(description="نوع", ordering="kind")
    def about(self, version: TemplateVersion) -> str:
        """Say what it is about."""
        return kind_in_words(version.kind)

    @admin.display(description="راه", ordering="channel")
    def by(self, version: TemplateVersion) -> str:
        """Say by which way."""
        return word(version.channel, "channel")

    @admin.display(description="نوشته شد", ordering="written_at")
    def written(self, version: TemplateVersion) -> str:
        """Say when it was written."""
        return jdate(version.written_at)


class PolicyAdmin(AuditedAdmin):
    """What the shop has decided: tone, hours, caps, and what is done with a message that may have left."""

    list_display = ("tone", "promotion_opens", "promotion_closes", "promotion_cap", "ambiguous")
    fields = (
        "tone", "channels", "promotion_opens", "promotion_closes", "promotion_cap", "promotion_cap_days",
        "quiet_since", "quiet_until", "digest", "remind_days_before", "overdue_stages", "leap_birthdays",
        "first_days_of_muharram", "ambiguous", "reason",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow one row."""
        return super().has_add_permission(request) and not ShopPolicy.objects.filter(id=ONLY).exists()


class RecurringAdmin(ReadOnlyAdmin):
    """Messages that come again; they are kept by `zargar notify recurring`, which shows their dates first."""

    list_display = ("name", "rule", "at", "about", "audience", "paused")
    fields = ("name", "rule", "at", "about", "audience", "good_for_hours", "paused")
    readonly_fields = fields

    @admin.display(description="نوع", ordering="kind")
    def about(self, row: Recurring) -> str:
        """Say what it is about."""
        return kind_in_words(row.kind)


class BulkAdmin(ReadOnlyAdmin):
    """Messages to many: what was counted, who confirmed it, how many were queued."""

    list_display = ("number", "about", "state", "readers", "done", "rial", "prepared", "confirmed_by")
    fields = (*list_display, "audience")
    readonly_fields = fields

    @admin.display(description="شماره", ordering="id")
    def number(self, bulk: Bulk) -> str:
        """Number it."""
        return fa(bulk.pk)

    @admin.display(description="نوع", ordering="kind")
    def about(self, bulk: Bulk) -> str:
        """Say what it is about."""
        return kind_in_words(bulk.kind)

    @admin.display(description="پیام‌ها", ordering="messages")
    def readers(self, bulk: Bulk) -> str:
        """Say to how many it goes."""
        return fa(bulk.messages)

    @admin.display(description="در صف گذاشته شد", ordering="queued")
    def done(self, bulk: Bulk) -> str:
        """Say how many were queued."""
        return fa(bulk.queued)

    @admin.display(description="هزینه (ریال)", ordering="cost")
    def rial(self, bulk: Bulk) -> str:
        """Say what it was counted to cost."""
        return "نامعلوم" if bulk.cost is None else fa(bulk.cost)

    @admin.display(description="آماده شد", ordering="prepared_at")
    def prepared(self, bulk: Bulk) -> str:
        """Say when it was counted."""
        return jdate(bulk.prepared_at)
