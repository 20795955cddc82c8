from importlib.metadata import version

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app.tools import make_fetcher
from bot.settings import load_settings


async def test_sites_see_the_installed_version_and_whom_to_contact():
    agents = []

    async def answer(request: web.Request) -> web.Response:
        agents.append(request.headers["User-Agent"])
        return web.Response(text="fine")

    site = web.Application()
    site.router.add_get("/", answer)
    settings = load_settings(contact_url="https://a.example", allowed_networks="127.0.0.0/8")

    async with TestServer(site) as server, make_fetcher(settings) as fetcher:
        await fetcher.fetch(str(server.make_url("/")), inside=True)

    (agent,) = agents
    assert agent.startswith(f"Dateline/{version('dateline')} (")
    assert "+https://a.example" in agent
