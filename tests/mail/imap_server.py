"""An IMAP server with one mailbox, on this machine."""

import asyncio
import imaplib
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.story.processes import PATIENCE


@dataclass
class FakeMailbox:
    """An IMAP server with only the commands that the bot uses."""

    mails: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    password: str = "secret"
    port: int = 0
    idles: bool = False
    """Whether the server offers IDLE; the last of its *idle_answers* holds for ever."""
    idle_answers: list[bytes] = field(default_factory=lambda: [b"+ idling\r\n"])
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while a client idles."""
    _clients: list[asyncio.StreamWriter] = field(default_factory=list)

    def put(self, content: bytes) -> None:
        number = len(self.mails) + 1
        self.mails[number], self.flags[number] = content, set()
        self.tell(f"* {number} EXISTS\r\n".encode())

    def tell(self, line: bytes) -> None:
        """Send *line* to each client that idles."""
        for writer in self._clients:
            writer.write(line)

    def marked(self, flag: str) -> list[int]:
        return [number for number, flags in self.flags.items() if flag in flags]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := (await reader.readline()).decode().strip():
            tag, _, command = line.partition(" ")
            self.commands.append(command)
            if command == "IDLE" and not await self._idle(tag, reader, writer):
                break
            if command == "IDLE":
                continue
            for answer in self._answers(command):
                writer.write(answer)
            said = "NO no" if self._refuses(command) else "OK done"
            writer.write(f"{tag} {said}\r\n".encode())
            await writer.drain()
            if command == "LOGOUT":
                break
        writer.close()

    async def _idle(
        self, tag: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer IDLE; return whether the connection goes on."""
        few = len(self.idle_answers) == 1
        answer = self.idle_answers[0] if few else self.idle_answers.pop(0)
        writer.write(answer.replace(b"TAG", tag.encode()))
        await writer.drain()
        if not answer.startswith(b"+"):
            return b"TAG" in answer
        self._clients.append(writer)
        self.idle.set()
        line = await reader.readline()
        self.idle.clear()
        self._clients.remove(writer)
        self.commands.append(line.decode().strip())
        if line:
            writer.write(f"{tag} OK done\r\n".encode())
        return bool(line)

    def _refuses(self, command: str) -> bool:
        return command.startswith("LOGIN") and self.password not in command

    def _answers(self, command: str) -> list[bytes]:
        if command == "CAPABILITY":
            return [b"* CAPABILITY IMAP4rev1%s\r\n" % (b" IDLE" * self.idles)]
        if command.startswith("SELECT"):
            return [f"* {len(self.mails)} EXISTS\r\n".encode()]
        if command.startswith("SEARCH"):
            unseen = [n for n, flags in self.flags.items() if not flags]
            return [f"* SEARCH {' '.join(map(str, unseen))}\r\n".encode()]
        if found := re.match(r"FETCH (\d+)", command):
            content = self.mails[int(found[1])]
            head = f"* {found[1]} FETCH (BODY[]<0> {{{len(content)}}}\r\n".encode()
            return [head, content, b")\r\n"]
        if found := re.match(r"STORE (\d+) \+FLAGS \(?(\\\w+)", command):
            self.flags[int(found[1])].add(found[2])
        return []


@asynccontextmanager
async def serving_mailbox(
    mailbox: FakeMailbox, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0, ssl=tls)
    mailbox.port = server.sockets[0].getsockname()[1]
    async with server:
        yield


def connect_without_tls(host: str, port: int) -> imaplib.IMAP4:
    return imaplib.IMAP4(host, port, timeout=PATIENCE)
