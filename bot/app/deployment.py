"""Where a bot runs: on Telegram or, without a token, in the playground, which it starts itself."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.app.stops import needing_the_port
from bot.settings import AccessMode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bot.model.client import ModelClient
    from bot.playground.server import Playground
    from bot.settings import Settings
    from bot.sources.discovery.discover import SampleSite

PLAYGROUND_TOKEN: Final = "1:playground"  # noqa: S105 - it opens nothing
PLAYGROUND_ADDRESS: Final = "news@playground.example"
DATA_FOLDER: Final = Path("var")  # the local state of a bot, even if its database is on PostgreSQL
NEWSROOM_PUBLISHES: Final = timedelta(seconds=45)
NEWSROOM_IS_READ: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Deployment:
    """The bot's *token*, the address of the Bot API (*api_url*), and who may use the bot.

    The playground adds *newsroom*, the host and port that the fetcher may reach although they are
    private; *newsroom_site*, its pages; *feeds* to read; *picture_proxy*, which draws their
    pictures; *smtp*, the host and port of its mail server; *newsletter_address*, below which it
    delivers newsletters; *model_url*, its language model;
    *frames*, the sites besides Telegram's that may embed the Mini App; and *playground*.
    """

    token: str
    api_url: str
    access: AccessMode
    newsroom: tuple[str, int] | None = None
    newsroom_site: SampleSite | None = None
    feeds: tuple[str, ...] = ()
    picture_proxy: str | None = None
    smtp: tuple[str, int] | None = None
    newsletter_address: str | None = None
    model_url: str | None = None
    public_url: str | None = None  # the address of our pages, without a slash at the end
    frames: tuple[str, ...] = ()
    playground: Playground | None = None

    @property
    def is_playground(self) -> bool:
        return self.newsroom is not None

    @property
    def app_url(self) -> str | None:
        """The address of the Mini App, which Telegram opens only if it begins with https."""
        opens = self.public_url and (self.is_playground or self.public_url.startswith("https:"))
        return f"{self.public_url}/app" if opens else None


@asynccontextmanager
async def deployment_of(
    settings: Settings, announce: Callable[[str], None]
) -> AsyncIterator[Deployment]:
    """Yield the deployment that *settings* name; *announce* tells the operator how to use it."""
    if settings.bot_token:
        yield Deployment(
            token=settings.bot_token.get_secret_value(),
            api_url=settings.bot_api_base,
            access=settings.access,
            public_url=settings.public_base,
        )
        return
    async with _playground(settings.playground_port) as playground:
        announce(
            f"Open {playground.base_url}/ to chat with the bot, in a playground on this machine."
        )
        announce("The first user who writes to it there becomes its admin, with /admin.")
        announce("For Telegram: put @BotFather's token into .env as BOT_TOKEN=… and start again.")
        yield _in_the_playground(playground, settings)


@asynccontextmanager
async def _playground(port: int) -> AsyncIterator[Playground]:
    from bot.playground.server import Playground

    playground = Playground(port, newsroom_every=NEWSROOM_PUBLISHES)
    with needing_the_port("PLAYGROUND_PORT", playground.host, port):
        await playground.__aenter__()
    try:
        yield playground
    finally:
        await playground.__aexit__(None, None, None)


def _in_the_playground(playground: Playground, settings: Settings) -> Deployment:
    from bot.sources.discovery.discover import SampleSite

    base = playground.base_url
    return Deployment(
        token=PLAYGROUND_TOKEN,
        api_url=base,
        # The default mode admits only the users of a list, which is empty in a playground.
        access=AccessMode.INVITE if settings.access is AccessMode.INVITE else AccessMode.OPEN,
        newsroom=(playground.host, playground.port),
        newsroom_site=SampleSite(f"{base}/news/", NEWSROOM_IS_READ),
        feeds=tuple(f"{base}/news/{code}.xml" for code in playground.newsroom.publishers),
        picture_proxy=f"{base}/news/pictures/{{width}}x{{height}}?of={{url}}",
        smtp=playground.smtp,
        newsletter_address=PLAYGROUND_ADDRESS,
        model_url=playground.model_url,
        public_url=f"http://127.0.0.1:{settings.web_port}",
        frames=(base, base.replace("127.0.0.1", "localhost")),
        playground=playground,
    )


def make_model_client(settings: Settings, deployment: Deployment | None = None) -> ModelClient:
    """Return the client; the settings win over the playground's model. One of them is there."""
    from bot.model.client import ModelClient

    if settings.model_base:
        key = settings.model_key.get_secret_value() if settings.model_key else ""
        return ModelClient(settings.model_base, settings.model_name or "", key)
    from bot.playground.modelroom.server import NAME

    return ModelClient((deployment and deployment.model_url) or "", NAME)
