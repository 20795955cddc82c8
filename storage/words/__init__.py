"""The words that storage and the rooms share: kinds, states, keys. Standard library only."""

# ruff: noqa: F403 - one place to import them from
from storage.words.acts import *
from storage.words.chats import *
from storage.words.condition import *
from storage.words.deliveries import *
from storage.words.digests import *
from storage.words.keys import *
from storage.words.sources import *
