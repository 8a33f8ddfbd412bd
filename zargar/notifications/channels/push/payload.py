"""What a device is told, and what is told in bounds: push services take 4096 bytes. Pure."""

import json
from typing import Final

from zargar.notifications.templates.orthography import one_line
from zargar.notifications.values import Outgoing, Refusal, Refused

MOST_BYTES: Final = 3_500
"""Bytes of title and text, so that encryption, padding and the service's own words fit into 4096 as well."""
LIFE: Final = 12 * 3600
"""Seconds for which a service keeps a message for a device that is off: half a day, and never the 0 of the libraries
(lost at once) or the four weeks of the services (a reminder of last month)."""


def title_of(message: Outgoing) -> str:
    """Return the line in bold."""
    return one_line(message.subject)


def document(message: Outgoing) -> bytes:
    """Return what a page's service worker is handed: title, text, and a tag by which the same again replaces itself."""
    told = {"title": title_of(message), "body": message.text, "tag": str(message.reference), "lang": "fa", "dir": "rtl"}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def fault(message: Outgoing) -> Refused | None:
    """Refuse what no service would take."""
    if not message.text.strip() or not title_of(message):
        return Refused(message.reference, Refusal.CONTENT, "empty", "a push needs a title and a text")
    if len(document(message)) > MOST_BYTES:
        return Refused(message.reference, Refusal.CONTENT, "long", f"a push is {MOST_BYTES} bytes at most")
    return None
