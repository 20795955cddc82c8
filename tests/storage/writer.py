"""A process of an older version: `python -m tests.storage.writer URL`.

For each line of its input it writes, reads, changes and deletes rows of every table, on the
connections that it opened at first, and prints `done` or why it stops.
"""

import asyncio
import sys

from sqlalchemy import delete, update

from storage.db.engine import Storage
from storage.schema import SchemaError, is_still_usable, metadata
from tests.sample_rows import all_rows, fill


async def work(url: str) -> None:
    storage = Storage.open(url)
    print("ready", flush=True)  # noqa: T201 - the test reads it
    while await asyncio.to_thread(sys.stdin.readline):
        try:
            async with storage.reading() as tx:
                await is_still_usable(tx)
        except SchemaError as error:
            print(error, flush=True)  # noqa: T201 - as above
            break
        await use_all_tables(storage)
        print("done", flush=True)  # noqa: T201 - as above
    await storage.close()


async def use_all_tables(storage: Storage) -> None:
    await fill(storage)
    assert all((await all_rows(storage)).values())
    async with storage.writing() as tx:
        for table in metadata().sorted_tables:
            *_, column = table.columns
            await tx.change(update(table).values({column: column}))
        for table in reversed(metadata().sorted_tables):
            await tx.change(delete(table))


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
