"""Replies: renders templates, and sends them to the chat of the update."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramNotFound
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardMarkup,
    ReplyParameters,
)
from aiogram.types import Message as Received
from aiogram.utils.chat_action import ChatActionSender

from bot.chat import callbacks as press
from bot.rendering.messages import MAX_UNITS, units
from bot.telegram import MayHaveArrived, entities_of, markup_of, preview_of, rich_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from aiogram import Bot

    from bot.chat.managed_chats import Frame
    from bot.rendering.messages import Button, Keyboard, Message
    from bot.rendering.renderer import Renderer
    from storage.updates import UpdateRef

log = structlog.get_logger(__name__)

_LONGEST_TOAST = 200
_GAP = "\n\n"


@dataclass(slots=True)
class Reply:
    """Replies to one update. *pressed*: its button press, if any, which is acknowledged once."""

    bot: Bot
    renderer: Renderer
    telegram_id: int
    thread_id: int = 0
    pressed: CallbackQuery | None = None
    is_acknowledged: bool = False
    once: UpdateRef | None = None  # the update, for services that must not act twice on it
    frame: Frame | None = None  # put around messages about a managed chat
    progress_id: int = 0  # the message of a `Progress`
    is_public: bool = False  # the press was in a channel; replies go to the private chat
    said: set[str] = field(default_factory=set)  # templates that `say` has shown
    may_press: Callable[[str], bool] | None = None  # in a group: whether the user may, by data
    unavailable: frozenset[str] = frozenset()  # the commands that this installation cannot serve
    has_model: bool = False  # whether a language model is set up

    def speak(self, language: str) -> None:
        """Reply in this language (IETF tag) from now on, if the bot offers it."""
        self.renderer = self.renderer.of(language)

    @property
    def _common(self) -> dict[str, Any]:
        """The values that all templates of replies get; *in_group*: all members see the reply."""
        return {
            "press": press,
            "in_group": self.telegram_id < 0,
            "unavailable": self.unavailable,
            "has_model": self.has_model,
        }

    def render(self, template: str, **values: Any) -> Message:
        return self.renderer.message(template, **self._common, **values)

    async def show(self, template: str, **values: Any) -> None:
        await self.send(self.renderer.messages(template, **self._common, **values))

    async def send(self, messages: Iterable[Message]) -> None:
        for message in messages:
            is_rich = message.rich is not None and not self.frame
            if not is_rich or not await self._send_rich(message):
                for part in message.classic or (message,):
                    await self._send_text(self.framed(part))

    def framed(self, message: Message) -> Message:
        """Return *message* as its readers get it.

        It is in the frame of the managed chat, if it is about one. A member of a group gets none of
        the buttons that are for administrators, but a line that says so.
        """
        if self.frame:
            return self.frame.around(message)
        keyboard = self._allowed(message.keyboard)
        if keyboard == message.keyboard:
            return message
        line = _GAP + self.renderer.message("chat/groups.html#for_administrators").text
        if units(message.text + line) > MAX_UNITS:
            line = ""
        return replace(message, text=message.text + line, keyboard=keyboard)

    def _allowed(self, keyboard: Keyboard) -> Keyboard:
        """Return the buttons that the user may press here."""
        if self.may_press is None:
            return keyboard
        rows = (tuple(filter(self._is_allowed, row)) for row in keyboard)
        return tuple(row for row in rows if row)

    def _is_allowed(self, button: Button) -> bool:
        return not self.may_press or button.data is None or self.may_press(button.data)

    async def _send_rich(self, message: Message) -> bool:
        """Send a rich message, without its picture if need be; return False if that is refused."""
        if message.preview and await self._is_sent_rich(message):
            return True
        return await self._is_sent_rich(replace(message, preview=None))

    async def _is_sent_rich(self, message: Message) -> bool:
        try:
            with _unsure():
                await self.bot.send_rich_message(
                    self.telegram_id,
                    rich_of(message),
                    message_thread_id=self.thread_id or None,
                    reply_markup=markup_of(message.keyboard),
                )
        except (TelegramBadRequest, TelegramNotFound):
            return False
        return True

    async def answer(self, message_id: int, template: str, **values: Any) -> None:
        """Show the template as a reply to that message of the chat."""
        answers = ReplyParameters(message_id=message_id, allow_sending_without_reply=True)
        await self._send_text(self.framed(self.render(template, **values)), answers)

    async def send_one(self, message: Message) -> int:
        """Send a message that needs no splitting; return its id, 0 if it may not have arrived."""
        return await self._send_text(self.framed(message))

    async def _send_text(self, message: Message, answers: ReplyParameters | None = None) -> int:
        sent: Received | None = None
        with _unsure():
            sent = await self.bot.send_message(
                self.telegram_id,
                message.text,
                message_thread_id=self.thread_id or None,
                entities=entities_of(message),
                reply_parameters=answers,
                reply_markup=markup_of(message.keyboard),
                **preview_of(message),
            )
        return 0 if sent is None else sent.message_id

    async def send_file(self, name: str, data: bytes, template: str, **values: Any) -> None:
        """Send *data* as a file called *name*, with the template as its caption."""
        caption = self._caption(self.render(template, **values))
        with _unsure():
            await self.bot.send_document(self.telegram_id, BufferedInputFile(data, name), **caption)

    def _caption(self, message: Message) -> dict[str, Any]:
        message = self.framed(message)
        return {
            "message_thread_id": self.thread_id or None,
            "caption": message.text,
            "caption_entities": entities_of(message),
            "reply_markup": markup_of(message.keyboard),
        }

    async def show_picture(self, png: bytes | None, template: str, **values: Any) -> None:
        """Send the picture with the template as its caption, or the template alone."""
        message = self.render(template, **values)
        if png is None:
            await self.send([message])
            return
        picture, caption = BufferedInputFile(png, "picture.png"), self._caption(message)
        with _unsure():
            await self.bot.send_photo(self.telegram_id, picture, **caption)

    async def change(self, template: str, **values: Any) -> None:
        """Change the message whose button was pressed; send a new one if that is impossible."""
        message = self.render(template, **values)
        pressed = self.pressed.message if self.pressed and not self.is_public else None
        if not isinstance(pressed, Received):
            await self.send([message])
            return
        message = self.framed(message)
        try:
            with _unsure():
                await pressed.edit_text(
                    message.text,
                    entities=entities_of(message),
                    reply_markup=markup_of(message.keyboard),
                )
        except TelegramBadRequest as refused:
            if "not modified" not in refused.message:
                await self._send_text(message)

    async def change_buttons(self, template: str, **values: Any) -> None:
        """Change only the buttons of the message whose button was pressed."""
        keyboard = self._allowed(self.renderer.keyboard(template, **self._common, **values))
        if self.frame and not self.is_public:
            keyboard = self.frame.keyboard(keyboard)
        await self._put_buttons(markup_of(keyboard))

    async def drop_buttons(self) -> None:
        await self._put_buttons(None)

    async def _put_buttons(self, markup: InlineKeyboardMarkup | None) -> None:
        if self.pressed and isinstance(self.pressed.message, Received):
            try:
                await self.pressed.message.edit_reply_markup(reply_markup=markup)
            except TelegramBadRequest:
                return  # pressed twice, or deleted: there is nothing to change

    async def delete(self, message_id: int) -> None:
        """Delete a message of ours; if it is too old for that, remove its buttons."""
        chat = self.telegram_id
        try:
            await self.bot.delete_message(chat, message_id)
        except TelegramBadRequest:
            with suppress(TelegramBadRequest):
                await self.bot.edit_message_reply_markup(chat_id=chat, message_id=message_id)

    async def delete_theirs(self, message_id: int) -> bool:
        """Delete a message of the user; return False if Telegram refuses."""
        try:
            return await self.bot.delete_message(self.telegram_id, message_id)
        except TelegramBadRequest:
            return False

    async def toast(self, template: str, **values: Any) -> None:
        """Show the template over the chat if a button was pressed, otherwise as a message."""
        if not self.pressed:
            await self.show(template, **values)
            return
        await self.acknowledge(self.render(template, **values).text)

    async def say(self, template: str, **values: Any) -> None:
        """Show the template once: as a toast, or as a message if the press is acknowledged."""
        if template in self.said:
            return
        self.said.add(template)
        if self.is_acknowledged:
            await self.show(template, **values)
        else:
            await self.toast(template, **values)

    async def note(self, template: str, **values: Any) -> None:
        """Show the effect of a press in a notice that disappears by itself."""
        await self.acknowledge(self.render(template, **values).text, stays=False)

    async def acknowledge(self, text: str = "", *, stays: bool = True) -> None:
        """Stop the spinner of the button and show *text*; if it *stays*, the user must close it."""
        if not self.pressed or self.is_acknowledged:
            return
        self.is_acknowledged = True
        shown = text[:_LONGEST_TOAST] or None
        try:
            await self.pressed.answer(shown, show_alert=(bool(shown) and stays) or None)
        except TelegramBadRequest:
            return  # too old to have a spinner
        except AiogramError as error:
            log.warning("a press was not acknowledged", reason=str(error))

    async def open_link(self, url: str) -> None:
        """Answer the press by opening *url*, a link to this bot."""
        if self.pressed and not self.is_acknowledged:
            self.is_acknowledged = True
            with suppress(TelegramBadRequest):  # too old to have a spinner
                await self.pressed.answer(url=url)

    def drawing(self) -> ChatActionSender:
        """Show, during an `async with`, that a picture is being made."""
        thread_id = self.thread_id or None
        return ChatActionSender.upload_photo(self.telegram_id, self.bot, thread_id)

    def typing(self) -> ChatActionSender:
        """Show, during an `async with`, that an answer is being written."""
        return ChatActionSender.typing(self.telegram_id, self.bot, self.thread_id or None)


@contextmanager
def _unsure() -> Iterator[None]:
    """Go on after a call with unknown outcome, because the message has usually arrived."""
    try:
        yield
    except MayHaveArrived as error:
        log.warning("a reply may not have arrived", reason=error.message)
