"""Types the commands of docs/how-to/deploy.md, as root: `python -m tests.packaging.try_page ROOT`.

ROOT is a bare Debian system, which is copied and boots in a namespace of its own with systemd:
`debootstrap --include=systemd-sysv,dbus,ca-certificates,python3-venv trixie ROOT`. The wheel is in
dist/. The Bot API is that of the playground. `try_containers` types the sections about containers.
"""

# ruff: noqa: T201 - it prints what it did

import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.story.processes import free_port

TREE = Path(__file__).parents[2]
PAGE = TREE / "docs" / "how-to" / "deploy.md"
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")  # on this machine and on the bare system
TOKEN = "1:playground"
# Nobody opens the link that makes the first admin.
PORT = "WEB_PORT=18473\n"
ADMIN = 7
SETTINGS = "BOT_API_URL=http://127.0.0.1:{port}\n" + PORT + f"ADMIN_IDS={ADMIN}\n"
NEEDED = ("requirements.lock", "requirements-extras.lock", "deploy", "dist")
PATIENCE = 60  # seconds to boot
MOVE = PAGE.with_name("move-to-postgresql.md")
SYSTEMD = [
    *("Install", "Configure", "Start", "Back up", "Restore", "Upgrade"),
    *("Several processes", "Remove"),
]

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
    port = free_port()
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


def enter(pid: int, script: str, given: str = TOKEN) -> subprocess.CompletedProcess[str]:
    """Run a script as root of the booted system, with the token or *given* as its input."""
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    inside = ["env", "-i", path, "HOME=/root", "LANG=C.UTF-8", f"PIP_CERT={TRUSTED}", "sh", "-ec"]
    line = ["nsenter", "--all", "--wdns=/root/dateline", f"--target={pid}", *inside, script]
    return subprocess.run(line, input=given, capture_output=True, text=True, check=False)


def prepare(bare: Path, root: Path) -> None:
    """Copy a bare system, and the folder of the release into it."""
    subprocess.run(["cp", "-a", "--reflink=auto", f"{bare}/.", str(root)], check=True)
    release = root / "root" / "dateline"
    release.mkdir(parents=True)
    for name in NEEDED:
        subprocess.run(["cp", "-r", str(TREE / name), str(release)], check=True)
    if TRUSTED.exists():
        shutil.copy(TRUSTED, root / "etc" / "ssl" / "certs")


POSTGRESQL = """
apt-get update --quiet --quiet
DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes postgresql
runuser -u postgres -- createuser dateline
runuser -u postgres -- psql --quiet --command "ALTER ROLE dateline PASSWORD 'of-a-test'"
runuser -u postgres -- createdb --owner dateline --encoding UTF8 --template template0 dateline
port=$(pg_lsclusters --no-header | awk '{print $3}')
echo "postgresql://dateline:of-a-test@127.0.0.1:$port/dateline"
"""
AFTER = """
for role in chat poll match publish send web; do systemctl is-active dateline@$role; done
dateline sources list
dateline doctor
DATELINE_UNIT=dateline@web dateline doctor
dateline backup several.backup
head -c 5 /var/lib/dateline/several.backup | grep PGDMP
"""
BROKEN = """
mv /usr/bin/pg_dump /usr/bin/pg_dump.away
! systemctl start dateline-backup
mv /usr/bin/pg_dump.away /usr/bin/pg_dump
"""


def move(pid: int) -> subprocess.CompletedProcess[str]:
    """Install PostgreSQL, and type the commands of its page for systemd."""
    made = enter(pid, POSTGRESQL)
    if made.returncode:
        return made
    script = commands(MOVE.read_text(encoding="utf-8"))["Move", ""]
    typed = [line for line in script.splitlines() if not line.startswith(" ")]
    return enter(pid, "\n".join(typed), made.stdout.splitlines()[-1])


def asked(port: int, verb: str, **facts: object) -> Any:
    """Call the playground as its page does."""
    data = json.dumps(facts).encode() if facts else None
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/control/{verb}", data) as answer:
        return json.load(answer)


def has_read(port: int, chat: int, words: str) -> bool:
    """Wait until a chat has a message with *words*."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if words in json.dumps(asked(port, f"chats/{chat}/messages")):
            return True
        time.sleep(0.5)
    return False


def try_part(pid: int, root: Path, port: int, part: str, script: str) -> str:
    """Type one part of the section; return what failed."""
    settings = root / "etc" / "dateline" / "dateline.env"
    if part == "Several processes":
        moved = move(pid)
        print(f"== systemd: the move: {moved.returncode}\n{moved.stdout}{moved.stderr}")
        if moved.returncode:
            return "the move to PostgreSQL"
        # Only the process with the pages has a fixed port: the page names one that may be taken.
        settings.write_text(SETTINGS.format(port=port).replace(PORT, ""))
        script = script.replace("WEB_PORT=8080", PORT.rstrip())
    done = enter(pid, script)
    print(f"== systemd: {part}: {done.returncode}\n{done.stdout}{done.stderr}")
    if done.returncode:
        return part
    if part == "Configure":
        settings.write_text(SETTINGS.format(port=port))
    if part == "Restore":
        done = enter(pid, "stat --format %a /var/lib/private/dateline")
        return "" if done.stdout.strip() == "700" else "others may read the folder of the service"
    return try_several(pid, port) if part == "Several processes" else ""


def try_several(pid: int, port: int) -> str:
    """Run commands beside several processes, and let a backup fail; return what failed."""
    asked(port, "add_user", first_name="Ada", id=ADMIN)
    asked(port, "send", chat_id=ADMIN, text="/start")
    for name, script in (("commands", AFTER), ("a backup without pg_dump", BROKEN)):
        done = enter(pid, script)
        print(f"== systemd: {name}: {done.returncode}\n{done.stdout}{done.stderr}")
        if done.returncode:
            return name
    told = has_read(port, ADMIN, "dateline-backup failed")
    return "" if told else "the admin was not told of the failed backup"


def try_systemd(found: dict[tuple[str, str], str], bare: Path) -> list[str]:
    """Type the section about systemd; return what failed."""
    with tempfile.TemporaryDirectory(dir=bare.parent) as folder, bot_api() as port:
        root = Path(folder) / "root"
        root.mkdir()
        prepare(bare, root)
        with booted(root) as pid:
            for part in SYSTEMD:
                failed = try_part(pid, root, port, part, found["systemd", part])
                if failed:
                    return [f"systemd: {failed}"]
        left = [str(path) for path in root.glob("var/lib/**/dateline*")]
        return [f"systemd: Remove left {left}"] if left else []


def main() -> None:
    found = commands(PAGE.read_text(encoding="utf-8"))
    failed = try_systemd(found, Path(sys.argv[1]).resolve())
    print(f"failed: {', '.join(failed)}" if failed else "systemd: all of it worked")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
