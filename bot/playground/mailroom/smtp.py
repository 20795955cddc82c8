"""As much of SMTP (RFC 5321) as a bot on this machine needs to hand its mails over."""

import asyncio
import re
from collections.abc import Callable

# Gives the answer to a recipient, and takes what was sent from somebody to those who were accepted.
Judge = Callable[[str], str]
Take = Callable[[str, list[str], bytes], None]

LARGEST_MAIL = 32 * 1024 * 1024  # bytes
_LONGEST_LINE = 64 * 1024
_PATH = re.compile(r"(?:FROM|TO):\s*<([^<>]*)>", re.IGNORECASE)
_BYE = "221 2.0.0 Bye"
_ANSWERS = {
    "EHLO": f"250-playground.example\r\n250-SIZE {LARGEST_MAIL}\r\n250 8BITMIME",
    "HELO": "250 playground.example",
    "NOOP": "250 2.0.0 Well",
    "RSET": "250 2.0.0 Forgotten",
    "DATA": "503 5.5.1 RCPT first",
    "QUIT": _BYE,
}


class SmtpServer:
    """One server for the loop it is started in; it takes whatever *judge* does not refuse."""

    def __init__(self, judge: Judge, take: Take) -> None:
        self._judge = judge
        self._take = take

    async def start(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._serve, host, port, limit=_LONGEST_LINE)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = _Talk(self._judge, self._take)
        answer = "220 playground.example"
        try:
            while answer:
                writer.write(f"{answer}\r\n".encode())
                await writer.drain()
                if answer == _BYE:
                    break
                answer = await self._answer(talk, reader)
        except (OSError, ValueError, asyncio.IncompleteReadError):
            pass  # it hung up, or sends lines without end
        finally:
            writer.close()

    async def _answer(self, talk: "_Talk", reader: asyncio.StreamReader) -> str:
        """Return what the next line is answered with; "" where none comes any more."""
        line = await reader.readline()
        if not line:
            return ""
        if not talk.expects_data:
            return talk.answer(line.decode("utf-8", "replace").rstrip("\r\n"))
        content, size = [], 0
        while line != b".\r\n":
            if not line:
                return ""
            size += len(line)
            if size <= LARGEST_MAIL:
                content.append(line.removeprefix(b"."))  # doubled on the way (4.5.2)
            line = await reader.readline()
        return talk.take(b"".join(content) if size <= LARGEST_MAIL else None)


class _Talk:
    """What one client has said so far."""

    def __init__(self, judge: Judge, take: Take) -> None:
        self._judge = judge
        self._take = take
        self._sender: str | None = None
        self._recipients: list[str] = []
        self.expects_data = False

    def answer(self, line: str) -> str:
        verb, _, said = line.partition(" ")
        verb = verb.upper()
        if verb in {"MAIL", "RCPT"}:
            return self._envelope(verb, said)
        if verb == "DATA" and self._recipients:
            self.expects_data = True
            return "354 End with a dot on a line of its own"
        if verb == "RSET":
            self._forget()
        return _ANSWERS.get(verb, "502 5.5.1 Not known here")

    def _envelope(self, verb: str, said: str) -> str:
        path = _PATH.match(said)
        if path is None:
            return "501 5.5.4 Whose address?"
        if verb == "MAIL":
            self._forget()
            self._sender = path[1]
            return "250 2.1.0 Yes"
        if self._sender is None:
            return "503 5.5.1 MAIL first"
        answer = self._judge(path[1])
        if answer.startswith("2"):
            self._recipients.append(path[1])
        return answer

    def take(self, content: bytes | None) -> str:
        """Take what came after DATA; None: it was too large."""
        sender, recipients = self._sender or "", self._recipients
        self._forget()
        if content is None:
            return "552 5.3.4 Too large"
        self._take(sender, recipients, content)
        return "250 2.0.0 Taken"

    def _forget(self) -> None:
        self._sender, self._recipients, self.expects_data = None, [], False
