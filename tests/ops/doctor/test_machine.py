from dataclasses import replace
from datetime import timedelta

from bot.ops.doctor.machine import (
    DiskSpace,
    FileMode,
    ZoneData,
    judge_clock,
    judge_disk,
    judge_files,
    judge_zones,
)
from tests.ops.doctor.judging import cases, problems

GB = 1024**3
DISK = DiskSpace("the database", "/var/lib", 9 * GB, 1_000_000)
ZONES = ZoneData("2026.1", 599, (), is_fresh=True)


@cases(
    "seconds, expected",
    {
        "unknown": (None, {}),
        "right": (0.4, {}),
        "as right as a header can tell": (-1.9, {}),
        "ahead": (3, {"clock.off": "warning"}),
        "behind": (-29, {"clock.off": "warning"}),
        "far ahead": (31, {"clock.far-off": "unhealthy"}),
        "far behind": (-9000, {"clock.far-off": "unhealthy"}),
    },
)
def test_the_clock_is_compared_with_another(seconds, expected):
    ahead = None if seconds is None else timedelta(seconds=seconds)
    found = judge_clock(ahead, "Telegram's")

    assert problems(found) == expected
    assert any("ahead" in one.sentence for one in found) is ((seconds or 0) > 2)


@cases(
    "disk, expected",
    {
        "enough": (DISK, {}),
        "files are not counted here": (replace(DISK, files=None), {}),
        "little": (replace(DISK, free=GB // 2), {"disk.scarce": "warning"}),
        "too little": (replace(DISK, free=GB // 20), {"disk.full": "unhealthy"}),
        "few files": (replace(DISK, files=900), {"disk.few-inodes": "warning"}),
        "no files": (replace(DISK, files=0), {"disk.no-inodes": "unhealthy"}),
        "another's folder": (replace(DISK, is_writable=False), {"disk.not-writable": "unhealthy"}),
    },
)
def test_free_disk_space_is_judged(disk, expected):
    assert problems([judge_disk(disk)]) == expected


@cases(
    "file, expected",
    {
        "closed": (FileMode("db", 0o600), {}),
        "open to all": (FileMode("db", 0o644), {"files.world-readable": "unhealthy"}),
        "open to the group": (FileMode("db", 0o640), {"files.readable": "warning"}),
        "the group's too": (FileMode("db", 0o660), {"files.writable": "unhealthy"}),
        "a closed folder": (FileMode("var", 0o700, is_folder=True), {}),
        "an open folder": (FileMode("var", 0o755, is_folder=True), {"files.readable": "warning"}),
        "everybody's folder": (
            FileMode("var", 0o777, is_folder=True),
            {"files.writable": "unhealthy"},
        ),
        "a template": (FileMode("a.html", 0o644, is_secret=False), {}),
        "a group's": (FileMode("a.html", 0o664, is_secret=False), {"files.writable": "unhealthy"}),
        "everybody's templates": (
            FileMode("t", 0o757, is_folder=True, is_secret=False),
            {"files.writable": "unhealthy"},
        ),
    },
)
def test_file_modes_that_let_others_read_or_write_are_found(file, expected):
    found = judge_files([file])

    assert problems(found) == expected
    assert found[0].code == (next(iter(expected)) if expected else "files.closed")


@cases(
    "zones, expected",
    {
        "fresh": (ZONES, {}),
        "bare": (replace(ZONES, version=None), {"zones.no-package": "warning"}),
        "broken": (replace(ZONES, unreadable=["Asia/Tokyo"]), {"zones.unreadable": "unhealthy"}),
        "old": (replace(ZONES, is_fresh=False), {"zones.old": "warning"}),
    },
)
def test_time_zone_data_is_judged(zones, expected):
    assert problems(judge_zones(zones)) == expected
