"""The machine: room on its disks, modes of files, its clock and time zones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning

_MB = 1024 * 1024
_SCARCE, _TOO_LITTLE = 1024 * _MB, 100 * _MB  # bytes free
_FEW_FILES, _TOO_FEW_FILES = 10_000, 500
_READ, _WRITE, _WORLD = 0o044, 0o022, 0o007  # bits of a mode for others than the owner
_OFF, _FAR_OFF = timedelta(seconds=2), timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """*files* is how many more can be created; None if the file system does not count them."""

    purpose: str
    folder: str
    free: int
    files: int | None
    is_writable: bool = True


@dataclass(frozen=True, slots=True)
class FileMode:
    """A file or folder of the bot. *is_secret*: nobody else may read it or its contents."""

    path: str
    mode: int
    is_folder: bool = False
    is_secret: bool = True


@dataclass(frozen=True, slots=True)
class ZoneData:
    """*version* is that of the package tzdata; *is_fresh*: a recent change of a zone is known."""

    version: str | None
    count: int
    unreadable: Sequence[str]
    is_fresh: bool


def judge_disk(disk: DiskSpace) -> Finding:
    room = f"{disk.free / _MB:,.0f} MB are free for {disk.purpose} ({disk.folder})"
    if not disk.is_writable:
        sentence = f"{disk.folder} ({disk.purpose}) cannot be written to."
        return unhealthy(
            "disk.not-writable", sentence, "Let the user who runs the bot write there."
        )
    if disk.free < _TOO_LITTLE:
        remedy = "Free space now. The bot stops when the database cannot grow."
        return unhealthy("disk.full", f"Only {room}.", remedy)
    if disk.files is not None and disk.files < _TOO_FEW_FILES:
        sentence = f"Only {disk.files} more files fit beside {disk.purpose} ({disk.folder})."
        return unhealthy(
            "disk.no-inodes", sentence, "Delete files that you no longer need (df -i shows where)."
        )
    if disk.free < _SCARCE:
        return warning("disk.scarce", f"Only {room}.", "Free space soon.")
    if disk.files is not None and disk.files < _FEW_FILES:
        sentence = f"{disk.files} more files fit beside {disk.purpose} ({disk.folder})."
        return warning("disk.few-inodes", sentence, "Delete files that you no longer need.")
    return healthy("disk.room", f"{room}.")


def judge_files(files: Sequence[FileMode]) -> list[Finding]:
    findings = [finding for file in files if (finding := _judge_file(file))]
    if files and not findings:
        findings.append(healthy("files.closed", "Nobody else can read or change the bot's files."))
    return findings


def _judge_file(file: FileMode) -> Finding | None:
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
    """Compare this machine's clock with *other*; return nothing if the difference is unknown."""
    if ahead is None:
        return []
    seconds = ahead.total_seconds()
    sentence = (
        f"This machine's clock is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'}"
    )
    remedy = "Synchronize it: timedatectl set-ntp true, or chrony."
    if abs(ahead) > _FAR_OFF:
        return [unhealthy("clock.far-off", f"{sentence} {other}.", remedy)]
    if abs(ahead) > _OFF:
        return [warning("clock.off", f"{sentence} {other}.", remedy)]
    return [healthy("clock.right", f"This machine's clock agrees with {other}.")]


def judge_zones(zones: ZoneData) -> list[Finding]:
    remedy = "Install the package again: pip install --upgrade tzdata."
    findings = []
    if zones.version is None:
        findings.append(warning("zones.no-package", "The package tzdata is missing.", remedy))
    if zones.unreadable:
        examples = ", ".join(zones.unreadable[:3])
        sentence = f"{len(zones.unreadable)} time zones cannot be read, such as {examples}."
        findings.append(
            unhealthy("zones.unreadable", sentence, f"Repair this system's zones. {remedy}")
        )
    if not zones.is_fresh:
        sentence = "The time zones are outdated: a change from 2024 is missing."
        more = "Update this system's tzdata (apt, dnf), or set PYTHONTZPATH to nothing."
        findings.append(warning("zones.old", sentence, more))
    return findings or [
        healthy("zones.fresh", f"{zones.count} time zones can be read, tzdata {zones.version}.")
    ]
