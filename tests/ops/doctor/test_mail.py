"""Mail servers, DNS records and mailboxes of bounces, each as the doctor finds it."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.delivery.errors import NeverSent
from bot.mail.imap import Imap
from bot.mail.smtp import Relay, Smtp
from bot.ops.doctor.findings import Finding, HealthLevel
from bot.ops.doctor.mail import (
    NoAnswerError,
    Resolver,
    check_imap,
    check_mail,
    judge_dkim,
    judge_dmarc,
    judge_mailbox,
    judge_ptr,
    judge_spf,
    judge_waiting,
)
from storage.newsletters import WaitingLetters
from tests.mail.imap_server import FakeMailbox, connect_without_tls, serving_mailbox
from tests.mail.returned import request
from tests.story.processes import free_port

DOMAIN = "dateline.example"


@dataclass
class FakeDns(Resolver):
    """Answers from these records; no server answers if *is_there* is False."""

    text: dict[str, list[str]] = field(default_factory=dict)
    hosts: dict[str, list[str]] = field(default_factory=lambda: {"smtp.example": ["1.2.3.4"]})
    called: dict[str, list[str]] = field(default_factory=lambda: {"1.2.3.4": ["smtp.example"]})
    is_there: bool = True

    async def texts(self, name: str) -> list[str]:
        return self._answer(self.text.get(name, []))

    async def addresses(self, host: str) -> list[str]:
        return self._answer(self.hosts.get(host, []))

    async def names(self, address: str) -> list[str]:
        return self._answer(self.called.get(address, []))

    def _answer(self, answer: list[str]) -> list[str]:
        if not self.is_there:
            raise NoAnswerError("timed out")
        return answer


@pytest.mark.parametrize(
    ("records", "health", "words"),
    [
        pytest.param(["v=spf1 include:relay.example -all"], HealthLevel.HEALTHY, "-all", id="well"),
        pytest.param(["V=SPF1 mx ~all", "verify=1"], HealthLevel.HEALTHY, "~all", id="soft"),
        pytest.param(
            ["v=spf1 redirect=_spf.relay.example"], HealthLevel.HEALTHY, "redirect", id="led on"
        ),
        pytest.param([], HealthLevel.UNHEALTHY, "does not say", id="none"),
        pytest.param(["v=spf10 -all"], HealthLevel.UNHEALTHY, "does not say", id="another version"),
        pytest.param(
            ["v=spf1 -all", "v=spf1 mx -all"], HealthLevel.UNHEALTHY, "2 SPF records", id="two"
        ),
        pytest.param(["v=spf1 +all"], HealthLevel.UNHEALTHY, "everybody", id="everybody"),
        pytest.param(["v=spf1 mx ?all"], HealthLevel.WARNING, "forbid", id="neutral"),
        pytest.param(["v=spf1 mx"], HealthLevel.WARNING, "forbid", id="without an end"),
    ],
)
async def test_the_spf_record_of_the_domain_is_judged(records, health, words):
    finding = await judge_spf(FakeDns({DOMAIN: records}), DOMAIN)

    assert finding.health is health
    assert words in finding.sentence
    assert bool(finding.remedy) == (health is not HealthLevel.HEALTHY)


@pytest.mark.parametrize(
    ("selector", "records", "health"),
    [
        pytest.param("news", ["v=DKIM1; k=rsa; p=MIIB"], HealthLevel.HEALTHY, id="a key"),
        pytest.param("news", ["p=MIIB"], HealthLevel.HEALTHY, id="nothing but the key"),
        pytest.param("news", [], HealthLevel.UNHEALTHY, id="none"),
        pytest.param("news", ["v=DKIM1; p="], HealthLevel.UNHEALTHY, id="withdrawn"),
        pytest.param("news", ["v=DKIM1; t=y; p=MIIB"], HealthLevel.WARNING, id="for tests"),
        pytest.param(None, [], HealthLevel.WARNING, id="not known where"),
    ],
)
async def test_the_dkim_key_is_judged(selector, records, health):
    dns = FakeDns({f"news._domainkey.{DOMAIN}": records})

    assert (await judge_dkim(dns, DOMAIN, selector)).health is health


@pytest.mark.parametrize(
    ("records", "health"),
    [
        pytest.param(
            ["v=DMARC1; p=reject; rua=mailto:a@b.example"], HealthLevel.HEALTHY, id="strict"
        ),
        pytest.param(["v=DMARC1;p=none"], HealthLevel.HEALTHY, id="mild"),
        pytest.param([], HealthLevel.UNHEALTHY, id="none"),
        pytest.param(["v=DMARC1"], HealthLevel.UNHEALTHY, id="without a policy"),
        pytest.param(["v=DMARC1; p=none", "v=DMARC1; p=none"], HealthLevel.UNHEALTHY, id="two"),
    ],
)
async def test_the_dmarc_policy_of_the_domain_is_judged(records, health):
    dns = FakeDns({f"_dmarc.{DOMAIN}": records})

    assert (await judge_dmarc(dns, DOMAIN)).health is health


@pytest.mark.parametrize(
    ("names", "back", "health"),
    [
        pytest.param({"1.2.3.4": ["a.b"]}, {"a.b": ["1.2.3.4"]}, HealthLevel.HEALTHY, id="both"),
        pytest.param({"1.2.3.4": ["a.b"]}, {"a.b": ["9.9.9.9"]}, HealthLevel.WARNING, id="else"),
        pytest.param({"1.2.3.4": []}, {}, HealthLevel.WARNING, id="no name"),
        pytest.param({}, {}, HealthLevel.UNHEALTHY, id="no address"),
    ],
)
async def test_the_name_of_the_mail_server_must_lead_back_to_it(names, back, health):
    dns = FakeDns(hosts=back | {"smtp.example": list(names)}, called=names)

    assert (await judge_ptr(dns, "smtp.example")).health is health


class FakeSmtp(Smtp):
    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(Relay("smtp.example", 25))
        self.error = error
        self.is_closed = False

    async def greet(self) -> None:
        if self.error:
            raise self.error

    async def close(self) -> None:
        self.is_closed = True


async def findings_of(dns: FakeDns, smtp: FakeSmtp) -> list[Finding]:
    return await check_mail(dns, smtp, DOMAIN, DOMAIN, "news")


async def test_a_domain_in_order_is_healthy_in_every_respect():
    dns = FakeDns(
        {
            DOMAIN: ["v=spf1 mx -all"],
            f"news._domainkey.{DOMAIN}": ["p=MIIB"],
            f"_dmarc.{DOMAIN}": ["v=DMARC1; p=none"],
        }
    )

    smtp = FakeSmtp()
    findings = await findings_of(dns, smtp)

    assert smtp.is_closed
    assert [finding.subject for finding in findings] == ["smtp", "spf", "dkim", "dmarc", "ptr"]
    assert {finding.health for finding in findings} == {HealthLevel.HEALTHY}


async def test_a_refused_login_is_reported_with_its_reason():
    findings = await findings_of(FakeDns(), FakeSmtp(NeverSent("connection refused")))

    assert findings[0].health is HealthLevel.UNHEALTHY
    assert findings[0].sentence == "The bot cannot log in at smtp.example: connection refused"


async def test_a_silent_dns_is_only_a_warning():
    findings = await findings_of(FakeDns(is_there=False), FakeSmtp())

    assert {finding.health for finding in findings[1:]} == {HealthLevel.WARNING}


@pytest.mark.parametrize(
    ("password", "code", "words"),
    [
        pytest.param("secret", "imap.reached", "can be opened", id="right"),
        pytest.param("wrong", "imap.refused", "cannot be opened: no.", id="wrong password"),
    ],
)
async def test_the_check_of_the_mailbox_leaves_its_mails_unread(password, code, words):
    mailbox = FakeMailbox()
    mailbox.put(request("a mail"))

    async with serving_mailbox(mailbox):
        imap = Imap("127.0.0.1", mailbox.port, "bounces", password, connect=connect_without_tls)
        found = await check_imap(imap)

    assert found.code == code
    assert words in found.sentence
    assert password not in f"{found.sentence} {found.remedy}"
    assert mailbox.marked(r"\Seen") == []


@pytest.mark.parametrize(
    ("minutes", "is_running", "codes"),
    [
        pytest.param(4, True, ["mailbox.read"], id="read a moment ago"),
        pytest.param(16, True, ["mailbox.silent"], id="not read for long"),
        pytest.param(None, True, ["mailbox.silent"], id="never read"),
        pytest.param(16, False, ["mailbox.read"], id="no bot runs"),
        pytest.param(None, False, [], id="no bot has run"),
    ],
)
def test_a_running_bot_must_read_the_mailbox(minutes, is_running, codes):
    since = None if minutes is None else timedelta(minutes=minutes)

    assert [found.code for found in judge_mailbox(since, is_running=is_running)] == codes


def test_only_what_waits_for_the_operator_is_a_warning():
    nothing, chats, both = (
        [(found.code, found.health) for found in judge_waiting(WaitingLetters(*counts))]
        for counts in ((0, 0), (2, 0), (1, 1))
    )

    assert nothing == [("newsletters.decided", HealthLevel.HEALTHY)]
    assert chats == [*nothing, ("newsletters.chats", HealthLevel.HEALTHY)]
    assert both == [("newsletters.waiting", HealthLevel.WARNING), chats[1]]


async def test_an_unreachable_mailbox_is_reported():
    found = await check_imap(
        Imap("127.0.0.1", free_port(), "bounces", "secret", connect=connect_without_tls)
    )

    assert (found.code, "refused" in found.sentence) == ("imap.refused", True)
