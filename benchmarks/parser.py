# ruff: noqa: RUF001 - what looks alike is what is tried
"""The parser under fire: random inputs by the hundred thousand, and bombs with their time.

    python benchmarks/parser.py [INPUTS]

Each input is read or refused at a place inside it; what is read prints and parses to itself, and
what is suggested can be read. The last line is JSON.
"""

import json
import random
import sys
import time
from heapq import nlargest

from rich.console import Console
from rich.table import Table

from bot.matching.query import QueryError, parse

SEED = 7
PIECES = [
    "OR", "AND", "NOT", "-", "(", ")", '"', "*", "title:", "source:", "lang:ja", "lang:", "NEAR/3",
    "~3", "c", "or", "and", "not", "#", "‘", "’", "|", "taiwan", "台", "é", "“", "»", "《", "》",
    "the", "U.S.", "x", "ta*", "site:", " ", "  ", "\u3000", "\u200d", 'צ"ה', "'s", "ß", "İ",
    "reuters.com", "NEAR/999", "【", "］", "source:(", "lang:(", "fr", "!", "!!", "NEAR5", "w/3",
    "发", "髮展", ",", "author:", "C", "#bomb0",
]  # fmt: skip
CHARACTERS = "/~:#‘’《》aAsCnET.&+-'\"*() 台か\u3099ไุ한\u1161ﾊﾞé\u0301ς״1,\ufdd0\u200d्क़|ǅ\u0345ﷺ"
BOMBS = {
    "200,000 brackets": "(" * 200_000,
    "1,000 brackets": "(" * 1000,
    "333 brackets and words": "(x " * 333,
    "dashes": "-" * 999 + "(",
    "NOTs": "NOT " * 249 + "(",
    "ORs": "x OR " * 199,
    "fields": "title:" * 166,
    "fields and brackets": "title:(" * 140,
    "quotes": '"' * 999,
    "single quotes": "\u2018" * 1000,
    "10,000 words": "word " * 10_000,
    "a megabyte of quotes": '"' * 1_000_000,
    "single quotes and apostrophes": "‘a’a" * 250,
    "ANDs of ORs that multiply out": " ".join(f"(a{n} OR b{n})" for n in range(32)),
    "sources": "source:(" * 120,
    "a list of sources": "source:(" + " OR ".join("a" * 230) + ")",
    "commas": "source:" + "a," * 490,
    "exact compounds": '"' + "a-" * 490 + '"c',
    "merged Han characters": "发" * 1000,
    "half-width kana": "ｶﾞ" * 500,
    "unseen characters": "a\u200b" * 500,
    "NEAR chain": " NEAR/5 ".join(f"w{n}" for n in range(60)),
    "NEAR each of 30": ("(a" + " OR a".join(map(str, range(30))) + ") NEAR/5 ") * 4,
    "NEARs": "x NEAR/1 " * 110,
    "deep and wide": "((((((((a OR b) c) OR d) e) OR f) g) OR h) i)" * 20,
    "ligatures of 18 letters": "\ufdfa" * 1000,
    "points": "a." * 500,
    "marks": "a" + "\u0301\u0323" * 499,
    "ten million marks": "\u0301\u0323" * 5_000_000,
    "topics": "#a " * 300,
    "topics of 60 topics, six deep": "#bomb0 " * 60,
    "topics of 58,000 characters": " ".join(f"#long{n}" for n in range(64)),
}
TOPICS = {
    **{f"bomb{n}": f"#bomb{n + 1} " * 60 for n in range(6)},
    "bomb6": "boom",
    **{f"long{n}": "z" * 900 for n in range(64)},
}


def typed(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.5:
        return "".join(rng.choices(PIECES, k=rng.randint(0, 40)))
    if kind < 0.75:
        return " ".join(rng.choices(PIECES, k=rng.randint(0, 40)))
    if kind < 0.9:
        return "".join(rng.choices(CHARACTERS, k=rng.randint(0, 60)))
    planes = [(32, 0x2FFF), (0x3000, 0xD7FF), (0xE000, 0x10FFFF)]
    return "".join(chr(rng.randint(*rng.choice(planes))) for _ in range(rng.randint(0, 30)))


def check(text: str) -> tuple[bool, float]:
    """Whether *text* is a query, and how many seconds it took to say so."""
    started = time.perf_counter()
    try:
        query = parse(text, TOPICS)
    except QueryError as error:
        took = time.perf_counter() - started
        inside = 0 <= error.position <= error.position + error.length <= len(text)
        if not inside:
            raise AssertionError(text) from error
        if error.suggestion:
            parse(error.suggestion, TOPICS)
        return False, took
    took = time.perf_counter() - started
    if parse(str(query)) != query:
        raise AssertionError(text)
    return True, took


def bombs() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name, text in BOMBS.items():
        took = min(check(text)[1] for _ in range(3))
        rows.append({"bomb": name, "ms": round(took * 1e3, 2)})
    return rows


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rng = random.Random(SEED)
    read = 0
    slowest: list[tuple[float, str]] = []
    for _ in range(count):
        text = typed(rng)
        is_read, took = check(text)
        read += is_read
        slowest = nlargest(10, [*slowest, (took, text)])
    # Once more: on a busy machine the slowest were mostly those that had to wait.
    worst = max(min(check(text)[1] for _ in range(3)) for _, text in slowest)
    rows = bombs()
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
    print(f"{count:,} inputs, {read:,} of them queries; the slowest took {worst * 1e3:.1f} ms")
    summary = {"inputs": count, "read": read, "worst_ms": round(worst * 1e3, 2)}
    print(json.dumps({"bench": "parser", **summary, "bombs": rows}))


if __name__ == "__main__":
    main()
