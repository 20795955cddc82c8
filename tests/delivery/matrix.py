"""The fate of a message for each response that Telegram may give, printed as a page of the docs.

python -m tests.delivery.matrix > docs/reference/delivery.md
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.delivery.outcomes import back_off
from storage.enums import ChatState, DeliveryState
from storage.states import Effect, Event, transitions_of

PENDING, SENT, UNKNOWN = DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.UNKNOWN
SUSPENDED = DeliveryState.SUSPENDED
HELD, FAILED, DROPPED = DeliveryState.HELD, DeliveryState.FAILED, DeliveryState.DROPPED

PAUSE = "rate limited: nothing is sent to this chat until the pause ends"
TOKEN = "the server rejects the login, so nothing is sent: check BOT_TOKEN or SMTP_PASSWORD"
NO_CONNECTION = "no connection to the server; the message waits"
AGAIN = "a message may have arrived; it is resent once, silently"
EDIT_AGAIN = "an edit may not have arrived; it is resent"
FALLBACK = "a message was refused; its fallback is sent instead"
REFUSED = "a message was refused: see dateline deliveries"
AWAY = "the chat is closed to the bot; it is suspended until it is open again"
MOVED = "the group has become a supergroup; pending messages go to its new id"
SAME = "the edit changes nothing"
TOO_LATE = "the message to edit no longer exists; the edit is dropped"


@dataclass(frozen=True)
class Fate:
    """The states of a delivery after the call and at the end, and how often it has arrived."""

    then: DeliveryState
    ends: DeliveryState = SENT
    copies: int = 1
    says: str = AGAIN
    silent: bool = False  # the last copy made no sound


@dataclass(frozen=True)
class Row:
    """One response; *order* is the playground's fault that causes it, None for no connection."""

    answer: str
    order: dict[str, Any] | None
    send: Fate
    edit: Fate
    bare: Fate | None = None  # the fate without a fallback, if that differs
    pause_seconds: int = 0  # pause of the chat, or of the whole token
    chat_state: ChatState = ChatState.ACTIVE
    holds_others: bool = False
    only_edits: bool = False
    upgrades: bool = field(default=False)  # the group became a supergroup with another id


def _order(fault: str, when: str = "before", **facts: Any) -> dict[str, Any]:
    return {"fault": fault, "when": when, **facts}


def _flood(seconds: int) -> Row:
    return Row(
        f"429, retry after {seconds} s",
        _order("429", retry_after=seconds),
        send=Fate(PENDING, says=PAUSE),
        edit=Fate(PENDING, says=PAUSE),
        pause_seconds=seconds,
    )


def _lost(answer: str, fault: str) -> list[Row]:
    """Return the rows of a response that does not tell whether the call had its effect."""
    edit = Fate(PENDING, says=EDIT_AGAIN)
    return [
        Row(f"{answer}, before the effect", _order(fault), Fate(UNKNOWN, silent=True), edit),
        Row(
            f"{answer}, after the effect",
            _order(fault, "after"),
            Fate(UNKNOWN, copies=2, silent=True),
            edit,
        ),
    ]


def _server_error(answer: str, fault: str) -> list[Row]:
    """Return the rows of a server that fails."""
    edit = Fate(PENDING, says=EDIT_AGAIN)
    return [
        Row(f"{answer}, before the effect", _order(fault), Fate(PENDING, silent=True), edit),
        Row(
            f"{answer}, after the effect",
            _order(fault, "after"),
            Fate(PENDING, copies=2, silent=True),
            edit,
        ),
    ]


def _refused(code: str, description: str) -> Row:
    fate = Fate(PENDING, says=FALLBACK)
    return Row(
        f"{code} {description}",
        _order(code, description=f"Bad Request: {description}"),
        send=fate,
        edit=fate,
        bare=Fate(FAILED, FAILED, copies=0, says=REFUSED),
    )


def _away(code: str, description: str, state: ChatState) -> Row:
    kind = {"400": "Bad Request", "403": "Forbidden"}[code]
    fate = Fate(SUSPENDED, says=AWAY)
    order = _order(code, description=f"{kind}: {description}")
    return Row(f"{code} {description}", order, fate, fate, chat_state=state)


def _too_late(description: str, fate: Fate) -> Row:
    order = _order("400", description=f"Bad Request: {description}")
    return Row(f"400 {description}", order, fate, fate, only_edits=True)


