"""The language of templates: what it can say, and everything that it cannot be made to do."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zargar.notifications.kinds import Kind, sample_values, spec
from zargar.notifications.templates import engine, lint
from zargar.notifications.templates.sources import BadTemplateError, MissingValuesError, Source
from zargar.notifications.values import Channel

NAMED = {"shop": "گالری زرین", "name": "مریم احمدی"}


def source(text: str, *, kind: Kind = Kind.WELCOME, channel: Channel = Channel.SMS, subject: str = "") -> Source:
    return Source("", kind, channel, subject, text)


def faults(text: str) -> str:
    with pytest.raises(BadTemplateError) as refused:
        engine.used(source(text))
    return str(refused.value)


def test_a_template_tells_what_it_is_given() -> None:
    made = engine.render(source("{{ name }} گرامی، به {{ shop }} خوش آمدید."), NAMED)
    assert made.text == "مریم احمدی گرامی، به گالری زرین خوش آمدید."
    assert (made.subject, made.html) == ("", "")


def test_an_optional_value_that_is_absent_or_blank_is_false() -> None:
    text = "{{ name }}{% if grams %}: {{ grams }} گرم{% else %}: بی‌گرم{% endif %} {{ shop }}"
    reminder = source(text, kind=Kind.PAYMENT_REMINDER)
    least = sample_values("payment_reminder", without_optional=True)
    assert engine.render(reminder, least).text.startswith("مریم احمدی: بی‌گرم")
    assert engine.render(reminder, {**least, "grams": "  "}).text.startswith("مریم احمدی: بی‌گرم")
    assert engine.render(reminder, {**least, "grams": "۱۲"}).text.startswith("مریم احمدی: ۱۲ گرم")


def test_conditions_compare_with_a_text_and_filters_are_two() -> None:
    text = '{% if name == "مریم احمدی" and shop contains "زرین" %}آری{% endif %} {{ name | truncate: 6, "…" }}'
    assert engine.render(source(text), NAMED).text == "آری مریم …"
    assert (
        engine.render(source('{% unless name == "علی" %}نه {{ shop | default: "ما" }}{% endunless %}'), NAMED).text
        == "نه گالری زرین"
    )


@pytest.mark.parametrize("blank", [None, "", "   ", "\u200c\n"])
def test_a_required_value_that_is_missing_or_blank_is_named_before_anything_is_rendered(blank: str | None) -> None:
    values = {"shop": "گالری زرین"} | ({} if blank is None else {"name": blank})
    welcome = Source("default:welcome:sms:warm@1", "welcome", Channel.SMS, "", "{{ shop }}")
    assert engine.missing(welcome, values) == {"name"}
    with pytest.raises(MissingValuesError, match=r"default:welcome:sms:warm@1 is not given name"):
        engine.render(welcome, values)


def test_an_error_names_the_template_the_line_and_what_is_wrong() -> None:
    with pytest.raises(BadTemplateError) as refused:
        engine.used(Source("shop:7", "welcome", Channel.EMAIL, "{{ nme }}", "سلام\n\n{{ shop }}\n{{ settings }}"))
    assert [(one.part, one.line) for one in refused.value.complaints] == [("subject", 1), ("text", 4)]
    assert "shop:7" in str(refused.value)
    assert "no variable «settings»: this kind tells name, shop" in str(refused.value)


@pytest.mark.parametrize(
    "attack",
    [
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{% tablerow i in (1..1000000000) %}x{% endtablerow %}",
        "{{ (1..1000000000) }}",
        "{% assign a = 'x' %}{{ a }}",
        "{% capture a %}x{% endcapture %}",
        "{% increment a %}",
        "{% cycle 'a', 'b' %}",
        "{% include 'settings' %}",
        "{% render '/etc/passwd' %}",
        "{% liquid\n echo name %}",
        "{% raw %}{{ x }}{% endraw %}",
        "{% comment %}x{% endcomment %}",
        "{% # remark %}",
        "{% doc %}x{% enddoc %}",
        "{% echo name %}",
        "{% case name %}{% when 'a' %}b{% endcase %}",
        "{{ settings.SECRET_KEY }}",
        "{{ name.__class__.__mro__ }}",
        "{{ name['__class__'] }}",
        "{{ name.size }}",
        "{{ [name] }}",
        "{{ ['name'] | default: shop.x }}",
        "{{ now }}",
        "{{ 'now' | date: '%s' }}",
        "{{ name | safe }}",
        "{{ name | replace: 'a', 'aaaaaaaaaaaaaaaaaaaa' }}",
        "{{ name | append: name }}",
        "{{ name | base64_decode }}",
        "{{ name | default: settings }}",
        "{% if name > 1 %}x{% endif %}",
        "{% if (1..999999999) contains 5 %}x{% endif %}",
        "{{ name",
        "{% if name %}x",
        "{% endif %}",
        "{{ name }} }}",
        "{{ name\n }}",
        "{{ " + "x" * 500 + " }}",
        "{{ }}",
        "{% %}",
        "{{ nil }}",
        "{{ 1e400 }}",
        "{% if name %}" * 8 + "x" + "{% endif %}" * 8,
        "x" * 9_000,
        "{{" * 4_000,
        "{%" * 4_000,
        "{% if" + " " * 4_000,
    ],
)
def test_a_template_cannot_repeat_remember_include_or_reach_out(attack: str) -> None:
    assert faults(attack)


@given(st.lists(st.sampled_from(
    ["{{", "}}", "{%", "%}", " ", "if", "endif", "name", "shop", "x", ".", "|", "default", ":", "'", '"', "=", "(", ")",
     "..", "9", "[", "]", "-", "\n", "for", "and", "contains", "raw", "سلام", ",", "truncate", "\u202e", "\x00"]
), max_size=60).map("".join))  # fmt: skip
def test_whatever_is_written_is_rendered_or_refused_in_words(text: str) -> None:
    try:
        made = engine.render(source(text), NAMED)
    except BadTemplateError as refused:
        assert refused.complaints  # noqa: PT017 -- either is right, and both are looked at
    else:
        assert len(made.text) <= len(text) + 10 * 60


VALUES = st.dictionaries(st.sampled_from(["name", "shop", "text", "x"]), st.text(max_size=60))


@given(VALUES, st.text(max_size=60))
def test_no_value_writes_a_tag_a_header_or_html(values: dict[str, str], text: str) -> None:
    letter = source(
        "{{ name }}\n\n{{ text }}", kind=Kind.PROMOTION, channel=Channel.EMAIL, subject="{{ text }} {{ shop }}"
    )
    filled = {"shop": "ما", **values, "text": text + "{{ shop }}<b>"}
    if engine.missing(letter, filled):
        return
    made = engine.render(letter, filled)
    assert "{{ shop }}" in made.text
    assert not any(character in made.subject for character in "\r\n\x00\u202e")
    assert re.sub(r"</?p\b[^<>]*>|<br>|<a dir=\"ltr\" href=\"https://[^\"<>]*\">|</a>", "", made.html).count("<") == 0


def test_the_html_of_a_letter_is_the_platforms_and_a_templates_own_is_shown_as_text() -> None:
    letter = source("<script>alert(1)</script>\n\n{{ name }}", channel=Channel.EMAIL, subject="سلام")
    made = engine.render(letter, {**NAMED, "name": '<img src=x onerror="x">'})
    assert "&lt;script&gt;" in made.html
    assert "&lt;img src=x onerror=&quot;x&quot;&gt;" in made.html


def test_two_shops_whose_versions_have_the_same_number_do_not_get_each_others_words() -> None:
    texts = [
        engine.render(Source("shop:1", "welcome", Channel.SMS, "", f"{{{{ shop }}}} {word}"), NAMED).text
        for word in ("یکم", "دوم")
    ]
    assert texts == ["گالری زرین یکم", "گالری زرین دوم"]


@pytest.mark.parametrize(
    ("text", "kind", "what"),
    [
        ("{{ name }} عزیز خوش آمدید", Kind.WELCOME, "does not name the shop"),
        ("{{ text }} {{ shop }}", Kind.PROMOTION, "ends with «لغو11»"),
        ("{{ shop }} لغو11", Kind.WELCOME, "belongs to promotion alone"),
        ("{{ shop }} سلام\nلغو۱۱", Kind.PROMOTION, "does not tell {{ text }}"),
        ("{{ shop }}" + " سلام" * 100, Kind.WELCOME, "at most"),
        ("{% if grams %}{{ grams }} {{ shop }}{% endif %}", Kind.PAYMENT_REMINDER, "is empty"),
        ("{{ name | truncate: name }} {{ shop }}", Kind.WELCOME, "expected an integer"),
    ],
)
def test_what_would_shame_later_is_found_at_saving(text: str, kind: Kind, what: str) -> None:
    assert what in "; ".join(map(str, lint.complaints(source(text, kind=kind))))


def test_a_push_is_short_and_has_a_title() -> None:
    long = source("{{ shop }}" + "س" * 240, channel=Channel.PUSH)
    assert [one.part for one in lint.complaints(long)] == ["text", "subject"]


def test_every_kind_has_samples_for_what_it_can_tell() -> None:
    for kind, small in product(Kind, (True, False)):
        values = sample_values(kind, without_optional=small)
        assert set(values) == (spec(kind).required if small else spec(kind).names)
        assert all(value.strip() for value in values.values())
