"""The arithmetic of text messages: alphabets, units, parts, what a promotion must say, and how many a bulk has."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zargar.notifications.channels.sms.parts import STOP, Encoding, Parts, Preview, parts, preview, stoppable

BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCXYZÄÖÑÜ§¿abcxyzäöñüà"
EXTENSION = "\f^{}\\[~]|€"
texts = st.text(st.characters(codec="utf-8"), max_size=700)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", (Encoding.GSM7, 0, 1)),
        ("a" * 160, (Encoding.GSM7, 160, 1)),
        ("a" * 161, (Encoding.GSM7, 161, 2)),
        ("a" * 306, (Encoding.GSM7, 306, 2)),
        ("a" * 307, (Encoding.GSM7, 307, 3)),
        ("€" * 80, (Encoding.GSM7, 160, 1)),
        ("€" * 81, (Encoding.GSM7, 162, 2)),
        ("س" * 70, (Encoding.UCS2, 70, 1)),
        ("س" * 71, (Encoding.UCS2, 71, 2)),
        ("س" * 134, (Encoding.UCS2, 134, 2)),
        ("س" * 135, (Encoding.UCS2, 135, 3)),
        ("🎂" * 35, (Encoding.UCS2, 70, 1)),
        ("🎂" * 36, (Encoding.UCS2, 72, 2)),
    ],
)
def test_the_published_limits_hold_to_the_unit(text: str, counted: tuple[Encoding, int, int]) -> None:
    assert parts(text) == Parts(*counted)


@pytest.mark.parametrize("character", [*"یکپچژگ۰۹٠٩،؛؟٪٫٬«»﷼…–", "\u200c", "\u00a0", "\u200f", "ç", "`"])  # noqa: RUF001 -- they are what is tested
def test_one_such_character_makes_the_whole_text_ucs2(character: str) -> None:
    assert parts("a" * 100 + character) == Parts(Encoding.UCS2, 101, 2)


def test_every_character_of_the_two_tables_stays_in_seven_bits() -> None:
    assert parts(BASIC) == Parts(Encoding.GSM7, len(BASIC), 1)
    assert parts(EXTENSION) == Parts(Encoding.GSM7, 2 * len(EXTENSION), 1)


@pytest.mark.parametrize(
    ("units", "on_67", "on_66"), [(70, 1, 1), (132, 2, 2), (133, 2, 3), (640, 10, 10), (670, 10, 11)]
)
def test_some_lines_hold_one_unit_less_in_each_later_part(units: int, on_67: int, on_66: int) -> None:
    text = "س" * units
    assert (parts(text).parts, parts(text, later=66).parts) == (on_67, on_66)


@given(texts)
@example("\ud83c")
def test_parts_are_the_fewest_that_hold_the_units(text: str) -> None:
    found = parts(text)
    one, several = (160, 153) if found.encoding is Encoding.GSM7 else (70, 67)
    assert found.units >= len(text)
    assert found.parts == (1 if found.units <= one else math.ceil(found.units / several))
    assert (found.encoding is Encoding.GSM7) == all(character in GSM7 for character in text)


GSM7 = frozenset(BASIC + EXTENSION + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@given(texts, texts)
def test_a_longer_text_never_has_fewer_parts_in_its_alphabet(text: str, more: str) -> None:
    whole = parts(text + more)
    assert whole.encoding is not parts(text).encoding or whole.parts >= parts(text).parts


@given(texts)
def test_a_promotion_says_how_to_stop_it_exactly_once_and_it_is_counted(text: str) -> None:
    said = stoppable(text)
    assert stoppable(said) == said
    assert said.endswith(f"\n{STOP}") or said == text
    assert parts(said).encoding is Encoding.UCS2


@pytest.mark.parametrize("said", ["لغو11", "لغو ۱۱", "لغو\u200c١١"])
def test_what_says_it_already_is_left_as_it_is(said: str) -> None:
    assert stoppable(f"حراج پاییزه {said}") == f"حراج پاییزه {said}"


def test_another_figure_after_the_word_is_not_it() -> None:
    assert stoppable("لغو110") == f"لغو110\n{STOP}"


def test_the_words_that_stop_it_take_six_units_of_the_first_part() -> None:
    assert parts(stoppable("س" * 64)) == Parts(Encoding.UCS2, 70, 1)
    assert parts(stoppable("س" * 65)).parts == 2


def test_a_bulk_is_added_up_before_anybody_confirms_it() -> None:
    texts = ["س" * 70] * 3 + ["س" * 71] + ["a" * 160]
    assert preview(texts) == Preview(messages=5, parts=6, most=2)
    assert preview([]) == Preview(messages=0, parts=0, most=0)


@given(st.lists(texts, max_size=8), st.sampled_from([66, 67]))
def test_a_bulk_has_the_parts_of_its_messages(many: list[str], later: int) -> None:
    assert preview(many, later=later).parts == sum(parts(text, later=later).parts for text in many)
