"""Writes a catalogue as a file whose diffs show only changes of messages."""

from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

# Timestamps, and translators that do not exist.
_IDLE = (
    "POT-Creation-Date",
    "PO-Revision-Date",
    "Last-Translator",
    "Language-Team",
    "Report-Msgid-Bugs-To",
    "Project-Id-Version",
)


def written(catalog: Catalog) -> bytes:
    """Return the catalogue's file, without line numbers, which would change all the time."""
    catalog.header_comment = ""
    text = BytesIO()
    write_po(text, catalog, include_lineno=False, width=100)
    lines = text.getvalue().decode().splitlines(keepends=True)
    return "".join(
        line for line in lines if not line.startswith(tuple(f'"{i}:' for i in _IDLE))
    ).encode()
