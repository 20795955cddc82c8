"""Types the sections about containers of docs/how-to/deploy.md, as root:
`python -m tests.packaging.try_containers [ROOT]`.

It needs podman, podman-compose and the packages that they recommend, and openssl. podman takes the
place of docker, as the page allows; a Docker daemon is not tried. Each line is typed as the page
has it, in a copy of this tree. The script changes in this copy only the port on this machine.

With ROOT, a bare Debian system as `try_page` describes it, no registry is needed: both images that
the Dockerfile and compose.yaml name by their digests are made from ROOT and Debian's packages, and
the copy names these. So such a run says nothing about those images themselves.

The Bot API is that of the playground. Where systemd does not run, the script checks the health of
the containers, since podman leaves that to systemd's timers.
"""

# ruff: noqa: T201 - it prints what it did

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.packaging.podman import (
    cleared,
    configure,
    forwarded,
    health_checks,
    in_a_namespace,
    make_images,
    podman,
)
from tests.packaging.try_page import ADMIN, PAGE, TOKEN, TREE, asked, bot_api, commands
from tests.packaging.try_upgrade import NEWER, OLDER, copy_tree
from tests.story.processes import free_port

NEEDED = ("podman", "podman-compose", "openssl", "unshare")
INSIDE = "--inside"
TYPED = INSTALL, START, BACK_UP, RESTORE, UPGRADE, ROLL_BACK, REMOVE = (
    *("Install and configure", "Start", "Back up", "Restore"),
    *("Upgrade", "Roll back", "Remove"),
)
PATIENCE = 120  # seconds
# The program by which containers find each other, or nothing.
NAMES = "{{.Host.NetworkBackendInfo.DNS.Path}}"
SHOWN = 4000  # characters of what a line prints
KEPT, LOST, LATER = "Keelung harbour", "Hualien railway", "Penghu ferry"
EXTRAS = "opentelemetry.sdk, opentelemetry.exporter.otlp.proto.http, sentry_sdk"


class FailedError(Exception):
    """What did not work, in a few words."""


@dataclass(frozen=True)
class Kind:
    """A section of the page."""

    section: str
    profile: str
    service: str  # the one that answers users
    containers: int
    settings: str = ""


KINDS = (
    Kind("A container", "embedded", "dateline", containers=1),
    Kind("Containers with PostgreSQL", "postgresql", "chat", containers=6, settings="WORKERS=3\n"),
)


