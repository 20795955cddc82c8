import logging
from datetime import timedelta

import pytest

from bot.model.client import Breaker, ModelClient, ModelError
from bot.model.evidence import ModelReport
from bot.model.prompt import ask_about
from bot.playground.modelroom.server import NAME, RETRY_AFTER
from tests.conftest import MONDAY_NOON

TEXT = "Taiwan opened a consulate in Fukuoka."
QUESTION = ask_about(
    [ModelReport("Example Times", "en", "Taiwan opens consulate", TEXT)], "de", "leads"
)


async def test_the_answer_comes_with_its_tokens(client, playground):
    answer = await client.ask(QUESTION)

    assert answer.text.startswith("{")
    assert 0 < answer.tokens < QUESTION.most_tokens


async def test_the_key_is_sent_and_stands_in_no_representation(client, playground):
    await client.ask(QUESTION)

    assert playground.world.model.keys == ["Bearer sk-secret-key"]
    assert "secret" not in repr(client)


@pytest.mark.parametrize(
    ("mode", "reason", "may_pass"),
    [
        ("broken", "status 500", True),
        ("busy", "status 429", True),
        ("html", "the answer is no JSON", True),
        ("huge", "the answer is too large", True),
        ("redirect", "status 307", False),
    ],
)
async def test_failures_are_named_without_texts_and_keys(
    client, playground, caplog, mode, reason, may_pass
):
    playground.model(mode)
    with caplog.at_level(logging.DEBUG), pytest.raises(ModelError) as caught:
        await client.ask(QUESTION)

    assert (caught.value.reason, caught.value.may_pass) == (reason, may_pass)
    assert "secret" not in caplog.text + str(caught.value)
    assert TEXT not in caplog.text + str(caught.value)


async def test_a_busy_server_says_when_to_come_back(client, playground):
    playground.model("busy")
    with pytest.raises(ModelError) as caught:
        await client.ask(QUESTION)

    assert caught.value.after == timedelta(seconds=RETRY_AFTER)
    assert not caught.value.was_read


async def test_a_slow_server_is_given_up(playground):
    playground.model("slow")
    async with ModelClient(playground.model_url, NAME, time_out=0.05) as client:
        with pytest.raises(ModelError, match="no answer in time"):
            await client.ask(QUESTION)


async def test_a_server_that_is_away_has_read_nothing():
    async with ModelClient("http://127.0.0.1:9", NAME) as client:
        with pytest.raises(ModelError) as caught:
            await client.ask(QUESTION)

    assert not caught.value.was_read


async def test_a_server_without_formats_is_asked_without(client, playground):
    playground.world.model.knows_formats = False
    with pytest.raises(ModelError):
        await client.ask(QUESTION)

    await client.ask(QUESTION)

    assert ["response_format" in body for body in playground.world.model.asked] == [True, False]


async def test_the_models_of_a_server_are_listed(client, playground):
    assert await client.models() == [NAME]


def test_the_breaker_opens_after_failures_in_a_row_and_closes_after_an_answer():
    breaker, now = Breaker(), MONDAY_NOON
    for _ in range(2):
        breaker.note_failure(now)
    assert breaker.lets_through(now)

    breaker.note_failure(now)
    assert not breaker.lets_through(now)
    assert breaker.lets_through(now + timedelta(minutes=1))

    breaker.note_success()
    assert breaker.lets_through(now)


def test_the_breaker_keeps_the_pause_that_the_server_asks_for_up_to_an_hour():
    breaker = Breaker()
    breaker.note_failure(MONDAY_NOON, timedelta(days=9))

    assert not breaker.lets_through(MONDAY_NOON + timedelta(minutes=59))
    assert breaker.lets_through(MONDAY_NOON + timedelta(hours=1))
