"""The language of templates: Liquid without anything that repeats, remembers, includes or reaches out. Pure.

A template is words, `{{ name }}`, `{% if name %}…{% elsif … %}…{% else %}…{% endif %}` and `{% unless %}`. Conditions
are a name, `==`, `!=` or `contains` with a text, and `and`/`or`; an optional value that is absent is false. Filters:
`default: "…"` and `truncate: 20`. There is no loop, no assignment, no include, no path into a value (`name.x`) and no
raw block: what a template can say is bounded by its own length and its values, and it sees nothing but the values of
its kind. HTML is never written by a template: the page of an e-mail is made of its text by `page`, escaped.

How this is held: a template is first scanned in linear time (tags closed on their line, of known names, short), so that
the parser's regular expressions never meet a hostile text; it is then parsed, and every node of its tree must be of a
kind that is listed here, so that a feature that a new release of the library brings is refused until it is listed.

A parsed template is remembered by its whole `Source` (never by its id: see there).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from liquid import BoundTemplate, Environment, StrictUndefined
from liquid.ast import BlockNode, ConditionalBlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.content import Literal as ContentTag
from liquid.builtin.expressions import BooleanExpression, FilteredExpression, Path, StringLiteral
from liquid.builtin.expressions.logical import (
    ContainsExpression,
    EqExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import IntegerLiteral
from liquid.builtin.filters.misc import default
from liquid.builtin.filters.string import truncate
from liquid.builtin.illegal import Illegal
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.if_tag import IfNode, IfTag
from liquid.builtin.tags.unless_tag import UnlessNode, UnlessTag
from liquid.context import RenderContext
from liquid.exceptions import LiquidError
from liquid.expression import Expression

from zargar.notifications.channels.sms.parts import STOP
from zargar.notifications.kinds import spec
from zargar.notifications.templates import orthography
from zargar.notifications.templates.page import fragment
from zargar.notifications.templates.sources import (
    BadTemplateError,
    Complaint,
    MissingValuesError,
    Rendered,
    Source,
)
from zargar.notifications.values import Channel

LONGEST_TEXT: Final = 8_000
"""Characters of a template's text."""
LONGEST_SUBJECT: Final = 300
LONGEST_VALUE: Final = 3_000
"""Characters of one value; what is longer is cut, since it can be no name, amount or text of a message."""
LONGEST_TAG: Final = 160
"""Characters between `{{` and `}}`: what takes more is a program, not a text."""
REMEMBERED: Final = 4_096
"""Parsed templates kept: the defaults, and the versions of hundreds of shops."""

_TAGS: Final = frozenset({"if", "elsif", "else", "endif", "unless", "endunless"})
_NODES: Final = (ContentNode, OutputNode, IfNode, UnlessNode, BlockNode, ConditionalBlockNode)
_EXPRESSIONS: Final = (
    FilteredExpression, BooleanExpression, LogicalAndExpression, LogicalOrExpression, EqExpression, NeExpression,
    ContainsExpression, Path, StringLiteral, IntegerLiteral,
)  # fmt: skip
_OPENS: Final = re.compile(r"\{[{%]")
_STRAY: Final = re.compile(r"[{%}]\}")
_STOPS: Final = re.compile(r"لغو[ \u200c]?۱۱$")
"""How a promotion says that it can be stopped; a company looks for it in its own digits (`sms.parts`)."""
_NAME: Final = re.compile(r"-?\s*(\w*)")


class _Language(Environment):
    """Liquid with the tags and filters of the module's docstring, and no loader to load anything with."""

    block_nesting_limit = 6
    loop_iteration_limit = 1
    local_namespace_limit = 1
    output_stream_limit = 64 * 1024
    suppress_blank_control_flow_blocks = False

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:  # noqa: ARG002 -- the library's signature
        """Register what there is, in place of all that the library has."""
        for tag in (ContentTag, Output, Illegal, IfTag, UnlessTag):
            self.add_tag(tag)
        self.add_filter("default", default)
        self.add_filter("truncate", truncate)


_LANGUAGE: Final = _Language(undefined=StrictUndefined)


@dataclass(frozen=True, slots=True)
class _Parsed:
    subject: BoundTemplate
    text: BoundTemplate
    used: frozenset[str]


def render(source: Source, values: Mapping[str, str]) -> Rendered:
    """Fill a template. Values that its kind does not know are not seen by it.

    Raises `MissingValuesError` before anything is rendered, `BadTemplateError` for a template that no check has passed,
    `ValueError` for a kind that is none.
    """
    parsed = _parsed(source)
    absent = missing(source, values)
    if absent:
        raise MissingValuesError(source.id, absent)
    known = {name: _value(values.get(name)) for name in spec(source.kind).names}
    letter = source.channel is Channel.EMAIL
    text = orthography.tidy(_fill(source, "text", parsed.text, known), paragraphs=letter)
    if source.channel is Channel.SMS:
        text = _STOPS.sub(STOP, text)
    subject = orthography.one_line(_fill(source, "subject", parsed.subject, known))
    return Rendered(subject, text, fragment(text) if letter else "")


def missing(source: Source, values: Mapping[str, str]) -> frozenset[str]:
    """Return the required variables of the template's kind that have no value, or a blank one. Raises `ValueError`."""
    return frozenset(name for name in spec(source.kind).required if _value(values.get(name)) is None)


def used(source: Source) -> frozenset[str]:
    """Return the variables that a template may tell. Raises `BadTemplateError`."""
    return _parsed(source).used


