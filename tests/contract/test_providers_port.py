"""Whoever carries messages keeps the guarantees of the port, whatever the company, its server or the network does."""

import logging
import traceback
from collections.abc import Iterator
from itertools import count

import pytest

from tests.support.other_providers import OTHERS
from tests.support.providers import NOBODY, PARTIES, STRANGER, TAKES, Mischief, Party
from zargar.notifications.ports import Provider, Unanswered
from zargar.notifications.values import Accepted, Delivery, Refusal, Refused, Unknown

ALL = {**PARTIES, **OTHERS}
SHORT = 0.6
"""Seconds of patience where nothing will come."""
ENDS = {Delivery.DELIVERED, Delivery.UNDELIVERED}


@pytest.fixture(scope="module", params=[*ALL])
def running(request: pytest.FixtureRequest) -> Iterator[Party]:
    """One world for all tests of a party."""
    with ALL[request.param]() as party:
        yield party


@pytest.fixture
def party(running: Party) -> Party:
    """A party with everything forgotten."""
    running.begin_anew()
    return running


def words(told: object) -> str:
    return f"{told!r} {told}"


def test_what_is_taken_is_accepted_in_order_and_each_once(party: Party) -> None:
    provider = party.provider()
    messages = party.messages(min(5, provider.limits.most))
    verdicts = provider.send(messages)
    assert [verdict.reference for verdict in verdicts] == [one.reference for one in messages]
    assert all(isinstance(verdict, Accepted) for verdict in verdicts), verdicts
    assert len({verdict.provider_id for verdict in verdicts if isinstance(verdict, Accepted)}) == len(messages)
    assert party.taken() == {one.to: 1 for one in messages}


def test_as_many_as_the_limit_go_in_one_call_of_ours(party: Party) -> None:
    provider = party.provider()
    messages = party.messages(provider.limits.most)
    assert sum(isinstance(verdict, Accepted) for verdict in provider.send(messages)) == len(messages)
    assert party.taken() == {one.to: 1 for one in messages}


def test_more_than_the_limit_is_the_callers_bug(party: Party) -> None:
    provider = party.provider()
    with pytest.raises(ValueError, match="at most"):
        provider.send(party.messages(provider.limits.most + 1))
    assert party.taken() == {}


def test_nothing_is_handed_over_where_there_is_nothing(party: Party) -> None:
    before = party.calls()
    assert [*party.provider().send([])] == []
    assert party.calls() == before


@pytest.mark.parametrize("mischief", sorted(set(Mischief) - {Mischief.BUSY}))
def test_an_answer_that_proves_nothing_leaves_it_open_and_nothing_is_repeated(mischief: Mischief, party: Party) -> None:
    if mischief not in party.mischiefs:
        return
    messages = party.messages(1)
    party.befall(mischief)
    (verdict,) = party.provider(patience=SHORT).send(messages)
    assert isinstance(verdict, Unknown), verdict
    assert party.taken() == ({messages[0].to: 1} if mischief in TAKES else {})


def test_after_a_lost_answer_the_rest_is_not_waited_for(party: Party) -> None:
    if Mischief.SILENT_AFTER not in party.mischiefs:
        return
    messages = party.messages(3)
    party.befall(Mischief.SILENT_AFTER)
    verdicts = party.provider(patience=SHORT).send(messages)
    told = party.taken()
    for message, verdict in zip(messages, verdicts, strict=True):
        assert isinstance(verdict, Unknown) or (isinstance(verdict, Refused) and told[message.to] == 0)
        assert isinstance(verdict, Unknown) or not verdict.tried
    assert isinstance(verdicts[0], Unknown)


def test_where_nobody_listens_nothing_was_sent(party: Party) -> None:
    messages = party.messages(3)
    verdicts = party.provider(base=NOBODY).send(messages)
    assert {(verdict.why, verdict.code) for verdict in verdicts if isinstance(verdict, Refused)} == {
        (Refusal.BUSY, "unreachable")
    }
    assert len(verdicts) == len(messages)


