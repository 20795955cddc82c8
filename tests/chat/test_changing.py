"""The page of one topic: mute, mode, query and name."""

import pytest
from sqlmodel import select

from storage.chats import Chat
from tests.chat.conftest import buttons, labels


@pytest.fixture
async def topic(ann):
    """Return the page of a topic that Ann subscribes to."""
    await ann.says("taiwan", "Both")
    return await ann.says("/topics", "Taiwan")


async def test_the_page_has_its_buttons_in_order(topic):
    assert labels(topic) == ["✓ Both", "Change", "Mute ▸", "Recent", "Unsubscribe", "More ▸"]


async def test_rare_actions_are_behind_the_more_button(ann, topic):
    more = await ann.presses(topic, "More ▸")

    assert labels(more) == [
        "Trend",
        "Sources",
        "Share",
        "Sound ▸",
        "Rename",
        "Headlines only",
        "‹ Back",
        "‹ Topics",
    ]
    assert more["text"] == topic["text"]


async def test_recent_shows_stored_stories(ann, topic, news):
    await news("Taiwan votes", "A quiet day.", "https://news.example.org/1")

    recent = await ann.presses(topic, "Recent")

    assert "Taiwan votes" in recent["text"]
    assert recent["message_id"] != topic["message_id"]


async def test_a_muted_topic_is_marked_in_the_list(ann, topic):
    await ann.presses(topic, "Mute ▸", "For a day")
    assert (
        "1. Taiwan · alerts and daily digest · muted until tomorrow, 21:00"
        in (await ann.says("/topics"))["text"]
    )

    await ann.says("/topics", "Taiwan", "Unmute", "Mute ▸", "Until")
    assert "1. Taiwan · alerts and daily digest · muted\n" in (await ann.says("/topics"))["text"]


@pytest.mark.parametrize(
    ("length", "said"),
    [
        pytest.param("an hour", "Muted until 22:00.", id="an hour"),
        pytest.param("a day", "Muted until tomorrow, 21:00.", id="a day"),
        pytest.param("a week", "Muted until 9 Mar 21:00.", id="a week"),
        pytest.param("Until I unmute", "Muted until you unmute it", id="until it is unmuted"),
    ],
)
async def test_a_topic_is_muted_and_unmuted(ann, topic, length, said):
    muting = await ann.presses(topic, "Mute ▸")
    muted = await ann.presses(muting, length)
    listed = await ann.says("/mutes")
    unmuted = await ann.presses(muted, "Unmute")

    assert said in muted["text"]
    assert "Taiwan, until" in listed["text"]
    assert "Muted" not in unmuted["text"]
    assert muting["message_id"] == muted["message_id"] == unmuted["message_id"]


async def test_back_leaves_the_mute_menu(ann, topic):
    back = await ann.presses(topic, "Mute ▸", "‹ Back")

    assert (back["text"], labels(back)) == (topic["text"], labels(topic))


async def test_the_delivery_mode_is_changed_in_place(ann, topic):
    modes = await ann.presses(topic, "✓ Both")
    changed = await ann.presses(modes, "Digest")

    assert labels(modes) == ["Alerts", "Digest", "✓ Both", "‹ Back"]
    assert changed["text"].startswith("Taiwan · daily digest")
    assert labels(changed)[0] == "✓ Digest"


async def test_a_topic_that_is_muted_for_good_is_in_no_digest(ann, topic, one_storage):
    await ann.presses(topic, "Mute ▸", "Until I unmute")
    async with one_storage.reading() as tx:
        (chat,) = await tx.session.exec(select(Chat))
        muted = chat.next_digest_at
    await ann.says("/topics", "Taiwan", "Unmute")
    async with one_storage.reading() as tx:
        (chat,) = await tx.session.exec(select(Chat))

    assert muted is None
    assert chat.next_digest_at is not None


