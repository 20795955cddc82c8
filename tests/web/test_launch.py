"""Launch data: what Telegram signed is believed for a day, and nothing else is."""

import hmac
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.subscribers.users import Sender
from bot.web.miniapp.authentication import (
    LaunchError,
    TooOldError,
    read_launch,
)

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANN = {"id": 7, "first_name": "Ann", "language_code": "ja"}


def signed(token: str = TOKEN, **fields: object) -> str:
    """Return launch data with these fields, others as Telegram has them."""
    usual = {"auth_date": int(NOW.timestamp()), "query_id": "AAH", "user": json.dumps(ANN)}
    told = {name: str(value) for name, value in (usual | fields).items() if value is not None}
    lines = "\n".join(f"{name}={told[name]}" for name in sorted(told))
    secret = hmac.digest(b"WebAppData", token.encode(), sha256)
    return urlencode(told | {"hash": hmac.digest(secret, lines.encode(), sha256).hex()})


def read(data: str, now: datetime = NOW) -> Sender:
    return read_launch(data, TOKEN, now)


def test_the_user_who_opened_the_app_is_read():
    assert read(signed()) == Sender(7, 7, name="Ann", language="ja")


def test_unknown_fields_are_signed_too():
    assert read(signed(chat_type="private", signature="Xy-_", start_param="")).user_id == 7


@pytest.mark.parametrize(
    ("age", "is_good"),
    [
        pytest.param(timedelta(0), True, id="just now"),
        pytest.param(timedelta(hours=24), True, id="a day"),
        pytest.param(timedelta(hours=24, seconds=1), False, id="more than a day"),
        pytest.param(timedelta(minutes=-5), True, id="our clock is slow"),
    ],
)
def test_launch_data_is_valid_for_a_day(age, is_good):
    if is_good:
        assert read(signed(), NOW + age).user_id == 7
    else:
        with pytest.raises(TooOldError):
            read(signed(), NOW + age)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("", id="nothing"),
        pytest.param("no query string", id="no query string"),
        pytest.param(signed("1:other"), id="another bot's"),
        pytest.param(signed().partition("&hash=")[0], id="without its hash"),
        pytest.param(signed() + "&user=%7B%22id%22%3A8%7D", id="a user more"),
        pytest.param(signed() + "&hash=00", id="a hash more"),
        pytest.param(signed() + "&more=1", id="a field more"),
        pytest.param(signed() + "&" + "a=1&" * 40, id="many fields"),
        pytest.param(signed(name="x" * 5000), id="very long"),
        pytest.param(signed() + "&é=1", id="not as an address has it"),
        pytest.param("user=%ff&hash=%ff", id="no text"),
        pytest.param(signed(auth_date=None), id="without a date"),
        pytest.param(signed(auth_date="soon"), id="no date"),
        pytest.param(signed(auth_date=10**30), id="a date beyond all"),
        pytest.param(signed(user=None), id="without a user"),
        pytest.param(signed(user="Ann"), id="a user that is no JSON"),
        pytest.param(signed(user="[7]"), id="a list"),
        pytest.param(signed(user="{}"), id="a user without an id"),
        pytest.param(signed(user='{"id": true}'), id="an id that is none"),
        pytest.param(signed(user='{"id": "7"}'), id="an id in quotes"),
        pytest.param(signed(user='{"id": -7}'), id="a group's id"),
        pytest.param(signed(user='{"id": 1e400}'), id="an infinite id"),
        pytest.param(signed(user=json.dumps({"id": 2**60})), id="an id too large"),
        pytest.param(signed(user="[" * 3000), id="JSON without a bottom"),
    ],
)
def test_malformed_launch_data_is_refused(data):
    with pytest.raises(LaunchError) as error:
        read(data)
    assert not isinstance(error.value, TooOldError)


@pytest.mark.parametrize("field", ["first_name", "language_code"])
def test_a_user_may_lack_optional_fields(field):
    user = {name: value for name, value in ANN.items() if name != field}

    assert read(signed(user=json.dumps(user))).user_id == 7
    assert read(signed(user=json.dumps(user | {field: [1]}))).user_id == 7


@given(st.data())
def test_one_changed_character_is_refused(draw):
    data = signed()
    at = draw.draw(st.integers(0, len(data) - 1))
    other = draw.draw(st.characters(min_codepoint=33, max_codepoint=126))
    changed = data[:at] + other + data[at + 1 :]

    if _same(changed, data):
        assert read(changed) == read(data)
    else:
        with pytest.raises(LaunchError):
            read(changed)


def _same(changed: str, data: str) -> bool:
    """Escapes are the same in capitals and in small letters."""
    from urllib.parse import parse_qsl

    try:
        return dict(parse_qsl(changed, strict_parsing=True)) == dict(parse_qsl(data))
    except ValueError:
        return False


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text):
    with pytest.raises(LaunchError):
        read(text)


@given(st.dictionaries(st.sampled_from(["user", "auth_date", "a"]), st.text(max_size=40)))
def test_any_signed_text_is_read_or_refused(fields):
    with suppress(LaunchError):
        assert read(signed(**fields)).user_id > 0
