import pytest

from bot.subscribers.access import Access

LISTED = Access(is_open=False, allowed=frozenset({1}), admins=frozenset({2}))


@pytest.mark.parametrize(
    ("access", "person", "appointed", "may_use", "may_run"),
    [
        pytest.param(LISTED, 1, (), True, False, id="on the list"),
        pytest.param(LISTED, 2, (), True, True, id="an admin by the settings"),
        pytest.param(LISTED, 3, (3,), True, True, id="an admin by the link"),
        pytest.param(LISTED, 4, (3,), False, False, id="a stranger"),
        pytest.param(Access(is_open=True), 4, (), True, False, id="anybody, where it is open"),
    ],
)
def test_who_may(access, person, appointed, may_use, may_run):
    assert access.may_use(person, appointed) is may_use
    assert access.may_run(person, appointed) is may_run
