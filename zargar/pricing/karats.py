"""The five karats that shops sell, derived from one price: that of one gram of 750 per mille. Exact until the end.

No Iranian board quotes 14, 21 or 22 karat; they are arithmetic: so many twenty-fourths of pure gold. Of the other two
the trade has more than one idea, so a deployment names the fineness that it means (`Fineness`):

- "24 karat" is 1000 per mille for TGJU and BrsApi (4/3 of 18 karat), 999.9 for tala.ir, the union and Nerkhbaan, and
  995 for Zarafza: half a per cent apart.
- "18 karat" is 750 per mille, or 740 (TGJU's `gold_740k`, and how second-hand gold is quoted): 1.33 % apart.

Whatever is named, the price that the boards agree on stays that of 750 per mille.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from zargar.pricing.quotes import Toman
from zargar.refusals import InvalidError

KARATS: Final = (14, 18, 21, 22, 24)
FINENESS_OF_REFERENCE: Final = Fraction(750, 1000)
FINENESSES_OF_24: Final = (Decimal(1000), Decimal("999.9"), Decimal(995))
"""Per mille, as the trade quotes 24 karat."""
FINENESSES_OF_18: Final = (Decimal(750), Decimal(740))
"""Per mille, as the trade quotes 18 karat."""


class UnsupportedKaratError(InvalidError):
    """This karat is not sold here; the message names the five that are."""

    def __init__(self, karat: object) -> None:
        super().__init__(f"unsupported karat {karat!r}: one of {', '.join(map(str, KARATS))}")


class UnknownFinenessError(InvalidError):
    """Nobody quotes this karat at that fineness; the message names the conventions that there are."""


@dataclass(frozen=True)
class Fineness:
    """What a deployment means by 18 and by 24 karat, in per mille. Raises `UnknownFinenessError` for anything else."""

    of_18: Decimal = FINENESSES_OF_18[0]
    of_24: Decimal = FINENESSES_OF_24[0]

    def __post_init__(self) -> None:
        """Refuse what no part of the trade means."""
        for karat, named, known in ((18, self.of_18, FINENESSES_OF_18), (24, self.of_24, FINENESSES_OF_24)):
            if named not in known:
                message = f"{karat} karat is quoted at {' or '.join(map(str, known))} per mille, not at {named}"
                raise UnknownFinenessError(message)

    def of(self, karat: int) -> Fraction:
        """Return the share of gold in a karat (0.75 is 750 per mille). Raises `UnsupportedKaratError`."""
        match supported(karat):
            case 18:
                return Fraction(self.of_18) / 1000
            case 24:
                return Fraction(self.of_24) / 1000
            case other:
                return Fraction(other, 24)


STANDARD: Final = Fineness()
"""750 and 1000 per mille: every karat so many twenty-fourths of pure gold."""


def supported(karat: object) -> int:
    """Return `karat` if it is one of the five. Raises `UnsupportedKaratError`."""
    if isinstance(karat, bool) or not isinstance(karat, int) or karat not in KARATS:
        raise UnsupportedKaratError(karat)
    return karat


def karat_price(karat: int, toman_per_gram_750: Toman, fineness: Fineness = STANDARD) -> Toman:
    """Return whole Toman for one gram of `karat`, rounded once, half to even. Raises `UnsupportedKaratError`."""
    pure = Fraction(toman_per_gram_750) / FINENESS_OF_REFERENCE
    return Toman(Decimal(round(pure * fineness.of(karat))))


def five_karats(toman_per_gram_750: Toman, fineness: Fineness = STANDARD) -> dict[int, Toman]:
    """Return whole Toman for one gram of each of the five karats."""
    return {karat: karat_price(karat, toman_per_gram_750, fineness) for karat in KARATS}
