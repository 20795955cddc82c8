import pytest

from bot.subscribers import deletion, subscriptions, users
from bot.subscribers.subscriptions import UNDO_WITHIN
from storage.enums import Mode
from tests.chat.conftest import Talk, buttons, labels


@pytest.fixture
async def subscribed(house, ann):
    """Return a function that subscribes to *number* private topics."""

    async def subscribe(number: int) -> None:
        card = await ann.says("nothing yet")
        user = await users.identify(house.storage, sender(ann), access=house.resources.access)
        assert user
        chat_id = user.chat_id
        for topic in range(number):
            await subscriptions.subscribe(
                house.storage, chat_id, f"word{topic}", Mode.BOTH, limits=house.resources.limits
            )
        assert card

    return subscribe


def sender(talk: Talk):
    from bot.subscribers.users import Sender

    return Sender(talk.who.id, talk.who.id, name=talk.who.first_name, language="ja")


async def test_an_empty_list_explains_how_to_begin(ann):
    topics = await ann.says("/topics")

    assert topics["text"].startswith("You haven't subscribed to anything yet.")
    assert labels(topics) == ["Catalogue", "Settings"]


async def test_topics_are_listed_with_the_mode_of_each(ann):
    await ann.says("Taiwan", "Both")
    await ann.says("Japan", "Daily digest")

    topics = await ann.says("/topics")

    assert "1. Taiwan · alerts and daily digest\n2. Japan · daily digest" in topics["text"]


async def test_a_long_list_is_paged_in_place(ann, subscribed):
    await subscribed(9)
    first = await ann.says("/topics")

    second = await ann.presses(first, "2 ›")
    again = await ann.presses(second, "‹ 1")

    assert "page 2 of 2" in second["text"]
    assert "9. Word8" in second["text"]
    assert first["message_id"] == second["message_id"] == again["message_id"]


async def test_the_mode_of_a_topic_is_changed_in_place(ann):
    await ann.says("Taiwan", "Both")
    topic = await ann.says("/topics", "Taiwan")

    changed = await ann.presses(topic, "✓ Both", "Digest")

    assert topic["text"] == "Taiwan · alerts and daily digest\nnothing in the last 7 days"
    assert changed["text"] == "Taiwan · daily digest\nnothing in the last 7 days"
    assert changed["message_id"] == topic["message_id"]
    assert "✓ Digest" in labels(changed)


async def test_choosing_the_current_mode_changes_nothing(ann):
    await ann.says("Taiwan", "Both")
    topic = await ann.says("/topics", "Taiwan")

    told = await ann.presses_quietly(topic, "✓ Both")

    assert told == ""
    assert ann.all()[-1]["text"] == topic["text"]


async def test_unsubscribing_can_be_undone(ann):
    await ann.says("Taiwan", "Both")
    topic = await ann.says("/topics", "Taiwan")

    stopped = await ann.presses(topic, "Unsubscribe")
    none = await ann.says("/topics")
    again = await ann.presses(stopped, "Undo")

    assert stopped["text"].startswith("Unsubscribed from Taiwan.\nTaiwan\n")
    assert none["text"].startswith("You haven't subscribed to anything yet.")
    assert again["text"].startswith("Taiwan · alerts and daily digest")
    assert again["message_id"] == stopped["message_id"] == topic["message_id"]


async def test_an_undo_expires_after_ten_minutes(ann, clock, one_storage):
    await ann.says("Taiwan", "Both")
    stopped = await ann.says("/topics", "Taiwan", "Unsubscribe")
    clock.turn(UNDO_WITHIN)

    told = await ann.presses_quietly(stopped, "Undo")
    await deletion.purge_deleted(one_storage)
    later = await ann.presses_quietly(stopped, "Undo")

    assert told == later
    assert told.startswith("That was more than ten minutes ago")


async def test_an_unsubscribed_public_topic_stays_in_the_catalogue(ann):
    await ann.says("/start", "Semiconductors", "Alert me")
    stopped = await ann.says("/topics", "Semiconductors", "Unsubscribe")
    catalogue = await ann.says("/topics", "Catalogue")
    again = await ann.presses(stopped, "Undo")

    assert stopped["text"].startswith("Unsubscribed from Semiconductors.\n\nYou can undo")
    assert "Semiconductors" in labels(catalogue)
    assert again["text"].startswith("Semiconductors · alerts")


async def test_the_catalogue_marks_subscribed_topics(ann):
    await ann.says("/start", "Semiconductors", "Alert me")

    catalogue = await ann.says("/topics", "Catalogue")
    second = await ann.presses(catalogue, "2 ›")
    back = await ann.presses(second, "‹ Your topics")

    assert "✓ Semiconductors" in labels(catalogue)
    assert "Space" in labels(second)
    assert back["text"].startswith("Your topics")
    assert catalogue["message_id"] == second["message_id"] == back["message_id"]


