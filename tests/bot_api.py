"""A client session for the Bot API of a playground."""

from aiogram.client.telegram import TelegramAPIServer

from bot.app.sessions import Session


class PlainSession(Session):
    """Closes at once; aiogram's own waits 0.25 s for TLS, which the playground does not use."""

    def __init__(self, base_url: str) -> None:
        super().__init__(api=TelegramAPIServer.from_base(base_url))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
