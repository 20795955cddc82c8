"""From /start to the first topic, in three messages."""

from sqlmodel import select

from bot.subscribers import mutes, topics
from storage.chats import Chat
from tests.chat.conftest import labels


async def test_start_introduces_the_bot_and_offers_topics(ann):
    hello = await ann.says("/start")

    assert hello["text"].startswith("Hello, Ann.")
    assert "Japan–China ties" in labels(hello)
    assert "More topics" in labels(hello)


async def test_start_welcomes_a_returning_user_with_their_topics(ann):
    await ann.says("Taiwan", "Alert me")

    one = await ann.says("/start")
    await ann.says("Japan", "Alert me")
    two = await ann.says("/start")

    assert one["text"].startswith("Welcome back, Ann. Your topic is here.")
    assert two["text"].startswith("Welcome back, Ann. Your 2 topics are here.")
    assert labels(two)[0] == "Your topics"


async def test_a_typed_query_becomes_a_card(ann):
    card = await ann.says('"consul-general"')

    assert card["text"].startswith('"consul-general" · nothing in the last 7 days')
    assert labels(card) == ["Alert me", "Daily digest", "Both", "Change words", "Not now"]


async def test_a_card_shows_matches_with_the_keywords_bold(ann, news):
    await news("Envoy visits Taiwan", "The talks in Taiwan went on for two days.")

    card = await ann.says("taiwan")

    assert "1 story in the last 7 days" in card["text"]
    assert "Envoy visits Taiwan · Sample Times" in card["text"]
    bold = [e for e in card["entities"] if e["type"] == "bold"]
    assert len(bold) == 2


async def test_a_card_lists_other_spellings_that_match(ann, news):
    await news("Consul General called in", "The Consul General came on Monday.")

    card = await ann.says('"consul-general"')

    assert card["text"].endswith("Also catches: Consul General.")


async def test_a_press_subscribes_and_shows_the_digest_time(ann):
    answer = await ann.says("Taiwan", "Both")

    assert answer["text"] == (
        "Subscribed to Taiwan: alerts at once, and in your digest every day at 08:00 Tokyo time "
        "(guessed from your language)."
    )
    assert labels(answer) == [
        "Tokyo time is right",
        "Change zone",
        "Change time",
        "Quiet at night",
        "Undo",
    ]


async def test_the_card_marks_the_chosen_mode(ann):
    card = await ann.says("Taiwan")

    await ann.presses(card, "Both")

    (chosen,) = (one for one in ann.all() if one["message_id"] == card["message_id"])
    assert chosen["text"] == card["text"]
    assert labels(chosen) == ["Alert me", "Daily digest", "✓ Both", "Change words"]


async def test_alerts_without_digest_show_no_time(ann):
    answer = await ann.says("Taiwan", "Alert me")

    assert answer["text"] == "Subscribed to Taiwan: alerts at once."
    assert labels(answer) == ["Quiet at night", "Undo"]


async def test_a_topic_of_the_catalogue_is_subscribed_to_in_two_taps(ann):
    card = await ann.says("/start", "Semiconductors")

    answer = await ann.presses(card, "Daily digest")

    assert card["text"].startswith("Semiconductors · ")
    assert answer["text"].startswith(
        "Subscribed to Semiconductors: in your digest every day at 08:00"
    )


async def test_a_link_to_a_topic_shows_its_card(ann):
    assert (await ann.says("/start topic_central-banks"))["text"].startswith("Central banks · ")


async def test_change_words_asks_for_a_new_query(ann):
    question = await ann.says("Taiwan", "Change words")

    card = await ann.replies(question, "Japan")

    assert labels(question) == ["Cancel"]
    assert card["text"].startswith("Japan · ")


async def test_not_now_takes_the_buttons_away(ann):
    assert labels(await ann.says("Taiwan", "Not now")) == []


async def test_pressing_twice_makes_one_topic(ann):
    card = await ann.says("Taiwan")
    await ann.presses(card, "Both")
    await ann.presses(card, "Both")

    assert "Your topics" in (await ann.says("/topics"))["text"]


async def test_a_zone_that_cannot_be_guessed_is_reported(house):
    bob = house.talk("Bob", language_code="en")

    answer = await bob.says("Taiwan", "Daily digest")

    assert "08:00 UTC (I could not guess your time zone)" in answer["text"]


async def test_start_offers_only_topics_without_subscription(ann):
    await ann.says("/start", "Semiconductors", "Both")

    again = await ann.says("/start")

    assert "Semiconductors" not in labels(again)
    assert again["text"].endswith("To subscribe to something else, type it.")


async def test_the_query_of_a_topic_is_behind_a_button(ann):
    card = await ann.says("/start", "Semiconductors")
    query = await ann.presses(card, "Query")

    assert " OR " not in card["text"]
    assert query["text"].startswith("Semiconductors\n")
    assert " OR " in query["text"]


async def test_help_is_six_lines_and_the_rest_a_tap_away(ann):
    short = await ann.says("/help")
    more = await ann.presses(short, "All commands")
    queries = await ann.presses(more, "‹ Help", "What you can type")

    assert len(short["text"].splitlines()) == 6
    assert "/delete_me" in more["text"]
    assert queries["text"].startswith("What you can write")
    assert short["message_id"] == queries["message_id"]


async def test_a_digest_reports_that_its_only_topic_is_muted(ann, house):
    await ann.says("Taiwan", "Both")
    async with house.storage.reading() as tx:
        chat_id = (await tx.session.exec(select(Chat.id))).first()
    topic = (await topics.subscribed(house.storage, chat_id)).items[0]
    await mutes.mute(house.storage, chat_id, mutes.TopicSubject(topic.id), mutes.Duration.DAY)

    digest = await ann.says("/digest")

    assert digest["text"].startswith("Taiwan is muted until ")
    assert labels(digest) == ["Taiwan"]


async def test_a_digest_in_a_group_explains_how_to_subscribe_there(house, ann):
    group = await house.group(ann, status="administrator")

    assert "/subscribe Taiwan" in (await group.says("/digest", from_id=ann.who.id))["text"]
