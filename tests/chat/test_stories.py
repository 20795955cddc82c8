"""The stories of a digest: choosing one, saving it, and getting more or less of its kind."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.chat.callbacks import ListStories, OnStory, RemoveSaved, StoryAction, TurnStories
from bot.rendering.renderer import Renderer
from bot.subscribers import saved_stories
from bot.subscribers.limits import MOST_SAVED
from storage.articles import Article
from storage.chats import Chat
from storage.editions import Edition
from storage.enums import MuteKind
from storage.mutes import Mute
from storage.outbox import Delivery
from storage.saved_stories import SavedStory, save_stories
from tests.chat.conftest import labels
from tests.publishing.stages import Stages

TITLE = "Captain of sunken ferry Santa Rosalia detained over Taiwan trip"
FAR = 2**63 - 1


@pytest.fixture
def all_of(one_storage):
    async def rows(table):
        async with one_storage.reading() as tx:
            return list(await tx.session.exec(select(table)))

    return rows


@pytest.fixture
async def edition(detained, one_storage, clock, all_of):
    """Return the digest of Ann, with one story."""
    await detained(TITLE, "Police are questioning him. He was detained in Keelung.")
    clock.turn(timedelta(hours=11, minutes=5))
    await Stages(one_storage, Renderer(), "us").digests()
    (made,) = await all_of(Edition)
    return made


@pytest.fixture
async def stories(house, ann, edition):
    """Return the list of the digest's stories."""
    button = ListStories(
        day=int(f"{edition.local_date:%Y%m%d}"), schedule_number=edition.schedule_number
    )
    return await ann.presses(await house.show_button(ann, button.pack()), "By hand")


async def test_a_digest_has_a_button_that_lists_its_stories(ann, edition, one_storage):

    async with one_storage.reading() as tx:
        *_, sent = await tx.session.exec(select(Delivery))

    assert "Stories ▸" in [button["text"] for row in sent.body["keyboard"] for button in row]


async def test_a_story_is_chosen_by_its_number(ann, stories):
    assert TITLE in stories["text"]

    story = await ann.presses(stories, "1")

    assert labels(story) == ["Save", "Why?", "More like this", "Less of this", "‹ Stories"]
    assert story["text"].startswith(TITLE)
    assert (await ann.presses(story, "‹ Stories"))["text"] == stories["text"]


async def test_a_saved_story_outlives_its_article(ann, stories, one_storage, all_of):
    saved = await ann.presses(stories, "1", "Save")
    assert labels(saved)[0] == "✓ Saved"
    async with one_storage.writing() as tx:
        for article in await tx.session.exec(select(Article)):
            await tx.session.delete(article)

    listed = await ann.says("/saved")

    assert TITLE in listed["text"]
    assert labels(listed) == ["Remove 1"]
    assert (await ann.presses(listed, "Remove 1"))["text"].startswith("You have saved nothing yet.")
    assert await all_of(SavedStory) == []


async def test_saving_is_undone_by_the_same_button(ann, stories, all_of):
    saved = await ann.presses(stories, "1", "Save")

    again = await ann.presses(saved, "✓ Saved")

    assert labels(again)[0] == "Save"
    assert await all_of(SavedStory) == []


async def test_saving_twice_saves_once(house, ann, stories, all_of):
    await ann.presses(stories, "1", "Save")
    (saved,) = await all_of(SavedStory)
    button = OnStory(action=StoryAction.SAVE, story_id=saved.story_id).pack()

    await ann.presses(await house.show_button(ann, button), "By hand")

    assert len(await all_of(SavedStory)) == 1


async def test_a_chat_saves_a_limited_number(ann, stories, one_storage, all_of):
    (chat,) = [row for row in await all_of(Chat) if row.telegram_id == ann.who.id]
    async with one_storage.writing() as tx:
        await save_stories(
            tx,
            [
                {"chat_id": chat.id, "title": "T", "url": f"https://a.example/{n}"}
                | {"url_hash": str(n)}
                for n in range(MOST_SAVED)
            ],
        )

    story = await ann.presses(stories, "1")

    assert f"You have saved {MOST_SAVED} stories" in await ann.presses_quietly(story, "Save")


