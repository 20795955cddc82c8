"""The command menu, the description of the bot, and the menu button."""

from aiogram.types import BotCommandScopeAllPrivateChats, BotCommandScopeChat

from bot.chat.commands import Menu, names_in
from bot.chat.menu import register_commands, set_menu_button
from bot.rendering.i18n import IN_ENGLISH, LANGUAGES, Translation
from bot.rendering.renderer import Renderer, Renderers
from tests.catalogues.pseudo import pseudo, pseudo_translation

TRANSLATIONS = {
    "en": IN_ENGLISH,
    "zh-Hans": Translation(LANGUAGES["zh-Hans"], pseudo_translation().catalogue),
    "zh-Hant": Translation(LANGUAGES["zh-Hant"]),
}
ADMIN_COMMANDS = names_in(Menu.PRIVATE, is_admin=True)
APP = "https://news.example.org/app"
EVERYBODY = BotCommandScopeAllPrivateChats()


async def test_each_language_has_its_menu(house):
    await register_commands(house.bot, Renderers(translations=TRANSLATIONS).of("en"))

    english = await house.bot.get_my_commands(scope=EVERYBODY)
    chinese = await house.bot.get_my_commands(scope=EVERYBODY, language_code="zh")

    assert [one.command for one in english] == names_in(Menu.PRIVATE)
    assert english[0].description == "Your topics, and the catalogue"
    assert chinese[0].description == pseudo("Your topics, and the catalogue")


async def test_each_language_describes_the_bot(house):
    await register_commands(house.bot, Renderers(translations=TRANSLATIONS).of("en"))

    english = await house.bot.get_my_short_description()
    chinese = await house.bot.get_my_description(language_code="zh")

    assert english.short_description.startswith("Finds your topics in the news")
    assert chinese.description.startswith(pseudo("I read the news"))


async def test_every_command_has_a_description(house):
    ann = house.talk("Ann")
    await register_commands(house.bot, Renderers().of("en"), {ann.who.id: "en"})

    theirs = await house.bot.get_my_commands(scope=BotCommandScopeChat(chat_id=ann.who.id))

    assert [one.command for one in theirs] == ADMIN_COMMANDS
    assert all(one.description for one in theirs)
    said = {one.command: one.description for one in theirs}
    assert said["sources"] == "The sources that everybody gets"


async def test_the_admin_menu_is_in_the_language_of_the_admin(house):
    ann, ben = house.talk("Ann"), house.talk("Ben")
    admins = {ann.who.id: "zh-Hans", ben.who.id: "en"}
    await register_commands(house.bot, Renderers(translations=TRANSLATIONS).of("en"), admins)

    menus = [
        await house.bot.get_my_commands(scope=BotCommandScopeChat(chat_id=who)) for who in admins
    ]

    english = "Your topics, and the catalogue"
    topics = [menu[ADMIN_COMMANDS.index("topics")].description for menu in menus]
    assert topics == [pseudo(english), english]


async def test_an_unknown_admin_does_not_stop_the_menus_of_the_others(house):
    ann = house.talk("Ann")

    await register_commands(house.bot, Renderers().of("en"), {404404: "en", ann.who.id: "en"})

    assert await house.bot.get_my_commands(scope=BotCommandScopeChat(chat_id=ann.who.id))


async def test_the_menu_button_opens_the_app(bot, playground):
    await set_menu_button(bot, Renderer(), APP)

    button = playground.bot_profile()["menu_button"]
    assert button == {"type": "web_app", "text": "Topics", "web_app": {"url": APP}}


async def test_the_menu_button_shows_the_commands_without_an_app(bot, playground):
    await set_menu_button(bot, Renderer(), APP)
    await set_menu_button(bot, Renderer(), None)

    assert playground.bot_profile()["menu_button"] == {"type": "commands"}
