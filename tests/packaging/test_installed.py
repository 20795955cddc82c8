"""The program as people install it: from the wheel, in a folder that holds nothing of ours."""

import asyncio
import socket
from pathlib import Path

import pytest

from tests.story.processes import free_port

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]  # what it needs may have to be fetched

PAGE = """<!doctype html><html lang="en"><title>A port opens</title>
<article><h1>A port opens</h1><p>The harbour of Keelung in Taiwan takes its first ships today,
after three years of work on its piers and on the railway that leads there.</p></article>"""


def test_the_installed_program_is_not_run_from_the_tree(installed):
    where = installed.runs("python", "-c", "import bot, templates; print(bot.__file__)")

    assert Path(where.strip()).is_relative_to(installed.home)


def test_the_command_has_two_spellings(installed):
    assert installed.runs("dateline", "--version").startswith("dateline ")
    assert "run" in installed.runs("dateline", "--help")
    assert installed.runs("python", "-m", "bot", "--version").startswith("dateline ")


def test_the_installed_program_shows_how_messages_look(installed):
    assert "That is all" in installed.runs("dateline", "preview", "digest")
    assert "<!DOCTYPE html>" in installed.runs("dateline", "preview", "email", "--format", "html")


def test_the_installed_program_matches_pages(installed):
    (installed.folder / "page.html").write_text(PAGE, encoding="utf-8")

    assert "A port opens" in installed.runs("dateline", "match", "Taiwan", "page.html")


def test_the_wheel_has_its_migrations(installed):
    installed.runs("dateline", "migrate")

    assert (installed.folder / "var" / "dateline.sqlite3").is_file()


async def test_the_installed_program_runs_in_the_playground_until_it_is_stopped(installed):
    address = installed.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.setblocking(False)
        ports = {"WEB_PORT": str(free_port()), "PLAYGROUND_PORT": str(free_port())}

        async with installed.running("run", **ports, NOTIFY_SOCKET=str(address)) as command:
            await command.wait_for("ready")
            told = await asyncio.get_running_loop().sock_recv(manager, 1000)
            await command.stop()

    assert told.startswith(b"READY=1\n")
