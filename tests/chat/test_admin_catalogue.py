"""The catalogue, changed in the chat."""

from tests.chat.conftest import Talk


async def answer(admin: Talk, question, text: str):
    return await admin.replies(question, text)


async def test_a_topic_is_previewed_added_and_removed(admin, ann, news):
    await news("A harbour is closed", "The harbour is closed.")
    catalogue = await admin.says("/admin", "Catalogue")
    question = await admin.presses(catalogue, "Add a topic")

    shown = await answer(admin, question, "Ports: port OR harbour")
    added = await admin.presses(shown, "Add a topic")
    sure = await admin.presses(added, "Remove")
    retired = await admin.presses(sure, "Remove")

    assert catalogue["text"].startswith("Catalogue: ")
    assert question["text"].startswith("Reply with the new topic's name and query")
    assert shown["text"].startswith("Ports\nport OR harbour\n1 story in the last 7 days")
    assert "A harbour is closed" in shown["text"]
    assert added["text"] == "Ports · 0 chats · position 17\nport OR harbour"
    assert sure["text"].startswith("Remove Ports from the catalogue? Nobody is subscribed to it.")
    assert retired["text"] == "Ports is no longer in the catalogue. Subscribers keep it."


async def test_a_new_query_shows_both_queries_with_their_results(admin, news):
    await news("A harbour is closed", "The harbour is closed.")
    question = await admin.says("/catalogue add Ports: port", "Add a topic", "Change query")
    shown = await answer(admin, question, "harbour")
    changed = await admin.presses(shown, "Use the new one")

    assert shown["text"].startswith("New: harbour · 1 a week\nOld: port · 0 a week")
    assert changed["text"] == "Ports · 0 chats · position 17\nharbour"


async def test_a_topic_is_renamed_by_typing_and_moved_by_a_button(admin):
    listed = await admin.says("/catalogue")
    question = await admin.presses(listed, "2", "Rename")
    renamed = await answer(admin, question, "My topic")
    await admin.presses(renamed, "Up")

    listed = await admin.says("/catalogue")

    assert renamed["text"].startswith("My topic · 0 chats")
    assert "\n1. My topic · 0 chats\n" in listed["text"]


async def test_an_invalid_query_is_refused(admin):
    refused = await admin.says("/catalogue add Ports: (port")

    assert refused["text"].startswith("I can't read this yet")


async def test_an_answer_of_a_non_admin_changes_nothing(house, ann):
    assert not (await ann.says("/catalogue add Ports: port"))["text"].startswith("Ports")
