"""Finds the language of a text as a two-letter code; "" if it is unclear.

The declared language counts unless the text contradicts it, by its script or by the commonest small
words, which cost microseconds. `detect` asks py3langid if these do not decide. Only workers call
it, because the model takes a second to load.
"""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from bot import languages

_TAG = re.compile(r"([a-zA-Z]{2,3})(?:[-_][a-zA-Z0-9]+)*")
_DATA: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_SAME: dict[str, str] = _DATA["same"]
_SHARED: dict[str, list[str]] = _DATA["shared"]
_SCRIPTS = tuple(
    (re.compile(f"[{script['letters']}]"), script["code"], script["share"])
    for script in _DATA["script"]
)
_HAS_SCRIPT = re.compile(f"[{''.join(script['letters'] for script in _DATA['script'])}]")
_FIRST = 4000
_CLEAR_SHARE = 0.08
_CLEAR_LEAD = 1.5
_WORDS_NEEDED = 8
_SURE_SHARE = 0.2
_SURE_LEAD = 3
_FEWEST = 3
_SURE = 0.9
_MUCH_ASCII = 0.5  # characters, blanks included


def declared(tag: str | None) -> str:
    """Return the two-letter code of a declared tag such as "en-GB"; "" if it is no tag."""
    found = _TAG.fullmatch((tag or "").strip())
    if found is None:
        return ""
    code = found[1].lower()
    code = _SAME.get(code, code)
    return code if len(code) == 2 else ""  # noqa: PLR2004 - ISO 639-1


def judged(text: str, code: str = "") -> str:
    """Return the language of *text*, which its source declares as *code* ("" for nothing).

    The declaration is checked, because most software declares English unless it is configured. A
    script contradicts any language that is not written in it. Small words can only contradict a
    language that has a list of them.
    """
    text = text[:_FIRST]
    words = text.lower().split()
    own = _KNOWN.get(code)
    if own is None:
        return (disproved(code, text) or code) if code else quick(text)
    if sum(map(own.__contains__, words)) >= _SURE_SHARE * len(words):
        return code
    found = disproved(code, text)
    if found or len(words) < _WORDS_NEEDED:
        return found or code
    scores = _scores(words)
    best = max(scores, key=scores.__getitem__, default=code)
    is_other = scores.get(best, 0) >= max(
        _CLEAR_SHARE * len(words), _SURE_LEAD * scores.get(code, 0), _FEWEST
    )
    return best if is_other else code


def disproved(code: str, text: str) -> str:
    """Return the language of *text* if its script shows that it is not in *code*; else ""."""
    is_latin = len(text.encode("ascii", "ignore")) > _MUCH_ASCII * len(text)
    found = "" if is_latin else _by_script(text)
    return found if code and code not in _SHARED.get(found, (found,)) else ""


def quick(text: str) -> str:
    """Return the language of *text* if its script or its small words decide it; else ""."""
    text = text[:_FIRST]
    return _by_script(text) or _by_small_words(text.lower().split())


def _by_script(text: str) -> str:
    if text.isascii() or not _HAS_SCRIPT.search(text):
        return ""
    letters = sum(map(str.isalpha, text))
    scripts = (
        code for script, code, share in _SCRIPTS if len(script.findall(text)) >= share * letters
    )
    return next(scripts, "") if letters else ""


def detect(text: str) -> str:
    """Return the language of *text*, by py3langid if `quick` finds none; "" if unclear."""
    if found := quick(text):
        return found
    if len(text.split()) < _WORDS_NEEDED:
        return ""
    code, probability = _identifier().classify(text[:_FIRST])
    return declared(code) if probability >= _SURE else ""


@cache
def _identifier() -> Any:
    from py3langid import langid, modelio  # noqa: PLC0415 - see the module's head

    # The library would unpack its model into a file, but a worker may not write files.
    modelio.tempfile = SimpleNamespace(TemporaryFile=lambda **_how: BytesIO())
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


def _by_small_words(words: list[str]) -> str:
    if len(words) < _WORDS_NEEDED:
        return ""
    scores = sorted((score, code) for code, score in _scores(words).items())
    (second, _), (best, code) = [(0, ""), (0, ""), *scores][-2:]
    is_clear = best >= _FEWEST or not second
    is_clear = is_clear and best >= max(_CLEAR_SHARE * len(words), _CLEAR_LEAD * second)
    return code if is_clear else ""


def _scores(words: Iterable[str]) -> dict[str, int]:
    """Return how many of *words* are small words of each language that has any."""
    scores: dict[str, int] = {}
    for codes in filter(None, map(_CODES.get, words)):
        for code in codes:
            scores[code] = scores.get(code, 0) + 1
    return scores


_KNOWN = {code: frozenset(common) for code, common in languages.words("common_words").items()}
_CODES: dict[str, list[str]] = {}
for _code, _words in _KNOWN.items():
    for _word in _words:
        _CODES.setdefault(_word, []).append(_code)
