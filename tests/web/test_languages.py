"""Pages speak the language of their chat; what belongs to none, that of the browser."""

import pytest

from bot.rendering.i18n import IN_ENGLISH, LANGUAGES, Translation
from bot.rendering.links import FeedKind
from bot.rendering.renderer import Renderer, Renderers
from storage.chats import Chat, PublishedFeed
from tests.catalogues.pseudo import pseudo, pseudo_translation
from tests.web.conftest import TUESDAY

# Arabic, as if its sentences were English with accents.
TRANSLATIONS = {
    "en": IN_ENGLISH,
    "ar": Translation(LANGUAGES["ar"], pseudo_translation().catalogue),
}
ARABIC = '<html lang="ar" dir="rtl">'
ENGLISH = '<html lang="en" dir="ltr">'


@pytest.fixture
def renderer() -> Renderer:
    return Renderers(translations=TRANSLATIONS).of("en")


@pytest.fixture
async def arabic(chat_id, newsroom):
    await newsroom.change(Chat, chat_id, language="ar")
    return chat_id


async def test_the_topics_of_a_chat_are_in_its_language(visitor, arabic, clock):
    page = await visitor.reads(visitor.links.manage(arabic, clock.now))

    assert ARABIC in page
    assert pseudo("Your topics") in page


async def test_a_digest_is_in_the_language_of_its_chat(visitor, arabic, clock):
    page = await visitor.reads(visitor.links.edition(arabic, TUESDAY, 0, clock.now))

    assert ARABIC in page
    assert pseudo("Anyone with the link can see this page. It is kept for 90 days.") in page


async def test_the_feeds_of_a_chat_are_in_its_language(visitor, arabic, newsroom, storage):
    async with storage.writing() as tx:
        tx.session.add(PublishedFeed(chat_id=arabic, version=1, is_open=True, changed_at=tx.now))

    answer = await visitor.opens(visitor.links.feed(arabic, 0, 1, FeedKind.JSON))
    feed = await answer.json(content_type=None)

    assert feed["language"] == "ar"
    assert pseudo("Your digests") in feed["title"]


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [("ar-EG, en;q=0.5", ARABIC), ("ja, en;q=0.5", ENGLISH), ("", ENGLISH)],
    ids=["spoken here", "not spoken here", "nothing said"],
)
async def test_a_page_without_a_chat_is_in_the_language_of_the_browser(visitor, wanted, shown):
    answer = await visitor.client.get("/nothing", headers={"Accept-Language": wanted})

    assert shown in await answer.text()
    assert answer.headers["Vary"] == "Accept-Language"


async def test_a_page_of_a_chat_ignores_the_language_of_the_browser(visitor, chat_id, clock):
    answer = await visitor.opens(
        visitor.links.manage(chat_id, clock.now), headers={"Accept-Language": "ar"}
    )

    assert ENGLISH in await answer.text()
    assert "Vary" not in answer.headers


@pytest.mark.parametrize("page", ["unsubscribe", "confirm"])
async def test_the_pages_of_a_mailbox_are_in_the_language_of_its_chat(visitor, mailbox, page):
    links, number = visitor.links, mailbox.id
    link = links.unsubscribe(number) if page == "unsubscribe" else links.confirm(number, "word")

    looked = await (await visitor.opens(link, headers={"Accept-Language": "en"})).text()
    done = await (await visitor.sends(link, headers={"Accept-Language": "en"})).text()

    assert ARABIC in looked
    assert ARABIC in done


async def test_the_page_of_a_deleted_mailbox_is_in_the_language_of_the_browser(visitor):
    link = visitor.links.unsubscribe(3)

    answer = await visitor.opens(link, headers={"Accept-Language": "ar"})

    assert ARABIC in await answer.text()
