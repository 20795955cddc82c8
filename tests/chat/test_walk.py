"""Every command and button, in English and in Arabic, through the dispatcher.

The playground refuses the calls that Telegram refuses.
"""

from contextlib import closing

import pytest
from sqlmodel import select

from bot.rendering.renderer import Renderers
from bot.subscribers.users import Sender
from storage.topics import Topic
from tests.belongings import ids_of
from tests.chat.conftest import BOT_NAME, House
from tests.chat.pressings import Kept, add_owner, classes, data_of, press, say
from tests.chat.registrations import commands_of
from tests.chat.walking import Walk
from tests.resources import ADMIN

pytestmark = pytest.mark.slow

EVE = 666
FEED = "https://paper.example/feed.xml"
NOBODYS = 424242
_MOST = 4  # buttons of one kind; further ones are alike
TYPED = (
    "okapi",
    "okapi OR (",
    "8:00",
    "8:00 and 18:30, Mondays 9:00",
    "quiet 23:00-7:00",
    "UTC+9",
    "Nowhere/Land",
    "new@dateline.example",
    "123456",
    "https://paper.example/",
    "\U0001f980",
)
ARGUMENTS = ("", "okapi", "((", str(NOBODYS))
FITTING = (
    f"/sources add {FEED}",
    f"/sources remove {FEED}",
    "/help queries",
    "/ban 12345",
    "/allow 12345",
    "/catalogue add Apes = okapi",
    "/catalogue rename 1 Apes",
    "/catalogue query 1 okapi",
    "/start topic_taiwan",
    "/email me@dateline.example",
)


@pytest.fixture
def renderer():
    return Renderers().of("en")


@pytest.fixture
async def walk(house, tmp_path, news):
    """Yield the walk of an admin with a row in every table, who may press everything."""
    await news("Okapi seen", "An okapi was seen in the zoo.")
    house.talk("Ada", id=ADMIN)
    await add_owner(house, Sender(ADMIN, ADMIN, name="Eve", language="en"), FEED, "Paper")
    with closing(Kept(tmp_path / "dateline.sqlite3")) as kept:
        yield Walk(house, kept, await _data(house))


async def _data(house: House) -> tuple[str, ...]:
    async with house.storage.reading() as tx:
        topics = list(await tx.session.exec(select(Topic)))
    names = {"Okapi seen", "An okapi was seen in the zoo.", "Sample Times"}
    names |= {one.name for one in topics}
    names |= {one.name for one in Renderers().of("en").offered}
    return tuple(sorted(names, key=len, reverse=True))


async def test_every_command_and_typed_text_is_answered_well(walk):
    said = [
        f"/{command} {words}".rstrip()
        for command in commands_of(walk.house.dispatcher)
        for words in ARGUMENTS
    ]

    for text in (*said, *FITTING, *TYPED):
        await walk.step(text, lambda language, text=text: say(ADMIN, text, language))

    assert walk.faults == []


async def test_every_button_is_answered_well(walk):
    shown = await walk.house.bot.send_message(ADMIN, "okapi")
    ids = await ids_of(walk.house.storage, 1)
    nobodys = {name: [NOBODYS] for name in ids}
    pressed = {data for kind in classes() for data in data_of(kind, ids)[:_MOST]}
    pressed |= {data for kind in classes() for data in data_of(kind, nobodys)[:1]}

    for data in sorted(pressed):
        await walk.step(
            data,
            lambda language, data=data: press(ADMIN, data, language, message_id=shown.message_id),
        )

    assert walk.faults == []


async def test_every_command_of_a_plain_user_is_answered_well(walk):
    walk.house.talk("Eve", id=EVE)

    for command in commands_of(walk.house.dispatcher):
        for text in (f"/{command}", f"/{command} okapi"):
            await walk.step(text, lambda language, text=text: say(EVE, text, language))

    assert walk.faults == []


async def test_every_command_and_button_in_a_group_is_answered_well(walk):
    eve = walk.house.talk("Eve", id=EVE).who
    made = walk.house.playground.chat("supergroup", "Zoo", [eve], "administrator")
    place = {"id": made.id, "type": "supergroup", "title": "Zoo"}
    shown = await walk.house.bot.send_message(made.id, "okapi")
    said = [f"/{command}{BOT_NAME}" for command in commands_of(walk.house.dispatcher)]
    pressed = {data for kind in classes() for data in data_of(kind, {})[:1]}

    for text in said:
        await walk.step(text, lambda language, text=text: say(EVE, text, language, chat=place))
    for data in sorted(pressed):
        await walk.step(
            data,
            lambda language, data=data: press(
                EVE, data, language, message_id=shown.message_id, chat=place
            ),
        )

    assert walk.faults == []
