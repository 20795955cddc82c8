"""The stages of publishing; each runs once, as in one process."""

from dataclasses import dataclass, field

from bot.mail.compose import Mailer
from bot.publishing.alerts import Alerts
from bot.publishing.bundles import publish_bundles
from bot.publishing.digests import Digests
from bot.publishing.edits import edit_alerts
from bot.publishing.notices import publish_notices
from bot.rendering.links import Links
from bot.rendering.renderer import Renderer
from storage.db.engine import Storage


@dataclass(frozen=True)
class Stages:
    storage: Storage
    renderer: Renderer = field(default_factory=Renderer)
    owner: str = "us"
    links: Links | None = None
    mailer: Mailer | None = None
    a_day: int = 0
    admins: frozenset[int] = frozenset()

    async def alerts(self, limit: int = 50) -> int:
        common = (self.storage, self.renderer, self.owner)
        return await Alerts(*common, mailer=self.mailer, a_day=self.a_day).run_once(limit)

    async def edits(self) -> int:
        return await edit_alerts(self.storage, self.renderer, self.owner)

    async def bundles(self) -> int:
        return await publish_bundles(self.storage, self.renderer, self.owner, mailer=self.mailer)

    async def digests(self) -> int:
        common = (self.storage, self.renderer, self.owner)
        return await Digests(*common, links=self.links, mailer=self.mailer).run_once()

    async def notices(self) -> int:
        return await publish_notices(self.storage, self.renderer, self.owner, admins=self.admins)
