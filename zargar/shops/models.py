"""The tenant model (shared schema)."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django_tenants.models import DomainMixin, TenantMixin


class State(models.TextChoices):
    """Only an active shop is worked for. `RESTORING`: a copy out of a backup is taking its schema's place."""

    CREATING = "creating"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    MIGRATING = "migrating"
    RESTORING = "restoring"


class Shop(TenantMixin):  # type: ignore[misc]  # django-tenants is not typed
    """A jewellery shop. Work is addressed to its `id`; `schema_name`, the name people see and the domain may change."""

    auto_create_schema: ClassVar[bool] = False  # the owner's role does it, in schemas.create_schema()
    auto_drop_schema: ClassVar[bool] = False

    name = models.CharField("نام", max_length=120)
    state = models.CharField(max_length=12, choices=State, default=State.CREATING)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        """A state outside the table is refused by the database too."""

        verbose_name = "فروشگاه"
        verbose_name_plural = "فروشگاه‌ها"
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(state__in=State.values), name="shop_state")]


class Domain(DomainMixin):  # type: ignore[misc]  # django-tenants is not typed
    """A host name that leads to a shop."""