def test_who_is_not_known_there_is_told_so_and_nothing_is_taken(party: Party) -> None:
    verdicts = party.provider(key=STRANGER).send(party.messages(3))
    assert [verdict.why for verdict in verdicts if isinstance(verdict, Refused)] == [Refusal.ACCOUNT] * 3
    assert party.taken() == {}


def test_a_server_that_is_busy_took_nothing_and_says_when_to_come_back(party: Party) -> None:
    if Mischief.BUSY not in party.mischiefs:
        return
    party.befall(Mischief.BUSY)
    (verdict,) = party.provider().send(party.messages(1))
    assert isinstance(verdict, Refused)
    assert verdict.why is Refusal.BUSY
    assert verdict.retry_after is not None
    assert verdict.retry_after.total_seconds() == 30


def test_a_wrong_address_among_good_ones_harms_itself_alone(party: Party) -> None:
    good = party.messages(6)
    messages = [*good[:3], party.wrong(77), *good[3:]]
    provider = party.provider()
    verdicts = provider.send(messages)
    assert [verdict.reference for verdict in verdicts] == [one.reference for one in messages]
    assert isinstance(verdicts[3], Refused), verdicts[3]
    assert all(isinstance(verdict, Accepted) for verdict in (*verdicts[:3], *verdicts[4:]))
    assert party.taken() == {one.to: 1 for one in good}


def test_who_has_blocked_it_is_known_at_once_or_by_the_receipt(party: Party) -> None:
    good = party.messages(2)
    provider = party.provider()
    first, blocked, last = provider.send([good[0], party.blocked(78), good[1]])
    assert isinstance(first, Accepted)
    assert isinstance(last, Accepted)
    assert party.taken() == {one.to: 1 for one in good}
    if party.manners.tells_blocked_late:
        assert isinstance(blocked, Accepted)
        party.settle()
        assert [one.state for one in provider.receipts([blocked.provider_id])] == [Delivery.BLACKLISTED]
    else:
        assert isinstance(blocked, Refused)
        assert blocked.why is Refusal.RECIPIENT


def test_credit_that_is_gone_in_mid_bulk_takes_nothing_twice_and_hides_nothing(party: Party) -> None:
    if not party.manners.has_credit:
        return
    provider = party.provider()
    party.run_dry(after=3)
    rounds = [party.messages(2, first=first) for first in (1, 3, 5)]
    verdicts = [verdict for messages in rounds for verdict in provider.send(messages)]
    party.settle()
    by_reference = {one.reference: one.to for messages in rounds for one in messages}
    told = party.taken()
    assert all(times == 1 for times in told.values())
    assert 2 <= sum(told.values()) <= 3
    for verdict in verdicts:
        came = told[by_reference[verdict.reference]]
        if isinstance(verdict, Accepted) and party.manners.tells_dry_late:
            (receipt,) = provider.receipts([verdict.provider_id])
            assert (receipt.state in ENDS) == bool(came)
        elif isinstance(verdict, Accepted):
            assert came == 1
        else:
            assert isinstance(verdict, Refused)
            assert (verdict.why, came) == (Refusal.ACCOUNT, 0)


def test_receipts_follow_what_was_taken_to_its_end(party: Party) -> None:
    provider = party.provider()
    if not party.manners.tells_ends:
        assert [*provider.receipts(["1"])] == []
        return
    ids = [one.provider_id for one in provider.send(party.messages(5)) if isinstance(one, Accepted)]
    early = {one.provider_id: one.state for one in provider.receipts(ids)}
    assert set(early) == set(ids)
    assert set(early.values()) <= {Delivery.QUEUED, Delivery.AT_OPERATOR}
    party.settle()
    late = {one.provider_id: one.state for one in provider.receipts(ids)}
    assert set(late) == set(ids)
    assert set(late.values()) <= ENDS


