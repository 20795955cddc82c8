"""The dashboard and the alerts of a running bot, by Prometheus itself."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.conftest import missing
from tests.story.fleet import CHATS, NEWS
from tests.story.processes import PATIENCE, free_port

pytestmark = pytest.mark.slow

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
# Panels of failures, which are empty while there are none; and what only one database has.
ONLY_FAILURES = re.compile(r'outcome(!="ok"|="failed")')
OF_SQLITE, OF_POSTGRESQL = "dateline_disk_free_bytes", "dateline_database_connections"


def program(name: str) -> str:
    return shutil.which(name) or missing(f"no {name} is installed")


def expressions() -> Iterator[str]:
    dashboard = json.loads((DEPLOY / "grafana" / "dateline.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            # A range of five minutes holds too little after a few seconds.
            yield target["expr"].replace("$instance", ".*").replace("[5m]", "[1m]")


@asynccontextmanager
async def prometheus(folder: Path, watched: int) -> AsyncIterator[str]:
    """Yield the address of a Prometheus that reads the metrics on port *watched* each second."""
    port = free_port()
    rules = folder / "alerts.yml"
    shutil.copy(RULES, rules)
    config = folder / "prometheus.yml"
    config.write_text(f"""
        global: {{scrape_interval: 1s, evaluation_interval: 1s}}
        rule_files: [{rules}]
        scrape_configs:
          - job_name: dateline
            static_configs: [{{targets: ["127.0.0.1:{watched}"]}}]
    """)
    process = await asyncio.create_subprocess_exec(
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}/api/v1"
    finally:
        process.terminate()
        await process.wait()


async def ask(api: str, path: str, **query: str) -> Any:
    """Return the answer's data, or None while Prometheus starts."""
    try:
        async with aiohttp.request("GET", f"{api}/{path}", params=query) as response:
            body = await response.json(content_type=None)
    except (aiohttp.ClientError, ValueError):
        return None
    return body.get("data")


async def without_data(api: str, wanted: set[str]) -> set[str]:
    found = {each: await ask(api, "query", query=each) for each in wanted}
    return {each for each, data in found.items() if not data or not data["result"]}


async def test_promtool_accepts_the_rules():
    process = await asyncio.create_subprocess_exec(
        program("promtool"), "check", "rules", str(RULES), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()


async def test_every_panel_has_data_and_no_alert_fires(fleet, tmp_path):
    program("prometheus")
    port = free_port()
    fleet.settings["metrics_port"] = port
    other = OF_POSTGRESQL if fleet.storage.dialect == "sqlite" else OF_SQLITE
    wanted = {
        each for each in expressions() if other not in each and not ONLY_FAILURES.search(each)
    }

    async with fleet.bot() as bot, prometheus(tmp_path, port) as api:
        await bot.wait_for("ready")
        await fleet.playground.post("send", chat_id=fleet.readers[0], text="/topics")
        # Counters need two values: each piece of news comes after the first reading.
        async with asyncio.timeout(PATIENCE):
            while await without_data(api, {"dateline_ready"}):
                await fleet.playground.get("journal")
        fleet.paper.print(*NEWS)
        await fleet.until_sent(CHATS)
        missing_data = wanted
        async with asyncio.timeout(PATIENCE):
            while missing_data := await without_data(api, missing_data):
                await fleet.playground.get("journal")
        alerts = await ask(api, "alerts")
        await bot.stop()

    assert [each["labels"]["alertname"] for each in alerts["alerts"]] == []
