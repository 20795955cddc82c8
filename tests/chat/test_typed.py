import pytest
from aiogram.types import Update
from sqlmodel import select

from bot.subscribers.input import read_typed
from storage.articles import Article
from tests.chat.conftest import BOT_NAME, labels


async def test_a_time_typed_alone_is_set_and_can_be_undone(ann):
    await ann.says("Taiwan", "Both")
    changed = await ann.says("07:30")
    settings = await ann.presses(changed, "Undo")

    assert changed["text"] == "Saved. Digest: every day at 07:30 Tokyo time"
    assert "Digest: every day at 08:00 Tokyo time" in settings["text"]


async def test_a_time_typed_in_a_group_is_offered(house, ann):
    group = await house.group(ann)

    offer = await group.says(f"{BOT_NAME} 7:30", from_id=ann.who.id)

    assert offer["text"].endswith("digest at 07:30?")


async def test_a_typed_zone_is_offered(ann):
    settings = await ann.says("Europe/Paris", "Yes, Paris")

    assert "every day at 08:00 Paris time" in settings["text"]


async def test_a_typed_zone_can_be_searched_for(ann):
    assert (await ann.says("UTC+9", "Look for it"))["text"].startswith("UTC+9 · nothing")


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
async def test_an_unambiguous_time_is_set(ann, typed, shown):
    answer = (await ann.says(typed))["text"]

    assert answer.startswith(f"Saved. Digest: every day at {shown} Tokyo time")


async def test_a_bare_city_is_a_query(ann):
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
        pytest.param("word OR " * 500, "at most 1,000 characters", id="Telegram's longest"),
        pytest.param(
            " OR ".join(f"w{n}" for n in range(90)), "too many words", id="too many words"
        ),
    ],
)
async def test_an_unusable_query_gets_one_helpful_answer(ann, typed, said):
    refused = await ann.says(typed)

    assert said in refused["text"]
    assert "/help queries" in refused["text"]


async def test_an_unknown_command_points_to_help(ann):
    assert "All that I can do: /help" in (await ann.says("/frobnicate now"))["text"]


async def test_an_edited_message_asks_for_a_new_one(house, ann):
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

    await house.feed(update)

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
async def test_nonsense_gets_one_sentence_and_two_buttons(ann, typed):
    answer = await ann.says(typed)

    assert answer["text"] == "I found nothing to look for in that."
    assert labels(answer) == ["Type a query", "Catalogue"]


async def test_the_longest_text_is_read_like_a_post(ann):
    answer = await ann.says(f"The Santa Rosalia went down near Bohara. {'It sank. ' * 450}")

    assert answer["text"].startswith("Subscribe to its words?")
    assert '"Santa Rosalia"' in labels(answer)


FILE = {"file_id": "1", "file_unique_id": "1"}
SIZE = {"width": 1, "height": 1}
POLL = {
    "id": "1",
    "question": "Which?",
    "options": [],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": False,
    "members_only": False,
}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(
            {"sticker": FILE | SIZE | {"type": "regular", "is_animated": False, "is_video": False}},
            "Nice one!",
            id="a sticker",
        ),
        pytest.param({"voice": FILE | {"duration": 1}}, "I can't listen", id="a voice message"),
        pytest.param(
            {"video_note": FILE | {"duration": 1, "length": 1}}, "I can't listen", id="a video note"
        ),
        pytest.param({"photo": [FILE | SIZE]}, "I can't look at pictures.", id="a photo"),
        pytest.param(
            {"video": FILE | SIZE | {"duration": 1}}, "I can't look at pictures.", id="a video"
        ),
        pytest.param(
            {"animation": FILE | SIZE | {"duration": 1}, "document": FILE},
            "I can't look at pictures.",
            id="an animation, which is a document, too",
        ),
        pytest.param(
            {"contact": {"phone_number": "+1", "first_name": "<b>Bob</b>"}},
            "I have no use for contacts",
            id="a contact",
        ),
        pytest.param({"poll": POLL}, "I can't answer that.", id="a poll"),
        pytest.param({"dice": {"emoji": "🎲", "value": 1}}, "I don't play.", id="a die"),
        pytest.param({"gift_of_tomorrow": {}}, "I found nothing", id="an unknown kind"),
        pytest.param(
            {
                "photo": [FILE | SIZE],
                "caption": "Taiwan",
            },
            "Taiwan · nothing",
            id="a photo with words under it",
        ),
    ],
)
async def test_a_message_without_text_is_answered(house, ann, content, said):
    message = {
        "message_id": 1,
        "date": 1,
        "chat": {"id": ann.who.id, "type": "private", "first_name": "Ann"},
        "from": {"id": ann.who.id, "is_bot": False, "first_name": "Ann"},
        **content,
    }

    await ann.says("/start")
    update = Update.model_validate({"update_id": 1, "message": message})
    await house.feed(update)

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


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param("Hello!", "Hello, Ann. Type what I should look for", id="a greeting"),
        pytest.param("こんにちは", "Hello, Ann.", id="a greeting in another language"),
        pytest.param("Thanks", "You're welcome!", id="thanks"),
        pytest.param("help", "Subscribe · type what you want", id="help"),
        pytest.param("stop", "Tap Pause to get nothing", id="stop"),
        pytest.param("unsubscribe", "Tap Pause to get nothing", id="unsubscribe"),
        pytest.param("never mind", "There is nothing to cancel.", id="never mind"),
        pytest.param("/Start", "Hello, Ann.", id="a command with a capital"),
        pytest.param("help Ukraine", "help Ukraine · nothing", id="more than a word to the bot"),
    ],
)
async def test_small_talk_is_answered_and_not_searched(ann, typed, said):
    assert (await ann.says(typed))["text"].startswith(said)


