"""What every mail to a customer is made of, whoever carries it. Pure.

A letter is a text and the same as a page from right to left (`templates.page`). Its Message-ID is made of the
attempt's reference alone, so that a letter that arrives twice is recognised, and a bounce leads back to its row.
Promotion carries `List-Unsubscribe` and `List-Unsubscribe-Post` (RFC 8058): mailbox providers show one button for them,
and ask the address by POST, without a cookie. Every letter says that a machine wrote it (RFC 3834).
"""

from collections.abc import Mapping
from email.utils import formataddr, parseaddr

from zargar.notifications.templates.orthography import one_line
from zargar.notifications.templates.page import fragment, page, with_farewell
from zargar.notifications.values import Outgoing, Refusal, Refused
from zargar.settings.environment import is_mail_address


def headers(message: Outgoing, *, sender: str) -> Mapping[str, str]:
    """Return the headers beside From, To, Subject and Date."""
    found = {"Message-ID": message_id(message.reference, sender=sender), "Auto-Submitted": "auto-generated"}
    if message.unsubscribe:
        found["List-Unsubscribe"] = f"<{message.unsubscribe}>"
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


def message_id(reference: int, *, sender: str) -> str:
    """Return the Message-ID of an attempt: the same each time, and no other's."""
    return f"<zargar.{reference}@{address_of(sender).rpartition('@')[2]}>"


def from_line(message: Outgoing, *, sender: str) -> str:
    """Return who writes: the account's address under the message's own name of a sender (the shop's), if it has one."""
    name = one_line(message.sender).replace('"', "")
    return formataddr((name, address_of(sender))) if name else sender


def address_of(sender: str) -> str:
    """Return the bare address of `NAME <ADDRESS>`."""
    return parseaddr(sender)[1]


def text_of(message: Outgoing) -> str:
    """Return the text part, with the address by which one leaves."""
    return with_farewell(message.text, message.unsubscribe)


def html_of(message: Outgoing) -> str:
    """Return the page, with the link by which one leaves."""
    return page(title=message.subject, body=message.html or fragment(message.text), unsubscribe=message.unsubscribe)


def fault(message: Outgoing) -> Refused | None:
    """Refuse what can be no letter, before anybody is asked: an address that is none, a header that would be two."""
    if not message.to.isascii() or not message.to.isprintable() or not is_mail_address(message.to):
        return Refused(message.reference, Refusal.RECIPIENT, "address", "this is no address that mail can be sent to")
    lines = (message.subject, message.sender, message.unsubscribe)
    if any(not character.isprintable() and character not in "\u200c\u200d" for line in lines for character in line):
        return Refused(message.reference, Refusal.OURS, "header", "a control character in the subject or sender")
    if not message.subject.strip() or not message.text.strip():
        return Refused(message.reference, Refusal.CONTENT, "empty", "a letter needs a subject and a text")
    return None
