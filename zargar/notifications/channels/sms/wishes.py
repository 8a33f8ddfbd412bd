"""What somebody who writes to a line wants: 11 to be left alone, 12 to be written to again (CRA, 1401). Pure.

Whoever stores what came in (`Provider.inbound`) asks here, once for each message, and changes the consent for
promotions; messages about their own business are not touched by it.

To miss an 11 is worse than to believe one too many, and to invent a 12 is worse than to miss one. So an 11 counts as
the whole text, with polite or explaining words around it, or right after «لغو»; «لغو» alone counts too. A 12 counts as
the whole text or with those words. Digits may be Persian, Arabic or Latin. What holds other words or figures («ساعت ۱۱
می‌آیم») is a letter to the shop and no wish.
"""

import re
import unicodedata
from enum import StrEnum
from itertools import pairwise
from typing import Final

LONGEST: Final = 300
"""Characters that are read: a wish is short."""
_CANCEL: Final = frozenset({"لغو", "stop"})
_AROUND: Final = frozenset(
    {
        "لطفا",
        "لطفاً",
        "سلام",
        "عدد",
        "کد",
        "شماره",
        "ارسال",
        "عضویت",
        "اشتراک",
        "پیامک",
        "تبلیغات",
        "ممنون",
        "مرسی",
        "please",
    }
)
_WORDS: Final = re.compile(r"\d+|[^\W\d_]+")


class Wish(StrEnum):
    """What was asked for."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"


def wish(text: str) -> Wish | None:
    """Read what came in; None where it asks for neither."""
    words = _WORDS.findall(_plain(text[:LONGEST]))
    if any(one in _CANCEL and other == "11" for one, other in pairwise(words)):
        return Wish.OPT_OUT
    core = [word for word in words if word not in _AROUND]
    if core == ["11"] or (len(core) == 1 and core[0] in _CANCEL):
        return Wish.OPT_OUT
    return Wish.OPT_IN if core == ["12"] else None


def _plain(text: str) -> str:
    """Write digits in Latin, Arabic letters as the Persian ones, and everything in lower case."""
    letters = text.replace("ي", "ی").replace("ك", "ک").replace("\u200c", " ").casefold()
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in letters)
