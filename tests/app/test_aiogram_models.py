"""Aiogram's models, built on their first use, are those that it builds when it is imported."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
PUT_OFF = """
import json, sys
from bot.app.aiogram_models import import_aiogram

import_aiogram()
from aiogram import methods, types
from aiogram.client.default import Default
from aiogram.methods.base import Response

models = {name: getattr(room, name) for room in (types, methods) for name in room.__all__}
models = {name: model for name, model in models.items() if hasattr(model, "model_rebuild")}
"""
BUILT = "print(json.dumps([n for n, model in models.items() if model.__pydantic_complete__]))"
# What an annotation means where pydantic evaluates it, and where aiogram lets it be evaluated.
STRAYED = """
names = vars(types) | {"List": list, "Default": Default}
strayed, seen = [], 0
for name in types.__all__:
    for base in models[name].__mro__ if name in models else ():
        for field, said in vars(base).get("__annotations__", {}).items():
            if base.__module__.startswith("aiogram.types") and isinstance(said, str):
                seen += 1
                here = vars(sys.modules[models[name].__module__])
                if eval(said, dict(here)) != eval(said, {**here, **names}):
                    strayed.append([name, field])
print(json.dumps({"seen": seen, "strayed": strayed}))
"""
USED = """
User = Chat = Message = str  # of whoever is the first to use aiogram's
boost = {"boost_id": "b", "add_date": 1, "expiration_date": 2,
         "source": {"source": "premium", "user": {"id": 7, "is_bot": False, "first_name": "Ann"}}}
answer = Response[types.UserChatBoosts].model_validate({"ok": True, "result": {"boosts": [boost]}})
text = types.InputTextMessageContent(message_text="news")
found = types.InlineQueryResultArticle(id="1", title="news", input_message_content=text)
asked = methods.AnswerInlineQuery(inline_query_id="1", results=[found])
button = types.MenuButtonCommands().model_dump(mode="json")
print(json.dumps([type(answer.result.boosts[0].source.user).__module__,
                  asked.model_dump()["results"][0]["input_message_content"]["message_text"],
                  button["type"]]))
"""
# What a normal import starts from after something unexpected; the import itself takes seconds.
STARTED = """
import json, sys
from pydantic import BaseModel
from bot.app import aiogram_models

def import_module(name):
    left = [one for one in sys.modules if one.partition(".")[0] == "aiogram"]
    print(json.dumps([name, left, vars(BaseModel)["model_rebuild"] is rebuild]))

rebuild = vars(BaseModel)["model_rebuild"]
aiogram_models.importlib = type("Recorded", (), {{"import_module": staticmethod(import_module)}})
{change}
aiogram_models.import_aiogram()
"""
# Aiogram as it is, used as a bot uses it, after the attempt that gets furthest.
AS_IT_IS = """
import json, sys
from bot.app import aiogram_models

def fail(*_, **__): raise NameError
aiogram_models._rebuild = fail
aiogram_models.import_aiogram()
from pydantic import BaseModel
from aiogram import Bot, types
from aiogram.client.context_controller import BotContextController
from bot.app.sessions import telegram_session

chat = {"id": 7, "type": "private"}
update = types.Update.model_validate(
    {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": chat, "text": "news"}}
)
print(json.dumps([types.Poll.__pydantic_complete__, update.message.text,
    BotContextController.model_rebuild.__func__ is BaseModel.model_rebuild.__func__,
    BaseModel.model_rebuild.__module__, Bot("1:x").id,
    sys.modules["aiogram.types"] is types is sys.modules["aiogram"].types]))
"""


def run(program: str) -> Any:
    """Return what *program* prints, run in a process that has not imported aiogram."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_models_of_every_bot_are_built_at_the_start_and_most_others_are_not():
    built = set(run(PUT_OFF + BUILT))

    assert {"Message", "Update"} <= built
    assert {"Poll", "Gift", "InlineQueryResultArticle", "SendMessage"} & built == set()


def test_annotations_resolve_to_the_types_that_aiogram_resolves():
    found = run(PUT_OFF + STRAYED)

    assert found["seen"] > 1000
    assert found["strayed"] == []


def test_models_are_built_on_first_use_independent_of_the_callers_names():
    assert run(PUT_OFF + USED) == ["aiogram.types.user", "news", "commands"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("aiogram_models.KNOWN['aiogram'] = '3.30'", id="another aiogram"),
        pytest.param("aiogram_models.KNOWN['pydantic'] = '2.1'", id="another pydantic"),
        pytest.param(
            "def fail(*_): raise AttributeError\naiogram_models._complete = fail",
            id="names cannot be completed",
        ),
        pytest.param(
            "def fail(*_, **__): raise NameError\naiogram_models._rebuild = fail",
            id="a model cannot be built",
        ),
        pytest.param(
            "aiogram_models.BaseModel = type('Other', (), {})", id="pydantic has other insides"
        ),
    ],
)
def test_anything_unexpected_leaves_nothing_to_a_normal_import(change):
    assert run(STARTED.format(change=change)) == ["aiogram", [], True]


def test_aiogram_is_imported_normally_after_an_error():
    assert run(AS_IT_IS) == [True, "news", True, "pydantic.main", 1, True]
