"""Mails that break their reader, posted to us by a relay that takes everything."""

from collections.abc import AsyncIterator

import pytest

from bot.app.mail import report_reader
from bot.mail.bounces import Bounces
from bot.rendering.renderer import Renderer
from bot.sources.parser_pool import Workers
from storage.db.engine import Storage
from tests.mail.returned import BROKEN, notification
from tests.web.conftest import SIGNER


@pytest.fixture
async def bounces(storage: Storage, renderer: Renderer) -> AsyncIterator[Bounces]:
    workers = Workers(most=1)
    yield Bounces(storage, renderer, SIGNER, report_reader(workers))
    await workers.close()


async def test_a_broken_bounce_is_accepted_and_read_by_another_process(visitor, monkeypatch):
    def read_here(_content: bytes) -> None:
        raise AssertionError

    monkeypatch.setattr("bot.mail.reports.read_report", read_here)
    monkeypatch.setattr("bot.mail.reports.message_from_string", read_here)

    messages = [*BROKEN.values(), notification("failed", "5.1.1")]
    answers = [await visitor.sends(visitor.links.bounce(), message) for message in messages]

    assert [answer.status for answer in answers] == [202] * len(messages)