ROWS = (
    _flood(5),
    _flood(600),
    _flood(43_838),
    *_server_error("500", "500"),
    *_lost("502 in HTML", "502_html"),
    Row(
        "connection refused",
        None,
        send=Fate(PENDING, says=NO_CONNECTION),
        edit=Fate(PENDING, says=NO_CONNECTION),
        holds_others=True,
    ),
    *_lost("connection reset", "reset"),
    *_lost("no answer in time", "time_out"),
    *_lost("JSON that breaks off", "malformed"),
    _refused("400", "can't parse entities: unsupported start tag"),
    _refused("400", "BUTTON_DATA_INVALID"),
    _refused("400", "message is too long"),
    _away("403", "bot was blocked by the user", ChatState.BLOCKED),
    _away("403", "bot was kicked from the supergroup chat", ChatState.KICKED),
    _away("403", "user is deactivated", ChatState.GONE),
    _away("400", "chat not found", ChatState.GONE),
    _away("400", "TOPIC_CLOSED", ChatState.TOPIC_CLOSED),
    _away("400", "not enough rights to send text messages to the chat", ChatState.BLOCKED),
    Row(
        "400 group chat was upgraded to a supergroup chat",
        {},
        send=Fate(PENDING, says=MOVED),
        edit=Fate(PENDING, DROPPED, says=MOVED),
        upgrades=True,
    ),
    Row(
        "401 Unauthorized",
        _order("401"),
        send=Fate(PENDING, says=TOKEN),
        edit=Fate(PENDING, says=TOKEN),
        pause_seconds=60,
        holds_others=True,
    ),
    _too_late("message is not modified", Fate(SENT, says=SAME)),
    _too_late("message to edit not found", Fate(DROPPED, DROPPED, says=TOO_LATE)),
)

_INTRODUCTION = f"""\
# What becomes of a message

Each message is a row before it is a call, and the row has the outcome (`dateline deliveries`
lists messages that wait for you). `python -m tests.delivery.matrix` prints this page from the table
that the tests use, on SQLite and on PostgreSQL, with alerts, parts of a digest and edits, against a
Bot API that gives each of these answers.

- Nothing is lost: a message that does not end as *sent* is listed, with the reason, until you
  release it.
- A message that may have arrived is sent once more, silently. If that outcome is unknown too, it is
  held for you.
- After an unknown outcome, nothing is sent to anybody until Telegram answers a call without effect.
- No chat waits for another's error. A 429 pauses its chat for exactly as long as Telegram asks. All
  chats pause only if a second chat gets a 429 meanwhile, Telegram refuses the token, or there is no
  connection to Telegram.
- A 500 or 503 in Telegram's own JSON means that nothing was done. A 502, a 504 or a 5xx with a page
  comes from a gateway in between, so the message may have arrived.
- If only the server fails, a message is tried again after {back_off(1).seconds} s, then later and
  later, and held after ten times.
- If a process dies during a call, the message counts as one that may have arrived.
- A reply to a user is no row. It is tried up to three times while there is no connection, and twice
  if the server or a gateway fails. After an unknown outcome no apology follows, because the reply
  may be there.
- A stored time that only a wrong clock can have written counts as now, and is logged. This concerns
  the pace, pauses, due times and leases (`storage/clocks.py`); what users asked for stays.

| Telegram answers | a message becomes, and ends as | an edit becomes, and ends as | the log says |
|---|---|---|---|
"""


_TRANSITIONS = """
## States and transitions

The program applies this table (`storage/states.py`). No other transition can happen.
A *pending*, *queued*, *claimed*, *sending* or *unknown* message blocks the messages after it in its
chat; the other states block nothing.

| event | from | to | effects |
|---|---|---|---|
"""


def page() -> str:
    answers = "".join(f"| {' | '.join(_cells(row))} |\n" for row in ROWS)
    return _INTRODUCTION + answers + _TRANSITIONS + "".join(_transitions())


def _transitions() -> Iterator[str]:
    for event in Event:
        for (state, effects), begins in transitions_of(event):
            before = ", ".join(begins)
            besides = "; ".join(effect for effect in Effect if effect in effects)
            yield f"| {event} | {before} | {state} | {besides} |\n"


def _cells(row: Row) -> tuple[str, str, str, str]:
    send = "–" if row.only_edits else _cell(row, row.send, arrives=True)
    says = dict.fromkeys(fate.says for fate in (row.send, row.bare, row.edit) if fate)
    return row.answer, send, _cell(row, row.edit), "; or: ".join(says)


def _cell(row: Row, fate: Fate, *, arrives: bool = False) -> str:
    words = f"{fate.then}" if fate.then is fate.ends else f"{fate.then}, then {fate.ends}"
    if row.bare:
        words += f" as its fallback; without one {row.bare.ends}"
    if row.chat_state is not ChatState.ACTIVE:
        words += f" once the chat, now *{row.chat_state}*, is back"
    if row.pause_seconds:
        words += f", {row.pause_seconds} s later"
    if arrives and fate.copies > 1:
        words += "; there twice, the second time without a sound"
    return words


if __name__ == "__main__":
    sys.stdout.write(page())
