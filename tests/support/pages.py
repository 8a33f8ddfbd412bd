"""Reading pages as text."""

import re
from html import unescape
from typing import Protocol


class Answer(Protocol):
    """What the test client returns."""

    content: bytes
    status_code: int


def html_of(answer: Answer, status: int = 200) -> str:
    """Return the page, after a look at its status."""
    page = answer.content.decode()
    assert answer.status_code == status, f"{answer.status_code}\n{text_of(page)[:3000]}"
    return page


def text_of(page: str) -> str:
    """Return what a person reads: no tags, single spaces."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<(style|script|svg)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)))
