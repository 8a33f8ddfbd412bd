"""Numbers are read strictly or not at all."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.pricing.figures import BadFigure, escaped, positive
from zargar.pricing.quotes import Why, plain


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("18611000", "18611000"),
        ("18533000.00000000", "18533000"),
        ("18620000.0000000000000000", "18620000"),
        (185380, "185380"),
        (Decimal("4258.49"), "4258.49"),
    ],
)
def test_what_boards_write_is_read_exactly(value: object, number: str) -> None:
    assert positive(value) == Decimal(number)


def test_thousands_are_read_only_where_a_source_documents_them() -> None:
    assert positive("180,421,000", grouped=True) == 180_421_000
    with pytest.raises(BadFigure):
        positive("180,421,000")


@pytest.mark.parametrize(
    "value",
    [
        "", " 1", "1 ", "+1", "1e9", "NaN", "Infinity", "0x10", "1_000", "۱۲۳", "1.", ".5", "1,00", "12,3456", True,
        1.5, Decimal("1E+9"), Decimal("NaN"), Decimal("Infinity"), [], {}, "9" * 16, "9" * 5000, 10**70, "0.0000000001",
        "1234567890.1234567891",
    ],
)  # fmt: skip
def test_junk_is_no_number(value: object) -> None:
    with pytest.raises(BadFigure) as bad:
        positive(value, grouped=True)
    assert bad.value.why is Why.NOT_A_NUMBER


@pytest.mark.parametrize("value", ["0", 0, "-123", "-180,421,000", Decimal("-3.91"), "0.000"])
def test_zero_and_less_is_no_price(value: object) -> None:
    with pytest.raises(BadFigure) as bad:
        positive(value, grouped=True)
    assert bad.value.why is Why.NOT_POSITIVE


@given(st.text() | st.integers() | st.booleans() | st.none() | st.decimals())
def test_whatever_comes_it_is_a_positive_number_or_a_reason(value: object) -> None:
    try:
        number = positive(value, grouped=True)
    except BadFigure:
        return
    assert number > 0
    assert Decimal(plain(number)) == number


@given(st.text(st.characters(), max_size=200))
def test_what_was_seen_can_always_be_stored(text: str) -> None:
    safe = escaped(text)
    assert "\x00" not in safe
    assert len(safe.encode("utf-8")) <= 500
