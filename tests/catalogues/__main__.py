"""`python -m tests.catalogues [CODE…]`: update all catalogues, and create those of CODE.

Translations are kept. New messages are left empty, and changed ones are marked `fuzzy`. The bot
says both in English until somebody has translated them. `python -m tests.catalogues --complete`
changes nothing, and fails if a translation is missing, as before a release.
"""

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from bot.rendering.i18n import LANGUAGES
from tests.catalogues.checking import gaps, is_missing
from tests.catalogues.extracting import messages
from tests.catalogues.writing import written

FOLDER = Path(__file__).parents[2] / "templates" / "locale"


def main(arguments: list[str]) -> None:
    if arguments == ["--complete"]:
        check()
    else:
        update(arguments)


def check() -> None:
    """Exit with a line for each catalogue that lacks a translation."""
    found = messages()
    lines = []
    for path in sorted(FOLDER.glob("*.po")):
        catalog = read_po(BytesIO(path.read_bytes()), locale=LANGUAGES[path.stem].locale)
        if missing := list(gaps(catalog, found)):
            lines.append(f"{path.name} ({len(missing)} in all): {missing[0]}")
    if lines:
        sys.exit(
            "\n".join(
                ["Translations are missing: run `make catalogues`, and fill them in.", *lines]
            )
        )


def update(new: list[str]) -> None:
    found = messages()
    there = [path.stem for path in sorted(FOLDER.glob("*.po"))]
    for code in dict.fromkeys([*there, *new]):
        path, locale = FOLDER / f"{code}.po", LANGUAGES[code].locale
        catalog = Catalog(locale, project="Dateline", fuzzy=False)
        if path.exists():
            catalog = read_po(BytesIO(path.read_bytes()), locale=locale)
        catalog.update(found, update_header_comment=False)
        catalog.obsolete.clear()
        path.write_bytes(written(catalog))
        left = sum(is_missing(message) for message in catalog)
        sys.stdout.write(f"{code}: {len(catalog)} messages, {left} to be translated\n")


if __name__ == "__main__":
    main(sys.argv[1:])
