"""The forms in which companies write a number, and the way back to E.164. Pure."""

from typing import Final

from zargar.customers.phones import NotAMobileError, to_e164

HOME: Final = "+98"
_NATIONAL: Final = 10
"""Digits of an Iranian mobile without its 0."""


def local(e164: str) -> str:
    """Write `+989121234567` as `09121234567`, and a number of another country as `00` and its digits."""
    return f"0{e164[len(HOME) :]}" if e164.startswith(HOME) else f"00{e164.removeprefix('+')}"


def read(text: str) -> str:
    """Return a mobile in E.164, whatever form a company wrote it in; empty for what is none, as a line's own number."""
    try:
        return to_e164(text)
    except NotAMobileError:
        return ""


def line(text: str) -> str:
    """Write a line of ours (`3000505`, `98300...`, `+983000505`) in E.164, as IPPanel wants it."""
    digits = text.removeprefix("+").removeprefix("00")
    return f"+{digits}" if digits.startswith("98") else f"{HOME}{digits.removeprefix('0')}"


def digits(text: str) -> str:
    """Return the digits of a number with its country's, to compare two forms of it: `989121234567`. Cheap."""
    only = "".join(character for character in text if character.isdigit())
    if only.startswith("00"):
        return only[2:]
    if only.startswith("0"):
        return f"98{only[1:]}"
    return f"98{only}" if len(only) == _NATIONAL else only
