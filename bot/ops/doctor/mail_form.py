"""The form of a mail, judged as the strictest spam filters judge it."""

from __future__ import annotations

import re
from email import message_from_bytes
from typing import TYPE_CHECKING

from lxml.html import HtmlElement, document_fromstring

from bot.ops.doctor.findings import Finding, healthy, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DECLARATION = re.compile(r"([\w-]+)\s*:\s*([^;!]+)")
_SHORT_COLOUR = re.compile(r"#(\w)(\w)(\w)$")
_PAPER = {"color": "#000000", "background-color": "#ffffff"}
_HIDDEN = {
    "opacity": re.compile(r"0?\.?0*%?"),
    "font-size": re.compile(r"[0-7]?(\.\d+)?px|0\w*"),
    "color": re.compile("transparent"),
}
_LOADED = re.compile(r"url\(|@import|\bsrc\s*=\s*[\"']?(?!cid:|data:)\w", re.IGNORECASE)


def judge_form(content: bytes) -> Finding:
    """Judge a whole mail by its addresses, its parts, and what its HTML hides or loads."""
    message = message_from_bytes(content)  # keeps its fields as written
    faults = [
        f"{name} has no angle brackets"
        for name in ("From", "Reply-To", "To")
        if name in message and not str(message[name]).endswith(">")
    ]
    bodies = [part for part in message.walk() if part.get_content_maintype() == "text"]
    if [part.get_content_subtype() for part in bodies] != ["plain", "html"]:
        faults.append("it is not plain text followed by HTML")
    for part in bodies:
        if part.get_content_subtype() == "html":
            faults += _faults_of(part.get_payload(decode=True))
    if faults:
        remedy = "Correct email/ in TEMPLATES_DIR: docs/how-to/templates.md."
        return warning("form.poor", f"Spam filters may mark e-mails: {'; '.join(faults)}.", remedy)
    return healthy("form.good", "E-mails have the form that spam filters expect.")


def _faults_of(content: object) -> Iterator[str]:
    html = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    if _LOADED.search(html):
        yield "its HTML loads something from outside"
    bodies = document_fromstring(html).iter("body") if html.strip() else ()
    if any(_is_hidden(body, _PAPER) for body in bodies):
        yield "its HTML hides text by colour or size"


def _is_hidden(element: HtmlElement, inherited: Mapping[str, str]) -> bool:
    """Return whether text in *element* is hidden by other means than `display: none`."""
    declared = dict(_DECLARATION.findall(element.get("style", "").lower()))
    style = {**inherited, **{name: _plain(value) for name, value in declared.items()}}
    if style.pop("display", "") == "none":
        return False
    texts = [element.text, *(child.tail for child in element)]
    hides = style["color"] == style["background-color"] or any(
        name in style and pattern.fullmatch(style[name]) for name, pattern in _HIDDEN.items()
    )
    if hides and any(text and text.strip() for text in texts):
        return True
    return any(_is_hidden(child, style) for child in element.iterchildren("*"))


def _plain(value: str) -> str:
    """Return *value* with three-digit colours written in six digits."""
    return _SHORT_COLOUR.sub(r"#\1\1\2\2\3\3", value.strip())
