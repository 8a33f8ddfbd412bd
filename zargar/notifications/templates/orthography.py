"""How Persian is written: one form for each letter and digit, half-spaces where they are certain, tidy spaces. Pure.

Two strengths. `characters` is for what people and other systems hand in (names, amounts): it changes how a letter is
encoded, never how a word is written. `prose` is for the words of a template and also sets the half-spaces and the
punctuation about which no reader disagrees: «می روم», «کتاب ها», «بزرگ ترین». Rules that need to know the word («تر»
also means wet, «ای» also calls somebody) are left alone.

Digits become Persian, except in what is copied or dialled rather than read: a word with a Latin letter, `@`, `/` after
a colon (an address, a code), or a telephone number.
"""

import re
import sys
import unicodedata
from typing import Final

ZWNJ: Final = "\u200c"
_ZWJ: Final = "\u200d"

_PERSIAN_DIGITS: Final = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_UNSEEN: Final = {
    point: None
    for point in range(sys.maxunicode + 1)
    if unicodedata.category(chr(point)) in {"Cc", "Cf", "Cs"} and chr(point) not in {"\n", ZWNJ, _ZWJ}
}
"""Control characters, marks that turn the direction of what follows, and halves of surrogate pairs."""
_ONE_FORM: Final = {
    **_UNSEEN,
    **str.maketrans("يىكٮ٠١٢٣٤٥٦٧٨٩", "ییکب۰۱۲۳۴۵۶۷۸۹"),
    **str.maketrans("\r\t\u00a0\u2028\u2029", "\n  \n\n", "ـ"),
}
_LETTER: Final = "[\u0621-\u063a\u0641-\u064a\u067e\u0686\u0698\u06a9\u06af\u06c0\u06cc]"

_WORD_WITH_DIGIT: Final = re.compile(r"\S*[0-9]\S*")
_AS_GIVEN: Final = re.compile(r"[A-Za-z@]|://|^\(?(?:\+98|0098|0)[0-9][0-9-]{7,12}[).،]?$")
_THOUSANDS: Final = re.compile(r"(?<![0-9۰-۹])([0-9۰-۹]{1,3}(?:,[0-9۰-۹]{3})+)(?![0-9۰-۹])")
_SPACES: Final = re.compile(r"[ \u2000-\u200a]{2,}")
_LINE_ENDS: Final = re.compile(r" *\n *")
_BLANK_LINES: Final = re.compile(r"\n{3,}")
_LOST_ZWNJ: Final = re.compile(rf"(?<![^\W]){ZWNJ}+|{ZWNJ}+(?![^\W])|{ZWNJ}(?={ZWNJ})")

_PROSE: Final = (
    (re.compile(rf"(?<!{_LETTER})(ن?می) +(?={_LETTER}{{3}})"), rf"\1{ZWNJ}"),
    (re.compile(rf"(?<={_LETTER}) +(ها(?:یی|ی|یم|یت|یش|یمان|یتان|یشان)?)(?!{_LETTER})"), rf"{ZWNJ}\1"),
    (re.compile(rf"(?<={_LETTER}) +(ترین)(?!{_LETTER})"), rf"{ZWNJ}\1"),
    (re.compile(rf"(?<={_LETTER}) ?,(?=\s|$)"), "،"),
    (re.compile(rf"(?<={_LETTER}) ?;(?=\s|$)"), "؛"),
    (re.compile(rf"(?<={_LETTER}) ?\?(?=\s|$)"), "؟"),
    (re.compile(r"(?<=[۰-۹]) ?%"), "٪"),
    (re.compile(r" +(?=[،؛؟!»])"), ""),
    (re.compile(r"(?<=«) +"), ""),
)


def characters(text: str) -> str:
    """Write every letter and digit in its one Persian form, and drop what nobody can see. Words stay as they are."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").translate(_ONE_FORM)
    if any("0" <= character <= "9" for character in text):
        text = _WORD_WITH_DIGIT.sub(_digits_of, text)
    if "," in text:
        text = _THOUSANDS.sub(lambda found: found[1].replace(",", "٬"), text)
    return text


def prose(text: str) -> str:
    """Write the words of a template: `characters`, and the certain half-spaces and punctuation."""
    text = characters(text)
    for pattern, instead in _PROSE:
        text = pattern.sub(instead, text)
    return text


def tidy(text: str, *, paragraphs: bool) -> str:
    """Take out doubled and stray spaces, half-spaces and empty lines; with `paragraphs` one empty line may stay."""
    text = _LINE_ENDS.sub("\n", _SPACES.sub(" ", text))
    text = _BLANK_LINES.sub("\n\n", text) if paragraphs else re.sub(r"\n{2,}", "\n", text)
    if ZWNJ in text:
        text = _LOST_ZWNJ.sub("", text)
    return text.strip()


def one_line(text: str) -> str:
    """Write a text on one line, as a subject or title must be."""
    return " ".join(text.split())


def _digits_of(found: re.Match[str]) -> str:
    word = found[0]
    return word if _AS_GIVEN.search(word) else word.translate(_PERSIAN_DIGITS)
