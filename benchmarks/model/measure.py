"""How much the checks of a model's summaries catch: `python -m benchmarks.model.measure`.

The table has sentences that were written by hand, and sentences made from the reports by rules:
each sentence of a report as it is (honest), and with one fact changed (dishonest). A changed fact
is a number, a name, a weekday or a negation.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bot.model.checks import DropReason, sentence_problem, translation_problem
from bot.model.evidence import ModelReport, weekdays_of
from bot.text.sentences import sentences

_EVENTS = Path(__file__).with_name("summaries.toml")
_NAMES = {"en": "Wexford", "de": "Wexford", "fr": "Wexford", "es": "Wexford", "ru": "Вексфорд"}
_NEGATED = {
    "en": (r"\b(will|said|fell|cut|opened|called|expects)\b", r"never \1"),
    "de": (r"\b(ruhte|lagen|wurden|verlangt|hält|lädt)\b", r"\1 nicht"),
    "fr": (r"\b(ont|a)\b", r"n'\1 jamais"),
    "es": (r"\b(mantuvo|advirtió|subió)\b", r"no \1"),
    "ru": (r"\b(открыли|заняло|сказала|будут)\b", r"не \1"),
}


class Told(NamedTuple):
    text: str
    cited: tuple[int, ...]
    reports: dict[int, ModelReport]
    language: str
    is_honest: bool
    origin: str


def by_hand() -> Iterator[Told]:
    for event in tomllib.loads(_EVENTS.read_text(encoding="utf-8"))["event"]:
        reports = {number: ModelReport(**row) for number, row in enumerate(event["reports"], 1)}
        for is_honest, kind in ((True, "honest"), (False, "dishonest")):
            for row in event[kind]:
                cited = tuple(row["reports"])
                yield Told(row["text"], cited, reports, event["language"], is_honest, "by hand")


def by_rules() -> Iterator[Told]:
    for event in tomllib.loads(_EVENTS.read_text(encoding="utf-8"))["event"]:
        reports = {number: ModelReport(**row) for number, row in enumerate(event["reports"], 1)}
        for number, report in reports.items():
            for start, end in sentences(report.text):
                sentence = report.text[start:end]
                yield Told(
                    sentence, (number,), reports, report.language, is_honest=True, origin="as it is"
                )
                for origin, changed in _changed(sentence, report.language):
                    yield Told(
                        changed, (number,), reports, report.language, is_honest=False, origin=origin
                    )


def _changed(sentence: str, language: str) -> Iterator[tuple[str, str]]:
    for found in re.finditer(r"\d+", sentence):
        other = str(int(found[0]) + 7)
        yield "number", sentence[: found.start()] + other + sentence[found.end() :]
    for found in re.finditer(r"(?<=[\w,] )[^\W\d_][^\W\d_]{3,}", sentence):
        if language in _NAMES and language != "de" and found[0][0].isupper():
            yield "name", sentence[: found.start()] + _NAMES[language] + sentence[found.end() :]
    for name, day in weekdays_of(language).items():
        other = next(each for each, at in weekdays_of(language).items() if at == (day + 3) % 7)
        if re.search(rf"\b{name}\b", sentence, re.IGNORECASE) and len(name) > 3:
            yield "weekday", re.sub(rf"\b{name}\b", other.title(), sentence, flags=re.IGNORECASE)
    if language in _NEGATED:
        pattern, negated = _NEGATED[language]
        changed, count = re.subn(pattern, negated, sentence, count=1)
        if count:
            yield "negation", changed


def problem_of(told: Told) -> DropReason | None:
    return sentence_problem(told.text, told.cited, told.reports, told.language)


def shares(table: list[Told]) -> tuple[float, float]:
    """Return the share of honest sentences that are kept, and of dishonest ones that are caught."""
    kept = [problem_of(told) is None for told in table if told.is_honest]
    caught = [problem_of(told) is not None for told in table if not told.is_honest]
    return sum(kept) / len(kept), sum(caught) / len(caught)


def translations() -> Iterator[tuple[str, bool, DropReason | None]]:
    """Yield each translated headline, whether it is right, and why it is dropped."""
    for row in tomllib.loads(_EVENTS.read_text(encoding="utf-8"))["translation"]:
        for kind in ("right", "wrong"):
            problem = translation_problem(row[kind], row["original"], row["from"], row["to"])
            yield row[kind], kind == "right", problem


def main() -> None:
    hand, rules = list(by_hand()), list(by_rules())
    for name, table in (("by hand", hand), ("by rules", rules), ("all", hand + rules)):
        kept, caught = shares(table)
        honest = sum(told.is_honest for told in table)
        print(
            f"{name}: {honest} honest sentences, {kept:.1%} kept;"
            f" {len(table) - honest} dishonest, {caught:.1%} caught"
        )
    wrong = [told for told in hand + rules if (problem_of(told) is None) is not told.is_honest]
    for told in wrong:
        kind = "lost" if told.is_honest else "missed"
        print(f"  {kind} ({told.origin}, {problem_of(told)}): {told.text}")
    pairs = list(translations())
    kept_of = [problem is None for _, is_right, problem in pairs if is_right]
    caught_of = [problem is not None for _, is_right, problem in pairs if not is_right]
    print(
        f"headlines: {len(kept_of)} right, {sum(kept_of) / len(kept_of):.1%} kept;"
        f" {len(caught_of)} wrong, {sum(caught_of) / len(caught_of):.1%} caught"
    )
    for text, is_right, problem in pairs:
        if is_right is not (problem is None):
            print(f"  {'lost' if is_right else 'missed'} ({problem}): {text}")
    print(Counter(told.origin for told in rules))


if __name__ == "__main__":
    main()
