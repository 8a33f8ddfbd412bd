"""What is done with the customers of one shop: the one that the caller has entered by `tenancy.in_tenant`."""

from zargar.customers.models import Customer


def add(*, full_name: str, mobile: str) -> Customer:
    """Add a customer; `mobile` is E.164 (see `phones.to_e164`).

    Raises `django.db.IntegrityError` when the shop has that number already, or it is not in that form.
    """
    return Customer.objects.create(full_name=full_name, mobile=mobile)


def count() -> int:
    """Count the shop's customers."""
    return Customer.objects.count()
