from datetime import UTC, datetime, timedelta

import pytest

from bot.mail.codes import (
    VALID_FOR,
    Limit,
    has_expired,
    hash_secret,
    is_correct,
    limit_reached,
    new_request,
    read_code,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123456", "123456"),
        ("123 456", "123456"),
        (" 012-345 ", "012345"),
        ("123\u00a0456", "123456"),
        ("12345", None),
        ("1234567", None),
        ("12 3456", None),
        ("code 123456", None),
        ("\u0661\u0662\u0663\u0664\u0665\u0666", None),
    ],
)
def test_only_six_digits_are_a_code(typed, code):
    assert read_code(typed) == code


def test_no_two_requests_are_equal():
    requests = {new_request() for _ in range(50)}

    assert len({request.token for request in requests}) == 50
    assert all(read_code(request.code) == request.code for request in requests)


def test_a_code_is_correct_for_its_own_chat_only():
    stored = hash_secret("123456", 1)

    assert is_correct("123456", 1, stored)
    assert not is_correct("123457", 1, stored)
    assert not is_correct("123456", 2, stored)
    assert not is_correct("123456", 1, None)


def test_a_request_expires_after_a_day():
    assert not has_expired(NOW, NOW + timedelta(hours=24, seconds=-1))
    assert has_expired(NOW, NOW + timedelta(hours=24))


def times(number: int) -> list[datetime]:
    """Return the times of *number* requests, one a minute, the last one now."""
    return [NOW - timedelta(minutes=minutes) for minutes in reversed(range(number))]


@pytest.mark.parametrize(
    ("counts", "limit"),
    [
        pytest.param((0, 0, 0, 0), None, id="the first of the day"),
        pytest.param((4, 4, 2, 899), None, id="the last that may be"),
        pytest.param((0, 0, 0, 999), None, id="the last of the day, by a new account"),
        pytest.param((0, 0, 3, 3), Limit.MAILBOX, id="a mailbox that others asked for"),
        pytest.param((5, 0, 0, 5), Limit.ACCOUNT, id="a user in several groups"),
        pytest.param((0, 5, 0, 5), Limit.ACCOUNT, id="a group whose users ask in turn"),
        pytest.param((1, 0, 0, 900), Limit.DAY, id="the last hundred are for other accounts"),
        pytest.param((0, 0, 0, 1000), Limit.DAY, id="a flood from everywhere"),
    ],
)
def test_requests_are_limited_by_mailbox_account_and_day(counts, limit):
    reached = limit_reached(*map(times, counts))

    assert (reached.limit if reached else None) is limit


@pytest.mark.parametrize(
    ("counts", "until"),
    [
        pytest.param((0, 0, 3, 3), NOW - timedelta(minutes=2) + VALID_FOR, id="the third last"),
        pytest.param((0, 0, 9, 9), NOW - timedelta(minutes=2) + VALID_FOR, id="not the ninth"),
        pytest.param(
            (7, 5, 3, 9), NOW - timedelta(minutes=2) + VALID_FOR, id="the limit that ends last"
        ),
    ],
)
def test_a_limit_ends_when_it_allows_one_more_request(counts, until):
    reached = limit_reached(*map(times, counts))

    assert reached
    assert reached.until == until
