from __future__ import annotations

import asyncio

import pytest
import typer
from aiohttp import web
from typer.testing import CliRunner

from bot.cli.doctor import health
from bot.web.health import Health, Wait, make_web, serving
from tests.story.processes import free_port

app = typer.Typer()
app.command()(health)


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch, tmp_path) -> int:
    monkeypatch.chdir(tmp_path)
    port = free_port()
    monkeypatch.setenv("WEB_PORT", str(port))
    return port


async def ask(site: web.Application, port: int, host: str = "127.0.0.1"):
    async with serving(site, host, port):
        return await asyncio.to_thread(CliRunner().invoke, app)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_a_bot_that_works_is_well(port, monkeypatch, host):
    monkeypatch.setenv("WEB_HOST", host)

    result = await ask(make_web(), port, host)

    assert (result.exit_code, result.output) == (0, "ok\n")


async def test_one_that_waits_for_telegram_is_well_and_one_that_has_lost_a_role_is_not(port):
    waits = await ask(make_web(health=Health({Wait.TELEGRAM})), port)
    lost = await ask(make_web(health=Health(ended=["chat"])), port)

    assert (waits.exit_code, waits.output) == (0, "ok\n")
    assert (lost.exit_code, lost.output) == (1, "stuck\n")


async def test_what_is_no_bot_is_not(port):
    result = await ask(web.Application(), port)

    assert result.exit_code == 1
    assert f"no healthy answer from 127.0.0.1:{port}" in result.output


def test_nor_is_silence(port):
    result = CliRunner().invoke(app)

    assert result.exit_code == 1
    assert "Connection refused" in result.output
