"""The kinds of messages, why each is sent, and what each says: the one list that audiences, templates and pages share.

A kind's variables are its contract with whoever drafts it. A *required* one must be in every draft and may not be
blank; an *optional* one may be absent (a payment has no grams while there is no gold price), and a template that tells
it must say what is told without it (`{% if grams %}…{% endif %}`). Values are what people read: Persian figures, an
amount in whole Toman without its unit (`persian.toman`), a day as `jalali.write_date` or `write_long`.

`sample` shows a person what a template makes; it is never sent to a customer. Pure data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from zargar.notifications.values import Purpose


class Kind(StrEnum):
    """What a message is about; the values are stored and are the names of templates."""

    PAYMENT_REMINDER = "payment_reminder"
    PAYMENT_OVERDUE = "payment_overdue"
    PAYMENT_RECEIVED = "payment_received"
    APPOINTMENT = "appointment"
    WELCOME = "welcome"
    BIRTHDAY = "birthday"
    YALDA = "yalda"
    NOWRUZ = "nowruz"
    MOTHERS_DAY = "mothers_day"
    FATHERS_DAY = "fathers_day"
    PROMOTION = "promotion"
    DIGEST = "digest"
    PRICE_ALERT = "price_alert"
    BACKUP_ALERT = "backup_alert"
    SENDING_ALERT = "sending_alert"


class Tone(StrEnum):
    """How a shop speaks to its customers: «گرامی» and «شما», or «عزیز» and closer."""

    FORMAL = "formal"
    WARM = "warm"


@dataclass(frozen=True, slots=True)
class Variable:
    """One thing that a kind can tell: its name in templates, what it is (Persian), and one that could be."""

    name: str
    about: str
    sample: str
    required: bool = True
    essential: bool = False
    """Whether a message of its kind says nothing without it, so that every template must tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A kind: its title for people, why it is sent, whether it goes to customers of a shop, and what it can tell."""

    title: str
    purpose: Purpose
    variables: tuple[Variable, ...]
    to_customers: bool = True

    @property
    def names(self) -> frozenset[str]:
        """Every variable's name."""
        return frozenset(variable.name for variable in self.variables)

    @property
    def required(self) -> frozenset[str]:
        """The names without which it cannot be sent."""
        return frozenset(variable.name for variable in self.variables if variable.required)

    @property
    def essential(self) -> frozenset[str]:
        """The names that every template of it must tell."""
        return frozenset(variable.name for variable in self.variables if variable.essential)

    @property
    def samples(self) -> Mapping[str, str]:
        """One value for each variable, to look at a template with."""
        return {variable.name: variable.sample for variable in self.variables}


_SHOP: Final = Variable("shop", "نام فروشگاه", "گالری زرین")
_NAME: Final = Variable("name", "نام مشتری، بی گرامی و عزیز", "مریم احمدی")
_WHO: Final = (_SHOP, _NAME)
_INSTALMENT: Final = Variable("installment", "قسط چندم از چند قسط", "۳ از ۱۲", required=False)
_AMOUNT: Final = Variable("amount", "ماندهٔ قسط به تومان، بی واحد", "۱۲٬۵۰۰٬۰۰۰")
_GRAMS: Final = Variable(
    "grams", "برابر آن به گرم طلای ۱۸ عیار، بی واحد؛ نباشد اگر قیمت طلا نیست", "۰٫۶۷۲", required=False
)
_PRICE_AGE: Final = Variable("price_age", "سن قیمت طلایی که گرم با آن حساب شد", "۴ دقیقه پیش", required=False)
_DUE: Final = Variable("due_date", "سررسید", "۱۴۰۵/۰۹/۱۰")
_ALERT: Final = (
    Variable("title", "چه شد، در چند کلمه", "قیمت طلا به‌روز نمی‌شود"),
    Variable("detail", "شرح آن در یک جمله", "۲۵ دقیقه است که هیچ قیمتی پذیرفته نشده است.", essential=True),
    Variable("at", "زمان رخداد", "۱۴۰۵/۰۹/۰۱ ۱۷:۳۰"),
)


def _greeting(title: str) -> Spec:
    return Spec(title=title, purpose=Purpose.PROMOTION, variables=_WHO)


def _alert(title: str) -> Spec:
    return Spec(title=title, purpose=Purpose.TRANSACTIONAL, variables=_ALERT, to_customers=False)


