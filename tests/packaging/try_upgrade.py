"""Types docs/how-to/upgrade.md, as root: `python -m tests.packaging.try_upgrade ROOT`.

ROOT is a bare Debian system, as try_page describes it. The newer version is this tree with another
number. The service is also killed, and its backup restored on a system that has lost everything.
"""

# ruff: noqa: T201 - it prints what it did

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.packaging.conftest import build
from tests.packaging.try_page import (
    NEEDED,
    PAGE,
    PORT,
    SETTINGS,
    TREE,
    booted,
    bot_api,
    commands,
    enter,
    move,
    prepare,
)

UPGRADE = PAGE.with_name("upgrade.md")
NEWER = "0.1.1"
OLDER = "0.1.0"
ONE = "One process: stop, install, start"
SEVERAL = "Several processes: a new folder beside the old one"
WRITE = "dateline invites add --uses 4711\n"
KEPT = "dateline invites list | grep -F 4711\n"
KILL = """
before=$(systemctl show --property MainPID --value dateline)
kill -9 "$before"
for _ in $(seq 120); do
  now=$(systemctl show --property MainPID --value dateline)
  [ "$now" != 0 ] && [ "$now" != "$before" ] && systemctl is-active --quiet dateline && break
  sleep 0.5
done
[ "$now" != "$before" ] && dateline health
"""
LOSE = """
systemctl start dateline-backup
cp /var/lib/dateline/backups/*.backup /root/dateline/
"""
FOUND_AGAIN = """
systemctl stop dateline
install -m 0644 *.backup /var/lib/dateline/
dateline restore --force "$(ls *.backup | tail -n 1)"
systemctl start dateline
"""
ROLES_ARE = """
for role in chat poll match publish send web; do systemctl is-active dateline@$role; done
dateline --version | grep -F {version}
"""


def copy_tree(tree: Path, version: str) -> None:
    """Copy this tree to *tree*, under another version."""
    ignored = shutil.ignore_patterns(".git", ".venv*", "var", "dist", "build", ".*_cache")
    shutil.copytree(TREE, tree, ignore=ignored)
    project = tree / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace(f'version = "{OLDER}"', f'version = "{version}"', 1))


def newer_release(root: Path) -> None:
    """Lay a folder of the newer version beside that of the older one."""
    release = root / "root" / f"dateline-{NEWER}"
    release.mkdir()
    for name in NEEDED:
        if name != "dist":
            subprocess.run(["cp", "-r", str(TREE / name), str(release)], check=True)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        copy_tree(tree, NEWER)
        build(tree, release / "dist")


def steps(
    deploy: dict[tuple[str, str], str], upgrade: dict[tuple[str, str], str]
) -> list[tuple[str, str]]:
    """Return what is typed on one process, each step with its name."""
    one, newer = upgrade[ONE, ""], f"cd /root/dateline-{NEWER}\n"
    return [
        ("an invitation", WRITE + KEPT),
        ("kill -9", KILL + KEPT),
        ("upgrade", f"{newer}{one}dateline --version | grep -F {NEWER}\n{KEPT}"),
        ("back", f"{one}dateline --version | grep -F {OLDER}\ndateline health\n{KEPT}"),
        ("a backup elsewhere", LOSE + deploy["systemd", "Remove"]),
        ("a new system", deploy["systemd", "Install"]),
        ("its token", deploy["systemd", "Configure"]),
    ]


def try_one(pid: int, name: str, script: str) -> None:
    done = enter(pid, script)
    print(f"== {name}: {done.returncode}\n{done.stdout}{done.stderr}", flush=True)
    if done.returncode:
        raise SystemExit(f"failed: {name}")


def try_several(pid: int, settings: Path, deploy: dict[tuple[str, str], str], script: str) -> None:
    """Upgrade processes of roles side by side, and go back."""
    moved = move(pid)
    print(f"== the move: {moved.returncode}\n{moved.stderr}", flush=True)
    settings.write_text(settings.read_text().replace(PORT, ""))
    roles = deploy["systemd", "Several processes"].replace("WEB_PORT=8080", PORT.rstrip())
    try_one(pid, "several processes", roles)
    beside, away = _parts(script)
    older, newer = (beside.replace("0.2.0", version) for version in (OLDER, NEWER))
    try_one(pid, "a link for the folder", away + older + ROLES_ARE.format(version=OLDER))
    cd = f"cd /root/dateline-{NEWER}\n"
    try_one(pid, "side by side", cd + newer + ROLES_ARE.format(version=NEWER) + KEPT)
    link = "\n".join(line for line in older.splitlines() if line.startswith(("ln ", "for ")))
    try_one(pid, "back to the older", f"{link}\n{ROLES_ARE.format(version=OLDER)}{KEPT}")


def _parts(script: str) -> tuple[str, str]:
    """Return what is typed for each version, and what is typed once before it."""
    beside, stop, rest = script.partition("systemctl stop")
    away, _, _ = rest.partition("SELECT")
    return beside, stop + away


def main() -> None:
    bare = Path(sys.argv[1]).resolve()
    deploy = commands(PAGE.read_text(encoding="utf-8"))
    upgrade = commands(UPGRADE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(dir=bare.parent) as folder, bot_api() as port:
        root = Path(folder) / "root"
        root.mkdir()
        prepare(bare, root)
        newer_release(root)
        settings = root / "etc" / "dateline" / "dateline.env"
        with booted(root) as pid:
            for part in ("Install", "Configure"):
                try_one(pid, part, deploy["systemd", part])
            settings.write_text(SETTINGS.format(port=port))
            try_one(pid, "Start", deploy["systemd", "Start"])
            for name, script in steps(deploy, upgrade):
                try_one(pid, name, script)
            settings.write_text(SETTINGS.format(port=port))
            try_one(pid, "restored", deploy["systemd", "Start"] + FOUND_AGAIN + KEPT)
            try_several(pid, settings, deploy, upgrade[SEVERAL, ""])
    print("all of it worked")


if __name__ == "__main__":
    main()
