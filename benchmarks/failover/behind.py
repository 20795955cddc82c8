"""What a primary knew when it was killed, and the standby that took its place did not."""

from sqlmodel import col, select

from benchmarks.failover.clusters import Cluster
from benchmarks.failover.mishaps import address
from bot.database_urls import with_driver
from storage.db.engine import Storage, Transaction
from storage.enums import DeliveryState
from storage.outbox import Delivery


async def sent_in_vain(primary: Cluster, new: Storage) -> int:
    """Start the killed *primary* once more; return how many messages it may have sent that the
    *new* one did not know of: they, and no others, may come again.
    """
    await primary.start_again()
    old = Storage.open(with_driver(address(primary.address)))
    try:
        async with old.reading() as tx:
            before = await _sent(tx)
            began = select(Delivery.id).where(col(Delivery.state) == DeliveryState.SENDING)
            in_flight = len((await tx.session.exec(began)).all())
        async with new.reading() as tx:
            after = await _sent(tx)
        return len(before - after) + in_flight
    finally:
        await old.close()
        await primary.stop()


async def _sent(tx: Transaction) -> set[tuple[int, int | None]]:
    """Return what was sent, and Telegram's number of the message."""
    statement = select(Delivery.id, Delivery.message_id).where(
        col(Delivery.state) == DeliveryState.SENT
    )
    return {(number, message) for number, message in await tx.session.exec(statement)}
