import re
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path

import pytest

from bot.settings import AccessMode, Settings, Updates, WrongSettingError, load_settings

EXAMPLE = Path(__file__).parent.parent / ".env.example"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_example_names_every_setting_in_order_with_its_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    example = EXAMPLE.read_text()
    names = re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)
    (tmp_path / ".env").write_text(example)

    assert names == [name.upper() for name in Settings.model_fields]
    assert load_settings() == Settings(_env_file=None)  # type: ignore[call-arg]


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ADMIN_IDS", "1, 2")
    monkeypatch.setenv("ALLOWED_NETWORKS", "10.1.0.0/16,fd00::/8")
    monkeypatch.setenv(
        "SEARCH_FEEDS", "https://a.example/{query}, http://b.example/?q={query}&l=en"
    )

    settings = load_settings()

    assert settings.admin_ids == {1, 2}
    assert len(settings.search_feeds) == 2
    assert settings.allowed_networks == (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))


def test_users_have_no_access_by_default():
    assert load_settings().access is AccessMode.ALLOWLIST


def test_a_secret_can_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "token").write_text("123456:abcdefghijklmnopqrstuvwxyz012345678\n")
    monkeypatch.setenv("BOT_TOKEN_FILE", str(tmp_path / "token"))

    token = load_settings().bot_token

    assert token is not None
    assert token.get_secret_value() == "123456:abcdefghijklmnopqrstuvwxyz012345678"
    assert "abcdef" not in repr(load_settings())


@pytest.mark.parametrize(
    ("given", "driven"),
    [
        ("sqlite:///var/x.sqlite3", "sqlite+aiosqlite:///var/x.sqlite3"),
        ("postgres://a:b@c/d", "postgresql+asyncpg://a:b@c/d"),
        ("postgresql://a:b@c/d", "postgresql+asyncpg://a:b@c/d"),
    ],
)
def test_a_database_is_opened_by_its_async_driver(
    monkeypatch: pytest.MonkeyPatch, given: str, driven: str
):
    monkeypatch.setenv("DATABASE_URL", given)

    assert load_settings().database_url.get_secret_value() == driven


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEB_PORT", "70000"),
        ("WEB_PORT", "http"),
        ("PLAYGROUND_PORT", "0"),
        ("ACCESS", "everybody"),
        ("ADMIN_IDS", "1;2"),
        ("ADMIN_IDS", "1,ann"),
        ("ROLES", "chat,cook"),
        ("ROLES", ","),
        ("ALLOWED_NETWORKS", "10.0.0.1/8"),
        ("ALLOWED_NETWORKS", "10.0.0.0/99"),
        ("BOT_API_URL", "telegram"),
        ("UPDATES", "pigeons"),
        ("PUBLIC_URL", "news.example.org"),
        ("PUBLIC_URL", "https://news.example.org/?chat=1"),
        ("LOG_FORMAT", "xml"),
        ("SEARCH_FEEDS", "https://news.example/rss?q=words"),
        ("SEARCH_FEEDS", "https://{query}.example/rss"),
        ("SEARCH_FEEDS", "news.example/rss?q={query}"),
        ("SEARCH_FEEDS_BUDGET", "-1"),
    ],
)
def test_a_wrong_value_is_reported_in_one_sentence_with_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(name, value)

    with pytest.raises(WrongSettingError) as refused:
        load_settings()

    assert str(refused.value).startswith(f"{name} is wrong: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOT_TOKEN", "secret token"),
        ("DATABASE_URL", "mysql://root:secret@host/"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_DIRECT_URL", "sqlite:///secret.sqlite3"),
        ("SEARCH_FEEDS", "https://ann:secret@news.example/rss?q={query}"),
    ],
)
def test_a_wrong_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(name, value)

    with pytest.raises(WrongSettingError, match=f"^{name} is wrong") as refused:
        load_settings()

    assert "secret" not in str(refused.value)


def test_a_missing_secret_file_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BOT_TOKEN_FILE", "nowhere")

    with pytest.raises(WrongSettingError, match="BOT_TOKEN_FILE: cannot read nowhere"):
        load_settings()


