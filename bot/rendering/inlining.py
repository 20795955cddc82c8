"""Style sheets → style attributes, since several mail programs read nothing else.

What no attribute can say (`@media`: dark mode, narrow screens) stays in the sheet.
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from css_inline import CSSInliner


def inlined(html: str) -> str:
    return _inliner().inline(html)


@cache
def _inliner() -> "CSSInliner":
    from css_inline import CSSInliner  # noqa: PLC0415 - only those who mail pay for it

    # Nothing is ever fetched: our sheets stand in the page.
    return CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
