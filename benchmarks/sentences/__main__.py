"""Measures how often the first proposal for a typed sentence is right.

    python -m benchmarks.sentences [--wrong]

`first/<language>.txt`, `second` and `unseen` have sentences by people who did not know the rules.
The rules were then changed with the first two in view, so only the figure of `unseen` says what to
expect. Once somebody has changed a rule with `unseen` in view, it takes new sentences to say that.

A line is a sentence and all that a good assistant may propose first: key words, or `!` and an
intent. A proposal is right if it has the same folded words as one of them, or the same intent. A
stem stands for its words, and brackets do not count.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import parser, print_json, print_table
from bot.subscribers.sentences import Understood, understand
from bot.text.folding import fold

HERE = Path(__file__).parent
SETS = ("first", "second", "unseen")


def rows(chosen: str, language: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each sentence of a set with its right answers."""
    file = HERE / chosen / f"{language}.txt"
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        sentence, _, right = line.rpartition(" | ")
        yield sentence, right.split(" ; ")


def first_proposal(read: Understood) -> str:
    if read.intent and read.is_certain:
        return f"!{read.intent.name}"
    return read.query or next((one for choice in read.choices for one in choice), "")


def is_right(proposal: str, right: str) -> bool:
    if proposal.startswith("!") or right.startswith("!"):
        return proposal == right
    found, wanted = _words(proposal), _words(right)
    return len(found) == len(wanted) and all(
        one == other or (one.endswith("*") and other.startswith(one[:-1]))
        for one, other in zip(found, wanted, strict=True)
    )


def _words(query: str) -> list[str]:
    """Return the folded words of a query, with the minus and the star that belong to them."""
    found: set[str] = set()
    for typed in query.translate(str.maketrans("", "", '"()')).split():
        minus, star = "-" * typed.startswith("-"), "*" * typed.endswith("*")
        found.update(f"{minus}{word}{star}" for word in fold(typed).words)
    return sorted(found)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--wrong", action="store_true", help="list what is not right")
    wants_list = options.parse_args().wrong
    table: list[dict[str, object]] = []
    for language in sorted(path.stem for path in (HERE / SETS[1]).glob("*.txt")):
        row: dict[str, object] = {"language": language}
        for chosen in SETS:
            row[chosen], row[f"of {chosen}"] = _count(chosen, language, wants_list=wants_list)
        table.append(row)
    total = {
        name: sum(int(str(row[name])) for row in table) for name in table[0] if name != "language"
    }
    print_table([*table, {"language": "all", **total}])
    print_json("sentences", **total)


def _count(chosen: str, language: str, *, wants_list: bool) -> tuple[int, int]:
    good = every = 0
    for sentence, answers in rows(chosen, language):
        proposal = first_proposal(understand(sentence, language))
        is_good = any(is_right(proposal, right) for right in answers)
        good, every = good + is_good, every + 1
        if wants_list and not is_good:
            print(f"{chosen} {language}: {sentence} -> {proposal}")
    return good, every


if __name__ == "__main__":
    main()
