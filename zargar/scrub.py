"""Take out of text what must not be stored or shown: credentials, keys and phone numbers.

Exceptions carry URLs and values that their authors never meant for a log. Everything that the ledger stores about a
failure, and every log record of a worker or a beat, passes through here.
"""

import re
from typing import Final

LONGEST: Final = 2_000
"""Characters kept of one message: enough to diagnose, too little for a body."""

_DIGITS: Final = "0-9۰-۹٠-٩"
_SPACED: Final = rf"(?:[\s-]?[{_DIGITS}])"
_RULES: Final = (
    # scheme://user:password@host
    (re.compile(r"(?P<keep>[a-z][a-z0-9+.-]*://)[^/\s@]+@", re.IGNORECASE), r"\g<keep>***@"),
    # key=..., token: ..., "password": "...", Authorization: Bearer ...
    (
        re.compile(
            r"(?P<keep>\b[\w-]*(?:api[_-]?key|apikey|token|secret|password|passwd|authorization|signature)[\w-]*"
            r"[\"']?\s*[=:]\s*[\"']?(?:bearer\s+|basic\s+)?)[^\s\"'&,;]+",
            re.IGNORECASE,
        ),
        r"\g<keep>***",
    ),
    # Iranian mobiles and anything international: 0912…, +98912…, 0098912…, ۰۹۱۲…
    (
        re.compile(
            rf"(?<![{_DIGITS}\w-])(?:\+|00|۰۰)?(?:98|۹۸|0|۰)?[\s-]?[9۹](?:[\s-]?[{_DIGITS}]){{9}}(?![{_DIGITS}])"
        ),
        "***",
    ),
    (re.compile(rf"\+[{_DIGITS}]{_SPACED}{{7,13}}"), "***"),
    # Kavenegar and its like carry the key as a path segment: /v1/<key>/sms/send.json
    (re.compile(r"(?P<keep>/v\d+/)[A-Za-z0-9]{24,}(?=/)"), r"\g<keep>***"),
)


def scrub(text: str) -> str:
    """Return `text` without credentials and phone numbers, cut to `LONGEST` characters."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
