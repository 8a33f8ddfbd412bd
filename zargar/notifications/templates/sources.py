"""A template as it is handed about, what comes out of it, and what may be wrong with it. Pure values."""

from dataclasses import dataclass

from zargar.notifications.values import Channel
from zargar.refusals import InvalidError, RefusedError


@dataclass(frozen=True, slots=True)
class Source:
    """One version of a template. `subject` is an e-mail's subject, or the title of a push or inbox message.

    `id` says which version this is: `default:payment_reminder:sms:warm@1`, or `shop:42`. The second is a row of one
    shop's schema, so two shops have different texts under the same id: nothing may be remembered by the id alone.
    """

    id: str
    kind: str
    channel: Channel
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template made of values. `html` is empty where the channel has none (all but e-mail)."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a template: in which part (`subject`, `text`), on which line (from 1; 0: the whole)."""

    part: str
    line: int
    what: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.part} line {self.line}: {self.what}" if self.line else f"{self.part}: {self.what}"


class BadTemplateError(InvalidError):
    """A template cannot be used. It names the template, and for each fault the part, the line and what is wrong."""

    def __init__(self, template: str, complaints: tuple[Complaint, ...]) -> None:
        super().__init__(f"template {template or '(draft)'}: {'; '.join(map(str, complaints))}")
        self.template = template
        self.complaints = complaints


class MissingValuesError(RefusedError):
    """A message lacks what its kind must tell: it names the template and the variables, and nothing is rendered."""

    def __init__(self, template: str, names: frozenset[str]) -> None:
        super().__init__(f"template {template} is not given {', '.join(sorted(names))}")
        self.template = template
        self.names = names