async def test_a_new_query_is_compared_with_the_old_before_it_is_used(ann, topic, news):
    await news("Taiwan votes", "A quiet day.", "https://news.example.org/1")
    await news("Formosa votes", "A quiet day.", "https://news.example.org/2")
    question = await ann.presses(topic, "Change")

    compared = await ann.replies(question, "formosa")
    used = await ann.presses(compared, "Use it")

    assert labels(question) == ["Cancel"]
    assert question["text"].endswith("The query now:\ntaiwan")
    assert compared["text"] == (
        "New: formosa · 1 a week\nOld: taiwan · 1 a week\n\n"
        "1 story added:\n• Formosa votes\n\n1 story dropped:\n• Taiwan votes"
    )
    assert used["text"].startswith("Formosa · alerts and daily digest\n1 story")
    assert (await ann.says("/topics"))["text"].startswith("Your topics\n\n1. Formosa")


async def test_a_new_query_is_undone(ann, topic):
    question = await ann.presses(topic, "Change")
    used = await ann.presses(await ann.replies(question, "formosa OR hualien"), "Use it")

    restored = await ann.presses(used, "Undo")

    assert used["text"].endswith("Old: taiwan")
    assert (restored["text"], labels(restored)) == (topic["text"], labels(topic))


async def test_an_undo_of_a_query_never_overwrites_a_newer_one(ann, topic):
    question = await ann.presses(topic, "Change")
    compared = await ann.replies(question, "formosa")
    again = await ann.replies(question, "hualien")
    used = await ann.presses(compared, "Use it")
    await ann.presses(again, "Use it")

    told = await ann.presses_quietly(used, "Undo")

    assert told.startswith("There is nothing left to undo")
    assert "1. Hualien" in (await ann.says("/topics"))["text"]


async def test_a_replaced_catalogue_topic_is_restored(ann, house):
    await ann.says("/start", "Semiconductors", "Alert me")
    topic = await ann.says("/topics", "Semiconductors")
    await ann.presses(topic, "Mute ▸", "For a day")
    question = await ann.presses(topic, "Change")
    used = await ann.presses(await ann.replies(question, "chips AND wafers"), "Use it")
    forged = await house.show_button(ann, dict(buttons(used))["Undo"])

    restored = await ann.presses(used, "Undo")

    assert "Muted until" in restored["text"]
    assert "Rename" not in labels(await ann.presses(restored, "More ▸"))
    assert await house.subscriptions_of(ann) == ["Semiconductors"]
    assert (await ann.presses_quietly(forged, "By hand")).startswith("This topic is no longer")


async def test_the_old_query_can_be_kept(ann, topic):
    question = await ann.presses(topic, "Change")

    compared = await ann.replies(question, "formosa")

    assert (await ann.presses(compared, "Keep the old one"))["text"] == topic["text"]


async def test_an_unreadable_query_is_pointed_at(ann, topic):
    question = await ann.presses(topic, "Change")

    assert "is never closed" in (await ann.replies(question, "(formosa"))["text"]


async def test_the_query_of_another_topic_is_refused(ann, topic):
    await ann.says("formosa", "Both")
    question = await ann.presses(topic, "Change")
    compared = await ann.replies(question, "Formosa")

    told = await ann.presses_quietly(compared, "Use it")

    assert told == "You subscribe to that already, as Formosa. Nothing has changed."


async def test_a_catalogue_topic_becomes_private_with_a_new_query(ann):
    await ann.says("/start", "Semiconductors", "Alert me")
    topic = await ann.says("/topics", "Semiconductors")
    question = await ann.presses(topic, "Change")

    used = await ann.presses(await ann.replies(question, "chips AND wafers"), "Use it")
    catalogue = await ann.says("/topics", "Catalogue")

    assert "Rename" not in labels(await ann.presses(topic, "More ▸"))
    assert used["text"].startswith("Semiconductors · alerts\nchips AND wafers\n")
    assert "Rename" in labels(await ann.presses(used, "More ▸"))
    assert "Semiconductors" in labels(catalogue)


