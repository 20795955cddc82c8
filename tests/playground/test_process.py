"""The playground as a process of its own."""

import asyncio
import sys


async def test_it_prints_its_address_once_it_is_up(http):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot.playground", "--port", "0", "--every", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        address = (await process.stdout.readline()).decode().strip()
        async with http.get(f"{address}/bot1:playground/getMe") as response:
            assert (await response.json())["ok"] is True
    finally:
        process.terminate()
        await process.communicate()
