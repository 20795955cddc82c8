from datetime import UTC, datetime, timedelta

import pytest

from bot.mail.codes import (
    Limit,
    hash_of,
    is_answered,
    is_over,
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
def test_six_digits_are_a_code_and_nothing_else_is(typed, code):
    assert read_code(typed) == code


def test_each_request_is_another():
    requests = {new_request() for _ in range(50)}

    assert len({request.token for request in requests}) == 50
    assert all(read_code(request.code) == request.code for request in requests)


def test_an_answer_fits_its_own_chat_only():
    stored = hash_of("123456", 1)

    assert is_answered("123456", 1, stored)
    assert not is_answered("123457", 1, stored)
    assert not is_answered("123456", 2, stored)
    assert not is_answered("123456", 1, None)


def test_a_request_holds_for_a_day():
    assert not is_over(NOW, NOW + timedelta(hours=24, seconds=-1))
    assert is_over(NOW, NOW + timedelta(hours=24))


@pytest.mark.parametrize(
    ("counts", "limit"),
    [
        pytest.param((0, 0, 0), None, id="the first of the day"),
        pytest.param((4, 2, 999), None, id="the last that may be"),
        pytest.param((0, 3, 0), Limit.ADDRESS, id="an address that others asked for"),
        pytest.param((5, 0, 0), Limit.CHAT, id="a chat that tries one after the other"),
        pytest.param((0, 0, 1000), Limit.DAY, id="a flood from everywhere"),
    ],
)
def test_requests_are_limited_by_address_chat_and_day(counts, limit):
    assert limit_reached(*counts) is limit
