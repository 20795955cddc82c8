"""The resources that the chat and the pages of one process share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.sources.sealing import NO_KEYS, Keyring
from bot.tasks import BackgroundTasks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from bot.mail.compose import Mailer
    from bot.ops.logs import Failure
    from bot.rendering.links import Links
    from bot.rendering.renderer import Renderer
    from bot.sources.discovery.add import SourceAdder
    from bot.sources.discovery.discover import LinkLookup
    from bot.sources.letters.addresses import AddressPattern
    from bot.sources.parser_pool import DocumentReader
    from bot.subscribers.access import Access
    from bot.subscribers.limits import Limits
    from bot.subscribers.newsletters import PostsForms
    from storage.db.engine import Storage


@dataclass(frozen=True, slots=True)
class Resources:
    """*limits*: those of a chat, unless an admin has set others for it.

    *mailer*: None if no SMTP server is set. *source_adder* adds sources for all chats, and
    *own_source_adder* feeds for a single one. *is_playground*: the first user becomes an admin.
    *app_url*: the address of the Mini App, if there is one. *background*: work that goes on after
    a user was answered. *has_search_feeds*: queries are sent to search engines.
    *has_model*: texts of public articles are sent to a language model. *keyring* seals the secrets
    of sources. *newsletters*: the addresses that newsletters come to. *forms* sends what a chat
    asks sites to do, such as to unsubscribe it.
    """

    storage: Storage
    renderer: Renderer
    access: Access
    limits: Limits
    links: Links
    mailer: Mailer | None
    source_adder: SourceAdder
    own_source_adder: SourceAdder
    link_lookup: LinkLookup
    upload_reader: DocumentReader
    started_at: datetime
    errors: Callable[[], Sequence[Failure]]
    is_playground: bool = False
    app_url: str | None = None
    background: BackgroundTasks = field(default_factory=BackgroundTasks)
    has_search_feeds: bool = False
    has_model: bool = False
    keyring: Keyring = NO_KEYS
    newsletters: AddressPattern | None = None
    forms: PostsForms | None = None

    @property
    def unavailable_commands(self) -> frozenset[str]:
        """The commands that need what this installation does not have; no menu lists them."""
        has = {"email": self.mailer is not None, "feeds": self.links.base is not None}
        return frozenset(name for name, is_there in has.items() if not is_there)
