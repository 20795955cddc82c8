"""The word lists of the checks, by section and language: `words.toml`."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

WORDS: Final[Mapping[str, Any]] = tomllib.loads(
    Path(__file__).with_name("words.toml").read_text(encoding="utf-8")
)
