import pytest

from tests.chat.conftest import Talk, labels


async def test_a_time_typed_alone_is_set_and_can_be_undone(ann):
    await ann.presses(await ann.says("Taiwan"), "Both")
    changed = await ann.says("07:30")
    settings = await ann.presses(changed, "Undo")

    assert changed["text"] == "Your digest now comes every day at 07:30 Tokyo time."
    assert "Digest: every day at 08:00 Tokyo time" in settings["text"]


async def test_a_time_typed_in_a_group_is_offered(ann, playground):
    chat = playground.chat("supergroup", "Newsroom", [ann.who], bot="left")
    playground.membership(chat, "member", from_id=ann.who.id)
    group = Talk(playground, chat)
    await group.next()

    offer = await group.says("@dateline_playground_bot 7:30", from_id=ann.who.id)

    assert offer["text"].endswith("digest come at 07:30?")


async def test_a_zone_is_offered_as_ones_own(ann):
    offer = await ann.says("Europe/Paris")
    settings = await ann.presses(offer, "Yes, Paris")

    assert "every day at 08:00 Paris time" in settings["text"]


async def test_a_zone_may_be_words_after_all(ann):
    card = await ann.presses(await ann.says("UTC+9"), "Look for it")

    assert card["text"].startswith("UTC+9 · nothing")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("8", "08:00"),
        ("8.30", "08:30"),
        ("18:30", "18:30"),
        ("7:30", "07:30"),
        ("at 7", "07:00"),
        ("19h30", "19:30"),
        ("7.30 pm", "19:30"),
        ("午後7時", "19:00"),
    ],
)
async def test_what_can_only_be_a_time_is_one(ann, typed, shown):
    answer = (await ann.says(typed))["text"]

    assert answer.startswith(f"Your digest now comes every day at {shown} Tokyo time.")


async def test_a_bare_city_is_words(ann):
    assert (await ann.says("Tokyo"))["text"].startswith("Tokyo · nothing")


async def test_a_broken_query_is_pointed_at_and_repaired(ann):
    refused = await ann.says("Taiwan OR (consul")
    card = await ann.presses(refused, "Try that")

    assert "Taiwan OR (consul\n          ^" in refused["text"]
    assert "This bracket is never closed" in refused["text"]
    assert [e["type"] for e in refused["entities"]][:1] == ["pre"]
    assert card["text"].startswith("Taiwan OR consul · ")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param("-Taiwan", "only says what must not be there", id="only not"),
        pytest.param("the and", "in nearly every article", id="only stop words"),
        pytest.param("ab*", "at least three letters", id="a short prefix"),
        pytest.param("Taiwan OR", "a word must follow", id="nothing follows"),
        pytest.param("word OR " * 500, "1,000 characters are the most", id="Telegram's longest"),
        pytest.param(
            " OR ".join(f"w{n}" for n in range(90)), "too many words", id="too many words"
        ),
    ],
)
async def test_what_cannot_be_a_query_gets_one_helpful_answer(ann, typed, said):
    refused = await ann.says(typed)

    assert said in refused["text"]
    assert "/help queries" in refused["text"]


async def test_an_unknown_command_points_to_help(ann):
    assert "All that I can do: /help" in (await ann.says("/frobnicate now"))["text"]


async def test_whatever_is_edited_is_asked_for_again(house, ann):
    from aiogram.types import Update

    await ann.says("/start")
    message = {
        "message_id": 1,
        "date": 1,
        "edit_date": 2,
        "chat": {"id": ann.who.id, "type": "private", "first_name": "Ann"},
        "from": {"id": ann.who.id, "is_bot": False, "first_name": "Ann"},
        "text": "Taiwan",
    }
    update = Update.model_validate({"update_id": 1, "edited_message": message})

    await house.dispatcher.feed_update(house.bot, update)

    assert (await ann.next())["text"].startswith("I only read new messages.")


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("🙂🎉", id="smiles"),
        pytest.param("!!! ???", id="punctuation"),
        pytest.param("the", id="a single stop word"),
        pytest.param("\u200b\u202e", id="nothing to be seen"),
        pytest.param("()", id="brackets"),
    ],
)
async def test_nonsense_gets_one_short_sentence_and_the_two_likeliest_things(ann, typed):
    answer = await ann.says(typed)

    assert answer["text"] == "I found no words to watch for in that."
    assert labels(answer) == ["Type words to watch", "Catalogue"]


async def test_telegrams_longest_text_is_read_like_a_post(ann):
    answer = await ann.says(f"The Santa Rosalia went down near Bohara. {'It sank. ' * 450}")

    assert answer["text"].startswith("Watch its words?")
    assert '"Santa Rosalia"' in labels(answer)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(
            {
                "sticker": {
                    "file_id": "1",
                    "file_unique_id": "1",
                    "type": "regular",
                    "width": 1,
                    "height": 1,
                    "is_animated": False,
                    "is_video": False,
                }
            },
            "I found no words",
            id="a sticker",
        ),
        pytest.param(
            {"voice": {"file_id": "1", "file_unique_id": "1", "duration": 1}},
            "I found no words",
            id="a voice",
        ),
        pytest.param(
            {
                "photo": [{"file_id": "1", "file_unique_id": "1", "width": 1, "height": 1}],
                "caption": "Taiwan",
            },
            "Taiwan · nothing",
            id="a photo with words under it",
        ),
    ],
)
async def test_what_is_no_text_is_answered_too(house, ann, content, said):
    from aiogram.types import Update

    message = {
        "message_id": 1,
        "date": 1,
        "chat": {"id": ann.who.id, "type": "private", "first_name": "Ann"},
        "from": {"id": ann.who.id, "is_bot": False, "first_name": "Ann"},
        **content,
    }

    await ann.says("/start")
    update = Update.model_validate({"update_id": 1, "message": message})
    await house.dispatcher.feed_update(house.bot, update)

    assert (await ann.next())["text"].startswith(said)


async def test_a_card_stays_one_message_whatever_is_typed(ann, news):
    longest = " OR ".join(["taiwan", *(f"{letter * 14}" for letter in "abcdefghij" * 5)])[:990]
    for number in range(3):
        await news(
            "taiwan " * 40, "Taiwan, taiwan: taiwan. " * 60, f"https://news.example.org/{number}"
        )

    card = await ann.says(longest.rpartition(" OR ")[0])
    answer = await ann.presses(card, "Both")

    assert "3 stories" in card["text"]
    assert labels(card)
    assert answer["text"].startswith("Subscribed to Taiwan, aaaaaaaaaaaaaa")
