"""The playground as one server: Bot API, control side, chat page and newsroom on one port."""

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from bot.playground.api import Api
from bot.playground.chats import Chat, Person
from bot.playground.control import Control
from bot.playground.directing import Directing, Facts
from bot.playground.flood import FloodMode
from bot.playground.guard import guard
from bot.playground.mailroom import Mailroom
from bot.playground.mailroom.letters import Letter
from bot.playground.newsroom import Newsroom
from bot.playground.webhooks import LONGEST_PAUSE, Webhooks
from bot.playground.world import World

LARGEST_BODY = 51 * 1024 * 1024  # bytes; a bot may upload 50 MB
PATIENCE = 30.0  # seconds that a test waits for what should come
_PAGE = Path(__file__).with_name("page")
_STOP = 0.01  # seconds that calls in flight get when the server stops

Where = int | Person | Chat


class Playground:
    """`async with Playground() as pg:` serves at `pg.base_url` until the block ends.

    *flood* is off, normal or strict; *newsroom_every* lets the newsroom publish by itself; *token*
    lets in that one only; *size* bounds journal, events and waiting updates; *clock* gives Unix
    seconds; *latency* are those that each call takes. The verbs mirror the control side; a chat may
    be named by number, Person or Chat.
    """

    def __init__(  # noqa: PLR0913 - each a knob of its own
        self,
        port: int = 0,
        *,
        flood: str = "normal",
        newsroom_every: timedelta | None = None,
        token: str | None = None,
        size: int = 100_000,
        clock: Callable[[], float] = time.time,
        latency: float = 0.0,
    ) -> None:
        self.port = port
        self.host = "127.0.0.1"
        self.world = World(clock=clock, flood=FloodMode(flood), size=size)
        self.directing = Directing(self.world)
        self.newsroom = Newsroom(lambda: datetime.fromtimestamp(clock(), UTC), newsroom_every)
        self.mailroom = Mailroom(clock, self._told_of)
        self.control = Control(self.directing, self.newsroom)
        self.api = Api(self.world, token, latency)
        self.webhooks = Webhooks(self.world.updates, clock, self.api.reply)
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def smtp(self) -> tuple[str, int]:
        """Host and port of the mail server."""
        return self.host, self.mailroom.port

    @property
    def newsroom_url(self) -> str:
        return f"{self.base_url}/news/feed.xml"

    def application(self) -> web.Application:
        app = web.Application(middlewares=[guard], client_max_size=LARGEST_BODY)
        app.add_routes([*self.api.routes(), *self.control.routes(), *self.newsroom.routes()])
        app.add_routes(self.mailroom.routes())
        app.router.add_get("/", _index)
        app.router.add_static("/page", _PAGE)
        app.cleanup_ctx.append(self.webhooks.lifetime)
        app.cleanup_ctx.append(self.newsroom.lifetime)
        app.cleanup_ctx.append(self.mailroom.lifetime)
        return app

    async def __aenter__(self) -> Self:
        runner = web.AppRunner(
            self.application(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=_STOP,
        )
        await runner.setup()
        self._runner = runner
        await self._listen(runner)
        self.port = runner.addresses[0][1]
        return self

    async def _listen(self, runner: web.AppRunner) -> None:
        self._site = web.TCPSite(runner, self.host, self.port)
        await self._site.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """Refuse every new connection inside the block; those that stand go on."""
        if self._runner is None or self._site is None:
            raise RuntimeError("the playground is not open")
        await self._site.stop()
        try:
            yield
        finally:
            await self._listen(self._runner)

    def person(self, first_name: str, **facts: Any) -> Person:
        """A new person (language_code, username, id, started); their chat has the same number."""
        return self.world.people[self.directing.person(first_name, **facts)["id"]]

    def chat(
        self,
        type: str,  # noqa: A002 - the name on the wire
        title: str,
        members: list[Person] | None = None,
        bot: str | None = None,
    ) -> Chat:
        """A group or channel whose creator is the first member; *bot*: "left" for without it."""
        numbers = [person.id for person in members or []]
        return self.world.chats[self.directing.chat(type, title, numbers, bot)["chat_id"]]

    def send(self, where: Where, text: str, **facts: Any) -> Facts:
        return self.directing.send(_number(where), text, **facts)

    def forward(self, where: Where, text: str, **facts: Any) -> Facts:
        """Forward a post by somebody else; *facts*: origin, entities, as_caption, from_id."""
        return self.directing.forward(_number(where), text, **facts)

    def upload(self, where: Where, name: str, data: bytes, **facts: Any) -> Facts:
        """Send a file; *facts*: mime, caption, from_id."""
        return self.directing.upload(_number(where), name, b64encode(data).decode(), **facts)

    def inline_query(self, person: Person, text: str, offset: str = "") -> str:
        """Ask inline, in whatever chat; returns the id, for `wait_for_inline_answer`."""
        return str(self.directing.inline(person.id, text, offset)["inline_query_id"])

    def choose(self, where: Where, query_id: str, result_id: str, **facts: Any) -> Facts:
        """Send a result of an inline query into a chat."""
        return self.directing.choose(query_id, result_id, _number(where), **facts)

    def press(self, where: Where, message_id: int, data: str, **facts: Any) -> str:
        """Press a button; returns the id of the callback query, for `wait_for_answer`."""
        pressed = self.directing.press(_number(where), message_id, data, **facts)
        return str(pressed["callback_query_id"])

    def block(self, where: Where) -> None:
        self.directing.block(_number(where))

    def unblock(self, where: Where) -> None:
        self.directing.unblock(_number(where))

    def membership(self, where: Where, status: str, **facts: Any) -> None:
        """What the bot is in a group; *facts*: rights, from_id."""
        self.directing.membership(_number(where), status, **facts)

    def member(self, where: Where, who: Person, status: str, **facts: Any) -> None:
        """What a person is in a group; *facts*: rights, is_anonymous, from_id."""
        self.directing.member(_number(where), who.id, status, **facts)

    def topic(self, where: Where, **facts: Any) -> int:
        """Make a topic (name), or close, open or delete one (thread_id, state); its number."""
        return int(self.directing.topic(_number(where), **facts)["thread_id"])

    def migrate(self, where: Where) -> int:
        return int(self.directing.migrate(_number(where))["new_chat_id"])

    def update(self, **told: Any) -> int:
        """Bring an update as it is told here, such as `poll={"id": "1"}`, which lacks much."""
        return int(self.directing.update(**told)["update_id"])

    def inject(self, fault: str, **facts: Any) -> int:
        """Order a fault; *facts*: method, chat_id, times (0: until cleared), when, retry_after."""
        return int(self.directing.inject(fault, **facts)["id"])

    def clear(self) -> None:
        self.directing.clear()

    def publish(self, slug: str | None = None) -> Facts:
        return self.control.publish(slug)

    def messages(self, where: Where, after: int = 0) -> list[Facts]:
        """The messages that stand in the chat and changed after that version, oldest first."""
        return [m for m in self.directing.messages(_number(where), after) if not m["deleted"]]

    def journal(self, method: str | None = None, after: int = 0) -> list[Facts]:
        entries = (entry.to_json() for entry in self.world.journal.after(after))
        return [entry for entry in entries if method in {None, entry["method"]}]

    def _told_of(self, letter: Letter) -> None:
        self.world.events.publish("mail", letter=letter.n)

    async def wait_for_letter(self, after: int = 0) -> Letter:
        """The first letter with a number above *after*."""
        while True:
            seen = self.world.events.last
            for letter in self.mailroom.letters:
                if letter.n > after:
                    return letter
            await self.wait_for_event(seen)

    async def wait_for_message(
        self,
        where: Where,
        predicate: Callable[[Facts], bool] = lambda _message: True,
        after: int = 0,
    ) -> Facts:
        """The first message of the bot that fits and has a version above *after*."""
        while True:
            seen = self.world.events.last
            for message in self.messages(where, after):
                if message["from"]["is_bot"] and predicate(message):
                    return message
            await self.wait_for_event(seen)

    async def wait_for_answer(self, query_id: str) -> Facts:
        """What the bot answered to a pressed button: text, show_alert, url."""
        while True:
            seen = self.world.events.last
            answer = self.world.callbacks.find(query_id).answer
            if answer is not None:
                return answer
            await self.wait_for_event(seen)

    async def wait_for_inline_answer(self, query_id: str) -> Facts:
        """What the bot answered to an inline query: results, button, next_offset, cache_time."""
        while True:
            seen = self.world.events.last
            answer: Facts | None = self.directing.inline_answer(query_id)["answer"]
            if answer is not None:
                return answer
            await self.wait_for_event(seen)

    async def wait_for_event(self, after: int) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.world.events.wait(after)


async def _index(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(_PAGE / "index.html", headers={"Cache-Control": "no-cache"})


def _number(where: Where) -> int:
    return where if isinstance(where, int) else where.id


async def run_forever(
    port: int,
    *,
    flood: str = "normal",
    newsroom_every: timedelta | None = timedelta(seconds=45),
    latency: float = 0.0,
    longest_pause: float = LONGEST_PAUSE,
    started: Callable[[Playground], None] = lambda _playground: None,
) -> None:
    """Serve until cancelled; *started* is called once the port is open."""
    opened = Playground(port, flood=flood, newsroom_every=newsroom_every, latency=latency)
    opened.webhooks.longest_pause = longest_pause
    async with opened as playground:
        started(playground)
        await asyncio.Event().wait()
