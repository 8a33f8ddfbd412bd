"""The Persian texts that every shop begins with."""

import re
from itertools import product

import pytest

from zargar.notifications.channels.sms.parts import STOP, parts
from zargar.notifications.kinds import Kind, Tone, sample_values, spec
from zargar.notifications.templates import engine, lint, orthography
from zargar.notifications.templates.defaults import NoSuchTemplateError, current_default, default_of
from zargar.notifications.values import Channel, Purpose

EVERY = [pytest.param(*one, id="-".join(one)) for one in product(Kind, Channel, Tone)]


@pytest.mark.parametrize(("kind", "channel", "tone"), EVERY)
def test_every_kind_has_a_text_by_every_channel_in_every_tone(kind: Kind, channel: Channel, tone: Tone) -> None:
    source = current_default(kind, channel, tone)
    assert lint.complaints(source) == ()
    assert default_of(source.id) == source
    for small in (True, False):
        made = engine.render(source, sample_values(kind, without_optional=small))
        words = made.subject + made.text.removesuffix(STOP)
        assert not re.search(r"[0-9A-Za-zيك{}]|undefined|  |\n\n\n| [،.؟!]", words)
        assert orthography.prose(made.text).replace("لغو۱۱", STOP) == made.text
        if channel is Channel.SMS:
            # with a full name and every figure; what stands for several messages may be longer
            assert parts(made.text).parts <= (3 if kind is Kind.DIGEST else 2)
            assert made.text.endswith(STOP) == (spec(kind).purpose is Purpose.PROMOTION)
        if spec(kind).to_customers:
            assert "گالری زرین" in words


def test_the_two_tones_differ_in_every_text() -> None:
    for kind, channel in product(Kind, Channel):
        formal, warm = (current_default(kind, channel, tone) for tone in (Tone.FORMAL, Tone.WARM))
        assert (formal.subject, formal.text) != (warm.subject, warm.text) or not spec(kind).to_customers


def test_formal_says_gerami_and_warm_says_aziz_to_a_customer() -> None:
    for kind in Kind:
        if not spec(kind).to_customers:
            continue
        for tone, word in ((Tone.FORMAL, "گرامی"), (Tone.WARM, "عزیز")):
            text = engine.render(current_default(kind, Channel.SMS, tone), sample_values(kind)).text
            assert f"مریم احمدی {word}" in text


@pytest.mark.parametrize(
    "wrong",
    [
        "default:welcome:sms:warm@99",
        "default:nothing:sms:warm@1",
        "default:welcome:fax:warm@1",
        "shop:1",
        "",
        "x" * 999,
    ],
)
def test_an_id_that_names_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(NoSuchTemplateError, match="there is no template"):
        default_of(wrong)
