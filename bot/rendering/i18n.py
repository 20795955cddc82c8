"""The languages of Dateline, the language that an IETF tag means, and the catalogues.

To add a language, add a row to LANGUAGES and a catalogue `templates/locale/<code>.po`.

- Catalogues are compiled to `.mo` files when the project is installed or packaged.
- A process reads a catalogue when it first renders in that language.
- Sentences that a catalogue lacks stay English.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Language:
    """A language: *code* is its IETF tag, *locale* its name in CLDR, which formats dates.

    *comma*, *colon* and *semicolon* include the spaces around them. They are listed here, because
    loading CLDR for every language costs a process four megabytes and time at the start.
    """

    code: str
    locale: str
    name: str  # in the language itself
    direction: str = "ltr"
    comma: str = ", "
    colon: str = ": "
    semicolon: str = "; "


# en_GB, because most of the English-speaking world writes dates like 18 November, 14:05.
ENGLISH = Language("en", "en_GB", "English")

LANGUAGES = {
    language.code: language
    for language in (
        ENGLISH,
        Language("ja", "ja", "日本語", comma="、", colon="\uff1a", semicolon="\uff1b"),
        Language("zh-Hans", "zh_Hans", "简体中文", comma="、", colon="\uff1a", semicolon="\uff1b"),
        Language("zh-Hant", "zh_Hant", "繁體中文", comma="、", colon="\uff1a", semicolon="\uff1b"),
        Language("ko", "ko", "한국어"),
        Language("fr", "fr", "Français", colon="\u202f: ", semicolon="\u202f; "),
        Language("de", "de", "Deutsch"),
        Language("it", "it", "Italiano"),
        Language("es", "es", "Español"),
        Language("pt", "pt", "Português"),
        Language("ru", "ru", "Русский"),
        Language("ar", "ar", "العربية", direction="rtl", comma=" و", semicolon="؛ "),
        Language("vi", "vi", "Tiếng Việt"),
        Language("id", "id", "Bahasa Indonesia"),
    )
}

_BY_TAG = {code.lower(): code for code in LANGUAGES} | {
    "zh": "zh-Hans",
    "zh-hk": "zh-Hant",
    "zh-mo": "zh-Hant",
    "zh-tw": "zh-Hant",
    "in": "id",  # as old Java and Android call it
}


def language_for(tag: str) -> str:
    """Return the code of the language for an IETF *tag*; `en` if the language is unknown.

    A variant means its language: `pt-br` is `pt`.
    """
    rest = tag.lower().replace("_", "-")
    while rest:
        if rest in _BY_TAG:
            return _BY_TAG[rest]
        rest = rest.rpartition("-")[0]
    return ENGLISH.code


@dataclass(frozen=True, slots=True, eq=False)
class Translation:
    """A language and its *catalogue* of sentences. The templates themselves are in English."""

    language: Language = ENGLISH
    catalogue: Callable[[], NullTranslations] = NullTranslations


IN_ENGLISH = Translation()


@cache
def shipped_translations() -> Mapping[str, Translation]:
    """Return the languages that have a catalogue, by code, in the order of LANGUAGES."""
    folder = files("templates").joinpath("locale")
    return {
        code: IN_ENGLISH if language is ENGLISH else Translation(language, partial(_read, code))
        for code, language in LANGUAGES.items()
        if language is ENGLISH or folder.joinpath(f"{code}.mo").is_file()
    }


@cache
def _read(code: str) -> NullTranslations:
    with files("templates").joinpath("locale", f"{code}.mo").open("rb") as compiled:
        return GNUTranslations(compiled)
