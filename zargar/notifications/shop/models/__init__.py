"""The tables of messaging in each shop's schema."""

from zargar.notifications.shop.models.bulks import Bulk, BulkState
from zargar.notifications.shop.models.devices import Device, PushService
from zargar.notifications.shop.models.inbox import InboxMessage
from zargar.notifications.shop.models.outbox import Message
from zargar.notifications.shop.models.policy import ShopPolicy
from zargar.notifications.shop.models.recurring import Audience, Recurring
from zargar.notifications.shop.models.templates import TemplateState, TemplateVersion

__all__ = [
    "Audience", "Bulk", "BulkState", "Device", "InboxMessage", "Message", "PushService", "Recurring", "ShopPolicy",
    "TemplateState", "TemplateVersion",
]  # fmt: skip
