"""The languages that Dateline speaks, and which of them a client's is.

To add one: its row here, and its catalogue `templates/locale/<code>.po`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """*code*: an IETF tag, as in `lang="…"`; *locale*: CLDR's name for how it writes dates.

    *comma*, *colon* and *semicolon* have the spaces that stand around them. CLDR knows the first,
    but to ask it costs a process four megabytes and each language a moment of the start.
    """

    code: str
    locale: str
    name: str  # in itself
    direction: str = "ltr"
    comma: str = ", "
    colon: str = ": "
    semicolon: str = "; "


# Dates as most of the world's English writes them: 18 November, 14:05.
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
    """Return the code of the language that an IETF *tag* asks for; `en` where it is none of ours.

    What is more special than a language of ours is that language: `pt-br` is `pt`.
    """
    rest = tag.lower().replace("_", "-")
    while rest:
        if rest in _BY_TAG:
            return _BY_TAG[rest]
        rest = rest.rpartition("-")[0]
    return ENGLISH.code
