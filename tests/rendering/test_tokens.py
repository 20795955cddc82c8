import hmac
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.links import BadTokenError, ExpiredError, ForgedError, Purpose, Signer

SIGNER = Signer(bytes(32))
NOW = datetime(2026, 11, 18, 5, tzinfo=UTC)
SUBJECTS = st.lists(
    st.one_of(st.integers(0, 2**63), st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)),
    max_size=4,
)
DAYS = st.dates(min_value=NOW.date(), max_value=date(2200, 1, 1))


@given(purpose=st.sampled_from(Purpose), subject=SUBJECTS, last=st.none() | DAYS)
def test_a_token_gives_back_what_it_was_made_of(purpose, subject, last):
    token = SIGNER.sign(purpose, *subject, last=last)

    assert SIGNER.verify(purpose, token, NOW) == tuple(map(str, subject))


@given(subject=SUBJECTS, last=st.none() | DAYS, data=st.data())
def test_a_changed_token_is_refused(subject, last, data):
    token = SIGNER.sign(Purpose.EDITION, *subject, last=last)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda found: found != token[place]))

    with pytest.raises(ForgedError):
        SIGNER.verify(Purpose.EDITION, token[:place] + other + token[place + 1 :], NOW)


@given(st.text(st.characters(codec=None), max_size=60))
def test_arbitrary_input_is_refused(token):
    with pytest.raises(BadTokenError):
        SIGNER.verify(Purpose.MANAGE, token, NOW)


@given(
    purposes=st.permutations(list(Purpose)).map(lambda shuffled: shuffled[:2]),
    subject=SUBJECTS,
    last=st.none() | DAYS,
)
def test_a_token_is_refused_for_another_purpose(purposes, subject, last):
    purpose, other = purposes
    token = SIGNER.sign(purpose, *subject, last=last)

    with pytest.raises(ForgedError):
        SIGNER.verify(other, token, NOW)


def test_the_parts_of_a_subject_cannot_be_moved_from_one_to_another():
    mac = SIGNER.sign(Purpose.FEED, 1, 23).rpartition(".")[2]

    with pytest.raises(ForgedError):
        SIGNER.verify(Purpose.FEED, f"12.3.0.{mac}", NOW)


def test_a_token_of_another_key_is_refused():
    with pytest.raises(ForgedError):
        Signer(bytes(31) + b"1").verify(Purpose.EDITION, SIGNER.sign(Purpose.EDITION, 7), NOW)


@pytest.mark.parametrize(
    ("moment", "is_good"),
    [
        pytest.param(datetime(2026, 11, 20, 23, 59, tzinfo=UTC), True, id="its last day"),
        pytest.param(datetime(2026, 11, 21, tzinfo=UTC), False, id="the day after"),
        pytest.param(NOW - timedelta(days=9000), True, id="a clock that is behind"),
    ],
)
def test_a_token_is_good_through_its_last_day(moment, is_good):
    token = SIGNER.sign(Purpose.EDITION, 7, last=date(2026, 11, 20))

    if is_good:
        assert SIGNER.verify(Purpose.EDITION, token, moment) == ("7",)
    else:
        with pytest.raises(ExpiredError):
            SIGNER.verify(Purpose.EDITION, token, moment)


def test_a_forged_token_never_counts_as_expired():
    token = SIGNER.sign(Purpose.EDITION, 7, last=date(2020, 1, 1))

    with pytest.raises(ForgedError):
        SIGNER.verify(Purpose.EDITION, token[:-1] + ("a" if token[-1] != "a" else "b"), NOW)


def test_macs_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch):
    compared = []

    def noted(given: bytes, own: bytes) -> bool:
        compared.append(given)
        return given == own

    monkeypatch.setattr(hmac, "compare_digest", noted)

    with pytest.raises(ForgedError):
        SIGNER.verify(Purpose.EDITION, "7.0.aaaa", NOW)

    assert compared == [b"aaaa"]


def test_a_key_is_not_in_its_repr():
    assert "\\x00" not in repr(SIGNER)


@given(SUBJECTS)
def test_a_token_needs_no_quoting_in_a_url(subject):
    mac = SIGNER.sign(Purpose.EDITION, *subject).rpartition(".")[2]

    assert mac.isalnum()
    assert mac == mac.lower()
    assert len(mac) == 26
