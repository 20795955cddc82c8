"""From a template and its values to messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import TypeVar

from bot.rendering.environment import make_environment
from bot.rendering.messages import Keyboard, Message
from bot.rendering.overriding import OpenEnvironment
from bot.rendering.packing import pack
from bot.rendering.rich import RichPage, parse_rich
from bot.rendering.telegram_html import parse_page

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Renderer:
    environment: OpenEnvironment = field(default_factory=make_environment)

    def messages(
        self, template: str, /, *, keyboard: Keyboard = (), **values: object
    ) -> list[Message]:
        """Return the messages that *template* gives; *keyboard* stands under its own."""
        return self._read(template, values, lambda html: _packed(html, keyboard))

    def text(self, template: str, /, **values: object) -> str:
        """Return what *template* gives as it is: HTML for pages, mails and feeds."""
        return self.environment.get_template(template).render(values)

    def line(self, template: str, /, **values: object) -> str:
        """Return the one line of plain text that *template* gives."""
        return unescape(" ".join(self.text(template, **values).split()))

    def message(self, template: str, /, *, keyboard: Keyboard = (), **values: object) -> Message:
        """Return the one message that *template* gives; ValueError if it is none or several."""
        return self._read(template, values, lambda html: _one(html, keyboard))

    def keyboard(self, template: str, /, **values: object) -> Keyboard:
        """Return the buttons alone that *template* gives."""
        return self._read(template, values, lambda html: parse_page(html).keyboard)

    def rich(self, template: str, /, **values: object) -> RichPage:
        """Return the rich message that *template* gives; whether it fits is for the caller."""
        return self._read(template, values, parse_rich)

    def _read(
        self, template: str, values: Mapping[str, object], read: Callable[[str], Read]
    ) -> Read:
        """Return what *read* makes of the template, or of the shipped one if that is no use."""
        html = self.environment.get_template(template).render(values)
        try:
            return read(html)
        except ValueError as error:
            if self.environment.shipped is None:
                raise
            known = read(self.environment.shipped.get_template(template).render(values))
            self.environment.failed(template, error)
            return known


def _packed(html: str, keyboard: Keyboard) -> list[Message]:
    page = parse_page(html)
    return pack(page.blocks, page.keyboard + keyboard)


def _one(html: str, keyboard: Keyboard) -> Message:
    (message,) = _packed(html, keyboard)
    return message