@pytest.mark.parametrize(
    "typed", ["delete Taiwan", "unsubscribe from taiwan", "Stop Taiwan", "remove taiwan"]
)
async def test_a_topic_is_deleted_by_typing_and_restored(ann, typed):
    await ann.says("Taiwan", "Both")

    deleted = await ann.says(typed)
    again = await ann.presses(deleted, "Undo")

    assert "Undo" in labels(deleted)
    assert again["text"].startswith("Taiwan · alerts and daily digest")


async def test_a_deletion_that_names_no_topic_is_a_query(ann):
    assert (await ann.says("stop Brexit"))["text"].startswith("stop Brexit · nothing")


@pytest.mark.parametrize(
    "typed",
    ["Taiwan, Japan, South Korea", "Taiwan\nJapan\nSouth Korea", "Taiwan、Japan、South Korea"],
)
async def test_a_list_matches_any_of_its_items(ann, typed):
    card = await ann.says(typed)
    together = await ann.presses(card, "all of them")

    assert card["text"].startswith('Taiwan OR Japan OR "South Korea" · ')
    assert "stories with any of these words" in card["text"]
    assert together["text"].startswith('"Taiwan" "Japan" "South Korea" · ')


@pytest.mark.parametrize(
    "typed",
    [
        "1,000 ships",
        "Taiwan OR Japan, Korea",
        "It rained, then it snowed in the hills again, they say",
    ],
)
async def test_other_text_with_commas_is_not_a_list(ann, typed):
    assert "any of these words" not in (await ann.says(typed))["text"]


def reaction_of(user_id: int, before: int, after: int, kind: str = "private") -> Update:
    thumb = {"type": "emoji", "emoji": "👍"}
    reaction = {
        "chat": {"id": user_id, "type": kind, "first_name": "Ann", "title": "Newsroom"},
        "message_id": 1,
        "user": {"id": user_id, "is_bot": False, "first_name": "Ann"},
        "date": 1,
        "old_reaction": [thumb] * before,
        "new_reaction": [thumb] * after,
    }
    return Update.model_validate({"update_id": 1, "message_reaction": reaction})


async def test_a_reaction_is_answered_with_the_buttons_to_use(house, ann):
    await ann.says("/start")

    await house.feed(reaction_of(ann.who.id, 0, 1))

    assert (await ann.next())["text"].startswith("I can't read reactions.")


@pytest.mark.parametrize(
    ("user_id", "before", "after", "kind"),
    [
        pytest.param(None, 1, 0, "private", id="taken back"),
        pytest.param(None, 0, 1, "supergroup", id="in a group"),
        pytest.param(4711, 0, 1, "private", id="of an unknown user"),
    ],
)
async def test_other_reactions_are_ignored(house, ann, user_id, before, after, kind):
    await ann.says("/start")

    calls = await house.feed(reaction_of(user_id or ann.who.id, before, after, kind))

    assert "I can't read reactions." not in str(calls)


