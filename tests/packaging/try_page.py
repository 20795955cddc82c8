"""Types the commands of docs/how-to/deploy.md, as root: `python -m tests.packaging.try_page ROOT`.

ROOT is a bare Debian system, which is copied and boots in a namespace of its own with systemd:
`debootstrap --include=systemd-sysv,dbus,ca-certificates,python3-venv trixie ROOT`. The wheel is in
dist/. The Bot API is that of the playground. Sections for containers need a Docker daemon and its
registry, and are not run.
"""

# ruff: noqa: T201 - it prints what it did

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TREE = Path(__file__).parents[2]
PAGE = TREE / "docs" / "how-to" / "deploy.md"
TOKEN = "1:playground"
# Nobody opens the link that makes the first admin.
SETTINGS = "BOT_API_URL=http://127.0.0.1:{port}\nWEB_PORT=18473\nADMIN_IDS=7\n"
NEEDED = ("requirements.lock", "requirements-extras.lock", "deploy", "dist")
PATIENCE = 60  # seconds to boot
SYSTEMD = ["Install", "Configure", "Start", "Back up", "Restore", "Upgrade", "Remove"]

# A namespace in which only the second version of control groups is seen, as systemd wants it.
BOOT = """
mount --make-rprivate / && umount --recursive --lazy /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec systemd-nspawn --quiet --directory "$1" --machine dateline-page --register=no --keep-unit \\
  --boot --console=read-only
"""


def commands(page: str) -> dict[tuple[str, str], str]:
    """Return the indented commands under each pair of headings, in their order."""
    found: dict[tuple[str, str], str] = {}
    section = part = ""
    for line in page.splitlines():
        if line.startswith("## "):
            section, part = line[3:], ""
        elif line.startswith("### "):
            part = line[4:]
        elif line.startswith("    "):
            found[section, part] = found.get((section, part), "") + line[4:] + "\n"
    return found


@contextmanager
def bot_api() -> Iterator[int]:
    """Run the playground; yield its port, which the namespace shares with this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    line = [sys.executable, "-m", "bot", "playground", "--every", "0", "--port", str(port)]
    with subprocess.Popen(line, cwd=TREE, stdout=subprocess.DEVNULL) as process:
        try:
            yield port
        finally:
            process.terminate()


@contextmanager
def booted(root: Path) -> Iterator[int]:
    """Boot *root*; yield the process id of its systemd."""
    line = ["unshare", "--mount", "sh", "-ec", BOOT, "boot", str(root)]
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            yield _wait_for_systemd(process.pid)
        finally:
            process.terminate()


def _wait_for_systemd(nspawn: int) -> int:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        children = Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split()
        for child in children:
            asked = enter(int(child), "systemctl is-system-running")
            if asked.stdout.strip() in {"running", "degraded"}:
                return int(child)
        time.sleep(0.5)
    raise SystemExit("systemd did not start in the namespace.")


def enter(pid: int, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script as root of the booted system, with the token as its input."""
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    trusted = "PIP_CERT=/etc/ssl/certs/ca-certificates.crt"
    inside = ["env", "-i", path, "HOME=/root", "LANG=C.UTF-8", trusted, "sh", "-ec"]
    line = ["nsenter", "--all", "--wdns=/root/dateline", f"--target={pid}", *inside, script]
    return subprocess.run(line, input=TOKEN, capture_output=True, text=True, check=False)


def prepare(bare: Path, root: Path) -> None:
    """Copy a bare system, and the folder of the release into it."""
    subprocess.run(["cp", "-a", "--reflink=auto", f"{bare}/.", str(root)], check=True)
    release = root / "root" / "dateline"
    release.mkdir(parents=True)
    for name in NEEDED:
        subprocess.run(["cp", "-r", str(TREE / name), str(release)], check=True)
    trusted = Path("/etc/ssl/certs/ca-certificates.crt")
    if trusted.exists():
        shutil.copy(trusted, root / "etc" / "ssl" / "certs")


def try_systemd(found: dict[tuple[str, str], str], bare: Path) -> list[str]:
    """Type the section about systemd; return what failed."""
    with tempfile.TemporaryDirectory(dir=bare.parent) as folder, bot_api() as port:
        root = Path(folder) / "root"
        root.mkdir()
        prepare(bare, root)
        with booted(root) as pid:
            for part in SYSTEMD:
                done = enter(pid, found["systemd", part])
                print(f"== systemd: {part}: {done.returncode}\n{done.stdout}{done.stderr}")
                if done.returncode:
                    return [f"systemd: {part}"]
                if part == "Configure":
                    settings = root / "etc" / "dateline" / "dateline.env"
                    settings.write_text(SETTINGS.format(port=port))
                if part == "Restore":
                    done = enter(pid, "stat --format %a /var/lib/private/dateline")
                    if done.stdout.strip() != "700":
                        return ["systemd: others may read the folder of the service"]
        left = [str(path) for path in root.glob("var/lib/**/dateline*")]
        return [f"systemd: Remove left {left}"] if left else []


def main() -> None:
    found = commands(PAGE.read_text(encoding="utf-8"))
    failed = try_systemd(found, Path(sys.argv[1]).resolve())
    sections = {section for section, _ in found if re.search("container", section, re.IGNORECASE)}
    for section in sorted(sections):
        print(f"not run, because it needs a Docker daemon and its registry: {section}")
    print(f"failed: {', '.join(failed)}" if failed else "systemd: all of it worked")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
