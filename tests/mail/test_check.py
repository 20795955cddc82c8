from dataclasses import dataclass, field

import pytest

from bot.delivery.errors import NeverSent
from bot.mail.check import NoAnswerError, Resolver, check_mail, dkim, dmarc, ptr, spf
from bot.mail.smtp import Relay, Smtp
from bot.ops.doctor.findings import Finding, HealthLevel

DOMAIN = "dateline.example"


@dataclass
class FakeDns(Resolver):
    """Knows what it was given; silent where *is_there* is False."""

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
async def test_who_may_mail_for_the_domain(records, health, words):
    finding = await spf(FakeDns({DOMAIN: records}), DOMAIN)

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
async def test_the_key_that_mails_are_signed_with(selector, records, health):
    dns = FakeDns({f"news._domainkey.{DOMAIN}": records})

    assert (await dkim(dns, DOMAIN, selector)).health is health


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
async def test_the_policy_of_the_domain(records, health):
    dns = FakeDns({f"_dmarc.{DOMAIN}": records})

    assert (await dmarc(dns, DOMAIN)).health is health


@pytest.mark.parametrize(
    ("names", "back", "health"),
    [
        pytest.param({"1.2.3.4": ["a.b"]}, {"a.b": ["1.2.3.4"]}, HealthLevel.HEALTHY, id="both"),
        pytest.param({"1.2.3.4": ["a.b"]}, {"a.b": ["9.9.9.9"]}, HealthLevel.WARNING, id="else"),
        pytest.param({"1.2.3.4": []}, {}, HealthLevel.WARNING, id="no name"),
        pytest.param({}, {}, HealthLevel.UNHEALTHY, id="no address"),
    ],
)
async def test_the_name_of_the_mail_server(names, back, health):
    dns = FakeDns(hosts=back | {"smtp.example": list(names)}, called=names)

    assert (await ptr(dns, "smtp.example")).health is health


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


async def checked(dns: FakeDns, smtp: FakeSmtp) -> list[Finding]:
    return await check_mail(dns, smtp, DOMAIN, DOMAIN, "news")


async def test_all_that_is_well_is_said_to_be():
    dns = FakeDns(
        {
            DOMAIN: ["v=spf1 mx -all"],
            f"news._domainkey.{DOMAIN}": ["p=MIIB"],
            f"_dmarc.{DOMAIN}": ["v=DMARC1; p=none"],
        }
    )

    smtp = FakeSmtp()
    findings = await checked(dns, smtp)

    assert smtp.is_closed
    assert [finding.name for finding in findings] == ["smtp", "spf", "dkim", "dmarc", "ptr"]
    assert {finding.health for finding in findings} == {HealthLevel.HEALTHY}


async def test_a_server_that_does_not_let_us_in_is_named_with_its_reason():
    findings = await checked(FakeDns(), FakeSmtp(NeverSent("connection refused")))

    assert findings[0].health is HealthLevel.UNHEALTHY
    assert findings[0].sentence == "smtp.example does not let us in: connection refused"


async def test_a_silent_dns_is_no_verdict():
    findings = await checked(FakeDns(is_there=False), FakeSmtp())

    assert {finding.health for finding in findings[1:]} == {HealthLevel.WARNING}
