"""Options and output of the programs: a table for people, and a last line of JSON for scripts."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

Row = dict[str, object]


def parser(doc: str | None, *, server: bool = False) -> argparse.ArgumentParser:
    """Return a parser whose help is the docstring of the program."""
    made = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if server:
        made.add_argument("--server", metavar="URL", help="PostgreSQL, for a database of its own")
    return made


def print_table(rows: Sequence[Mapping[str, object]], title: str = "") -> None:
    columns = dict.fromkeys(name for row in rows for name in row)
    table = Table(*columns, title=title or None)
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    Console(width=160).print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def print_json(bench: str, **facts: object) -> None:
    print(json.dumps({"bench": bench, **facts}))


def print_rows(bench: str, rows: Sequence[Mapping[str, object]], **facts: object) -> None:
    print_table(rows)
    print_json(bench, **facts, rows=rows)


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
