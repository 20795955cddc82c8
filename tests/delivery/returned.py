"""Made-up mails that came back."""

from email.message import EmailMessage

TOKEN = "5.0.abcdefghijklmnopqrstuvwxyz"
BACK = f"back+{TOKEN}@dateline.example"


def notification(action: str, status: str, diagnostic: str = "", *, back: str = BACK) -> bytes:
    told = f"Diagnostic-Code: smtp; {diagnostic}\n" if diagnostic else ""
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
{told}
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


def wish(subject: str, text: str = "") -> bytes:
    message = EmailMessage()
    message["Subject"] = subject
    message.set_content(text)
    return message.as_bytes()
