"""No page shows or changes what is another chat's, whatever address or form somebody makes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count, product
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp.web import Application, HTTPNotFound
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from bot.rendering.links import Purpose, Signer
from bot.web.pages import read_token
from bot.web.routes import BOUNCE_ROUTES, ROUTES
from storage.db.engine import Storage
from storage.enums import Mode
from storage.topics import Topic
from tests.belongings import SECRET, Rows, fill, ids_of, rows_of
from tests.conftest import MONDAY_NOON
from tests.web.conftest import LINKS, SIGNER, Visitor

pytestmark = pytest.mark.slow

# How many parts the subject of a token has: those of pages, and of what stands in mails.
PARTS = {
    Purpose.EDITION: 3,
    Purpose.MANAGE: 1,
    Purpose.STORIES: 1,
    Purpose.UNSUBSCRIBE: 1,
    Purpose.CONFIRM: 2,
    Purpose.FEED: 3,
    Purpose.BOUNCE: 0,
    Purpose.RETURN_PATH: 1,
    Purpose.LETTER: 2,
}
PART = st.integers(0, 2**63 - 1)
ROUTES_WITH_TOKENS: list[Any] = [
    route for route in (*ROUTES, *BOUNCE_ROUTES) if route.purpose is not None
]
READER: Any = SimpleNamespace(resources=SimpleNamespace(links=LINKS), clock=lambda: MONDAY_NOON)

BUTTONS: tuple[dict[str, str], ...] = (
    {"unsubscribe": "yes"},
    {"mode": "instant"},
    {"pause": "yes"},
    {"medium": "email"},
    {},
)


@dataclass
class Victim:
    storage: Storage
    visitor: Visitor
    chat_id: int
    before: Rows
    ids: dict[str, list[int]]
    clients: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def app(self) -> Application:
        served: Any = self.visitor.client.server
        return cast("Application", served.app)

    async def shown_by(self, method: str, path: str, fields: dict[str, str]) -> str:
        """Ask for it as a client of its own; say whether it shows what is the victim's."""
        address = f"198.51.{next(self.clients) // 250 % 250}.{next(self.clients) % 250}"
        headers = {"X-Forwarded-For": address, "Authorization": "tma user=1"}
        async with self.visitor.client.request(
            method, path, data=fields or None, headers=headers, allow_redirects=False
        ) as answer:
            text = await answer.text(errors="replace")
            assert answer.status < 500, path
        is_reported = SECRET in text.casefold() or SECRET in str(answer.headers).casefold()
        return "shown" if is_reported else ""

    async def changed(self) -> str:
        after = await rows_of(self.storage, self.chat_id)
        changed = [name for name, rows in after.items() if rows != self.before[name]]
        return f"changed {changed}" if changed else ""


@pytest.fixture
async def victim(visitor, storage, chat_id) -> Victim:
    async with storage.writing() as tx:
        for topic in await tx.session.exec(select(Topic).where(Topic.chat_id == chat_id)):
            topic.name = f"{SECRET} {topic.id}"
    await fill(storage, chat_id)
    before, ids = await rows_of(storage, chat_id), await ids_of(storage, chat_id)
    return Victim(storage, visitor, chat_id, before, ids)


@pytest.fixture
async def eve(newsroom) -> int:
    chat = await newsroom.chat(telegram_id=8)
    await newsroom.subscribe(chat, await newsroom.query("eve"), "Eve's words", Mode.BOTH)
    return int(chat)


@settings(deadline=None)
@given(data=st.data())
def test_a_token_of_one_purpose_is_refused_by_every_route_of_another(data):
    """The token is made as the program makes it: the subject has the parts that its route reads."""
    purpose = data.draw(st.sampled_from(list(PARTS)))
    parts = [data.draw(PART) for _ in range(PARTS[purpose])]
    token = SIGNER.sign(purpose, *parts)

    for route in ROUTES_WITH_TOKENS:
        request = cast("Any", SimpleNamespace(match_info={"token": token}))
        if route.purpose is purpose:
            assert read_token(READER, route.purpose, request) == tuple(map(str, parts))
        else:
            with pytest.raises(HTTPNotFound):
                read_token(READER, route.purpose, request)


