import pytest

from bot.app.deployment import Deployment
from bot.settings import AccessMode


@pytest.mark.parametrize(
    ("public_url", "newsroom", "app_url"),
    [
        pytest.param("https://a.example/b", None, "https://a.example/b/app", id="https"),
        pytest.param("http://a.example", None, None, id="Telegram opens no other"),
        pytest.param(None, None, None, id="nobody reaches us"),
        pytest.param(
            *("http://127.0.0.1:8080", ("127.0.0.1", 8081), "http://127.0.0.1:8080/app"),
            id="the playground does",
        ),
    ],
)
def test_the_mini_app_has_an_address_that_telegram_opens(public_url, newsroom, app_url):
    deployment = Deployment("1:a", "", AccessMode.OPEN, newsroom=newsroom, public_url=public_url)

    assert deployment.app_url == app_url
