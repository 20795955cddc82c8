"""Words that occur in nearly every article of their language."""

from typing import Final

from bot.languages import all_words

# None of them is also a name, an abbreviation or news in another language: no `us`, `who`, `un`,
# `la`, `war`.
STOP_WORDS: Final = frozenset(all_words("stop_words"))