async def test_the_page_of_a_topic_shows_its_matches(ann, news):
    await news("Envoy visits Taiwan", "The talks went on.")
    await ann.says("taiwan", "Both")

    topic = await ann.says("/topics", "Taiwan")

    (title,) = [entity for entity in topic["entities"] if entity["type"] == "text_link"]
    assert topic["text"].startswith(
        "Taiwan · alerts and daily digest\n1 story in the last 7 days\n\n"
        "1. Envoy visits Taiwan · Sample Times · "
    )
    assert title["url"] == "https://news.example.org/1"


async def test_the_limit_of_topics_is_reported(ann, subscribed, house):
    await subscribed(100)

    told = await ann.presses_quietly(await ann.says("one more"), "Both")

    assert "You have 100 topics" in told


async def test_a_digest_without_topics_explains_how_to_subscribe(ann):
    digest = await ann.says("/digest")

    assert digest["text"].startswith("No topic of yours is in a digest yet.")


async def test_a_first_digest_includes_the_day_before_the_topic(ann, news):
    await news("Envoy visits Taiwan", "The talks in Taiwan went on for two days.")
    await ann.says("taiwan", "Daily digest")

    digest = await ann.says("/digest")

    assert "Envoy visits Taiwan" in digest["text"]
    assert dict(buttons(digest))["Topics"] == "mine:0"


async def test_buttons_of_digests_open_topics_and_settings(ann, news):
    await news("Envoy visits Taiwan", "The talks in Taiwan went on for two days.")
    await ann.says("taiwan", "Daily digest")

    assert (await ann.says("/digest", "Time & pause"))["text"].startswith("Settings")


async def test_subscribing_is_undone_and_done_again(ann, house):
    subscribed = await ann.says("Taiwan", "Both")
    ended = await ann.presses(subscribed, "Undo")
    none = await house.subscriptions_of(ann)

    await ann.presses(ended, "Undo")

    assert ended["text"].startswith("Unsubscribed from Taiwan.")
    assert none == []
    assert await house.subscriptions_of(ann) == ["Taiwan"]


async def test_the_former_mode_is_restored(ann):
    card = await ann.says("Taiwan")
    await ann.presses(card, "Both")
    subscribed = await ann.presses(card, "Daily digest")

    restored = await ann.presses(subscribed, "Undo")

    assert restored["text"].startswith("Taiwan · alerts and daily digest")


async def test_a_mode_chosen_on_the_page_of_a_topic_is_undone(ann):
    await ann.says("Taiwan", "Both")
    page = await ann.says("/topics", "Taiwan")
    digest = await ann.presses(page, "✓ Both", "Digest")
    both = await ann.presses(digest, "Undo")

    assert "✓ Digest" in labels(digest)
    assert "✓ Both" in labels(both)
    assert "Undo" not in labels(both)


async def test_a_confirmed_zone_leaves_the_subscription_to_be_undone(ann):
    subscribed = await ann.says("Taiwan", "Both")
    kept = await ann.presses(subscribed, "Tokyo time is right")
    ended = await ann.presses(kept, "Undo")

    assert "guessed" not in kept["text"]
    assert labels(kept) == ["Change time", "Quiet at night", "Undo"]
    assert kept["message_id"] == subscribed["message_id"]
    assert ended["text"].startswith("Unsubscribed from Taiwan.")


async def test_the_same_mode_again_leaves_nothing_to_undo(ann):
    card = await ann.says("Taiwan")
    await ann.presses(card, "Both")

    assert "Undo" not in labels(await ann.presses(card, "Both"))


@pytest.mark.parametrize("later", [["✓ Both", "Digest"], ["Unsubscribe", "Undo"]])
async def test_an_undo_of_subscribing_respects_a_newer_change(ann, house, later):
    subscribed = await ann.says("Taiwan", "Both")
    await ann.says("/topics", "Taiwan", *later)

    told = await ann.presses_quietly(subscribed, "Undo")

    assert told.startswith("There is nothing left to undo")
    assert await house.subscriptions_of(ann) == ["Taiwan"]


async def test_another_chats_subscription_cannot_be_undone(ann, house):
    subscribed = await ann.says("Taiwan", "Both")
    bob = house.talk("Bob")
    await bob.says("/start")
    forged = await house.show_button(bob, dict(buttons(subscribed))["Undo"])

    assert (await bob.presses_quietly(forged, "By hand")).startswith("There is nothing left")
    assert await house.subscriptions_of(ann) == ["Taiwan"]