async def test_a_new_name_is_one_line_and_keeps_the_query(ann, topic):
    question = await ann.presses(topic, "More ▸", "Rename")

    renamed = await ann.replies(question, "The\nisland")

    assert renamed["text"].startswith("The island · alerts and daily digest\ntaiwan\n")


async def test_an_empty_name_is_refused_and_the_next_text_is_the_name(ann, topic):
    question = await ann.presses(topic, "More ▸", "Rename")

    refused = await ann.replies(question, "\u200b")
    renamed = await ann.says("The island")

    assert refused["text"].startswith("That name is empty. Send another one, such as Taiwan.")
    assert renamed["text"].startswith("The island · alerts and daily digest\ntaiwan\n")


async def test_a_question_about_a_topic_that_is_gone_says_so(ann, topic):
    question = await ann.presses(topic, "More ▸", "Rename")
    await ann.says("/topics", "Taiwan", "Unsubscribe")

    told = await ann.replies(question, "The island")

    assert told["text"].startswith("This topic is no longer there.")


async def test_an_old_question_still_asks_about_its_topic(ann, topic):
    question = await ann.presses(topic, "Change")
    await ann.presses(await ann.replies(question, "formosa"), "Use it")

    told = await ann.replies(question, "something else")

    assert told["text"].startswith("New: something else · 0 a week\nOld: formosa")


@pytest.mark.parametrize(
    "data",
    [
        *("topicmenu:{}:muting", "mute:{}:week", "unmutetopic:{}", "unstop:{}"),
        *("change:{}:query", "change:{}:name", "use:{}", "recent:{}", "share:{}"),
    ],
)
async def test_another_chats_topic_cannot_be_changed(house, ann, topic, data):
    (opened,) = (d for text, d in buttons(await ann.says("/topics")) if text == "Taiwan")
    bob = house.talk("Bob")
    await bob.says("/start")
    entities = [{"type": "code", "offset": 0, "length": 5}]
    made = data.format(opened.partition(":")[2])

    told = await bob.presses_quietly(
        await house.show_button(bob, made, "words", entities=entities), "By hand"
    )

    assert told.startswith(("This topic is no longer there.", "That was more than ten"))


async def test_topics_are_ordered_by_their_administrators(ann):
    for words in ("taiwan", "japan", "korea"):
        await ann.says(words, "Both")
    order = await ann.says("/topics", "Order")

    moved = await ann.presses(order, "▲ Korea", "▲ Korea", "▼ Taiwan")

    assert "1. Korea\n2. Japan\n3. Taiwan" in moved["text"]
    assert labels(moved)[:2] == ["▼ Korea", "▲ Japan"]
    assert "1. Korea" in (await ann.says("/topics"))["text"]


async def test_a_new_topic_comes_last(ann):
    for words in ("taiwan", "japan"):
        await ann.says(words, "Both")
    await ann.says("/topics", "Order", "▲ Japan")

    await ann.says("korea", "Both")

    assert "1. Japan" in (listed := (await ann.says("/topics"))["text"])
    assert "3. Korea" in listed


async def test_headlines_only_is_turned_on_and_off(ann, topic):
    on = await ann.presses(topic, "More ▸", "Headlines only")
    assert "Digests list only its headlines." in on["text"]

    off = await ann.presses(on, "More ▸", "✓ Headlines only")
    assert "Digests list only its headlines." not in off["text"]


async def test_the_sound_of_a_topic_is_chosen_on_its_page(ann, topic):
    sounds = await ann.presses(topic, "More ▸", "Sound ▸")
    loud = await ann.presses(sounds, "Even at night")
    again = await ann.presses(loud, "More ▸", "Sound ▸")

    assert labels(sounds)[:3] == ["✓ Normal", "Silent", "Even at night"]
    assert "Its alerts come at once, even in quiet hours." in loud["text"]
    assert labels(again)[:3] == ["Normal", "Silent", "✓ Even at night"]
