"""A renderer that fails for one word."""

from dataclasses import dataclass
from typing import Any

from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer


@dataclass(frozen=True)
class FailingRenderer(Renderer):
    """Raises *error* when a message contains *word*; SystemExit stands for a killed process."""

    word: str = ""
    error: type[BaseException] = RuntimeError

    def message(self, template: str, /, **values: Any) -> Message:
        message = super().message(template, **values)
        self._check(message)
        return message

    def messages(self, template: str, /, **values: Any) -> list[Message]:
        messages = super().messages(template, **values)
        for message in messages:
            self._check(message)
        return messages

    def _check(self, message: Message) -> None:
        if self.word in message.text:
            raise self.error(self.word)
