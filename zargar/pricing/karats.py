"""The five karats that shops sell, derived from one price: that of one gram of 750 per mille. Exact until the end.

No Iranian board quotes 14, 21 or 22 karat; they are arithmetic. A karat is a twenty-fourth of pure gold (1000 per
mille, the convention of TGJU: 24 karat is 4/3 of 18 karat), so 18 karat is the price itself.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Final

from zargar.pricing.quotes import Toman
from zargar.refusals import InvalidError

KARATS: Final = (14, 18, 21, 22, 24)
FINENESS_OF_REFERENCE: Final = Fraction(750, 1000)


class UnsupportedKaratError(InvalidError):
    """This karat is not sold here; the message names the five that are."""

    def __init__(self, karat: object) -> None:
        super().__init__(f"unsupported karat {karat!r}: one of {', '.join(map(str, KARATS))}")


def supported(karat: object) -> int:
    """Return `karat` if it is one of the five. Raises `UnsupportedKaratError`."""
    if isinstance(karat, bool) or not isinstance(karat, int) or karat not in KARATS:
        raise UnsupportedKaratError(karat)
    return karat


def karat_price(karat: int, toman_per_gram_750: Toman) -> Toman:
    """Return whole Toman for one gram of `karat`, rounded once, half to even. Raises `UnsupportedKaratError`."""
    pure = Fraction(toman_per_gram_750) / FINENESS_OF_REFERENCE
    return Toman(Decimal(round(pure * Fraction(supported(karat), 24))))


def five_karats(toman_per_gram_750: Toman) -> dict[int, Toman]:
    """Return whole Toman for one gram of each of the five karats."""
    return {karat: karat_price(karat, toman_per_gram_750) for karat in KARATS}
