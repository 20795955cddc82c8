"""Messages about a managed chat: the banner, the back button, and buttons with the chat's id."""

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.callbacks import SetTimes, subscribe_query
from bot.chat.managed_chats import Frame, carried_by
from bot.rendering.messages import Button, Entity, Message

BANNER = Message("For Desk", (Entity("bold", 4, 4),), ((Button("Back", "myown"),),))
FRAME = Frame(7, BANNER)


def test_the_banner_shifts_entities():
    framed = FRAME.around(Message("x y", (Entity("code", 2, 1),)))

    assert framed.text == "For Desk\n\nx y"
    assert framed.entities == (Entity("bold", 4, 4), Entity("code", 12, 1))
    assert framed.keyboard == BANNER.keyboard


def test_a_full_message_gets_the_back_button_without_the_banner():
    framed = FRAME.around(Message("x" * 4090))

    assert framed.text == "x" * 4090
    assert framed.keyboard == BANNER.keyboard


@given(st.text(max_size=70), st.integers(min_value=0, max_value=2**63 - 1))
def test_button_data_is_read_back(words, chat_id):
    data = subscribe_query(words, "both")

    rows = Frame(chat_id, BANNER).keyboard(((Button("Both", data),),))

    shown = rows[0][0].data
    assert shown
    assert len(shown.encode()) <= 64
    found = carried_by(shown)
    assert found
    assert found[0] == chat_id
    assert found[1] in (data, "words|both|")


def test_a_button_without_room_for_its_chat_is_left_out():
    times = ",".join(["1439-127"] * 4)
    data = SetTimes(times=times).pack()
    long = Button("x", data + "0" * (64 - len(data)))

    assert FRAME.keyboard(((long,),)) == BANNER.keyboard
    assert FRAME.keyboard(((Button("x", url="https://example.org"),),))[0][0].url


@given(st.text(max_size=64))
def test_arbitrary_data_is_read_or_carries_nothing(data):
    found = carried_by(data)

    assert found is None or data.startswith("@")
