"""From a template and its values to messages."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, TypeVar

from bot.rendering.blocks import Block
from bot.rendering.direction import without_overrides
from bot.rendering.environment import make_environment
from bot.rendering.languages import Language
from bot.rendering.messages import Keyboard, Message
from bot.rendering.overriding import Forgiving, OpenEnvironment
from bot.rendering.packing import pack
from bot.rendering.parts import Parts
from bot.rendering.rich import RichPage, parse_rich
from bot.rendering.telegram_html import Page, parse_page

if TYPE_CHECKING:
    from bot.rendering.renderers import Renderers

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Renderer:
    """Speaks one language; *others*: who speaks the rest, where somebody does.

    *kept*: the parts that were rendered, shared with those others.
    """

    environment: OpenEnvironment = field(default_factory=make_environment)
    others: "Renderers | None" = field(default=None, compare=False, repr=False)
    kept: dict[Hashable, tuple[Block, ...]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def language(self) -> Language:
        return self.environment.language

    @property
    def offered(self) -> tuple[Language, ...]:
        """The languages that people may choose from."""
        return self.others.offered if self.others else (self.language,)

    def of(self, tag: str) -> "Renderer":
        """Return who speaks the language of an IETF *tag*; this one where none is said."""
        return self.others.of(tag) if tag and self.others else self

    def messages(
        self, template: str, /, *, keyboard: Keyboard = (), **values: object
    ) -> list[Message]:
        """Return the messages that *template* gives; *keyboard* stands under its own."""
        return self._read(template, values, lambda page: _packed(page, keyboard))

    def text(self, template: str, /, **values: object) -> str:
        """Return what *template* gives as it is: HTML for pages, mails and feeds."""
        return without_overrides(self.environment.get_template(template).render(values))

    def line(self, template: str, /, **values: object) -> str:
        """Return the one line of plain text that *template* gives."""
        return unescape(" ".join(self.text(template, **values).split()))

    def message(self, template: str, /, *, keyboard: Keyboard = (), **values: object) -> Message:
        """Return the one message that *template* gives; ValueError if it is none or several."""
        return self._read(template, values, lambda page: _one(page, keyboard))

    def keyboard(self, template: str, /, **values: object) -> Keyboard:
        """Return the buttons alone that *template* gives."""
        return self._read(template, values, lambda page: page.keyboard)

    def rich(self, template: str, /, **values: object) -> RichPage:
        """Return the rich message that *template* gives; whether it fits is for the caller."""
        direction = self.language.direction
        return self._useful(template, lambda made: parse_rich(made.render(values), direction))

    def _read(
        self, template: str, values: Mapping[str, object], read: Callable[[Page], Read]
    ) -> Read:
        def page_of(made: Forgiving) -> Read:
            parts = Parts(self.language.code, self.kept, self._part)
            html = made.for_chat(values, part=parts)
            return read(self._page(html, parts.taken))

        return self._useful(template, page_of)

    def _part(self, template: str, values: Mapping[str, object]) -> tuple[Block, ...]:
        return self._useful(template, lambda made: self._page(made.for_chat(values)).blocks)

    def _page(self, html: str, parts: Sequence[tuple[Block, ...]] = ()) -> Page:
        return parse_page(html, parts, self.language.direction)

    def _useful(self, template: str, use: Callable[[Forgiving], Read]) -> Read:
        """Return what *use* makes of the template, or of the shipped one if that is no use."""
        made = self.environment.get_template(template)
        try:
            return use(made)
        except ValueError as error:
            if self.environment.shipped is None:
                raise
            known = use(self.environment.shipped.get_template(template))
            self.environment.failed(template, error)
            return known


def _packed(page: Page, keyboard: Keyboard) -> list[Message]:
    return pack(page.blocks, page.keyboard + keyboard)


def _one(page: Page, keyboard: Keyboard) -> Message:
    (message,) = _packed(page, keyboard)
    return message
