"""Which account takes a message, and how shares move."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from zargar.notifications.recipients import digest, first_reference
from zargar.notifications.routing import FULL, LEAST, Record, Standing, after_calls, choose
from zargar.notifications.values import Channel

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
shares = st.integers(min_value=0, max_value=100)
chances = st.floats(min_value=0, max_value=1, exclude_max=True)
standings = st.lists(
    st.builds(
        Standing, name=st.sampled_from("abcdef"), channel=st.sampled_from(Channel), share=shares,
        weight=st.integers(min_value=LEAST, max_value=FULL), stopped=st.sampled_from(["", "credit"]),
    ),
    max_size=6, unique_by=lambda one: one.name,
)  # fmt: skip


@given(standings, chances, st.sets(st.sampled_from("abcdef")))
def test_what_is_chosen_can_take_it_and_has_not_refused_it_while_another_has_not(
    found: list[Standing], chance: float, tried: set[str]
) -> None:
    usable = [one for one in found if one.channel is Channel.SMS and one.usable]
    chosen = choose(found, Channel.SMS, chance=chance, tried=tried)
    assert (chosen is None) == (not usable)
    if chosen is not None:
        assert chosen in usable
        assert chosen.name not in tried or all(one.name in tried for one in usable)


def test_shares_are_what_they_say_over_many_messages() -> None:
    two = [
        Standing(name="first", channel=Channel.SMS, share=75),
        Standing(name="second", channel=Channel.SMS, share=25),
    ]
    chosen = [choose(two, Channel.SMS, chance=n / 1000) for n in range(1000)]
    assert sum(one is not None and one.name == "first" for one in chosen) == 750


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200), st.integers(0, 3600)), max_size=40))
def test_a_weight_stays_between_its_ends_whatever_befalls(calls: list[tuple[int, int, int]]) -> None:
    record = Record(weight=FULL, calls=0, failures=0, window_at=NOW, moved_at=NOW)
    now = NOW
    for made, failed, seconds in calls:
        now += timedelta(seconds=seconds)
        record = after_calls(record, calls=made, failures=min(made, failed), now=now)
        assert LEAST <= record.weight <= FULL


def test_one_bad_call_of_many_is_borne_and_a_bad_minute_is_not() -> None:
    record = Record(weight=FULL, calls=0, failures=0, window_at=NOW, moved_at=NOW)
    assert after_calls(record, calls=1000, failures=10, now=NOW).weight == FULL
    assert after_calls(record, calls=100, failures=100, now=NOW).weight == FULL - 10


def test_references_of_one_moment_fit_in_63_bits_and_those_of_a_later_one_are_greater() -> None:
    early = first_reference(NOW, 0.999999)
    late = first_reference(NOW + timedelta(milliseconds=2), 0.0)
    assert early < late < 2**63
    assert first_reference(datetime(2080, 1, 1, tzinfo=UTC), 0.99) < 2**63


def test_a_recipient_s_digest_depends_on_the_key_and_shows_nothing_of_the_number() -> None:
    assert digest(b"one", "+989121234567") != digest(b"two", "+989121234567")
    assert len(digest(b"one", "+989121234567")) == 16
