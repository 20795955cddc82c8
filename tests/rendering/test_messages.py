from bot.rendering.messages import Button, Entity, Message

MESSAGE = Message(
    "𝔘 title · 09:12",
    (
        Entity("text_link", 3, 5, url="https://example.org/a"),
        Entity("date_time", 11, 5, unix_time=60, date_time_format="t"),
    ),
    ((Button("Topics", data="topics:0"), Button("Open", url="https://example.org")),),
)


def test_a_message_comes_back_from_its_stored_body():
    assert Message.from_json(MESSAGE.to_json()) == MESSAGE


def test_what_a_newer_version_stored_beside_is_left_out():
    body = MESSAGE.to_json() | {"style": "full"}
    body["keyboard"][0][0]["icon"] = "star"

    assert Message.from_json(body) == MESSAGE


def test_the_plain_fallback_writes_links_out():
    plain = MESSAGE.plain()

    assert plain.text == "𝔘 title (https://example.org/a) · 09:12"
    assert plain.entities == ()
    assert plain.keyboard == MESSAGE.keyboard


def test_the_plain_fallback_stays_within_telegrams_limit():
    long = Message("x" * 4090, (Entity("text_link", 0, 5, url="https://example.org"),))

    assert long.plain().text == long.text
