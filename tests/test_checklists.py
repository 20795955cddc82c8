"""The checklists of CONTRIBUTING.md can be followed."""

import re
from pathlib import Path

import pytest

from bot.subscribers.export_document import ExportedSettings
from storage.chats import Chat
from tests.checklists import ROOT, checklist, checklists

CHECKLISTS = checklists()
# Columns of a chat under the name that they have in an export.
EXPORTED_AS = {
    "resume_at": "resumes_at",
    "quiet_from": "quiet_hours",
    "quiet_to": "quiet_hours",
    "chosen_language": "language",
    "created_at": "since",
}
# Columns that are no choice of the chat's users.
NO_CHOICE = {
    "id", "telegram_id", "thread_id", "thread_name", "kind", "state_since", "was_paused",
    "invited_by", "next_digest_at", "away_from", "away_until", "reported_since", "managing",
    "managed_at", "question", "asked_at", "owner", "lease_until",
}  # fmt: skip


def test_there_are_checklists():
    assert {"a command of the chat", "a setting", "a setting of a chat"} <= CHECKLISTS.keys()


@pytest.mark.parametrize("name", CHECKLISTS)
def test_a_checklist_names_as_many_files_as_it_counts(name: str):
    files, steps = CHECKLISTS[name]
    numbers = [int(number) for number in re.findall(r"(?<![\w.])(\d)\. ", steps)]

    assert numbers == (list(range(1, files + 1)) if files > 1 else [])


@pytest.mark.parametrize("name", CHECKLISTS)
def test_each_file_of_a_checklist_exists(name: str):
    _, steps = CHECKLISTS[name]
    paths = [code for code in re.findall(r"`([\w./-]+)`", steps) if "/" in code]

    assert [path for path in paths if not (ROOT / Path(path)).exists()] == []


def test_each_choice_of_a_chat_is_exported():
    chosen = {EXPORTED_AS.get(name, name) for name in Chat.model_fields.keys() - NO_CHOICE}

    assert chosen <= ExportedSettings.model_fields.keys(), checklist("a setting of a chat")
