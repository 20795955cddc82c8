"""Clocks of processes that differ, and that are set back and forth while they work."""

import random
from pathlib import Path
from typing import Any

_LIBRARY = "*/faketime/libfaketime.so.1"
# How far a clock is set off at most: past each lease.
STEP_SECONDS = 300
NORMAL_TIME = {"ld_preload": "", "faketime_timestamp_file": ""}


def faking() -> Path | None:
    """Return the library that fakes a process's clock; Debian's package is `faketime`."""
    return next(Path("/usr/lib").glob(_LIBRARY), None)


def faked_clock(file: Path, seconds: int) -> dict[str, Any]:
    """Return the environment of a process that takes it to be so many *seconds* later.

    What *file* says later, its clock does within a second.
    """
    library = faking()
    assert library, "a clock of its own needs libfaketime: apt install faketime"
    set_clock(file, seconds)
    return {
        "ld_preload": library,
        "faketime_timestamp_file": file,
        "faketime_cache_duration": 1,
        "faketime_dont_fake_monotonic": 1,
    }


def set_clock(file: Path, seconds: int) -> None:
    new = file.with_suffix(".new")
    new.write_text(f"{seconds:+d}s\n")
    new.replace(file)  # no process reads half of it


def step_clock(file: Path, dice: random.Random) -> int:
    """Set it to another time, from *STEP_SECONDS* back to as many ahead; return these."""
    seconds = dice.randint(-STEP_SECONDS, STEP_SECONDS)
    set_clock(file, seconds)
    return seconds
