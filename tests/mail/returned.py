"""Made-up bounces, complaints and requests to unsubscribe."""

from email.message import EmailMessage

TOKEN = "5.0.abcdefghijklmnopqrstuvwxyz"
BACK = f"back+{TOKEN}@dateline.example"


def notification(action: str, status: str, diagnostic: str = "", *, back: str = BACK) -> bytes:
    diagnostic_line = f"Diagnostic-Code: smtp; {diagnostic}\n" if diagnostic else ""
    return f"""\
From: MAILER-DAEMON@mx.example.net
To: {back}
Subject: Undelivered Mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I could not deliver it.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Tue, 17 Nov 2026 23:00:10 +0000

Final-Recipient: rfc822; ann@example.org
Action: {action}
Status: {status}
{diagnostic_line}
--b
Content-Type: text/rfc822-headers

Subject: 4 stories
To: ann@example.org

--b--
""".encode()


def complaint(kind: str, token: str = TOKEN) -> bytes:
    return f"""\
From: fbl@mail.example.net
To: abuse@dateline.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

Somebody does not want this.

--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeMail/1.0
Version: 1

--b
Content-Type: message/rfc822

Subject: 4 stories
List-Unsubscribe: <mailto:back@dateline.example?subject=3Dunsubscribe%20{token[:9]}=
{token[9:]}>

text
--b--
""".encode()


def request(subject: str, text: str = "") -> bytes:
    message = EmailMessage()
    message["Subject"] = subject
    message.set_content(text)
    return message.as_bytes()


# Mails that once broke the reader, or kept it busy for a long time.
BROKEN = {
    "a parameter in 32,000 parts": b"Content-Type: text/plain" + b"; a*0=b" * 32_000 + b"\n\ntext",
    "a route without an end": b"To: " + b"<@a," * 60_000 + b"\n" + notification("failed", "5.1.1"),
    "nested comments": b"Content-Type: text/plain; a=" + b"(" * 400 + b")" * 400 + b"\n\ntext",
    "an empty group": notification("failed", "5.1.1", back="x:;"),
    "a group amid noise": notification("failed", "5.1.1", back="a\0:>]<;=b@dateline.example"),
    "parts in parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(4000)
    ),
    "mails in mails": b"Content-Type: message/rfc822\n\n" * 8000,
}
