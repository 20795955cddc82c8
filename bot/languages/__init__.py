"""The words that the bot knows of each language, in one file each: `<ISO 639-1 code>.toml`.

To add a language or a word, change its file and nothing else. A file has any of the `SECTIONS`. A
section is a list of entries, or a string of single words with blanks between them. In a section of
patterns, an entry is a regular expression in lower case, in which parentheses only group. Patterns
ignore case. The words of all languages are searched at once, because a page may be in another
language than it declares.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final

SECTIONS: Final = {
    # Words
    "called": "what users write for the language instead of its code",
    "common_words": "the commonest small words, by which the language of a text is recognized",
    "stop_words": "stand in nearly every article and are no query by themselves; without accents",
    "titles": "abbreviations before a name or a number, whose full stop ends no sentence",
    "abbreviations": "others, whose full stop may end a sentence",
    "sentence_starters": "capital after an abbreviation, they begin a sentence",
    "calendar_words": "weekdays and months, which are no names",
    "leaning_starters": "begin a sentence that needs the one before it",
    "boilerplate": "phrases by which a sentence is no part of the article",
    "byline_words": "before the name of the author",
    "picture_words": "before the name of a photographer, or a description of the picture",
    "grammar_signs": "characters of grammar, which may stand in any phrase",
    "word_breaks": "characters of grammar that neither begin nor end a name",
    "particles": "stand right behind a word that is written without spaces",
    "forward_marks": "before the colon that begins the subject of a forwarded mail",
    "end_marks": "in brackets, as the last word of a wire's article: (END)",
    "bare_end_marks": "the same without brackets, as written",
    "rights": "begin a copyright line",
    "standfirst_classes": "CSS classes of the words under a headline that sum up the article",
    "date_classes": "CSS classes of the date of publication",
    "no_dateline": "begin a sentence and never the dateline of a wire",
    "wire_signs": "characters that close the dateline of an East Asian wire",
    "challenges": "how the title of a page begins that only asks whether one is a robot",
    # Phrases of what users type, as `bot.text.phrases` reads them
    "asking": "ask for news: show me everything about",
    "except_words": "before what should not be found",
    "generic_words": "nouns for news, which stand beside what the news is about",
    "question_words": "begin a question",
    "chatty_words": "mean nothing alone in a sentence; a capital says that any place has it",
    "small_words": "mean nothing alone anywhere, such as articles and prepositions",
    "first_person": "speak of oneself: what stands beside them may only say why one asks",
    "second_person": "speak to the bot",
    "articles": "stand before a noun, so that a verb stands before them",
    "clause_words": "begin a clause: because, and I",
    "pointing_words": "point to what was said before: there, it",
    "or_words": "stand between two things of which either is wanted",
    "name_joiners": "stand inside a name, between words with capitals: Bank of England",
    "name_heads": "begin a name before a joiner, even in lower case: bank of japan",
    "whole_names": "have a word that means nothing elsewhere: new jersey",
    "whole_words": "look as if they had a sign or an ending of grammar, in East Asian scripts",
    "verb_endings": "end a verb",
    "clause_endings": "end the last word of a clause that gives a reason",
    "bot_words": "speak of the bot, if a message asks something of it",
    "case_endings": "endings of nouns and adjectives, without which other cases are found too",
    # Phrases whose words stand in any order: the intents of `bot.subscribers.intents`. With …
    # behind it, a phrase may be about something that is named beside it; with …!, it must be.
    "not_to_miss": "say of what somebody wants that it should not be missed",
    "greetings": "a greeting, as a whole message",
    "thanks": "thanks, as a whole message",
    "assents": "short words that only say that one has read it, as a whole message",
    "asks_to_cancel": "the wish to be asked no more, as a whole message",
    "asks_to_stop": "the wish to get nothing more",
    "asks_to_unsubscribe": "the wish to get nothing more about a topic",
    "asks_why_not": "why a story did not come",
    "asks_for_time": "when the digest comes",
    "asks_for_language": "the language of the bot",
    "asks_for_zone": "the time zone",
    "asks_for_email": "the digest by e-mail",
    "asks_for_deletion": "the deletion of what is stored",
    "asks_for_export": "a copy of what is stored",
    "asks_for_privacy": "what is stored, and who sees it",
    "asks_for_cost": "what the bot costs",
    "asks_for_feed": "how to add a feed or site",
    "asks_for_sources": "what the bot reads",
    "asks_for_queries": "how to write queries",
    "asks_to_mute": "fewer messages, or none at night",
    "asks_for_topics": "the list of topics",
    "asks_for_feedback": "a human, or a fault to report",
    "asks_for_help": "what the bot is and can do",
    # Words of times and dates that users type, in addition to CLDR's names
    "every_day": "a digest comes on each day of the week",
    "workdays": "from Monday to Friday",
    "weekend": "Saturday and Sunday",
    "weekdays_also": "other names of the weekdays, Monday first; those of one day between |",
    "until": "between the beginning and the end of a span, or before or after its end",
    "and": "between two times, other than CLDR's word",
    "time_fillers": "say nothing beside a time or a date",
    "quiet": "before the hours in which nothing should come",
    # Numbers
    "number_words": "a word and its value; the parts of several words are joined by _",
    "number_scales": "multiply the number before them, by a power of ten, or with * by a factor",
    "number_joiners": "stand inside a number, before its last part: two hundred and six",
    "number_counters": "behind a number; without one of them the word is no number",
    "vague_words": "before a word of a number, they leave the number open: several hundred",
    # Patterns
    "hour_signs": "after the number of an hour",
    "web_version": "the link of a newsletter that shows it in a browser",
    "letter_footers": "in a line of a newsletter that is about the mailing, not the news",
    "confirms_subscription": "ask to confirm a subscription by a link, in its text or a subject",
    "headings": "a whole line over a box of other stories",
    "notices": "begin a short paragraph that calls to subscribe or names a photographer",
    "first_appeared": "begin the paragraph that a blog puts under each entry of its feed",
    "published": "stand before the date of publication",
    "updated": "stand before the date of a change",
    "counted": "stand behind the number of a counter or an age: 12 comments, 5 minutes ago",
    "counter_labels": "stand before a colon or bracket and the number of a counter: Comments: 12",
    "ages": "an age around its number, which is written as #; may go on in letters",
}

_BRACKET = re.compile(r"(?<!\\)\((?!\?)")


@cache
def words(section: str) -> Mapping[str, tuple[str, ...]]:
    """Return the entries of *section* by language code, for the languages that have it.

    Raises KeyError if there is no such section.
    """
    SECTIONS[section]
    held = ((code, file.get(section, ())) for code, file in language_files().items())
    return {
        code: tuple(entries.split() if isinstance(entries, str) else entries)
        for code, entries in held
        if entries
    }


def all_words(section: str) -> tuple[str, ...]:
    """Return the entries of *section* in all languages, each once."""
    return tuple(dict.fromkeys(chain.from_iterable(words(section).values())))


def any_of(section: str) -> str:
    """Return a pattern for any entry of *section*, a section of patterns, in any language."""
    entries = "|".join(all_words(section))
    return f"(?:{_BRACKET.sub('(?:', entries)})"


@cache
def language_files() -> Mapping[str, Mapping[str, str | list[str]]]:
    """Return the contents of the files by language code. All files are read once, on first use."""
    files = sorted(Path(__file__).parent.glob("*.toml"))
    return {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in files}