@lru_cache(maxsize=REMEMBERED)
def _parsed(source: Source) -> _Parsed:
    known = spec(source.kind).names
    subject, subject_names, subject_faults = _part("subject", source.subject, known, LONGEST_SUBJECT)
    text, text_names, text_faults = _part("text", source.text, known, LONGEST_TEXT)
    if subject is None or text is None:
        raise BadTemplateError(source.id, (*subject_faults, *text_faults))
    return _Parsed(subject, text, subject_names | text_names)


def _part(
    part: str, text: str, known: frozenset[str], longest: int
) -> tuple[BoundTemplate | None, frozenset[str], tuple[Complaint, ...]]:
    """Parse one part; None with what is wrong where it cannot be used."""
    if len(text) > longest:
        return None, frozenset(), (Complaint(part, 0, f"longer than {longest} characters"),)
    written, faults = _scan(part, text)
    if faults:
        return None, frozenset(), faults
    try:
        parsed = _LANGUAGE.from_string(written)
    except LiquidError as error:
        return None, frozenset(), (Complaint(part, _line_of(error), _reason_of(error)),)
    walk = _Walk(part, written, known, RenderContext(parsed))
    faults = tuple(walk.faults(parsed.nodes))
    return (None if faults else parsed), frozenset(walk.names), faults


def _scan(part: str, text: str) -> tuple[str, tuple[Complaint, ...]]:
    """Return the template with its words in good Persian and its tags in one line each, or what is wrong with them."""
    pieces: list[str] = []
    faults: list[Complaint] = []
    at = 0
    text = text.replace("\r\n", "\n")
    while (opened := _OPENS.search(text, at)) is not None:
        pieces.append(_words(part, text, at, opened.start(), faults))
        line = text.count("\n", 0, opened.start()) + 1
        end = text.find("}}" if opened[0] == "{{" else "%}", opened.end())
        inner = text[opened.end() : end] if end >= 0 else ""
        if end < 0 or len(inner) > LONGEST_TAG or "\n" in inner:
            what = f"«{opened[0]}» is not closed on its line, within {LONGEST_TAG} characters"
            faults.append(Complaint(part, line, what))
            return "", tuple(faults)
        named = _NAME.match(inner)
        if opened[0] == "{%" and (named is None or named[1] not in _TAGS):
            faults.append(Complaint(part, line, f"no tag «{named[1] if named else ''}»: {', '.join(sorted(_TAGS))}"))
        pieces.append(opened[0] + re.sub(r"\s+", " ", inner) + text[end : end + 2])
        at = end + 2
    pieces.append(_words(part, text, at, len(text), faults))
    return "".join(pieces), tuple(faults)


def _words(part: str, text: str, start: int, end: int, faults: list[Complaint]) -> str:
    stray = _STRAY.search(text, start, end)
    if stray is not None:
        faults.append(Complaint(part, text.count("\n", 0, stray.start()) + 1, f"«{stray[0]}» closes nothing"))
    return orthography.prose(text[start:end])


class _Walk:
    """A walk over a tree: what is not listed is a fault, and so is a name that the kind does not know."""

    def __init__(self, part: str, written: str, known: frozenset[str], context: RenderContext) -> None:
        self.names: set[str] = set()
        self._part = part
        self._written = written
        self._known = known
        self._context = context

    def faults(self, nodes: Iterable[Node]) -> Iterator[Complaint]:
        """Yield what is wrong below `nodes`, and note the names that are used there."""
        for node in nodes:
            line = self._written.count("\n", 0, max(node.token.start_index, 0)) + 1
            if type(node) not in _NODES:
                yield Complaint(self._part, line, f"{type(node).__name__} is no part of this language")
                continue
            for expression in node.expressions():
                for what in self._wrong(expression):
                    yield Complaint(self._part, line, what)
            yield from self.faults(node.children(self._context))

    def _wrong(self, expression: Expression) -> Iterator[str]:
        if type(expression) not in _EXPRESSIONS:
            yield f"{type(expression).__name__} is no part of this language"
            return
        if isinstance(expression, Path):
            match expression.path:
                case [str(name)] if name in self._known:
                    self.names.add(name)
                case _:
                    yield f"no variable «{expression}»: this kind tells {', '.join(sorted(self._known))}"
            return
        if isinstance(expression, FilteredExpression):
            unknown = [one.name for one in expression.filters or () if one.name not in _LANGUAGE.filters]
            if unknown:
                yield f"no filter «{unknown[0]}»: {', '.join(sorted(_LANGUAGE.filters))}"
        for child in expression.children():
            yield from self._wrong(child)


def _fill(source: Source, part: str, template: BoundTemplate, values: Mapping[str, str | None]) -> str:
    try:
        filled: str = template.render(values)
    except LiquidError as error:
        raise BadTemplateError(source.id, (Complaint(part, _line_of(error), _reason_of(error)),)) from None
    return filled


def _value(value: str | None) -> str | None:
    """Write a value in one form; a blank one is absent, so that `{% if %}` is about what can be read."""
    if value is None:
        return None
    return orthography.characters(value[:LONGEST_VALUE]).strip(" \n\u200c\u200d") or None


def _line_of(error: LiquidError) -> int:
    if error.token is None or error.token.start_index < 0:
        return 0
    return error.token.source.count("\n", 0, error.token.start_index) + 1


def _reason_of(error: LiquidError) -> str:
    return str(error.message or type(error).__name__)
