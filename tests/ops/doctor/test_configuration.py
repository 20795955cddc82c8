from dataclasses import replace

from bot.ops.doctor.configuration import (
    TELEGRAM_API,
    SettingsFacts,
    judge_names,
    judge_settings,
)
from bot.settings import unknown_names
from tests.ops.doctor.judging import cases, problems

SETTINGS = SettingsFacts(
    has_token=True,
    api=TELEGRAM_API,
    send_per_second=27,
    public_url="https://a.example",
    has_admins=True,
    is_open=False,
    allows_nobody=False,
    topics_per_chat=100,
    feeds_per_chat=50,
    is_sqlite=True,
    missing_roles=(),
    has_mail=True,
    mail_is_plain=False,
)


@cases(
    "name, remedy",
    {
        "swapped letters": ("SMPT_HOST", "Did you mean SMTP_HOST?"),
        "the singular": ("ADMIN_ID", "Did you mean ADMIN_IDS?"),
        "a part": ("ADMINS", "Did you mean ADMIN_IDS?"),
        "a letter too few": ("BOT_TOKN", "Did you mean BOT_TOKEN?"),
        "a prefix": ("DATELINE_BOT_TOKEN", "Did you mean BOT_TOKEN?"),
        "the file of one": ("BOT_TOKN_FILE", "Did you mean BOT_TOKEN_FILE?"),
        "one that begins like ours": ("IMAP_SSL", "docs/reference/settings.md"),
        "a setting": ("SMTP_HOST", ""),
        "the file of a setting": ("BOT_TOKEN_FILE", ""),
        "another program's": ("PGPASSWORD", ""),
        "the shell's": ("LOGNAME", ""),
        "a service of Kubernetes": ("WEB_SERVICE_HOST", ""),
        "a port of Kubernetes": ("WEB_PORT_8080_TCP_ADDR", ""),
    },
)
def test_a_misspelt_setting_is_found(name, remedy):
    found = judge_names(unknown_names([name]))

    assert problems(found) == ({"settings.unknown": "warning"} if remedy else {})
    assert [one for one in found if remedy not in one.remedy or name not in one.sentence] == []


@cases(
    "changes, expected",
    {
        "they agree": ({}, {}),
        "no admin": ({"has_admins": False}, {"settings.no-admins": "warning"}),
        "nobody at all": (
            {"has_admins": False, "allows_nobody": True},
            {"settings.no-admins": "warning", "settings.nobody": "unhealthy"},
        ),
        "the playground has one": ({"has_token": False, "has_admins": False}, {}),
        "open without limits": (
            {"is_open": True, "topics_per_chat": 1000},
            {"settings.open-unlimited": "warning"},
        ),
        "too fast": ({"send_per_second": 31}, {"settings.too-fast": "warning"}),
        "a server of one's own": ({"send_per_second": 99, "api": "http://a"}, {}),
        "no https": ({"public_url": "http://a.example"}, {"settings.no-https": "warning"}),
        "no pages": ({"public_url": ""}, {"settings.mail-no-pages": "warning"}),
        "plain mail": ({"mail_is_plain": True}, {"settings.mail-plain": "warning"}),
        "roles left": ({"missing_roles": ("send",)}, {"settings.roles-left": "unhealthy"}),
        "roles of others": ({"missing_roles": ("send",), "is_sqlite": False}, {}),
    },
)
def test_settings_that_do_not_fit_together_are_found(changes, expected):
    assert problems(judge_settings(replace(SETTINGS, **changes))) == expected
