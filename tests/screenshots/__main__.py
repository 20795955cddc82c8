"""Takes every picture: `python -m tests.screenshots FOLDER`."""

import asyncio
import sys
from pathlib import Path

from tests.browsing import launched
from tests.screenshots.groups import of_a_group
from tests.screenshots.private import of_a_newcomer
from tests.screenshots.samples import of_samples
from tests.screenshots.studio import LOOK, chat_page


async def take(folder: Path) -> None:
    async with launched(*LOOK) as browser:
        async for name, png in of_samples(browser):
            (folder / name).write_bytes(png)
        async with chat_page(browser) as page:
            for scene in (of_a_newcomer, of_a_group):
                async for name, png in scene(page):
                    (folder / name).write_bytes(png)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(target))
