"""What each company that carries text messages has of its own: codes, forms of numbers, patterns, one call or many."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from tests.support.providers import COMPANIES, Sandboxed, company
from zargar.notifications.channels.sms import ippanel, kavenegar, melipayamak, smsir
from zargar.notifications.values import (
    Accepted,
    Delivery,
    Outgoing,
    Pattern,
    Refusal,
    Refused,
    Unknown,
    Verdict,
)

TABLES: dict[str, Mapping[int, object] | Mapping[str, object]] = {
    "kavenegar": kavenegar.CODES, "smsir": smsir.CODES, "melipayamak": melipayamak.CODES, "ippanel": ippanel.CODES,
}  # fmt: skip
CODES = [(name, code) for name, table in TABLES.items() for code in table]
CLASSES = {
    "kavenegar": {
        Refusal.BUSY: {409, 451},
        Refusal.ACCOUNT: {401, 403, 407, 416, 418, 426, 427, 429, 501},
        Refusal.SENDER: {412, 424, 432, 607},
        Refusal.RECIPIENT: {411},
        Refusal.CONTENT: {413, 420, 422, 428, 431},
        Refusal.OURS: {400, 402, 404, 405, 406, 414, 415, 417, 419},
    },
    "smsir": {
        Refusal.BUSY: {20},
        Refusal.ACCOUNT: {10, 11, 12, 13, 14, 102, 119, 123},
        Refusal.SENDER: {101, 113, 116, 117},
        Refusal.RECIPIENT: {104, 107, 115},
        Refusal.CONTENT: {103, 108, 114},
        Refusal.OURS: {105, 106, 109, 110, 118},
    },
    "melipayamak": {
        Refusal.BUSY: {3, 4, 6},
        Refusal.ACCOUNT: {0, 2, 9, 10, 12},
        Refusal.SENDER: {5, -1, -3, -4, -5, -7},
        Refusal.RECIPIENT: {-2},
        Refusal.CONTENT: {7, 14, 15},
        Refusal.OURS: {11, 35},
    },
    "ippanel": {
        Refusal.ACCOUNT: {"400-1"},
        Refusal.SENDER: {"404-1"},
        Refusal.OURS: {"400-2", "400-31", "422-1"},
    },
}
"""The published table by class, written down a second time: a code that slips into another class is seen."""
PATTERNS = {
    "kavenegar": Pattern("payment-reminder", {"token": "۱۲۰۰۰۰۰", "token2": "۱۴۰۵/۰۹/۰۲", "token10": "سارا رضایی"}),
    "smsir": Pattern("200100", {"NAME": "سارا رضایی", "AMOUNT": "۱۲۰۰۰۰۰", "DATE": "۱۴۰۵/۰۹/۰۲"}),
    "melipayamak": Pattern("478949", {"name": "سارا رضایی", "amount": "۱۲۰۰۰۰۰", "date": "۱۴۰۵/۰۹/۰۲"}),
    "ippanel": Pattern("zargar-due", {"name": "سارا رضایی", "amount": "۱۲۰۰۰۰۰", "date": "۱۴۰۵/۰۹/۰۲"}),
}
UNAPPROVED = {"kavenegar": "no-such", "smsir": "999", "melipayamak": "999", "ippanel": "no-such"}


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, Sandboxed]]:
    """One sandbox, with every company in it."""
    with company("kavenegar") as first:
        yield {
            name: Sandboxed(first._server, name, make, manners)  # noqa: SLF001 -- all of them are in the one that runs
            for name, (make, manners) in COMPANIES.items()
        }


@pytest.fixture
def companies(running: dict[str, Sandboxed]) -> dict[str, Sandboxed]:
    """Every company, with everything forgotten."""
    for party in running.values():
        party.begin_anew()
    return running


def patterned(reference: int, pattern: Pattern, *, to: str = "+989120000001") -> Outgoing:
    return Outgoing(reference=reference, to=to, text="", pattern=pattern)


def only(verdicts: list[Verdict]) -> Verdict:
    (verdict,) = verdicts
    return verdict


# -- codes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "code"), CODES)
@pytest.mark.parametrize("http", ["as it comes", "200"])
def test_every_code_of_the_table_is_a_refusal_of_its_class(
    name: str, code: int | str, http: str, companies: dict[str, Sandboxed]
) -> None:
    party = companies[name]
    party.refuse_by(code, in_200=http == "200")
    verdict = party.provider().send(party.messages(1))[0]
    classes: Mapping[Refusal, set[object]] = CLASSES[name]  # type: ignore[assignment]  # sets of one kind each
    expected = next(why for why, codes in classes.items() if code in codes)
    assert isinstance(verdict, Refused), verdict
    assert (verdict.why, verdict.code) == (expected, str(code))
    assert party.taken() == {}


def test_the_tables_hold_no_code_that_was_not_written_down() -> None:
    for name, table in TABLES.items():
        classes: Mapping[Refusal, set[object]] = CLASSES[name]  # type: ignore[assignment]  # sets of one kind each
        assert set(table) == set().union(*classes.values())


@pytest.mark.parametrize(
    ("name", "code"), [("kavenegar", 502), ("smsir", 0), ("melipayamak", -6), ("melipayamak", 8), ("smsir", 99)]
)
def test_a_failure_of_the_system_there_proves_nothing(name: str, code: int, companies: dict[str, Sandboxed]) -> None:
    companies[name].refuse_by(code)
    assert isinstance(only([*companies[name].provider().send(companies[name].messages(1))]), Unknown)


def test_an_account_that_is_refused_is_not_asked_on(companies: dict[str, Sandboxed]) -> None:
    party = companies["melipayamak"]
    before = party.calls()
    party.refuse_by(2)
    verdicts = party.provider().send(party.messages(4))
    assert [(one.why, one.code) for one in verdicts if isinstance(one, Refused)] == [(Refusal.ACCOUNT, "2")] * 4
    assert party.calls() == before + 1


class OutOfPatience(melipayamak.Melipayamak):
    patience = timedelta(seconds=0.2)


def test_no_further_call_is_made_after_the_patience_is_over(companies: dict[str, Sandboxed]) -> None:
    party = companies["melipayamak"]
    party.dawdle(0.5)
    hurried = OutOfPatience(name="a", base=party.base, key="key", sender="3000505", user="shop")
    first, *rest = hurried.send(party.messages(4))
    assert isinstance(first, Accepted)
    assert [(one.why, one.code) for one in rest if isinstance(one, Refused)] == [(Refusal.BUSY, "not tried")] * 3
    assert party.taken() == {party.messages(1)[0].to: 1}


# -- one call or many -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "different", "same"),
    [("kavenegar", 1, 1), ("smsir", 1, 1), ("ippanel", 1, 1), ("melipayamak", 10, 10)],
)
def test_a_bulk_is_as_few_calls_as_the_company_can_do(
    name: str, different: int, same: int, companies: dict[str, Sandboxed]
) -> None:
    party = companies[name]
    before = party.calls()
    party.provider().send(party.messages(10))
    between = party.calls()
    equal = [Outgoing(reference=one.reference, to=one.to, text="سلام") for one in party.messages(10, first=100)]
    party.provider().send(equal)
    assert (between - before, party.calls() - between) == (different, same)
    assert sum(party.taken().values()) == 20


@pytest.mark.parametrize(
    ("name", "of_many", "of_one"),
    [("smsir", "likeToLike", "bulk"), ("ippanel", '"peer_to_peer"', '"webservice"')],
)
def test_texts_of_their_own_and_one_text_take_different_calls(
    name: str, of_many: str, of_one: str, companies: dict[str, Sandboxed]
) -> None:
    party = companies[name]
    equal = [Outgoing(reference=one.reference, to=one.to, text="سلام") for one in party.messages(2, first=200)]
    party.provider().send(party.messages(2))
    party.provider().send(equal)
    (many, one) = party.asked()[-2:]
    assert of_many in many
    assert of_one in one


def test_lines_of_their_own_are_calls_of_their_own_and_order_is_kept(companies: dict[str, Sandboxed]) -> None:
    party = companies["smsir"]
    messages = [
        Outgoing(reference=n, to=f"+98912000{n:04d}", text=f"سلام {n}", sender=("30001", "30002")[n % 2])
        for n in range(6)
    ]
    before = party.calls()
    verdicts = party.provider().send(messages)
    assert [(one.reference, type(one)) for one in verdicts] == [(n, Accepted) for n in range(6)]
    assert party.calls() == before + 2


def test_one_wrong_number_among_two_hundred_is_found_by_halves(companies: dict[str, Sandboxed]) -> None:
    party = companies["kavenegar"]
    messages = party.messages(199)
    before = party.calls()
    verdicts = party.provider().send([*messages[:120], party.wrong(5), *messages[120:]])
    assert [one for one in verdicts if not isinstance(one, Accepted)] == [
        Refused(5, Refusal.RECIPIENT, "411", "the number is not valid")
    ]
    assert party.calls() - before <= 2 * 8 + 1
    assert party.taken() == {one.to: 1 for one in messages}


def test_a_bulk_of_nothing_but_wrong_numbers_ends(companies: dict[str, Sandboxed]) -> None:
    party = companies["kavenegar"]
    messages = [Outgoing(reference=n, to=f"+98212000{n:04d}", text="سلام") for n in range(200)]
    before = party.calls()
    verdicts = party.provider().send(messages)
    assert {(one.why, one.code) for one in verdicts if isinstance(one, Refused)} == {
        (Refusal.RECIPIENT, "411"), (Refusal.BUSY, "not tried"),
    }  # fmt: skip
    assert len(verdicts) == 200
    assert party.calls() - before == 48


def test_two_texts_for_one_number_in_one_call_keep_their_own_ids(companies: dict[str, Sandboxed]) -> None:
    for name in ("kavenegar", "smsir", "ippanel"):
        messages = [
            Outgoing(reference=n, to="+989120000001", text=text) for n, text in enumerate(("یک", "دو", "یک"), 1)
        ]
        verdicts = companies[name].provider().send(messages)
        ids = [one.provider_id for one in verdicts if isinstance(one, Accepted)]
        assert len(set(ids)) == 3, (name, verdicts)
        companies[name].settle()
        assert {one.provider_id for one in companies[name].provider().receipts(ids)} == set(ids)


# -- patterns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_filled_there_and_each_recipient_is_a_call(name: str, companies: dict[str, Sandboxed]) -> None:
    party = companies[name]
    before = party.calls()
    messages = [patterned(n, PATTERNS[name], to=f"+98912000000{n}") for n in range(1, 4)]
    assert all(isinstance(one, Accepted) for one in party.provider().send(messages))
    assert party.calls() == before + 3
    assert party.taken() == {one.to: 1 for one in messages}


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_that_is_not_approved_is_the_senders_matter(name: str, companies: dict[str, Sandboxed]) -> None:
    pattern = Pattern(UNAPPROVED[name], PATTERNS[name].values)
    verdict = only([*companies[name].provider().send([patterned(1, pattern)])])
    assert isinstance(verdict, Refused)
    assert verdict.why is Refusal.SENDER


@pytest.mark.parametrize(
    ("name", "code", "values", "why"),
    [
        ("kavenegar", "token", {"token": "سارا رضایی"}, Refusal.CONTENT),
        ("kavenegar", "token", {"token": "a_b"}, Refusal.CONTENT),
        ("kavenegar", "token", {"token": "یک", "token10": "یک دو سه چهار پنج شش هفت"}, Refusal.CONTENT),
        ("kavenegar", "token", {"token": "یک", "token20": "ی ی ی ی ی ی ی ی ی ی"}, Refusal.CONTENT),
        ("kavenegar", "token", {"token": "یک", "token2": "سطر\nدوم"}, Refusal.CONTENT),
        ("kavenegar", "token", {"token": ""}, Refusal.CONTENT),
        ("kavenegar", "token", {"token10": "سارا"}, Refusal.SENDER),
        ("kavenegar", "token", {"token": "یک", "name": "سارا"}, Refusal.SENDER),
        ("smsir", "200100", {"NAME": "ن" * 26}, Refusal.CONTENT),
        ("smsir", "verify", {"CODE": "1"}, Refusal.SENDER),
        ("melipayamak", "478949", {"name": "سارا; رضا"}, Refusal.CONTENT),
        ("melipayamak", "due", {"name": "سارا"}, Refusal.SENDER),
        ("ippanel", "zargar-due", {"name": "ن" * 41}, Refusal.CONTENT),
    ],
)
def test_what_a_pattern_cannot_hold_is_refused_before_any_call(
    name: str, code: str, values: dict[str, str], why: Refusal, companies: dict[str, Sandboxed]
) -> None:
    party = companies[name]
    before = party.calls()
    verdict = only([*party.provider().send([patterned(1, Pattern(code, values))])])
    assert isinstance(verdict, Refused)
    assert (verdict.why, verdict.code) == (why, "ours")
    assert not any(value and value in verdict.words for value in values.values())
    assert party.calls() == before


def test_a_reference_of_a_pattern_is_not_known_to_who_can_be_asked(companies: dict[str, Sandboxed]) -> None:
    provider = companies["kavenegar"].provider()
    assert isinstance(only([*provider.send([patterned(31, PATTERNS["kavenegar"])])]), Accepted)
    assert provider.look_up([31]) == {31: None}


# -- numbers, texts, costs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "written"),
    [("kavenegar", '["09120000001"]'), ("smsir", '["09120000001"]'), ("melipayamak", "09120000001"),
     ("ippanel", '["+989120000001"]')],
)  # fmt: skip
def test_a_number_is_written_as_the_company_reads_it(name: str, written: str, companies: dict[str, Sandboxed]) -> None:
    party = companies[name]
    party.provider().send(party.messages(1))
    body = party.bodies()[-1]
    fields = {field: values[0] for field, values in parse_qs(body).items()}
    assert written in (body if name in {"smsir", "ippanel"} else fields.values())


def test_a_text_of_more_than_900_characters_is_refused_before_the_call(companies: dict[str, Sandboxed]) -> None:
    provider = companies["kavenegar"].provider()
    fits, long = (Outgoing(reference=n, to="+989120000001", text="س" * length) for n, length in ((1, 900), (2, 901)))
    first, second = provider.send([fits, long])
    assert isinstance(first, Accepted)
    assert isinstance(second, Refused)
    assert second.why is Refusal.CONTENT


@pytest.mark.parametrize("name", COMPANIES)
def test_an_empty_text_is_refused_before_the_call(name: str, companies: dict[str, Sandboxed]) -> None:
    before = companies[name].calls()
    verdict = only([*companies[name].provider().send([Outgoing(reference=1, to="+989120000001", text="")])])
    assert isinstance(verdict, Refused)
    assert verdict.why is Refusal.CONTENT
    assert companies[name].calls() == before


def test_costs_are_rial_where_they_are_told(companies: dict[str, Sandboxed]) -> None:
    costs = {}
    for name, party in companies.items():
        party.set(price=1500)
        verdict = only([*party.provider().send(party.messages(1))])
        assert isinstance(verdict, Accepted)
        costs[name] = verdict.cost
    assert costs == {"kavenegar": 1500, "smsir": 1500, "melipayamak": None, "ippanel": None}


@pytest.mark.parametrize("name", COMPANIES)
def test_credit_is_rial(name: str, companies: dict[str, Sandboxed]) -> None:
    companies[name].set(credit=123_400)
    assert companies[name].provider().credit() == 123_400


def test_an_ippanel_id_holds_no_number_and_means_nothing_under_another_key(companies: dict[str, Sandboxed]) -> None:
    party = companies["ippanel"]
    party.set(blacklist=["+989120000001"])
    verdict = only([*party.provider().send(party.messages(1))])
    assert isinstance(verdict, Accepted)
    assert "9120000001" not in verdict.provider_id
    assert [one.state for one in party.provider().receipts([verdict.provider_id])] == [Delivery.BLACKLISTED]
    other = party.provider(key="another-key")
    assert [one.state for one in other.receipts([verdict.provider_id])] == [Delivery.AT_OPERATOR]


def test_the_numbers_of_one_ippanel_bulk_have_fates_of_their_own(companies: dict[str, Sandboxed]) -> None:
    party = companies["ippanel"]
    party.set(blacklist=["+989120000002"], pace=0)
    messages = [Outgoing(reference=one.reference, to=one.to, text="سلام") for one in party.messages(3)]
    ids = [one.provider_id for one in party.provider().send(messages) if isinstance(one, Accepted)]
    states = {one.provider_id: one.state for one in party.provider().receipts(ids)}
    assert len(ids) == 3
    assert [states[one] is Delivery.BLACKLISTED for one in ids] == [False, True, False]


# -- what people write ------------------------------------------------------------------------------------------------


def test_the_last_day_is_that_of_the_clock_that_was_handed_in(companies: dict[str, Sandboxed]) -> None:
    party = companies["kavenegar"]
    now = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    told = kavenegar.Kavenegar(name="account", base=party.base, key="a-key", sender="3000505", clock=lambda: now)
    told.inbound()
    asked = [parse_qs(body).get("startdate") for body in party.bodies()[-2:]]
    assert asked == [[str(int((now - timedelta(days=1)).timestamp()))]] * 2


@pytest.mark.parametrize("name", ["kavenegar", "smsir"])
def test_what_people_wrote_is_read_page_by_page(name: str, companies: dict[str, Sandboxed]) -> None:
    party = companies[name]
    for number in range(203):
        party.write_back(f"سلام {number}")
    read = party.provider().inbound()
    assert {one.text for one in read} == {f"سلام {number}" for number in range(203)}
    assert len({one.id for one in read}) == 203


@pytest.mark.parametrize("name", COMPANIES)
def test_what_a_line_wrote_is_no_customers(name: str, companies: dict[str, Sandboxed]) -> None:
    companies[name].write_back("سلام")
    companies[name].write_back("تبلیغ", sender="8585")
    assert [one.text for one in companies[name].provider().inbound()] == ["سلام"]