@pytest.mark.parametrize(
    ("typed", "all_of_them"),
    [
        pytest.param("Taiwan, Japan, Korea", '"Taiwan" "Japan" "Korea"', id="English"),
        pytest.param("台湾、韓国、中国", '"台湾" "韓国" "中国"', id="Japanese"),
    ],
)
async def test_a_list_of_names_can_be_read_as_all_of_them(ann, typed, all_of_them):
    card = await ann.presses(await ann.says(typed), "Stories with all of them")

    assert card["text"].startswith(f"{all_of_them} · ")


async def test_a_query_already_subscribed_to_shows_its_page(ann):
    await ann.says("Taiwan", "Both")

    page = await ann.says("taiwan")

    assert page["text"].startswith("You already get Taiwan (alerts and daily digest).")
    assert "✓ Both" in labels(page)


async def test_a_misspelt_word_offers_a_correction(ann, news):
    await news("Taiwan votes", "A quiet day.")

    doubtful = await ann.says("Taiwann")
    card = await ann.presses(doubtful, "Taiwan")

    assert "Did you mean Taiwan?" in doubtful["text"]
    assert card["text"].startswith("Taiwan · 1 story")


async def test_related_words_are_added_by_a_tap(ann, news):
    await news("Consuls-General are named", "Three consuls-general.")

    card = await ann.says('"consul-general"')
    (also,) = (label for label in labels(card) if label.startswith("Also: "))
    more = await ann.presses(card, "Also: ")

    assert also.lower() == "also: consuls-general"
    assert more["message_id"] == card["message_id"]
    assert more["text"].lower().startswith('"consul-general" or consuls-general · 1 story')
    assert not [label for label in labels(more) if label.startswith("Also: ")]


async def test_the_plural_of_a_word_is_added_by_a_tap(ann, news):
    await news("Two elections are held", "Voters stayed at home.")

    more = await ann.presses(await ann.says("election"), "Also: elections")

    assert more["text"].startswith("election OR elections · 1 story")


async def test_names_in_other_languages_are_added_one_by_one(ann, one_storage, news):
    await news("台湾で選挙", "台湾。")
    async with one_storage.writing() as tx:
        (article,) = await tx.session.exec(select(Article))
        article.language = "ja"

    card = await ann.says("Taiwan")
    menu = await ann.presses(card, "Other languages ▸")
    back = await ann.presses(menu, "‹ Back")
    more = await ann.presses(await ann.presses(back, "Other languages ▸"), "台湾")

    assert labels(card)[0] == "Alert me"
    assert labels(card)[-1] == "Other languages ▸"
    assert labels(menu) == ["台湾 · Japanese", "‹ Back"]
    assert labels(back) == labels(card)
    assert more["message_id"] == card["message_id"]
    assert more["text"].startswith("Taiwan OR 台湾 · 1 story")
    assert "Other languages ▸" not in labels(more)


@pytest.mark.parametrize(
    "words", [pytest.param("exports", id="short"), pytest.param("export " * 12, id="too long")]
)
async def test_a_card_says_how_it_reads_several_words(ann, words):
    card = await ann.says(f"chip {words}")
    phrase = await ann.presses(card, "As a phrase")

    assert "This finds stories with both words, anywhere." in card["text"]
    assert phrase["message_id"] == card["message_id"]
    assert phrase["text"].startswith(f'"chip {words.strip()}" · ')
    assert "anywhere" not in phrase["text"]
    assert "As a phrase" not in labels(phrase)


async def test_a_card_counts_three_words(ann):
    card = await ann.says("Norway oil fund")

    assert "This finds stories with all 3 words, anywhere." in card["text"]


@pytest.mark.parametrize("typed", ["Taiwan", "chip AND exports", '"oil fund" Norway', "chip -dip"])
async def test_a_plain_query_needs_no_explanation(ann, typed):
    card = await ann.says(typed)

    assert "anywhere" not in card["text"]
    assert "As a phrase" not in labels(card)


@pytest.mark.parametrize("data", ["name|xx|Taiwan", "name||Taiwan", "names|Taiwan", "name|..|x"])
async def test_a_forged_language_adds_nothing(house, ann, data):
    button = await house.show_button(ann, data)

    await ann.presses_quietly(button, "By hand")

    assert " OR " not in (await ann.next())["text"]


async def test_typed_text_is_parsed_once(ann, monkeypatch):
    read: list[str] = []

    def counted(typed, *rest, **facts):
        read.append(typed)
        return read_typed(typed, *rest, **facts)

    monkeypatch.setattr("bot.chat.handlers.text.read_typed", counted)
    await ann.says("Taiwan")

    assert read == ["Taiwan"]
