"""What buttons say back: at most 64 bytes, and all that a handler needs, so that old ones work.

Templates call this package `press` and build the data from its classes, as in
`press.Unsubscribe(topic_id=1).pack()`. What a chat sends may be made by hand: types bound the
numbers, services check whose topic it is.

Words go into the data where they fit, so that such a button works for ever; longer ones are read
from the message, as long as Telegram still knows it.
"""

# ruff: noqa: F403 - templates reach them as one
from bot.chat.callbacks.admin import *
from bot.chat.callbacks.groups import *
from bot.chat.callbacks.settings import *
from bot.chat.callbacks.subscriptions import *
from bot.chat.callbacks.text import *