@pytest.mark.parametrize(
    ("label", "said", "kind"),
    [
        pytest.param(
            "Mute this story", "you'll get nothing more about", MuteKind.STORY, id="story"
        ),
        pytest.param("Less from", "you'll get only what others report", MuteKind.LESS, id="less"),
        pytest.param(
            "Mute Detained: a week", "Detained is muted until", MuteKind.TOPIC, id="topic"
        ),
    ],
)
async def test_less_of_a_story_mutes_and_can_be_undone(ann, stories, all_of, label, said, kind):
    less = await ann.presses(stories, "1", "Less of this")

    assert said in await ann.presses_quietly(less, label)
    undo = await ann.next()
    assert [row.kind for row in await all_of(Mute)] == [kind]
    story = await ann.presses(undo, "Undo")

    assert await all_of(Mute) == []
    assert "Less of this" in labels(story)


async def test_more_of_a_story_suggests_topics_with_a_preview(ann, stories):
    more = await ann.presses(stories, "1", "More like this")

    assert more["text"].startswith("More like this")
    assert "Taiwan" in labels(more)
    assert "Subscribe" in (await ann.presses(more, "Taiwan"))["text"] or labels(more)


async def test_why_names_the_topic_its_words_and_the_passage(ann, stories):
    why = await ann.presses(stories, "1", "Why?")

    assert "Your topic Detained found this: detained" in why["text"]
    assert "He was detained in Keelung." in why["text"]


@pytest.mark.parametrize("action", list(StoryAction))
async def test_a_forged_story_is_refused(house, ann, action, all_of):
    await ann.says("/topics")
    button = await house.show_button(ann, OnStory(action=action, story_id=FAR).pack())

    said = await ann.presses_quietly(button, "By hand")

    if action is not StoryAction.UNSAVE:
        assert said.startswith(("I no longer have this story", "I no longer know this alert"))
    assert await all_of(SavedStory) == []


@pytest.mark.parametrize("day", [0, 99991231, 20260231], ids=["none", "far", "no day"])
async def test_a_list_of_no_edition_is_refused(house, ann, day):
    button = await house.show_button(ann, TurnStories(day=day, schedule_number=9, page=7).pack())

    assert (await ann.presses_quietly(button, "By hand")).startswith("I no longer have this story")


async def test_a_saved_story_of_another_chat_stays(house, ann, stories, all_of):
    await ann.presses(stories, "1", "Save")
    (saved,) = await all_of(SavedStory)
    bob = house.talk("Bob")
    await bob.says("/saved")

    await bob.presses(
        await house.show_button(bob, RemoveSaved(saved_id=saved.id).pack()), "By hand"
    )

    assert await all_of(SavedStory) == [saved]


async def test_a_story_of_another_chat_cannot_be_saved(house, ann, stories, all_of):
    await ann.presses(stories, "1", "Save")
    (saved,) = await all_of(SavedStory)
    bob = house.talk("Bob")
    await bob.says("/saved")
    button = OnStory(action=StoryAction.SAVE, story_id=saved.story_id).pack()

    said = await bob.presses_quietly(await house.show_button(bob, button), "By hand")

    assert said.startswith("I no longer have this story")
    assert len(await all_of(SavedStory)) == 1


async def test_saved_stories_are_listed_in_pages(ann, one_storage, all_of):
    await ann.says("/saved")
    (chat,) = await all_of(Chat)
    async with one_storage.writing() as tx:
        await save_stories(
            tx,
            [
                {"chat_id": chat.id, "title": f"<b>T{n}</b>", "url": f"https://a.example/{n}"}
                | {"url_hash": str(n)}
                for n in range(9)
            ],
        )

    listed = await ann.says("/saved")

    assert "Saved stories · page 1 of 2" in listed["text"]
    assert "1. <b>T8</b>" in listed["text"]
    assert "9. <b>T0</b>" in (await ann.presses(listed, "2 ›"))["text"]
    assert (await saved_stories.list_saved(one_storage, chat.id, 99)).number == 1