SPECS: Final[Mapping[Kind, Spec]] = MappingProxyType({
    Kind.PAYMENT_REMINDER: Spec(
        title="یادآوری قسط", purpose=Purpose.TRANSACTIONAL,
        variables=(
            *_WHO, _DUE, _INSTALMENT, _AMOUNT, _GRAMS, _PRICE_AGE,
            Variable("days", "چند روز تا سررسید؛ نباشد یعنی امروز", "۳", required=False),
        ),
    ),
    Kind.PAYMENT_OVERDUE: Spec(
        title="قسط عقب‌افتاده", purpose=Purpose.TRANSACTIONAL,
        variables=(
            *_WHO, _DUE, Variable("days_late", "چند روز از سررسید گذشته", "۵"),
            _INSTALMENT, _AMOUNT, _GRAMS, _PRICE_AGE,
        ),
    ),
    Kind.PAYMENT_RECEIVED: Spec(
        title="رسید پرداخت", purpose=Purpose.TRANSACTIONAL,
        variables=(
            *_WHO, Variable("amount", "مبلغ پرداخت به تومان، بی واحد", "۱۲٬۵۰۰٬۰۰۰"),
            Variable("paid_on", "روز پرداخت", "۱۴۰۵/۰۹/۰۸"),
            Variable("remaining", "ماندهٔ قرارداد به تومان، بی واحد", "۸۷٬۵۰۰٬۰۰۰", required=False),
            Variable("reference", "شمارهٔ پیگیری", "۴۵۸۱۲", required=False),
        ),
    ),
    Kind.APPOINTMENT: Spec(
        title="یادآوری قرار", purpose=Purpose.TRANSACTIONAL,
        variables=(
            *_WHO, Variable("day", "روز قرار", "دوشنبه ۲ آذر"), Variable("time", "ساعت قرار", "۱۷:۳۰"),
            Variable("subject", "موضوع قرار", "تحویل انگشتر", required=False),
        ),
    ),
    Kind.WELCOME: Spec(title="خوش‌آمد", purpose=Purpose.TRANSACTIONAL, variables=_WHO),
    Kind.BIRTHDAY: _greeting("تبریک تولد"),
    Kind.YALDA: _greeting("تبریک شب یلدا"),
    Kind.NOWRUZ: Spec(
        title="تبریک نوروز", purpose=Purpose.PROMOTION,
        variables=(*_WHO, Variable("year", "سالی که می‌آید", "۱۴۰۶", required=False)),
    ),
    Kind.MOTHERS_DAY: _greeting("تبریک روز مادر"),
    Kind.FATHERS_DAY: _greeting("تبریک روز پدر"),
    Kind.PROMOTION: Spec(
        title="پیام تبلیغی", purpose=Purpose.PROMOTION,
        variables=(
            _SHOP, Variable("name", _NAME.about, _NAME.sample, required=False),
            Variable("text", "متن پیام", "اجرت همهٔ زنجیرها تا پایان هفته نصف شد.", essential=True),
        ),
    ),
    Kind.DIGEST: Spec(
        title="چند یادآوری در یک پیام", purpose=Purpose.TRANSACTIONAL,
        variables=(
            *_WHO, Variable("count", "شمار یادآوری‌ها", "۲"),
            Variable(
                "items", "یادآوری‌ها، هر یک در یک سطر",
                "قسط ۳ از ۱۲، سررسید ۱۴۰۵/۰۹/۱۰، ۱۲٬۵۰۰٬۰۰۰ تومان (۰٫۶۷۲ گرم)\nقرار دوشنبه ۲ آذر، ساعت ۱۷:۳۰\n"
                "گرم طلای ۱۸ عیار به قیمت ۴ دقیقه پیش",
                essential=True,
            ),
        ),
    ),
    Kind.PRICE_ALERT: _alert("هشدار قیمت"),
    Kind.BACKUP_ALERT: _alert("هشدار پشتیبان"),
    Kind.SENDING_ALERT: _alert("هشدار ارسال پیام"),
})  # fmt: skip
"""Every kind. Greetings are promotion: sent to whoever has not asked for them, they count as advertising."""


def spec(kind: str) -> Spec:
    """Return the kind of this name. Raises `ValueError` for a name that is none."""
    return SPECS[Kind(kind)]


def sample_values(kind: str, *, without_optional: bool = False) -> Mapping[str, str]:
    """Return a full set of values to look at a template with, or the smallest one. Raises `ValueError`."""
    return {
        variable.name: variable.sample
        for variable in spec(kind).variables
        if variable.required or not without_optional
    }  # fmt: skip
