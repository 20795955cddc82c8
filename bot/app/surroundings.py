"""What every role of one process is built from."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import structlog

from bot.ops.instrumentation import Instrumentation
from bot.ops.logs import LastErrors
from bot.settings import Role
from bot.sources.parser_pool import Workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.app.places import Place
    from bot.app.tools import SourceTools
    from bot.rendering.links import Links
    from bot.rendering.renderer import Renderer
    from bot.settings import Settings
    from storage.db.engine import Storage

log = structlog.get_logger(__name__)


def new_owner() -> str:
    """Return a name for this process that no other has, and that an operator can find."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


@dataclass(frozen=True)
class Surroundings:
    settings: Settings
    place: Place
    tools: SourceTools
    links: Links
    announce: Callable[[str], None]
    owner: str = field(default_factory=new_owner)
    errors: LastErrors = field(default_factory=LastErrors)
    watch: Instrumentation = field(default_factory=Instrumentation)
    # Of its own, so that no mail keeps a feed waiting; whoever makes it closes it.
    mail_readers: Workers = field(default_factory=lambda: Workers(most=1))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def renderer(self) -> Renderer:
        """Who says what people read: 9 MB that a process without such a role can do without."""
        from bot.app.templates import make_renderer

        return make_renderer(self.settings.templates_dir, _warn)

    @property
    def roles(self) -> frozenset[Role]:
        return self.settings.roles

    @property
    def roles_said(self) -> str:
        return ",".join(role for role in Role if role in self.roles)

    @property
    def storage(self) -> Storage:
        return self.tools.storage


def _warn(sentence: str) -> None:
    log.warning("a template of yours is not used", reason=sentence)
