"""Consents on a customer's page: given and withdrawn by the calls of messaging, not by the form.

A form writes the shop's row alone. Who declined is also in the platform's list, which outweighs every consent and
outlives every restore, so a consent that is given at the counter must take an older «لغو۱۱» back there, and one that is
withdrawn must be kept there.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from zargar import clock
from zargar.admin_panel.admin.audited import PersianInline, actor
from zargar.customers import operations as customers
from zargar.customers.models import Channel, Consent, Purpose
from zargar.notifications import consents


class ConsentForm(forms.ModelForm[Consent]):
    """A consent. One that was given is only withdrawn, never rewritten."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- a form's arguments
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            field.disabled = bool(self.instance.pk) and (name != "withdrawn_at" or bool(self.instance.withdrawn_at))


class ConsentInline(PersianInline):
    """What the customer agreed to."""

    model = Consent
    form = ConsentForm


def keep(request: HttpRequest, formset: Any) -> None:  # noqa: ANN401 -- the formset of `ConsentInline`
    """Give and withdraw what was typed, at the times that were typed; tell of a consent that is outweighed.

    A consent that is typed with its end is history: it is kept as such, and ends none that stands since.
    """
    formset.save(commit=False)
    for consent, _ in formset.changed_objects:
        _withdraw(request, consent)
    for consent in sorted(formset.new_objects, key=lambda one: one.given_at):
        if consent.withdrawn_at is None:
            _give(request, consent)
        else:
            consent.save()
            if not _stands(consent):
                _withdraw(request, consent)


def _give(request: HttpRequest, consent: Consent) -> None:
    who, channel, purpose = consent.customer_id, Channel(consent.channel), Purpose(consent.purpose)
    consents.give(customer_id=who, channel=channel, purpose=purpose, source=consent.source, now=consent.given_at)
    if consents.outweighed(customer_id=who, channel=channel, purpose=purpose):
        told = "پس از این رضایت دریافت پیام را لغو کرده است و تا رضایت تازه‌تری ندهد چیزی فرستاده نمی‌شود."
        messages.warning(request, f"{consent}: {told}")


def _stands(consent: Consent) -> bool:
    """Say whether the customer agrees to the same by another consent."""
    person = customers.people(ids=[consent.customer_id])[consent.customer_id]
    return (consent.channel, consent.purpose) in person.given


def _withdraw(request: HttpRequest, consent: Consent) -> None:
    consents.withdraw(
        customer_id=consent.customer_id, channel=Channel(consent.channel), purpose=Purpose(consent.purpose),
        source=actor(request), now=consent.withdrawn_at or clock.now(),
    )  # fmt: skip
