"""The HTML of an e-mail, made of its text: right to left, readable without a picture or a style sheet. Pure.

No template writes HTML, so none can bring a script, a form or another site's look into a customer's letter. What looks
like an https address becomes a link that shows itself.
"""

import re
from html import escape
from typing import Final

_LINK: Final = re.compile(r"https://[^\s<>\"'«»،؛]+[^\s<>\"'«»،؛.!؟)]")
_PAGE: Final = (
    '<!doctype html>\n<html lang="fa" dir="rtl">\n<head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title></head>\n'
    '<body style="margin:0;padding:24px 12px;background:#f6f4ee">\n'
    '<div dir="rtl" style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff;color:#222222;'
    'font-family:Vazirmatn,Tahoma,sans-serif;font-size:16px;line-height:1.9;text-align:right">\n'
    "{body}\n</div>\n{foot}</body>\n</html>\n"
)
_FOOT: Final = (
    '<p dir="rtl" style="max-width:560px;margin:12px auto;color:#6b6b6b;font-family:Vazirmatn,Tahoma,sans-serif;'
    'font-size:13px;text-align:center"><a href="{address}" style="color:#6b6b6b">دیگر از این ایمیل‌ها نمی‌خواهم</a></p>\n'
)


def fragment(text: str) -> str:
    """Return paragraphs of HTML for a text: an empty line ends a paragraph, a line break stays one."""
    return "\n".join(
        '<p style="margin:0 0 16px">' + "<br>\n".join(_line(line) for line in part.split("\n")) + "</p>"
        for part in text.split("\n\n")
        if part.strip()
    )


def page(*, title: str, body: str, unsubscribe: str = "") -> str:
    """Return the whole page around `body` (a `fragment`), with a link to leave where `unsubscribe` is an address."""
    foot = _FOOT.format(address=escape(unsubscribe)) if unsubscribe else ""
    return _PAGE.format(title=escape(title), body=body, foot=foot)


def with_farewell(text: str, unsubscribe: str) -> str:
    """Return the text part with the address by which one leaves, where there is one."""
    return f"{text}\n\nدیگر از این ایمیل‌ها نمی‌خواهم:\n{unsubscribe}\n" if unsubscribe else f"{text}\n"


def _line(line: str) -> str:
    """Escape a line, links included: their address is shown and leads where it says."""
    made: list[str] = []
    at = 0
    for found in _LINK.finditer(line):
        address = escape(found[0])
        made += [escape(line[at : found.start()]), f'<a dir="ltr" href="{address}">{address}</a>']
        at = found.end()
    return "".join([*made, escape(line[at:])])
