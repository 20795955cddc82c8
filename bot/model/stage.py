"""The stage that has texts made before digests are due. No digest waits for it.

1. Stories that the digests of the next half hour may list are wanted in the readers' languages:
   translated if a report is in another one, summarised if there are several reports.
2. The most read ones are claimed. Their public reports are loaded; private ones are never sent.
3. Each call first reserves its upper bound of the day's tokens. Without enough left, it waits.
4. The model is asked outside of any transaction. What passes the checks is stored, and the call
   settled, in one transaction. After a failure the story waits, and after several all calls do.
"""

from asyncio import TaskGroup, to_thread
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

import structlog

from bot.model.client import Answer, Breaker, ModelClient, ModelError
from bot.model.evidence import ModelReport
from bot.model.prompt import Made, ModelRequest, NotAnAnswerError, ask_about, read_answer
from bot.ops.instrumentation import Instrumentation, Operation
from bot.rendering.i18n import language_for
from bot.stages import LastRound
from storage import model_texts
from storage.db.engine import Storage
from storage.model_texts import ModelText, Wanted
from storage.publishers import Named, names_by_story, names_for_article
from storage.topics import catalogue_names

log = structlog.get_logger(__name__)

WITHIN: Final = timedelta(minutes=30)
LEASE: Final = timedelta(minutes=3)  # longer than a call
CALLS: Final = 4  # at once
_MOST_WANTED: Final = 500
_BATCHES: Final = 100  # of a round
_LATELY: Final = timedelta(hours=1)
_PAUSE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(hours=6)
_VERSION: Final = "1"  # of the question and the checks; a new one has everything made again


