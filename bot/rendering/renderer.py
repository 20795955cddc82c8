"""From a template and its values to messages."""

from dataclasses import dataclass, field
from html import unescape

from jinja2 import Environment

from bot.rendering.environment import make_environment
from bot.rendering.messages import Keyboard, Message
from bot.rendering.packing import pack
from bot.rendering.rich import RichPage, parse_rich
from bot.rendering.telegram_html import parse_page


@dataclass(frozen=True, slots=True)
class Renderer:
    environment: Environment = field(default_factory=make_environment)

    def messages(
        self, template: str, /, *, keyboard: Keyboard = (), **values: object
    ) -> list[Message]:
        """Return the messages that *template* gives; *keyboard* stands under its own."""
        page = parse_page(self.environment.get_template(template).render(values))
        return pack(page.blocks, page.keyboard + keyboard)

    def rich(self, template: str, /, **values: object) -> RichPage:
        """Return the rich message that *template* gives; whether it fits is for the caller."""
        return parse_rich(self.environment.get_template(template).render(values))

    def text(self, template: str, /, **values: object) -> str:
        """Return what *template* gives as it is: HTML for pages, mails and feeds."""
        return self.environment.get_template(template).render(values)

    def line(self, template: str, /, **values: object) -> str:
        """Return the one line of plain text that *template* gives."""
        return unescape(" ".join(self.text(template, **values).split()))

    def message(self, template: str, /, *, keyboard: Keyboard = (), **values: object) -> Message:
        """Return the one message that *template* gives; ValueError if it is none or several."""
        (message,) = self.messages(template, keyboard=keyboard, **values)
        return message
