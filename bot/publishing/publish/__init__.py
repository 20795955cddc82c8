"""The step: alerts and what is added to them, editions whose time has come, notices."""

from dataclasses import dataclass, field

from bot.mail.compose import Post
from bot.publishing.publish.alerting import Alerting
from bot.publishing.publish.also import Also
from bot.publishing.publish.bundling import Bundling
from bot.publishing.publish.bymail import ByMail
from bot.publishing.publish.counting import StoryCounts
from bot.publishing.publish.digesting import Digesting
from bot.publishing.publish.noticing import Noticing
from bot.publishing.publish.shutting import Shutting
from bot.rendering.links import Links
from bot.rendering.renderer import Renderer
from storage.db.engine import Storage


@dataclass(frozen=True, slots=True)
class Publishing:
    storage: Storage
    renderer: Renderer
    owner: str
    admins: frozenset[int] = frozenset()  # the operator's, by settings
    links: Links | None = None
    post: Post | None = None  # None where no mail is sent
    alerts_a_day: int = 0  # that a chat may have unless an admin says otherwise; 0 for no limit
    _counts: StoryCounts = field(default_factory=StoryCounts)

    async def publish_new(self, limit: int = 50) -> int:
        """Alert to the oldest matched articles; return how many were done."""
        alerting = Alerting(
            self.storage, self.renderer, self.owner, self._by_mail, self.alerts_a_day
        )
        return await alerting.alert_new(limit)

    async def publish_bundles(self, limit: int = 50) -> int:
        """Put out the alerts that have waited for now; return how many bundles of them."""
        return await Bundling(self.storage, self.renderer, self.owner, self._by_mail).put_out_due(
            limit
        )

    async def publish_also(self, limit: int = 200) -> int:
        """Add to the alerts of today who else tells their stories; return how many stories."""
        return await Also(self.storage, self.renderer, self.owner).edit_grown(limit)

    async def publish_due(self, limit: int = 300) -> int:
        """Make the editions that are due; return for how many chats it was decided."""
        digesting = Digesting(
            self.storage,
            self.renderer,
            self.owner,
            links=self.links,
            counts=self._counts,
            post=self.post,
        )
        return await digesting.publish_due(limit)

    async def publish_notices(self, limit: int = 10) -> int:
        """Tell of sources that have died, and of groups that are shut; return how many of both."""
        noticing = Noticing(self.storage, self.renderer, self.owner, self.admins)
        shut = await Shutting(self.storage, self.renderer).notice_shut(limit)
        return shut + await noticing.notice_dead(limit)

    @property
    def _by_mail(self) -> ByMail:
        return ByMail(self.post)
