"""The page of a story in a mail: opening it changes nothing, its buttons do."""

import pytest
from sqlmodel import col, select

from bot.budgets import USUAL
from bot.mail.newsletters import Newsletters
from bot.rendering.renderer import Renderer
from bot.subscribers.newsletters import follow_newsletter, get_newsletter
from storage.articles import Article
from storage.editions import EditionStory
from storage.enums import MuteKind
from storage.mutes import Mute
from storage.saved_stories import SavedStory
from storage.subscriptions import Subscription
from tests.mail.letters import ADDRESSES, letter, read
from tests.resources import USUAL_LIMITS


@pytest.fixture
async def link(visitor, chat_id, clock, storage):
    async with storage.reading() as tx:
        first = select(EditionStory.story_id).order_by(col(EditionStory.place)).limit(1)
        story_id = await tx.one(first)
    return f"{visitor.links.stories(chat_id, clock.now)}/{story_id}"


@pytest.mark.parametrize("do", ["", "?do=save", "?do=more", "?do=less", "?do=<b>", "?save=yes"])
async def test_opening_the_page_changes_nothing(visitor, link, newsroom, do):
    page = await visitor.reads(link + do)

    assert "Mute this story" in page
    assert await newsroom.all(SavedStory) == []
    assert await newsroom.all(Mute) == []


async def test_the_button_saves_the_story_once_and_removes_it(visitor, link, newsroom):
    answer = await visitor.sends(link, {"save": "yes"})
    await visitor.sends(link, {"save": "yes"})

    assert answer.status == 303
    assert "Saved. The list" in await (await visitor.opens(answer.headers["Location"])).text()
    assert len(await newsroom.all(SavedStory)) == 1
    await visitor.sends(link, {"save": "no"})
    assert await newsroom.all(SavedStory) == []


@pytest.mark.parametrize(
    ("muted", "kind"),
    [("story", MuteKind.STORY), ("publisher", MuteKind.LESS), ("1", MuteKind.TOPIC)],
)
async def test_less_mutes_and_can_be_undone(visitor, link, newsroom, muted, kind):
    answer = await visitor.sends(link, {"mute": muted})
    (mute,) = await newsroom.all(Mute)
    await visitor.sends(link, {"undo": str(mute.id)})

    assert mute.kind is kind
    assert f'value="{mute.id}"' in await (await visitor.opens(answer.headers["Location"])).text()
    assert await newsroom.all(Mute) == []


@pytest.mark.parametrize(
    "form",
    [{}, {"mute": "x"}, {"topic": "99"}, {"topic": "x"}, {"mute": "999"}, {"undo": "x"}],
    ids=["nothing", "no subject", "no suggestion", "no number", "no topic", "no mute"],
)
async def test_a_form_that_no_page_sends_is_refused(visitor, link, newsroom, form):
    answer = await visitor.sends(link, form)

    assert answer.status == 400
    assert await newsroom.all(Mute) == []


async def test_a_query_that_was_not_suggested_is_not_subscribed(visitor, link, newsroom):
    before = len(await newsroom.all(Subscription))

    await visitor.sends(link, {"query": "anything", "mode": "both"})

    assert len(await newsroom.all(Subscription)) == before


async def test_a_token_of_another_purpose_opens_no_story(visitor, link, chat_id, clock):
    manage = visitor.links.manage(chat_id, clock.now).replace("/m/", "/s/")

    assert (await visitor.opens(f"{manage}/{link.rpartition('/')[2]}")).status == 404


@pytest.mark.parametrize("story", ["999", "0"])
async def test_a_story_that_the_chat_was_not_sent_is_gone(visitor, link, story, newsroom):
    other = f"{link.rpartition('/')[0]}/{story}"

    assert (await visitor.opens(other)).status == 410
    assert (await visitor.sends(other, {"save": "yes"})).status == 410
    assert await newsroom.all(SavedStory) == []


async def test_a_form_of_another_site_is_refused(visitor, link, newsroom):
    answer = await visitor.sends(link, {"save": "yes"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status == 403
    assert await newsroom.all(SavedStory) == []


async def test_a_letter_without_a_web_version_has_a_page_behind_a_signed_link(
    visitor, newsroom, clock
):
    chat_id, storage = await newsroom.chat(), newsroom.storage
    source_id = await follow_newsletter(storage, chat_id, ADDRESSES, limits=USUAL_LIMITS)
    seen = await get_newsletter(storage, chat_id, source_id, ADDRESSES)
    assert seen is not None
    intake = Newsletters(storage, Renderer(), ADDRESSES, visitor.links, read, USUAL)
    await intake.take(letter(seen.address, subject="Beans <b>rise</b>"))
    (article,) = await newsroom.all(Article)

    page = await visitor.reads(article.url)
    forged = await visitor.opens(article.url[:-1] + ("a" if article.url[-1] != "a" else "b"))

    assert "The price of beans rose on Monday" in page
    assert "<b>rise" not in page
    assert forged.status == 404
