from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from bot.delivery.errors import NeverSent
from bot.mail.check import NoAnswerError, Resolver, check_mail, dkim, dmarc, form, ptr, spf
from bot.mail.compose import FromAddress, Mail, Mailer, Occasion, Recipient, message_bytes
from bot.mail.smtp import Relay, Smtp
from bot.ops.doctor.findings import Finding, HealthLevel
from bot.publishing.mails import bundle_mail
from bot.publishing.samples import (
    sample_alert_mail,
    sample_bundled,
    sample_edition,
    sample_mail,
)
from bot.rendering.links import Links, Signer
from bot.rendering.renderer import Renderer

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


# The form of a mail


def written(html: str = "<p>News</p>", **changes: str) -> bytes:
    """Return a mail of good form, but for the *changes* of its headers."""
    headers = {"From": "Dateline <a@b.example>", "To": "<c@d.example>"} | changes
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return message_bytes(Mail("c@d.example", "News", "News", f"<body>{html}</body>", named))


def composed() -> Iterator[tuple[str, Mail]]:
    """Yield each mail that the bot writes, with its name."""
    renderer = Renderer()
    sender = FromAddress("news@dateline.example", reply_to="ann@dateline.example")
    mailer = Mailer(renderer, sender, Links("https://dateline.example", Signer(b"k" * 32)))
    reader, now = Recipient(1, "ann@example.org", 1), datetime(2026, 11, 17, tzinfo=UTC)
    values = {"code_shown": "123 456", "link": "https://dateline.example/c/1", "sender_name": "D"}
    occasion, stories = Occasion("bundle:1:email", now), sample_bundled()
    yield "digest", sample_mail(renderer, sample_edition())
    yield "week", sample_mail(renderer, sample_edition(weekly=True))
    yield "alert", sample_alert_mail(renderer)
    yield (
        "bundle",
        bundle_mail(mailer, reader, occasion, stories, unlisted=0, zone="UTC", is_quiet=True),
    )
    yield (
        "confirm",
        mailer.mail("email/confirm", reader, occasion, subject="Your code", values=values),
    )


@pytest.mark.parametrize("mail", [pytest.param(mail, id=name) for name, mail in composed()])
def test_every_mail_has_the_form_that_spam_filters_want(mail):
    assert form(message_bytes(mail)).code == "form.good"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(written(From="a@b.example"), "From has no angle brackets", id="From"),
        pytest.param(written(To="c@d.example"), "To has no angle brackets", id="To"),
        pytest.param(
            written(Reply_To="c@d.example"), "Reply-To has no angle brackets", id="Reply-To"
        ),
        pytest.param(
            written('<p style="color: #ffffff">News</p>'), "hides a text", id="white on white"
        ),
        pytest.param(
            written(
                '<div style="background-color:#000;color:#FFF"><b style="color:#000000">x</b></div>'
            ),
            "hides a text",
            id="black on black within",
        ),
        pytest.param(written('<p style="opacity: 0">x</p>'), "hides a text", id="transparent"),
        pytest.param(written('<p style="font-size:1px">x</p>'), "hides a text", id="tiny"),
        pytest.param(
            written('<p style="font-size:1px"><b></b>x</p>'), "hides a text", id="behind an element"
        ),
        pytest.param(written('<img src="https://a.example/1">'), "loads", id="a picture"),
        pytest.param(written("<style>@import 'a'</style>"), "loads", id="a style sheet"),
        pytest.param(b"Subject: x\r\n\r\ntext\r\n", "plain text followed by HTML", id="no HTML"),
    ],
)
def test_a_mail_of_poor_form_is_reported_with_its_fault(content, words):
    finding = form(content)

    assert finding.code == "form.poor"
    assert words in finding.sentence


@pytest.mark.parametrize(
    "html",
    [
        pytest.param('<p style="display:none; color:#ffffff">x</p>', id="not displayed"),
        pytest.param('<p style="background-color:#0b57a4;color:#ffffff">x</p>', id="on a button"),
        pytest.param('<p style="font-size: 13px; opacity: 0.8">x</p>', id="small but readable"),
        pytest.param('<p style="color:#ffffff"></p>', id="no text"),
        pytest.param('<img src="cid:week">', id="a picture inside"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_mail_that_hides_nothing_has_good_form(html):
    assert form(written(html)).code == "form.good"
