"""Compiles the catalogues of the templates when Hatch installs or packages the project.

`python hatch_build.py` compiles those that have changed since, without installing anew.
"""

import os
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path(__file__).parent / "templates" / "locale"
_NO_DATE = datetime(1980, 1, 1, tzinfo=UTC)  # the same sources give the same bytes


class CatalogueBuildHook(BuildHookInterface[BuilderConfig]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - Hatch's
        compile_catalogues()


def compile_catalogues(folder: Path = FOLDER) -> None:
    """Write a `.mo` beside every `.po` in *folder* that has none, or an older one."""
    for source in folder.glob("*.po"):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            # Another process may be reading it, or compiling it too.
            draft = target.with_suffix(f".{os.getpid()}")
            draft.write_bytes(compiled(source.read_bytes(), source.stem))
            draft.replace(target)


def compiled(po: bytes, code: str) -> bytes:
    """Return a catalogue as gettext reads it; untranslated and fuzzy messages are left out."""
    catalog = read_po(BytesIO(po), locale=code.replace("-", "_"))
    catalog.creation_date = catalog.revision_date = _NO_DATE
    written = BytesIO()
    write_mo(written, catalog)
    return written.getvalue()


if __name__ == "__main__":
    compile_catalogues()
