"""From /start to the first topic, in three messages."""

from tests.chat.conftest import labels


async def test_start_says_what_this_is_and_offers_topics(ann):
    hello = await ann.says("/start")

    assert hello["text"].startswith("Hello, Ann.")
    assert "Japan–China ties" in labels(hello)
    assert "More topics" in labels(hello)


async def test_who_comes_back_finds_the_topics_that_were_left(ann):
    await ann.presses(await ann.says("Taiwan"), "Alert me")

    one = await ann.says("/start")
    await ann.presses(await ann.says("Japan"), "Alert me")
    two = await ann.says("/start")

    assert one["text"].startswith("Welcome back, Ann. Your topic is here.")
    assert two["text"].startswith("Welcome back, Ann. Your 2 topics are here.")
    assert labels(two)[0] == "Your topics"


async def test_typed_words_become_a_card(ann):
    card = await ann.says('"consul-general"')

    assert card["text"].startswith('"consul-general" · nothing in the last 7 days')
    assert labels(card) == ["Alert me", "Daily digest", "Both", "Change words", "Not now"]


async def test_a_card_shows_what_was_found_with_the_words_bold(ann, news):
    await news("Envoy visits Taiwan", "The talks in Taiwan went on for two days.")

    card = await ann.says("taiwan")

    assert "1 story in the last 7 days" in card["text"]
    assert "Envoy visits Taiwan · Sample Times" in card["text"]
    bold = [e for e in card["entities"] if e["type"] == "bold"]
    assert len(bold) == 2


async def test_a_card_says_which_other_spellings_it_catches(ann, news):
    await news("Consul General called in", "The Consul General came on Monday.")

    card = await ann.says('"consul-general"')

    assert card["text"].endswith("Also catches: Consul General.")


async def test_a_press_watches_the_words_and_says_when_the_digest_comes(ann):
    card = await ann.says("Taiwan")

    answer = await ann.presses(card, "Both")

    assert answer["text"] == (
        "Subscribed to Taiwan: alerts at once, and in your digest every day at 08:00 Tokyo time "
        "(guessed from your language)."
    )
    assert labels(answer) == ["Tokyo time is right", "Change zone", "Change time", "Quiet at night"]


async def test_the_card_shows_what_is_chosen_then(ann):
    card = await ann.says("Taiwan")

    await ann.presses(card, "Both")

    (chosen,) = (one for one in ann.all() if one["message_id"] == card["message_id"])
    assert chosen["text"] == card["text"]
    assert labels(chosen) == ["Alert me", "Daily digest", "✓ Both", "Change words"]


async def test_alerts_alone_need_no_time(ann):
    answer = await ann.presses(await ann.says("Taiwan"), "Alert me")

    assert answer["text"] == "Subscribed to Taiwan: alerts at once."
    assert labels(answer) == ["Quiet at night"]


async def test_a_topic_of_the_catalogue_is_watched_in_two_taps(ann):
    card = await ann.presses(await ann.says("/start"), "Semiconductors")

    answer = await ann.presses(card, "Daily digest")

    assert card["text"].startswith("Semiconductors · ")
    assert answer["text"].startswith(
        "Subscribed to Semiconductors: in your digest every day at 08:00"
    )


async def test_a_link_to_a_topic_shows_its_card(ann):
    card = await ann.says("/start topic_central-banks")

    assert card["text"].startswith("Central banks · ")


async def test_a_link_to_no_topic_says_so(ann):
    answer = await ann.says("/start topic_nowhere")

    assert "no longer there" in answer["text"]


async def test_unknown_links_are_a_plain_start(ann):
    assert (await ann.says("/start whatever"))["text"].startswith("Hello, Ann.")


async def test_change_words_asks_for_others(ann):
    question = await ann.presses(await ann.says("Taiwan"), "Change words")

    card = await ann.says("Japan", reply_to_message_id=question["message_id"])

    assert labels(question) == ["Cancel"]
    assert card["text"].startswith("Japan · ")


async def test_not_now_takes_the_buttons_away(ann):
    card = await ann.presses(await ann.says("Taiwan"), "Not now")

    assert labels(card) == []


async def test_pressing_twice_makes_one_topic(ann):
    card = await ann.says("Taiwan")
    await ann.presses(card, "Both")
    await ann.presses(card, "Both")

    topics = await ann.says("/topics")

    assert "Your topics" in topics["text"]


async def test_without_a_guess_the_zone_says_so(house):
    bob = house.talk("Bob", language_code="en")

    answer = await bob.presses(await bob.says("Taiwan"), "Daily digest")

    assert "08:00 UTC (I could not guess your time zone)" in answer["text"]


async def test_start_offers_only_what_is_not_subscribed_to(ann):
    await ann.presses(await ann.presses(await ann.says("/start"), "Semiconductors"), "Both")

    again = await ann.says("/start")

    assert "Semiconductors" not in labels(again)
    assert again["text"].endswith("To subscribe to something else, type it.")


async def test_the_query_of_a_topic_is_behind_a_button(ann):
    card = await ann.presses(await ann.says("/start"), "Semiconductors")
    query = await ann.presses(card, "Query")

    assert " OR " not in card["text"]
    assert query["text"].startswith("Semiconductors\n")
    assert " OR " in query["text"]


async def test_help_is_six_lines_and_the_rest_a_tap_away(ann):
    short = await ann.says("/help")
    more = await ann.presses(short, "All commands")
    queries = await ann.presses(await ann.presses(more, "‹ Help"), "What you can type")

    assert len(short["text"].splitlines()) == 6
    assert "/delete_me" in more["text"]
    assert queries["text"].startswith("What you can write")
    assert short["message_id"] == queries["message_id"]


async def test_a_digest_of_a_muted_topic_says_that_it_is_muted(ann, house):
    from bot.subscribers import mutes, topics

    await ann.presses(await ann.says("Taiwan"), "Both")
    async with house.storage.reading() as tx:
        from sqlmodel import select

        from storage.chats import Chat

        chat_id = (await tx.session.exec(select(Chat.id))).first()
    topic = (await topics.subscribed(house.storage, chat_id)).items[0]
    await mutes.mute(house.storage, chat_id, mutes.TopicSubject(topic.id), mutes.Duration.DAY)

    digest = await ann.says("/digest")

    assert digest["text"].startswith("Taiwan is muted until ")
    assert labels(digest) == ["Taiwan"]


async def test_a_digest_in_a_group_says_how_to_subscribe_there(house, ann):
    from tests.chat.conftest import Talk

    chat = house.playground.chat("supergroup", "Newsroom", [ann.who], bot="left")
    house.playground.membership(chat, "administrator", from_id=ann.who.id)
    group = Talk(house.playground, chat)
    await group.next()

    digest = await group.says("/digest", from_id=ann.who.id)

    assert "/subscribe Taiwan" in digest["text"]
