"""Form fields for Persian hands: Jalali dates, Toman with separators, weights, phone numbers. All digits are taken."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.html import format_html

from zargar.calendars import jalali
from zargar.customers import phones
from zargar.persian import number

_SEPARATORS: Final = str.maketrans({",": None, "٬": None, "،": None, " ": None, "٫": "."})


class PersianInput(forms.TextInput):
    """A text input that shows a value in Persian, and gives back what was typed where that was refused."""

    supports_microseconds = False

    def __init__(self, write: Callable[[Any], str], **attrs: str) -> None:
        super().__init__(attrs={"dir": "ltr", "autocomplete": "off", **attrs})
        self._write = write

    def format_value(self, value: object) -> str | None:
        """Write a value for people; text is what somebody typed and stays."""
        return value if isinstance(value, str) or value is None else self._write(value)


class JalaliDateField(forms.Field):
    """A date as `۱۴۰۵/۰۹/۰۱` or `1405/09/01`."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 -- a form field's options
        super().__init__(**{**options, "widget": PersianInput(jalali.write_date, placeholder="۱۴۰۵/۰۹/۰۱")})

    def to_python(self, value: object) -> date | None:
        """Read it."""
        if value in self.empty_values:
            return None
        if isinstance(value, date):
            return value
        try:
            return jalali.read_date(str(value))
        except jalali.NotJalaliError as bad:
            message = "تاریخ را به شکل ۱۴۰۵/۰۹/۰۱ بنویسید."
            raise ValidationError(message, code="invalid") from bad


class JalaliMomentField(forms.Field):
    """A moment in Tehran as `۱۴۰۵/۰۹/۰۱ ۱۷:۳۰`."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 -- a form field's options
        super().__init__(**{**options, "widget": PersianInput(jalali.write_moment, placeholder="۱۴۰۵/۰۹/۰۱ ۱۷:۳۰")})

    def to_python(self, value: object) -> datetime | None:
        """Read it into UTC."""
        if value in self.empty_values:
            return None
        if isinstance(value, datetime):
            return value
        try:
            return jalali.read_moment(str(value))
        except jalali.NotJalaliError as bad:
            message = "زمان را به شکل ۱۴۰۵/۰۹/۰۱ ۱۷:۳۰ بنویسید (به وقت تهران)."
            raise ValidationError(message, code="invalid") from bad


class WholeNumberField(forms.IntegerField):
    """A whole number, such as an amount in Toman, with or without separators."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 -- a form field's options
        super().__init__(**{**options, "widget": PersianInput(number, inputmode="numeric")})

    def to_python(self, value: object) -> int | None:
        """Read it."""
        return super().to_python(value.translate(_SEPARATORS) if isinstance(value, str) else value)


class WeightField(forms.DecimalField):
    """A weight in grams, with `.` or `٫`."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 -- a form field's options
        super().__init__(**{**options, "widget": PersianInput(number, inputmode="decimal")})

    def to_python(self, value: object) -> Decimal | None:  # type: ignore[override]  # the stubs derive it from whole numbers
        """Read it."""
        return super().to_python(value.translate(_SEPARATORS) if isinstance(value, str) else value)


class MobileField(forms.CharField):
    """A mobile number in any form, kept as E.164."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 -- a form field's options
        widget = forms.TextInput(attrs={"dir": "ltr", "inputmode": "tel", "autocomplete": "off"})
        foreign = format_html('<bdi dir="ltr">{}</bdi>', "+971501234567")
        help_text = format_html("۰۹۱۲۳۴۵۶۷۸۹؛ شماره خارجی با کد کشور، مانند {}", foreign)
        super().__init__(**{**options, "max_length": 40, "widget": widget, "help_text": help_text})

    def to_python(self, value: object) -> str:
        """Bring it into its one form."""
        typed = super().to_python(value) or ""
        try:
            return phones.to_e164(typed) if typed else ""
        except phones.NotAMobileError as bad:
            message = "این شماره تلفن همراه نیست."
            raise ValidationError(message, code="invalid") from bad


PERSIAN_FIELDS: Final[dict[type[models.Field[Any, Any]], dict[str, Any]]] = {
    models.DateField: {"form_class": JalaliDateField, "widget": None},
    models.DateTimeField: {"form_class": JalaliMomentField, "widget": None},
    models.BigIntegerField: {"form_class": WholeNumberField, "widget": None},
    models.PositiveSmallIntegerField: {"form_class": WholeNumberField, "widget": None},
    models.DecimalField: {"form_class": WeightField, "widget": None},
}
"""For `ModelAdmin.formfield_overrides`: which field each kind of column is typed into."""