@dataclass(frozen=True, slots=True)
class ModelStage:
    """*sends* says what of an article the model reads; *budget* is the tokens of a day."""

    storage: Storage
    client: ModelClient
    owner: str
    budget: int
    sends: str
    instrumentation: Instrumentation = field(default_factory=Instrumentation)
    breaker: Breaker = field(default_factory=Breaker)

    async def run_once(self) -> int:
        """Have the texts made that are wanted now; return how many stories were asked about."""
        await self._want()
        asked = 0
        for _ in range(_BATCHES):
            claimed = await self._claim()
            if not claimed:
                break
            outcomes = await self._make(claimed)
            asked += sum(outcomes)
            if not all(outcomes):
                break
        return LastRound(asked)

    async def _want(self) -> None:
        async with self.storage.reading() as tx:
            wanted = await model_texts.stories_wanted(tx, WITHIN, _MOST_WANTED)
            if not wanted:
                return
            ids = {each.story_id for each in wanted}
            reports = await model_texts.reports_of(tx, ids, texts=False)
        rows = useful(wanted, reports)
        if rows:
            async with self.storage.writing() as tx:
                await model_texts.want(tx, rows)

    async def _claim(self) -> Sequence[ModelText]:
        async with self.storage.writing() as tx:
            if not self.breaker.lets_through(tx.now):
                return ()
            return await model_texts.claim_wanted(
                tx, owner=self.owner, limit=CALLS, lease=LEASE, lately=_LATELY
            )

    async def _make(self, claimed: Sequence[ModelText]) -> list[bool]:
        """Make the texts; return of each whether it was made, even as none."""
        ids = {text.story_id for text in claimed}
        async with self.storage.reading() as tx:
            stored = await model_texts.reports_of(tx, ids)
            names = await names_by_story(tx, ids)
            catalogue = await catalogue_names(tx)
        async with TaskGroup() as group:
            tasks = [
                group.create_task(
                    self._make_one(
                        text,
                        chosen(stored.get(text.story_id, ()), names.get(text.story_id, ())),
                        catalogue,
                    )
                )
                for text in claimed
            ]
        return [task.result() for task in tasks]

    async def _make_one(
        self,
        text: ModelText,
        reports: Sequence[tuple[int, ModelReport]],
        catalogue: Sequence[str],
    ) -> bool:
        read = [report for _, report in reports]
        question = ask_about(read, text.language, self.sends, catalogue)
        asked = "\n".join(
            (_VERSION, self.client.name, *(each["content"] for each in question.messages))
        )
        asked_hash = blake2b(asked.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        if not question or asked_hash == text.input_hash:
            async with self.storage.writing() as tx:
                await model_texts.store_text(tx, text.id, self.owner, {"input_hash": asked_hash})
            return True
        reserved = question.most_tokens
        async with self.storage.writing() as tx:
            day = await model_texts.reserve_tokens(tx, reserved, self.budget)
            if day is None:
                await model_texts.free_texts(tx, [text.id], self.owner)
                return False
        try:
            with self.instrumentation.observe(Operation.MODEL, text.language, story=text.story_id):
                answer = await self.client.ask(question)
        except ModelError as error:
            await self._note_failure(text, error, day, reserved)
            return False
        self.breaker.note_success()
        made = await to_thread(_read, answer, question)
        used = reserved if answer.tokens is None else answer.tokens
        call = _Call(day, reserved, used)
        await self._store(text, made, reports, call, asked_hash)
        return True

    async def _store(
        self,
        text: ModelText,
        made: Made | None,
        reports: Sequence[tuple[int, ModelReport]],
        call: "_Call",
        asked_hash: str,
    ) -> None:
        values = {
            **_columns(made, [article_id for article_id, _ in reports]),
            "input_hash": asked_hash,
            "tokens": call.used,
            "model": self.client.name,
        }
        async with self.storage.writing() as tx:
            await model_texts.settle_tokens(
                tx,
                call.day,
                reserved=call.reserved,
                used=call.used,
                failed=made is None,
                kept=made.kept if made else 0,
                dropped=len(made.dropped) if made else 0,
            )
            await model_texts.store_text(tx, text.id, self.owner, values)

    async def _note_failure(
        self, text: ModelText, error: ModelError, day: date, reserved: int
    ) -> None:
        failures = text.failures + 1
        pause = min(_PAUSE * 2 ** min(failures - 1, 10), _LONGEST_PAUSE)
        pause = max(pause, error.after or pause) if error.may_pass else _LONGEST_PAUSE
        async with self.storage.writing() as tx:
            self.breaker.note_failure(tx.now, error.after)
            used = reserved if error.was_read else 0
            await model_texts.settle_tokens(tx, day, reserved=reserved, used=used, failed=True)
            await model_texts.postpone_text(tx, text.id, self.owner, failures, pause)
        log.warning("the model gave no answer", story=text.story_id, reason=error.reason)


@dataclass(frozen=True, slots=True)
class _Call:
    day: date
    reserved: int
    used: int


def _read(answer: Answer, question: ModelRequest) -> Made | None:
    try:
        return read_answer(answer.text, question)
    except NotAnAnswerError:
        return None


def _columns(made: Made | None, article_ids: Sequence[int]) -> dict[str, Any]:
    """Return the columns of a `ModelText`; *article_ids* are those of the reports by number."""
    if made is None:
        return {"translations": {}, "summary": [], "dropped": [("answer", "unreadable")]}
    return {
        "translations": {
            str(article_ids[number - 1]): list(pair) for number, pair in made.translations.items()
        },
        "summary": [(each.text, list(each.publishers)) for each in made.summary],
        "dropped": [(kind, str(reason)) for kind, reason in made.dropped],
    }


def useful(
    wanted: Sequence[Wanted], reports: Mapping[int, Sequence[model_texts.PublicReport]]
) -> list[tuple[int, str, int, datetime]]:
    """Return the stories that a model can do something for, each with a language of the bot.

    A story with one report in the reader's own language needs nothing, and neither does a foreign
    one whose readers all keep the original.
    """
    by_language: dict[tuple[int, str], Wanted] = {}
    for each in wanted:
        key = (each.story_id, language_for(each.tag))
        before = by_language.get(key, each._replace(readers=0, translators=0))
        by_language[key] = each._replace(
            readers=each.readers + before.readers,
            translators=each.translators + before.translators,
        )
    rows = []
    for (story_id, code), each in by_language.items():
        of_story = reports.get(story_id, ())
        is_foreign = any(report.language and report.language[:2] != code[:2] for report in of_story)
        if of_story and ((is_foreign and each.translators) or len(of_story) > 1):
            changed_at = max(report.changed_at for report in of_story)
            rows.append((story_id, code, each.readers, changed_at))
    return rows


def chosen(
    stored: Sequence[model_texts.PublicReport], names: Sequence[Named]
) -> list[tuple[int, ModelReport]]:
    """Return the earliest report of each publisher, each with the id of its article.

    The newest report of the story is the second, regardless of its publisher, because a digest
    shows its headline if the story has developed.
    """
    found: dict[str, tuple[int, ModelReport]] = {}
    newest = None
    for each in stored:
        publisher = next(iter(names_for_article(names, each.article_id)), "")
        report = ModelReport(publisher, each.language, each.title, each.text or each.summary)
        newest = (each.article_id, report)
        found.setdefault(publisher, newest)
    first, *others = found.values() if found else (None,)
    ordered = [each for each in (first, newest, *others) if each]
    return list({article_id: (article_id, report) for article_id, report in ordered}.values())
