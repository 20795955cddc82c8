"""Malformed requests get a 4xx with a description, never a 500."""

import pytest

HUGE = 10**400
DIGITS = "9" * 5000
DEEP = "[" * 100_000
ANN = 1001


@pytest.mark.parametrize(
    "chat_id",
    [
        pytest.param("--5", id="two signs"),
        pytest.param("\N{SUPERSCRIPT TWO}", id="a digit that is no number"),
        pytest.param("\N{FULLWIDTH DIGIT FIVE}", id="a number in other digits"),
        pytest.param(DIGITS, id="more digits than Python reads"),
        pytest.param("@nobody", id="a name"),
    ],
)
async def test_an_invalid_chat_id_is_an_unknown_chat(call, ann, chat_id):
    body = await call("sendMessage", chat_id=chat_id, text="x")

    assert body["description"] == "Bad Request: chat not found"


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("sendMessage", {"chat_id": float("inf"), "text": "x"}),
        ("sendMessage", {"chat_id": HUGE, "text": "x"}),
        ("sendMessage", {"chat_id": [ANN], "text": "x"}),
        ("sendMessage", {"chat_id": ANN, "text": {"a": 1}}),
        ("sendMessage", {"chat_id": ANN, "text": "x", "message_thread_id": HUGE}),
        ("sendMessage", {"chat_id": ANN, "text": "x", "reply_markup": DEEP}),
        ("getUpdates", {"limit": HUGE}),
        ("getUpdates", {"limit": float("nan")}),
        ("answerInlineQuery", {"inline_query_id": "1", "results": [], "next_offset": "\ud800"}),
        (
            "setChatMenuButton",
            {"menu_button": {"type": "web_app", "text": "x", "web_app": {"url": "https://["}}},
        ),
    ],
    ids=str,
)
async def test_an_invalid_value_is_a_bad_request(call, ann, method, params):
    assert (await call(method, **params))["error_code"] == 400


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", DEEP.encode()),
        ("application/json", b"\xff\xfe"),
        ("application/json; charset=none", b"{}"),
        ("application/x-www-form-urlencoded; charset=none", b"text=x"),
        ("multipart/form-data", b"no boundary"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xff\r\n--x--',
        ),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_an_unreadable_body_is_a_bad_request(pg, http, ann, content_type, body):
    url, headers = f"{pg.base_url}/bot1:playground/sendMessage", {"Content-Type": content_type}

    async with http.post(url, data=body, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["ok"] is False


@pytest.mark.parametrize(
    "html",
    [
        f"&#{DIGITS};",
        f'<tg-time unix="{DIGITS}">x</tg-time>',
        '<tg-emoji emoji-id="\N{SUPERSCRIPT TWO}">x</tg-emoji>',
        f'<a href="tg://user?id={DIGITS}">x</a>',
        "<b>" * 3000 + "x" + "</b>" * 3000,
    ],
    ids=lambda html: html[:20],
)
@pytest.mark.parametrize("is_rich", [True, False])
async def test_no_markup_breaks_the_server(call, ann, html, is_rich):
    if is_rich:
        body = await call("sendRichMessage", chat_id=ANN, rich_message={"html": html})
    else:
        body = await call("sendMessage", chat_id=ANN, text=html, parse_mode="HTML")

    assert body["ok"] or body["error_code"] == 400


async def test_a_token_of_five_thousand_digits_is_unauthorized(call):
    assert (await call("getMe", token=f"{DIGITS}:x"))["error_code"] == 401


@pytest.mark.parametrize(
    ("verb", "body", "sentence"),
    [
        ("send", b"[1]", "the body must be an Object with the facts of the verb"),
        ("send", b'{"world": 1}', "the body must be an Object with the facts of the verb"),
        ("send", DEEP.encode(), "can't parse the JSON body"),
        ("send", b"\xff", "can't parse the JSON body"),
        ("send", b'{"chat_id": 1001}', "text: Missing required argument"),
        (
            "send",
            b'{"chat_id": NaN, "text": "x", "shoe": 40}',
            "chat_id: Input should be a valid integer; shoe: Unexpected keyword argument",
        ),
        (
            "send",
            b'{"chat_id": 1001, "text": "x", "entities": [{"type": "bold"}]}',
            'Bad Request: field "offset" of MessageEntity is required',
        ),
        ("send", b'{"chat_id": 1001, "text": "\\ud800"}', "Bad Request: strings must be encoded "),
        ("inject", b'{"fault": "500", "times": "x"}', "times: Input should be a valid integer"),
        ("topic", b'{"chat_id": 1001, "state": "ajar"}', "state: Input should be 'open', 'closed'"),
        ("topic", b'{"chat_id": 1001, "thread_id": 7}', "Bad Request: no such topic"),
        ("add_user", b'{"first_name": "A", "id": 1e400}', "id: Input should be a valid integer"),
    ],
    ids=str,
)
async def test_an_invalid_control_request_is_explained(pg, http, ann, verb, body, sentence):
    headers = {"Content-Type": "application/json"}

    async with http.post(f"{pg.base_url}/control/{verb}", data=body, headers=headers) as response:
        body = await response.json()

    assert (response.status, body["error"][: len(sentence)]) == (400, sentence)


@pytest.mark.parametrize(
    "query", ["events?timeout=nan&after=-1", "journal?after=inf", "bot?chat_id=nan"]
)
async def test_an_invalid_number_in_a_query_counts_as_absent(pg, http, ann, query):
    async with http.get(f"{pg.base_url}/control/{query}") as response:
        assert response.status == 200


async def test_a_queued_update_gets_a_number_from_the_playground(pg, call):
    number = pg.update(update_id=5, poll={"id": "1"})

    (update,) = (await call("getUpdates"))["result"]
    assert update == {"update_id": number, "poll": {"id": "1"}}