def test_a_webhook_needs_an_address(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("UPDATES", "webhook")
    assert load_settings().updates is Updates.WEBHOOK  # in the playground, which knows its own

    monkeypatch.setenv("BOT_TOKEN", "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr")
    with pytest.raises(WrongSettingError, match=r"^UPDATES is wrong: .* set PUBLIC_URL"):
        load_settings()

    monkeypatch.setenv("PUBLIC_URL", "https://news.example.org")
    assert load_settings().updates is Updates.WEBHOOK


@pytest.mark.parametrize("name", ["Zürich heute", "Zürich, heute", "Daily (2)"])
def test_the_name_of_the_mail_sender_keeps_its_letters(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv("SMTP_FROM", f'"{name}" <news@Example.org>')

    assert parseaddr(load_settings().smtp_from or "") == (name, "news@example.org")


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        pytest.param(["ADMIN_IDS: 1"], 1, id="a colon"),
        pytest.param(["ADMIN_IDS:1"], 1, id="a colon without a space"),
        pytest.param(["# Mine", "", "", "ADMIN_IDS 1"], 4, id="no sign at all"),
        pytest.param(["ADMIN_IDS=1", 'SMTP_FROM="Ann', "ACCESS=open"], 2, id="an open quote"),
        pytest.param(["", 'IMAP_USER="a" b'], 2, id="a word behind the quotes"),
        pytest.param(["ACCESS=open", "BOT_TOKEN"], 2, id="a name alone"),
        pytest.param(["ACCESS=open", "// a remark"], 2, id="a remark of another language"),
    ],
)
def test_a_line_that_cannot_be_read_stops_the_start(tmp_path: Path, lines: list[str], number: int):
    (tmp_path / ".env").write_text("\n".join(lines))

    with pytest.raises(WrongSettingError) as refused:
        load_settings()

    assert str(refused.value).startswith(f".env: line {number} cannot be read. Write NAME=value")


def test_a_line_that_cannot_be_read_is_not_shown(tmp_path: Path):
    (tmp_path / ".env").write_text("BOT_TOKEN 123456:secret")

    with pytest.raises(WrongSettingError) as refused:
        load_settings()

    assert "secret" not in str(refused.value)


def test_usual_lines_are_read(tmp_path: Path):
    lines = ["# Mine", "", "export ACCESS=open # for all", "ADMIN_IDS = '1,2'", "SMTP_HOST="]
    (tmp_path / ".env").write_text("\r\n".join(lines), encoding="utf-8-sig")

    settings = load_settings()

    assert (settings.access, sorted(settings.admin_ids)) == (AccessMode.OPEN, [1, 2])


def test_a_name_behind_a_byte_order_mark_is_read(tmp_path: Path):
    (tmp_path / ".env").write_text("ACCESS=open", encoding="utf-8-sig")

    assert load_settings().access is AccessMode.OPEN


def test_a_file_that_is_no_text_stops_the_start(tmp_path: Path):
    (tmp_path / ".env").write_bytes("ACCESS=open".encode("utf-16"))

    with pytest.raises(WrongSettingError, match=r"cannot read \.env: it is not text"):
        load_settings()


def test_a_wrong_template_of_a_picture_proxy_stops_the_start(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PICTURE_PROXY", "https://img.example.org/{width}/")

    with pytest.raises(WrongSettingError, match=r"PICTURE_PROXY is wrong: it needs \{url\} once"):
        load_settings()


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1",
        "http://127.0.0.1:8080/v1",
        "http://localhost:11434/v1",
        "http://192.168.1.5/v1",
        "http://ollama:11434/v1",
        "http://model.internal/v1",
        "http://[::1]:8080/v1",
    ],
)
def test_a_model_is_named_by_https_or_by_an_address_nearby(url):
    assert load_settings(model_url=url, model_name="small").model_base == url


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"model_url": "http://api.example.com/v1"}, "MODEL_URL is wrong: over the internet"),
        ({"model_url": "http://8.8.8.8/v1"}, "MODEL_URL is wrong: over the internet"),
        ({"model_url": "https://user:secret@api.example.com"}, "MODEL_URL is wrong: write the"),
        ({"model_url": "https://api.example.com/v1?key=1"}, "MODEL_URL is wrong: write the"),
        ({"model_url": "https://api.example.com/v1"}, "MODEL_NAME is wrong: with MODEL_URL"),
        ({"model_key": "two\nlines"}, "MODEL_KEY is wrong: a key is one line"),
        ({"model_sends": "everything"}, "MODEL_SENDS is wrong"),
        ({"model_daily_tokens": "0"}, "MODEL_DAILY_TOKENS is wrong"),
    ],
)
def test_a_wrong_model_is_refused_with_a_sentence(given, sentence):
    with pytest.raises(WrongSettingError, match="^" + re.escape(sentence)) as caught:
        load_settings(**given)

    assert "secret" not in str(caught.value)
