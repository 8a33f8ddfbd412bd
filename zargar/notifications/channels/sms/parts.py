"""How many parts a text message has, and how many a bulk: the arithmetic of GSM 03.38. Pure.

A text whose every character is in the GSM alphabet counts in septets (those of the extension table count twice): 160 in
one part, 153 in each of several. One other character, and every Persian letter, Persian digit and half-space is one,
makes the whole text UCS-2: it counts in UTF-16 code units (most emoji are two), 70 in one part, 67 in each of several;
on some Iranian lines 66 (IPPanel tells it of a line as `is_66_char`), which is an argument here. Companies bill the
quotient, rounded up.

A promotion to many must tell how to make it stop: «لغو11», in Latin digits, since a company looks for exactly that
(Melipayamak, code 15). `stoppable` adds it on a line of its own, and it counts like the rest.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

STOP: Final = "لغو11"
LATER_UCS2: Final = 67
"""Units of each of several UCS-2 parts; 66 on some lines."""
_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
_SAYS_STOP: Final = re.compile(r"لغو[\s\u200c]*(?:11|۱۱|١١)(?!\d)")


class Encoding(StrEnum):
    """The alphabet that a text needs."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Parts:
    """How a text travels: `units` are septets or UTF-16 code units; an empty text is one part, as companies count."""

    encoding: Encoding
    units: int
    parts: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a bulk is before anybody confirms it: `parts` of all messages, `most` of one."""

    messages: int
    parts: int
    most: int


def parts(text: str, *, later: int = LATER_UCS2) -> Parts:
    """Count a text. `later` is how many units each of several UCS-2 parts holds on the line: 67 or 66."""
    if _BASIC.issuperset(text) or all(character in _BASIC or character in _EXTENSION for character in text):
        units = len(text) + sum(character in _EXTENSION for character in text)
        return Parts(Encoding.GSM7, units, _quotient(units, one=160, several=153))
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return Parts(Encoding.UCS2, units, _quotient(units, one=70, several=later))


def stoppable(text: str) -> str:
    """Return a promotion with how to make it stop at its end; as it is where it says so already, in any digits."""
    return text if _SAYS_STOP.search(text) else f"{text.rstrip()}\n{STOP}"


def preview(texts: Iterable[str], *, later: int = LATER_UCS2) -> Preview:
    """Add up a bulk: one text for each recipient, `later` as for `parts`. Equal texts are counted once."""
    known: dict[str, int] = {}
    messages = total = 0
    for text in texts:
        if text not in known:
            known[text] = parts(text, later=later).parts
        messages += 1
        total += known[text]
    return Preview(messages, total, max(known.values(), default=0))


def _quotient(units: int, *, one: int, several: int) -> int:
    return 1 if units <= one else -(-units // several)
