"""Telegram makes no links of its own in the text of sources."""

from dataclasses import replace

import pytest

from bot.playground.text.formatting import format_text
from bot.publishing import samples
from bot.publishing.pages import alert_page, bundle_page, edition_page
from bot.publishing.samples import sample_edition
from bot.publishing.selection import SelectedStory
from bot.rendering.autolinks import JOINER
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer, Renderers
from bot.text.snippets import Snippet

HOSTILE = (
    "Ask @evil_bot, evil.com, www.evil.co.uk/x?y#z or https://evil.example/a: #win $TSLA "
    "/delete_me tg://resolve?domain=evil me@evil.org +1 (212) 555-0123, 4111 1111 1111 1111"
)
FOUND = {
    *("mention", "url", "hashtag", "cashtag", "bot_command", "email"),
    *("phone_number", "bank_card_number"),
}
BOLD = ((5, 7), (16, 20), (80, 85))  # across a mention, a host


def found_in(message: Message) -> list[tuple[str, str]]:
    """Return the links that Telegram would make by itself, with their text."""
    given = [entity._asdict() for entity in message.entities]
    text, marks = format_text(message.text, "", given)
    coded = text.encode("utf-16-le")
    return [
        (
            mark["type"],
            coded[mark["offset"] * 2 : (mark["offset"] + mark["length"]) * 2].decode("utf-16-le"),
        )
        for mark in marks
        if mark["type"] in FOUND
    ]


def hostile(story: SelectedStory) -> SelectedStory:
    return replace(story, title=HOSTILE, publishers=(HOSTILE, "evil.com"))


@pytest.fixture(params=["en", "ar", "ja"])
def renderer(request) -> Renderer:
    return Renderers().of(request.param)


def test_telegram_links_every_sample_without_joiners():
    assert {mark["type"] for mark in format_text(HOSTILE, "", [])[1]} == FOUND


def test_an_alert_has_only_our_entities(renderer):
    story = hostile(samples.sample_story(samples.ALERTED))
    snippet = Snippet(HOSTILE, BOLD, BOLD)
    topic = replace(samples.CONSUL, name=HOSTILE)

    alert = alert_page(renderer, story, [topic], snippet, zone=samples.PLAN.zone, now=story.news_at)

    assert found_in(alert) == []
    assert "evil" in alert.text
    assert HOSTILE in alert.text.replace(JOINER, "")
    assert all(JOINER not in (entity.url or "") for entity in alert.entities)
    assert not any(JOINER in (button.data or "") for row in alert.keyboard for button in row)


def test_a_bundle_and_a_digest_have_only_our_entities(renderer):
    stories = [replace(one, story=hostile(one.story)) for one in samples.sample_bundled()]
    bundle = bundle_page(renderer, stories, zone=samples.PLAN.zone, now=samples.NOW, is_quiet=True)
    edition = sample_edition()
    sections = tuple(
        replace(one, listed=tuple(map(hostile, one.listed)), topic=replace(one.topic, name=HOSTILE))
        for one in edition.choice.sections
    )
    snippets = dict.fromkeys(edition.snippets, Snippet(HOSTILE, BOLD, BOLD))
    choice = replace(edition.choice, sections=sections)
    digest = edition_page(renderer, replace(edition, choice=choice, snippets=snippets))

    assert [found_in(message) for message in (*bundle, *digest)] == [[]] * len((*bundle, *digest))
    assert "evil" in "".join(message.text for message in (*bundle, *digest))
