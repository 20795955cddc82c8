"""What this machine gives: room on its disks, files that are closed to others, clock and zones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning

_MB = 1024 * 1024
SCARCE, TOO_LITTLE = 1024 * _MB, 100 * _MB  # bytes free
FEW_FILES, TOO_FEW_FILES = 10_000, 500
_READ, _WRITE, _WORLD = 0o044, 0o022, 0o007  # bits of a mode: what others than the owner may
OFF, FAR_OFF = timedelta(seconds=2), timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Room:
    """*files*: how many more there may be, None where the file system does not count them."""

    what: str
    folder: str
    free: int
    files: int | None
    is_writable: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """A file or folder of ours. *is_secret*: nobody else may read it, nor what is in it."""

    path: str
    mode: int
    is_folder: bool = False
    is_secret: bool = True


@dataclass(frozen=True, slots=True)
class Zones:
    """*version* is that of the package tzdata, *unreadable* names zones that cannot be read.

    *is_fresh*: whether a zone that changed lately is known as it is now.
    """

    version: str | None
    count: int
    unreadable: Sequence[str]
    is_fresh: bool


def judge_room(room: Room) -> Finding:
    seen = f"{room.free / _MB:,.0f} MB are free for {room.what} ({room.folder})"
    if not room.is_writable:
        sentence = f"{room.folder} ({room.what}) cannot be written to."
        return unhealthy(
            "disk.not-writable", sentence, "Let the user who runs the bot write there."
        )
    if room.free < TOO_LITTLE:
        remedy = "Make room now: a database that cannot grow stops everything."
        return unhealthy("disk.full", f"Only {seen}.", remedy)
    if room.files is not None and room.files < TOO_FEW_FILES:
        sentence = f"Only {room.files} more files fit beside {room.what} ({room.folder})."
        return unhealthy(
            "disk.no-inodes", sentence, "Delete files you need no more (df -i tells where)."
        )
    if room.free < SCARCE:
        return warning("disk.scarce", f"Only {seen}.", "Make room before it is needed.")
    if room.files is not None and room.files < FEW_FILES:
        sentence = f"{room.files} more files fit beside {room.what} ({room.folder})."
        return warning("disk.few-inodes", sentence, "Delete files you need no more.")
    return healthy("disk.room", f"{seen}.")


def judge_files(files: Sequence[Kept]) -> list[Finding]:
    found = [finding for file in files if (finding := _judge_file(file))]
    if files and not found:
        found.append(healthy("files.closed", "Nobody else can read or change what is kept here."))
    return found


def _judge_file(file: Kept) -> Finding | None:
    if file.mode & _WRITE:
        sentence = f"{file.path} can be changed by other users of this machine."
        return unhealthy("files.writable", sentence, f"chmod go-w {file.path}")
    if not file.is_secret or not file.mode & _READ:
        return None
    sentence = f"{file.path} can be read by other users of this machine."
    if file.is_folder or not file.mode & _WORLD:
        return warning("files.readable", sentence, f"chmod go-rwx {file.path}")
    return unhealthy("files.world-readable", sentence, f"chmod go-rwx {file.path}")


def judge_clock(ahead: timedelta | None, other: str) -> list[Finding]:
    """Judge this machine's clock by *other*'s, where that is known."""
    if ahead is None:
        return []
    seconds = ahead.total_seconds()
    sentence = f"This machine's is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'}"
    remedy = "Let it be set by the network: timedatectl set-ntp true, or chrony."
    if abs(ahead) > FAR_OFF:
        return [unhealthy("clock.far-off", f"{sentence} {other}.", remedy)]
    if abs(ahead) > OFF:
        return [warning("clock.off", f"{sentence} {other}.", remedy)]
    return [healthy("clock.right", f"It agrees with {other}.")]


def judge_zones(zones: Zones) -> list[Finding]:
    remedy = "Install the dependencies anew: pip install --upgrade tzdata."
    found = []
    if zones.version is None:
        found.append(warning("zones.no-package", "The package tzdata is missing.", remedy))
    if zones.unreadable:
        some = ", ".join(zones.unreadable[:3])
        sentence = f"{len(zones.unreadable)} time zones cannot be read, such as {some}."
        found.append(unhealthy("zones.unreadable", sentence, f"Mend this system's zones. {remedy}"))
    if not zones.is_fresh:
        sentence = "The time zones here are old: a change of 2024 is not known."
        more = "Renew this system's own tzdata (apt, dnf), or set PYTHONTZPATH to nothing."
        found.append(warning("zones.old", sentence, more))
    return found or [healthy("zones.fresh", f"{zones.count} are read, tzdata {zones.version}.")]
