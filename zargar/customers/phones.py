"""Phone numbers: whatever a person types, as the one form that is stored and compared (E.164, `+989121234567`).

The numbering plans are those of Google's libphonenumber. Persian, Arabic and Western digits, spaces and dashes,
`0912…`, `912…`, `+98…`, `0098…` and `98…` are all read as Iranian; a number of another country needs `+` or `00`.
The invisible marks that come along when a number is copied out of a right-to-left text are not part of it. Landlines
are refused: these numbers are for messages.
"""

import unicodedata
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from zargar.refusals import InvalidError

HOME: Final = "IR"
_TATWEEL: Final = "\u0640"
_REACHABLE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
"""The second kind is what countries have whose mobiles look like landlines (the United States)."""


class NotAMobileError(InvalidError):
    """This is no mobile number. Write 09123456789, or a foreign one with its country code, as +971501234567."""

    def __init__(self) -> None:
        super().__init__(NotAMobileError.__doc__)


def to_e164(text: str) -> str:
    """Return the number in E.164. Raises `NotAMobileError`, which never repeats the number."""
    try:
        number = phonenumbers.parse(_visible(text), HOME)
    except NumberParseException as bad:
        raise NotAMobileError from bad
    if number.extension or not _is_mobile(number):
        raise NotAMobileError
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _visible(text: str) -> str:
    """Drop direction marks and joiners; write every kind of space as one, and the stroke of Persian type as a dash."""
    shown = (" " if sign.isspace() else sign for sign in text if unicodedata.category(sign) != "Cf")
    return "".join(shown).replace(_TATWEEL, "-")


def _is_mobile(number: PhoneNumber) -> bool:
    return phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in _REACHABLE
