"""The files of words: what they may hold, and how what they hold is looked for."""

import re

import pytest

from bot.languages import SECTIONS, all_words, any_of, language_files, words
from bot.matching.query.fields import CODES

PATTERNS = ("headings", "notices", "first_appeared", "published", "updated", "counted", "ages")


def test_a_file_is_named_by_its_language_and_has_known_sections_only():
    unknown = {code: file.keys() - SECTIONS.keys() for code, file in language_files().items()}

    assert {code: sections for code, sections in unknown.items() if sections} == {}
    assert language_files().keys() - CODES == set()


def test_an_entry_is_a_text_and_stands_once_in_its_section():
    held = [(section, entries) for section in SECTIONS for entries in words(section).values()]

    assert [section for section, entries in held if not all(map(str.strip, entries))] == []
    assert [section for section, entries in held if len(set(entries)) < len(entries)] == []


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_has_words_in_some_language(section: str):
    assert words(section)
    assert set(all_words(section)) == {entry for held in words(section).values() for entry in held}


@pytest.mark.parametrize("section", PATTERNS)
def test_brackets_of_patterns_only_group(section: str):
    assert re.compile(any_of(section)).groups == 0


def test_headings_are_in_small_letters_as_what_they_are_compared_with_is():
    letters = re.sub(r"\\.", "", "".join(all_words("headings")))

    assert letters == letters.lower()


def test_unknown_sections_are_refused():
    with pytest.raises(KeyError):
        words("headlines")