def test_who_can_be_asked_tells_what_has_arrived_and_what_never_did(party: Party) -> None:
    provider = party.provider()
    came, never = party.messages(2)
    (verdict,) = provider.send([came])
    if not provider.limits.can_be_asked:
        with pytest.raises(Unanswered):
            provider.look_up([came.reference])
        return
    found = provider.look_up([came.reference, never.reference])
    assert isinstance(verdict, Accepted)
    told = found[came.reference]
    assert told is not None
    assert (told.reference, told.provider_id) == (came.reference, verdict.provider_id)
    assert found[never.reference] is None


def test_after_a_lost_answer_asking_tells_what_the_answer_would_have(party: Party) -> None:
    provider = party.provider(patience=SHORT)
    if not provider.limits.can_be_asked:
        return
    messages = party.messages(3)
    party.befall(Mischief.LOST_ANSWER)
    assert all(isinstance(verdict, Unknown) for verdict in provider.send(messages))
    found = provider.look_up([one.reference for one in messages])
    assert all(isinstance(found[one.reference], Accepted) for one in messages)
    assert party.taken() == {one.to: 1 for one in messages}


def test_who_knows_the_same_again_takes_it_once_and_tells_it_again(party: Party) -> None:
    provider = party.provider()
    if not party.manners.knows_again:
        return
    messages = party.messages(3)
    first, again = provider.send(messages), provider.send(messages)
    assert [one.provider_id for one in first if isinstance(one, Accepted)] == [
        one.provider_id for one in again if isinstance(one, Accepted)
    ]
    assert party.taken() == {one.to: 1 for one in messages}


def test_what_people_write_is_read_again_until_it_is_known(party: Party) -> None:
    provider = party.provider()
    assert [*provider.inbound()] == []
    if not party.manners.hears:
        return
    sender = party.write_back("لغو ۱۱")
    first, again = provider.inbound(), provider.inbound()
    assert [*first] == [*again]
    assert [(one.sender, one.line, one.text) for one in first] == [(sender, "3000505", "لغو ۱۱")]


def test_credit_falls_by_what_was_taken(party: Party) -> None:
    provider = party.provider()
    before = provider.credit()
    provider.send(party.messages(2))
    after = provider.credit()
    assert before is None or (after is not None and after < before)


@pytest.mark.parametrize("mischief", [Mischief.CUT_BEFORE, Mischief.GARBAGE_ANSWER, Mischief.STRANGERS_PAGE])
def test_a_question_that_is_not_answered_says_so(mischief: Mischief, party: Party) -> None:
    if mischief not in party.mischiefs or not party.manners.tells_ends:
        return
    provider = party.provider(patience=SHORT)
    if provider.credit() is not None:
        party.befall(mischief)
        with pytest.raises(Unanswered):
            provider.credit()
    (verdict,) = provider.send(party.messages(1))
    assert isinstance(verdict, Accepted)
    party.befall(mischief)
    with pytest.raises(Unanswered):
        provider.receipts([verdict.provider_id])


def test_keys_numbers_and_texts_occur_in_no_log_error_or_repr(party: Party, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    first = count(100, 10)
    for mischief in sorted(party.mischiefs):
        provider: Provider = party.provider(patience=SHORT)
        party.befall(mischief)
        told += [words(verdict) for verdict in provider.send(party.messages(2, first=next(first)))]
        party.befall(mischief)
        try:
            told.append(words(provider.receipts(["1"])))
        except Unanswered as silence:
            told.append(words(silence) + "".join(traceback.format_exception(silence)))
        told.append(words(provider))
    for provider in (party.provider(base=NOBODY), party.provider(key=STRANGER)):
        told += [words(verdict) for verdict in provider.send([*party.messages(1, first=500), party.wrong(79)])]
    told += [record.getMessage() + str(record.exc_info) for record in caplog.records]
    assert [one for one in told if any(secret in one for secret in (*party.secrets, STRANGER))] == []
    assert len(told) > 2 * len(party.mischiefs)
