"""The language of a chat: its client's at first, then the one that was chosen."""

import pytest
from aiogram.types import BotCommandScopeChat

from bot.rendering.i18n import IN_ENGLISH, LANGUAGES, Translation
from bot.rendering.renderer import Renderers
from bot.subscribers.access import Access
from tests.catalogues.pseudo import pseudo, pseudo_translation
from tests.chat.conftest import labels
from tests.resources import ADMIN

# Arabic and Chinese, as if their sentences were English with accents.
MADE_UP = pseudo_translation().catalogue
TRANSLATIONS = {
    "en": IN_ENGLISH,
    "zh-Hans": Translation(LANGUAGES["zh-Hans"]),
    "ar": Translation(LANGUAGES["ar"], MADE_UP),
}


@pytest.fixture
def renderer():
    return Renderers(translations=TRANSLATIONS).of("en")


@pytest.fixture
def ali(house):
    return house.talk("Ali", language_code="ar")


async def test_a_chat_is_spoken_to_as_its_client_is(ali):
    assert pseudo("the admin reads it") in (await ali.says("/help"))["text"]


async def test_a_language_that_is_not_spoken_is_english(house):
    answer = await house.talk("Jan", language_code="nl").says("/language")

    assert answer["text"].startswith("Language\n")


async def test_languages_are_offered_by_their_own_names(ann):
    answer = await ann.says("/language")

    assert labels(answer) == ["✓ As in Telegram", "English", "简体中文", "العربية", "‹ Settings"]


async def test_what_is_chosen_stays_whatever_the_client_says(ann):
    changed = await ann.says("/language", "العربية")

    answer = await ann.says("/help")

    assert labels(changed)[0] == pseudo("As in Telegram")
    assert "✓ العربية" in labels(changed)
    assert pseudo("the admin reads it") in answer["text"]


async def test_as_in_telegram_gives_the_client_its_say_again(ali):
    page = await ali.says("/language", "English")

    back = await ali.presses(page, "As in Telegram")

    assert "✓ English" in labels(page)
    assert labels(back)[0] == f"✓ {pseudo('As in Telegram')}"


async def test_a_language_that_is_offered_no_more_is_refused(ann, monkeypatch):
    page = await ann.says("/language")
    monkeypatch.setattr(Renderers, "offered", (LANGUAGES["en"],))

    assert await ann.presses_quietly(page, "العربية")
    assert "✓ As in Telegram" in labels(page)


async def test_where_one_language_is_spoken_there_is_nothing_to_choose(house, monkeypatch):
    monkeypatch.setattr(Renderers, "offered", (LANGUAGES["en"],))

    answer = await house.talk("Bob").says("/language")

    assert labels(answer) == ["‹ Settings"]
    assert "only speak English" in answer["text"]


async def test_settings_lead_there(ann):
    assert "Which language" in (await ann.says("/settings", "Language"))["text"]


async def test_a_digest_asked_for_is_in_the_language_of_the_chat(ali):
    assert (await ali.says("/digest"))["text"].startswith("\u200f")


async def test_a_question_and_its_answer_are_understood_in_any_language(ali):
    question = await ali.says("Taiwan", pseudo("Change words"))

    again = await ali.replies(question, "Japan")

    assert again["text"].startswith("\u200f\u2068Japan\u2069 · ")


async def test_a_question_is_known_for_one_in_a_language_chosen_since(ann):
    question = await ann.says("/settings", "Change time", "Another time")
    await ann.says("/language", "العربية")

    answer = await ann.replies(question, "7:30")

    assert "07:30" in answer["text"]
    assert pseudo("Pause everything") in labels(answer)


async def test_the_menu_of_a_chat_follows_the_choice(ann, house):
    scope = BotCommandScopeChat(chat_id=ann.who.id)
    page = await ann.says("/language", "العربية")
    chosen = await house.bot.get_my_commands(scope=scope, language_code="ja")
    everywhere = await house.bot.get_my_commands(scope=scope)
    await ann.presses(page, pseudo("As in Telegram"))

    assert chosen == []
    assert everywhere[0].description == pseudo("Your topics, and the catalogue")
    assert await house.bot.get_my_commands(scope=scope) == []


class TestWithAnApp:
    @pytest.fixture
    def app_url(self):
        return "https://news.example.org/app"

    async def test_the_button_of_a_chat_says_in_its_language_what_it_opens(self, ali, house):
        await ali.says("/start")

        assert (await house.bot.get_chat_menu_button(chat_id=ali.who.id)).text == pseudo("Topics")

    async def test_the_button_follows_the_choice(self, ann, house):
        page = await ann.says("/language", "العربية")
        chosen = await house.bot.get_chat_menu_button(chat_id=ann.who.id)
        await ann.presses(page, "English")

        again = await house.bot.get_chat_menu_button(chat_id=ann.who.id)
        assert (chosen.text, again.text) == (pseudo("Topics"), "Topics")


class TestWithoutAccess:
    @pytest.fixture
    def access(self):
        return Access(is_open=False, admins=frozenset({ADMIN}))

    async def test_users_without_access_are_told_so_in_the_language_of_their_client(self, ali):
        assert (await ali.says("Taiwan"))["text"].startswith("\u200f")