def test_each_purpose_has_one_shape_of_subject():
    assert {route.purpose for route in ROUTES_WITH_TOKENS} <= PARTS.keys()


def test_every_address_of_a_chat_is_tried(victim):
    """Each has a token; what has none shows nothing of anybody."""
    paths = [resource.canonical for resource in victim.app.router.resources()]

    # Telegram posts to its own address, and a return path opens no page.
    of_people = set(Purpose) - {Purpose.UPDATES, Purpose.RETURN_PATH}
    assert all(f"/{purpose}/{{token}}" in " ".join(paths) for purpose in of_people)


async def test_a_valid_address_opens_its_page(victim, clock):
    """Else nothing would be shown by others not seeing it."""
    link = victim.visitor.links.manage(victim.chat_id, clock.now)

    assert await victim.shown_by("GET", link.removeprefix(victim.visitor.base), {}) == "shown"


async def test_a_forged_address_opens_nothing(victim, clock, eve):
    ids = victim.ids
    subjects: list[tuple[int | str, ...]] = [
        (victim.chat_id,),
        (victim.chat_id, f"{clock.now:%Y%m%d}", 0),
        (victim.chat_id, 0, 1),
        (victim.chat_id, ids["topic"][0], 1),
        (ids["mailbox"][0],),
        (ids["mailbox"][0], "word"),
    ]
    last = (clock.now + timedelta(days=9)).date()
    good = {purpose: SIGNER.sign(purpose, victim.chat_id) for purpose in Purpose}
    forged = {
        purpose: [token for each in subjects for token in _forged(each, purpose, eve, last)]
        for purpose in Purpose
    }

    harm = {
        f"{method} {path}": "shown"
        for path in _paths(victim.app, forged, good)
        for method in ("GET", "POST")
        if await victim.shown_by(method, path, {})
    }

    assert harm == {}
    assert await victim.changed() == ""


async def test_a_form_cannot_change_another_chat(victim, clock, eve):
    """Eve's own address is good, and she may send what she wants with it."""
    link = victim.visitor.links.manage(eve, clock.now).removeprefix(victim.visitor.base)
    every_id = sorted({each for found in victim.ids.values() for each in found})

    harm = {}
    for each, button in product(every_id, BUTTONS):
        names = ("topic", "chat", "chat_id", "topic_id", "id", "mailbox")
        form = dict.fromkeys(names, str(each)) | button
        harm[str(form)] = await victim.shown_by("POST", link, form) or await victim.changed()

    assert {form: what for form, what in harm.items() if what} == {}


def _forged(
    subject: tuple[int | str, ...], purpose: Purpose, eve: int, last: date
) -> Iterator[str]:
    """Yield tokens for *subject* that are all but good."""
    good = SIGNER.sign(purpose, *subject, last=last)
    signed, _, mac = good.rpartition(".")
    own = SIGNER.sign(purpose, eve, *subject[1:], last=last)
    yield Signer(bytes(31) + b"1").sign(purpose, *subject, last=last)
    yield f"{signed}.{own.rpartition('.')[2]}"
    yield f"{signed}.{'a' * len(mac)}"
    yield f"{signed}."
    yield signed
    yield f"{signed}.{mac}0"
    yield f"{signed.rpartition('.')[0]}.0.{mac}"


def _paths(
    app: Application, forged: dict[Purpose, list[str]], good: dict[Purpose, str]
) -> Iterator[str]:
    """Yield every address of the site, with each forged token of its purpose where it has one.

    Those that are good for one purpose are tried for all others.
    """
    for resource in app.router.resources():
        pattern = resource.canonical
        own = [purpose for purpose in Purpose if f"/{purpose}/{{token}}" in pattern]
        if not own:
            yield _filled(pattern)
        for purpose in own:
            others = [token for other, token in good.items() if other is not purpose]
            for token in (*forged[purpose], *others):
                yield _filled(pattern.replace("{token}", token))


def _filled(pattern: str) -> str:
    """Put something into whatever else the address asks for."""
    while "{" in pattern:
        before, _, rest = pattern.partition("{")
        pattern = f"{before}1{rest.partition('}')[2]}"
    return pattern
