import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.channels.addresses import (
    article_address,
    channel_name,
    preview_page,
    problem_with_address,
    read_address,
    source_address,
)
from bot.sources.fetch.problems import ProblemCode

SOURCE = "https://t.me/s/sample_quay"


@pytest.mark.parametrize(
    "typed",
    [
        "https://t.me/sample_quay",
        "http://t.me/Sample_Quay/",
        "t.me/s/sample_quay",
        "https://t.me/s/sample_quay?before=12",
        "https://t.me/sample_quay/123",
        "https://t.me/sample_quay/123?single&comment=4#x",
        "https://telegram.me/sample_quay",
        "https://telegram.dog/sample_quay",
        "https://www.t.me/sample_quay",
        "sample_quay.t.me",
        "https://sample_quay.t.me/123",
        "tg://resolve?domain=sample_quay",
        "tg:resolve?domain=Sample_Quay&post=12",
        "@sample_quay",
        "  @Sample_Quay ",
    ],
)
def test_each_address_of_a_channel_leads_to_its_preview(typed):
    assert source_address(typed) == SOURCE
    assert problem_with_address(source_address(typed)) is None


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("https://t.me/+AbCdEf", ProblemCode.TELEGRAM_INVITE),
        ("https://t.me/%2BAbCdEf", ProblemCode.TELEGRAM_INVITE),
        ("https://t.me/joinchat/AbCdEf", ProblemCode.TELEGRAM_INVITE),
        ("tg://join?invite=AbCdEf", ProblemCode.TELEGRAM_INVITE),
        ("https://t.me/c/123456/7", ProblemCode.TELEGRAM_PRIVATE),
        ("tg://privatepost?channel=1&post=2", ProblemCode.TELEGRAM_PRIVATE),
        ("https://t.me/share/url?url=x", ProblemCode.TELEGRAM_FUNCTION),
        ("https://t.me/proxy?server=1", ProblemCode.TELEGRAM_FUNCTION),
        ("https://t.me/addstickers/Ships", ProblemCode.TELEGRAM_FUNCTION),
        ("https://t.me/iv?url=x", ProblemCode.TELEGRAM_FUNCTION),
        ("https://t.me/", ProblemCode.TELEGRAM_FUNCTION),
        ("https://t.me/s/", ProblemCode.TELEGRAM_FUNCTION),
        ("tg://settings?x=1", ProblemCode.TELEGRAM_FUNCTION),
        ("@weather_bot", ProblemCode.TELEGRAM_BOT),
        ("https://t.me/WeatherBot", ProblemCode.TELEGRAM_BOT),
    ],
)
def test_an_address_without_a_channel_is_refused_with_the_reason(typed, problem):
    assert problem_with_address(typed) is problem
    assert problem_with_address(source_address(typed)) is problem


@pytest.mark.parametrize(
    "typed",
    [
        "https://news.example/t.me/sample_quay",
        "https://t.me.example/sample_quay",
        "https://evil-t.me/sample_quay",
        "https://a@t.me/sample_quay",
        "sample@t.me",
        "@abc",
        "@two words",
        "@" + "a" * 33,
        "Taiwan",
        "",
    ],
)
def test_other_addresses_are_left_alone(typed):
    assert read_address(typed) is None


@pytest.mark.parametrize(
    ("typed", "article"),
    [
        ("https://t.me/Sample_Quay/12?single", "https://t.me/sample_quay/12"),
        ("https://t.me/s/sample_quay/12", "https://t.me/sample_quay/12"),
        ("https://t.me/sample_quay", "https://t.me/sample_quay"),
        ("news.example/1", "https://news.example/1"),
    ],
)
def test_a_post_has_one_address(typed, article):
    assert article_address(typed) == article


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (SOURCE, "sample_quay"),
        (f"{SOURCE}?before=3", "sample_quay"),
        ("http://127.0.0.1:8081/news/t.me/s/sample_quay", "sample_quay"),
        ("https://t.me/sample_quay", ""),
        ("https://news.example/s/sample_quay", ""),
    ],
)
def test_the_page_of_a_channel_is_known_by_its_address(url, name):
    assert channel_name(url) == name


@given(
    st.text(max_size=60), st.sampled_from(["", "@", "t.me/", "https://t.me/s/", "tg://resolve?"])
)
def test_any_text_can_be_read_as_an_address(text, start):
    read_address(start + text)
    preview_page(start + text)
    assert isinstance(source_address(start + text), str)
