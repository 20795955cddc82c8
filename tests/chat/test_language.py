"""The language of a chat: the client's until the user chooses one."""

import asyncio
from collections import Counter

import pytest
from aiogram.types import BotCommandScopeChat
from structlog.testing import capture_logs

from bot.chat.menu import ChatMenu
from bot.rendering.i18n import IN_ENGLISH, LANGUAGES, Translation
from bot.rendering.renderer import Renderers
from bot.subscribers.access import Access
from tests.catalogues.pseudo import pseudo, pseudo_translation
from tests.chat.conftest import labels
from tests.resources import ADMIN

# The translations are English with accents, so that the tests can read them.
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


async def test_replies_are_in_the_language_of_the_client(ali):
    assert pseudo("the admin reads it") in (await ali.says("/help"))["text"]


async def test_an_unsupported_language_falls_back_to_english(house):
    answer = await house.talk("Jan", language_code="nl").says("/language")

    assert answer["text"].startswith("Language\n")


async def test_languages_are_offered_under_their_native_names(ann):
    answer = await ann.says("/language")

    assert labels(answer) == ["✓ As in Telegram", "English", "简体中文", "العربية", "‹ Settings"]


async def test_the_chosen_language_overrides_the_client(ann):
    changed = await ann.says("/language", "العربية")

    answer = await ann.says("/help")

    assert labels(changed)[0] == pseudo("As in Telegram")
    assert "✓ العربية" in labels(changed)
    assert pseudo("the admin reads it") in answer["text"]


@pytest.mark.parametrize("typed", ["ar", "AR", "العربية"])
async def test_a_language_is_chosen_by_typing_its_code_or_its_name(ann, typed):
    assert "✓ العربية" in labels(await ann.says(f"/language {typed}"))


async def test_as_in_telegram_follows_the_client_again(ali):
    page = await ali.says("/language", "English")

    back = await ali.presses(page, "As in Telegram")

    assert "✓ English" in labels(page)
    assert labels(back)[0] == f"✓ {pseudo('As in Telegram')}"


async def test_a_choice_is_undone_in_the_former_language(ann):
    page = await ann.says("/language")
    changed = await ann.presses(page, "العربية")

    restored = await ann.presses(changed, pseudo("Undo"))

    assert (restored["text"], labels(restored)) == (page["text"], labels(page))


async def test_a_language_no_longer_offered_is_refused(ann, monkeypatch):
    page = await ann.says("/language")
    monkeypatch.setattr(Renderers, "offered", (LANGUAGES["en"],))

    assert await ann.presses_quietly(page, "العربية")
    assert "✓ As in Telegram" in labels(page)


async def test_a_single_language_leaves_no_choice(house, monkeypatch):
    monkeypatch.setattr(Renderers, "offered", (LANGUAGES["en"],))

    answer = await house.talk("Bob").says("/language")

    assert labels(answer) == ["‹ Settings"]
    assert "only speak English" in answer["text"]


async def test_settings_lead_to_the_languages(ann):
    assert "Which language" in (await ann.says("/settings", "Language"))["text"]


async def test_a_requested_digest_is_in_the_language_of_the_chat(ali):
    assert (await ali.says("/digest"))["text"].startswith("\u200f")


async def test_a_question_and_its_answer_are_understood_in_any_language(ali):
    question = await ali.says("Taiwan", pseudo("Change words"))

    again = await ali.replies(question, "Japan")

    assert again["text"].startswith("\u200f\u2068Japan\u2069 · ")


async def test_a_question_is_recognised_after_the_language_changed(ann):
    question = await ann.says("/settings", "Change time", "Another time")
    await ann.says("/language", "العربية")

    answer = await ann.replies(question, "7:30")

    assert "07:30" in answer["text"]
    assert pseudo("Settings") in labels(answer)


async def test_the_menu_follows_the_chosen_language(ann, house):
    scope = BotCommandScopeChat(chat_id=ann.who.id)
    page = await ann.says("/language", "العربية")
    await house.resources.background.wait()
    chosen = await house.bot.get_my_commands(scope=scope, language_code="ja")
    everywhere = await house.bot.get_my_commands(scope=scope)
    await ann.presses(page, pseudo("As in Telegram"))
    await house.resources.background.wait()

    assert chosen == []
    assert everywhere[0].description == pseudo("Your topics, and the catalogue")
    assert await house.bot.get_my_commands(scope=scope) == []


async def test_a_change_of_language_sets_the_menu_by_one_call(ann, house):
    page = await ann.says("/language")
    house.calls()

    await ann.presses(page, "العربية")
    await house.resources.background.wait()

    methods = Counter(call["method"] for call in house.calls())
    assert methods["setMyCommands"] == methods["setChatMenuButton"] == 1


async def test_a_change_of_language_does_not_wait_for_the_menu(ann, house, monkeypatch):
    is_set = asyncio.Event()
    monkeypatch.setattr(ChatMenu, "set", lambda _menu, _bot: is_set.wait())

    page = await ann.says("/language", "العربية")
    again = await ann.says("/help")

    assert "✓ العربية" in labels(page)
    assert pseudo("the admin reads it") in again["text"]
    is_set.set()


async def test_a_menu_that_cannot_be_set_is_logged_not_told(ann, house, playground):
    page = await ann.says("/language")
    playground.inject("500", method="setChatMenuButton", description="Internal: made up")

    with capture_logs() as logged:
        changed = await ann.presses(page, "العربية")
        await house.resources.background.wait()

    assert "✓ العربية" in labels(changed)
    assert ann.all()[-1]["message_id"] == changed["message_id"]
    assert [line["event"] for line in logged] == ["the menu of a chat was not set"]


async def test_the_last_of_two_languages_sets_the_menu(ann, house):
    page = await ann.says("/language", "العربية")
    await ann.presses(page, "English")
    await house.resources.background.wait()

    menu = await house.bot.get_my_commands(scope=BotCommandScopeChat(chat_id=ann.who.id))
    assert menu[0].description == "Your topics, and the catalogue"


class TestWithAnApp:
    @pytest.fixture
    def app_url(self):
        return "https://news.example.org/app"

    async def test_the_app_button_is_in_the_language_of_the_chat(self, ali, house):
        await ali.says("/start")
        await ali.settled()
        await house.resources.background.wait()

        assert (await house.bot.get_chat_menu_button(chat_id=ali.who.id)).text == pseudo("Topics")

    async def test_the_app_button_follows_the_chosen_language(self, ann, house):
        page = await ann.says("/language", "العربية")
        await house.resources.background.wait()
        chosen = await house.bot.get_chat_menu_button(chat_id=ann.who.id)
        await ann.presses(page, "English")
        await house.resources.background.wait()

        again = await house.bot.get_chat_menu_button(chat_id=ann.who.id)
        assert (chosen.text, again.text) == (pseudo("Topics"), "Topics")


class TestWithoutAccess:
    @pytest.fixture
    def access(self):
        return Access(is_open=False, admins=frozenset({ADMIN}))

    async def test_a_refusal_is_in_the_language_of_the_client(self, ali):
        assert (await ali.says("Taiwan"))["text"].startswith("\u200f")