@dataclass
class Machine:
    """A folder for each version, and a shell in which lines of the page are typed."""

    environment: Mapping[str, str]
    older: Path
    newer: Path
    gateway: str  # where containers find the Bot API
    page: int  # the port of the pages

    def type(self, script: str, folder: Path) -> str:
        """Type each line, with the token as its input; return what the last one printed."""
        printed = ""
        for line in script.splitlines():
            done = subprocess.run(
                ["sh", "-c", line],
                cwd=folder,
                env=self.environment,
                input=TOKEN,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            printed = done.stdout
            print(f"# {line}\n{printed[-SHOWN:]}({done.returncode})", flush=True)
            if done.returncode:
                raise FailedError(f"{done.returncode} from {line}")
        return printed

    def processes(self) -> set[int]:
        """Return the number of the first process of each container that runs."""
        return set(map(int, podman(self.environment, "ps", "--format", "{{.Pid}}").split()))


class User:
    """The first user of a bot in the playground, at the control API on *port*."""

    def __init__(self, port: int) -> None:
        self.port = port
        wait_until(self._is_there, "the playground does not answer")

    def _is_there(self) -> bool:
        try:
            return bool(asked(self.port, "add_user", first_name="Ada", id=ADMIN))
        except OSError:
            return False

    def write(self, text: str) -> dict[str, Any]:
        """Write to the bot; return its answer."""
        sent = asked(self.port, "send", chat_id=ADMIN, text=text)["message_id"]
        return wait_until(lambda: self._answer(sent), f"no answer to {text}")

    def _answer(self, sent: int) -> dict[str, Any] | None:
        messages = asked(self.port, f"chats/{ADMIN}/messages")
        after = (one for one in messages if one["message_id"] > sent and one["from"]["is_bot"])
        return next(after, None)

    def subscribe(self, query: str) -> None:
        answer = self.write(f"/subscribe {query}")
        keys = [key for row in answer["reply_markup"]["inline_keyboard"] for key in row]
        (data,) = (key["callback_data"] for key in keys if key["text"] == "Alert me")
        asked(self.port, "press", chat_id=ADMIN, message_id=answer["message_id"], data=data)
        wait_until(lambda: query in self.topics(), f"no subscription to {query}")

    def topics(self) -> str:
        return json.dumps(self.write("/topics"))

    def must_have(self, query: str, *, but_not: str = "") -> None:
        topics = self.topics()
        if query not in topics:
            raise FailedError(f"the subscription to {query} is lost")
        if but_not and but_not in topics:
            raise FailedError(
                f"the subscription to {but_not} is there, which is newer than the backup"
            )


Value = TypeVar("Value")


def wait_until(happens: Callable[[], Value | None], otherwise: str) -> Value:
    """Return the first value of *happens* that is true."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if value := happens():
            return value
        time.sleep(0.5)
    raise FailedError(otherwise)


class Section:
    """The commands under a heading of the page, and what must be true after each part."""

    def __init__(self, kind: Kind, machine: Machine, user: User) -> None:
        self.kind = kind
        self.found = commands(PAGE.read_text(encoding="utf-8"))
        self.machine = machine
        self.user = user

    def parts(self) -> dict[str, Callable[[], None]]:
        return {
            INSTALL: self.install,
            START: self.start,
            "the link, an admin, doctor": self.open_link,
            "a subscription": lambda: self.user.subscribe(KEPT),
            BACK_UP: self.back_up,
            RESTORE: self.restore,
            "kill -9": self.kill,
            "podman-restart": self.restart,
            UPGRADE: self.upgrade,
            ROLL_BACK: self.roll_back,
            "EXTRAS=1": self.build_extras,
            REMOVE: self.remove,
        }

    def script(self, part: str) -> str:
        return self.found[self.kind.section, part]

    def inside(self, command: str) -> str:
        """Run a command in the container that answers users."""
        compose = f"docker compose --profile {self.kind.profile}"
        line = f"{compose} exec -T {self.kind.service} {command}"
        return self.machine.type(line, self.machine.older)

    def install(self) -> None:
        self.machine.type(self.script(INSTALL), self.machine.older)
        with (self.machine.older / ".env").open("a") as settings:
            settings.write(f"BOT_API_URL={self.machine.gateway}\n{self.kind.settings}")

    def start(self) -> None:
        up, logs, _ = self.script(START).splitlines()
        self.machine.type(up, self.machine.older)
        self.must_run(OLDER)
        self.link = wait_until(
            lambda: re.search(r"\?start=([\w-]+)", self.machine.type(logs, self.machine.older)),
            "the log has no link",
        )[1]

    def must_run(self, version: str) -> None:
        """Wait until all containers of *version* run, and the pages answer."""
        there, pages = self.kind.containers, f"http://127.0.0.1:{self.machine.page}/readyz"
        wait_until(lambda: len(self.machine.processes()) == there, f"not {there} containers")
        wait_until(lambda: answers(pages), "the pages do not answer")
        wait_until(lambda: self.user.write("/help"), "the bot does not answer")
        if version not in self.inside("dateline --version"):
            raise FailedError(f"the version is not {version}")

    def open_link(self) -> None:
        if "You are now an admin" not in self.user.write(f"/start {self.link}")["text"]:
            raise FailedError("the link made no admin")
        if "Running for" not in self.user.write("/admin")["text"]:
            raise FailedError("the admin may not use /admin")
        self.machine.type(self.script(START).splitlines()[-1], self.machine.older)

    def back_up(self) -> None:
        for line in self.script(BACK_UP).splitlines():
            # Where the page expects the installation, and when.
            typed = line.replace("cd /srv/dateline", f"cd {self.machine.older}")
            self.machine.type(typed.removeprefix("15 3 * * * "), self.machine.older)
        if not list((self.machine.older / "backups").glob("*.backup")):
            raise FailedError("there is no backup")

    def restore(self) -> None:
        self.user.subscribe(LOST)
        self.machine.type(self.script(RESTORE), self.machine.older)
        self.must_run(OLDER)
        self.user.must_have(KEPT, but_not=LOST)

    def kill(self) -> None:
        """Kill one container after the other, the database too; each comes back."""
        for process in self.machine.processes():
            os.kill(process, signal.SIGKILL)
            wait_until(partial(self.all_run_but, process), "a container stays away")
        self.must_run(OLDER)
        self.user.must_have(KEPT)

    def all_run_but(self, process: int) -> bool:
        now = self.machine.processes()
        return process not in now and len(now) == self.kind.containers

    def restart(self) -> None:
        """Stop all containers, and start them as podman's service does when the machine starts."""
        start = "podman start --all --filter restart-policy=always"
        self.machine.type(f"podman stop --all\n{start}", self.machine.older)
        self.must_run(OLDER)
        self.user.must_have(KEPT)

    def upgrade(self) -> None:
        self.back_up()
        self.machine.type(self.script(UPGRADE), self.machine.newer)
        self.must_run(NEWER)
        self.user.must_have(KEPT)
        self.user.subscribe(LATER)

    def roll_back(self) -> None:
        self.machine.type(self.script(ROLL_BACK), self.machine.older)
        self.must_run(OLDER)
        self.user.must_have(KEPT, but_not=LATER)

    def build_extras(self) -> None:
        with (self.machine.older / ".env").open("a") as settings:
            settings.write("EXTRAS=1\n")
        *_, build = self.script(INSTALL).splitlines()
        self.machine.type(build, self.machine.older)
        run = f"docker run --rm --entrypoint python dateline -c 'import {EXTRAS}'"
        self.machine.type(run, self.machine.older)

    def remove(self) -> None:
        self.machine.type(self.script(REMOVE), self.machine.older)
        environment = self.machine.environment
        left = podman(environment, "ps", "--all", "--format", "{{.Names}}").split()
        left += podman(environment, "volume", "ls", "--quiet").split()
        left += podman(environment, "images", "--quiet", "dateline").split()
        if left:
            raise FailedError(f"left: {' '.join(left)}")


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - it is ours
            return True
    except OSError:
        return False


def prepare(folder: Path, version: str, images: Mapping[str, str], page: int) -> None:
    """Lay a copy of the tree in *folder*."""
    copy_tree(folder, version)
    for name in ("Dockerfile", "compose.yaml"):
        file = folder / name
        text = file.read_text(encoding="utf-8").replace("127.0.0.1:8080:", f"127.0.0.1:{page}:")
        for image, local in images.items():
            text = re.sub(rf"docker\.io/library/{image}:\S+", local, text)
        file.write_text(text, encoding="utf-8")


def try_kind(
    kind: Kind, environment: Mapping[str, str], folder: Path, images: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Type a section; return each part with what came of it."""
    compose = yaml.safe_load((TREE / "compose.yaml").read_text(encoding="utf-8"))
    gateway = compose["networks"]["default"]["ipam"]["config"][0]["gateway"]
    older, newer, page = folder / "dateline", folder / f"dateline-{NEWER}", free_port()
    prepare(older, OLDER, images, page)
    prepare(newer, NEWER, images, page)
    with (
        bot_api() as api,
        forwarded(gateway, api),
        health_checks(environment),
        cleared(environment),
    ):
        machine = Machine(environment, older, newer, f"http://{gateway}:{api}", page)
        return try_parts(Section(kind, machine, User(api)))


def try_parts(section: Section) -> list[tuple[str, str]]:
    """Try one part after another; none is tried after one that failed."""
    results: list[tuple[str, str]] = []
    failed = ""
    for name, part in section.parts().items():
        if failed:
            results.append((name, f"not run, because {failed} failed"))
            continue
        print(f"== {section.kind.section}: {name}", flush=True)
        try:
            part()
        except (FailedError, subprocess.CalledProcessError) as error:
            failed = name
            results.append((name, f"failed: {error}"))
            print(podman(section.machine.environment, "ps", "--all"))
        else:
            results.append((name, "ok"))
    return results


def inside(folder: Path, root: Path | None = None) -> int:
    """Type both sections; return how many parts did not work."""
    environment = configure(folder)
    images = make_images(environment, root, folder / "bases") if root else {}
    rows = []
    for kind in KINDS:
        if kind.containers > 1 and not podman(environment, "info", "--format", NAMES).strip():
            rows.append((kind.section, "all", "not run, because podman has no aardvark-dns"))
            continue
        results = try_kind(kind, environment, folder / kind.profile, images)
        rows += [(kind.section, name, result) for name, result in results]
    for section, name, result in rows:
        print(f"{section:28}{name:28}{result}")
    return sum(result != "ok" for *_, result in rows)


def main() -> None:
    """Run in a namespace, in which this program is called again with a folder before ROOT."""
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        raise SystemExit(f"nothing was run, because there is no {' and no '.join(missing)}")
    if sys.argv[1:2] == [INSIDE]:
        folder, *root = map(Path, sys.argv[2:])
        sys.exit(bool(inside(folder, *root)))
    sys.exit(in_a_namespace(*(str(Path(root).resolve()) for root in sys.argv[1:])))


if __name__ == "__main__":
    main()
