"""Renderers turn a template and its values into messages; each renderer has one language.

Parts of a page that are the same for many readers are rendered and parsed once, then cached. A
template includes one with `{{ part("edition/story.html", story=…, …) }}`. The values must be
hashable and determine everything that the part shows. The page gets a placeholder, which its parser
replaces with the blocks and buttons. A part may include other parts.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from typing import TypeVar

from jinja2 import Template
from markupsafe import Markup

from bot.rendering.autolinks import without_joiners
from bot.rendering.bidi import without_overrides
from bot.rendering.environment import Overrides, TemplateEnvironment, make_environment
from bot.rendering.html import Page, parse_page
from bot.rendering.i18n import ENGLISH, Language, Translation, language_for, shipped_translations
from bot.rendering.messages import Keyboard, Message
from bot.rendering.packing import join_sections, pack
from bot.rendering.rich import RichPage, parse_rich
from bot.rendering.shown_pictures import PictureProxy

MOST_KEPT = 8192  # of all languages together, about 25 MB

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one page (*taken*), from the cache (*kept*) or rendered (*render*)."""

    language: str
    kept: dict[Hashable, Page]
    render: Callable[[str, Mapping[str, Hashable]], Page]
    taken: list[Page] = field(default_factory=list)

    def __call__(self, template: str, /, **values: Hashable) -> Markup:
        key = (self.language, template, *values.values())
        page = self.kept.get(key)
        if page is None:
            page = self.render(template, values)
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[key] = page
        self.taken.append(page)
        return Markup(f'<tg-part id="{len(self.taken) - 1}">')  # noqa: S704 - a number


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders in the language of its environment; *others* holds the renderers of all languages.

    *kept* is the cache of rendered parts, which all of these renderers share. *picture_proxy* is
    the operator's, through which lead pictures are shown.
    """

    environment: TemplateEnvironment = field(default_factory=make_environment)
    others: "Renderers | None" = field(default=None, compare=False, repr=False)
    kept: dict[Hashable, Page] = field(default_factory=dict, compare=False, repr=False)
    picture_proxy: PictureProxy | None = None

    @property
    def language(self) -> Language:
        return self.environment.language

    @property
    def offered(self) -> tuple[Language, ...]:
        """The languages that users may choose from."""
        return self.others.offered if self.others else (self.language,)

    def of(self, tag: str) -> "Renderer":
        """Return the renderer for the language of an IETF *tag*; this one if the tag is empty."""
        return self.others.of(tag) if tag and self.others else self

    def messages(
        self, template: str, /, *, keyboard: Keyboard = (), **values: object
    ) -> list[Message]:
        """Return the messages of *template*; *keyboard* goes below its own."""
        return self._read(
            template, values, lambda page: pack(page.blocks, page.keyboard + keyboard)
        )

    def text(self, template: str, /, **values: object) -> str:
        """Return the text of *template*, such as HTML for pages, mails and feeds."""
        text = self._use(template, lambda found: found.render(values))
        return without_overrides(without_joiners(text))

    def line(self, template: str, /, **values: object) -> str:
        """Return *template* as one line of plain text."""
        return unescape(" ".join(self.text(template, **values).split()))

    def message(self, template: str, /, *, keyboard: Keyboard = (), **values: object) -> Message:
        """Return the only message of *template*. Raises ValueError if it makes none or several."""

        def only(page: Page) -> Message:
            (message,) = pack(page.blocks, page.keyboard + keyboard)
            return message

        return self._read(template, values, only)

    def keyboard(self, template: str, /, **values: object) -> Keyboard:
        """Return only the buttons of *template*."""
        return self._read(template, values, lambda page: page.keyboard)

    def rich(self, template: str, /, **values: object) -> RichPage:
        """Return the rich message of *template*, which may be too large to send."""
        direction = self.language.direction
        return self._use(
            template, lambda found: parse_rich(without_joiners(found.render(values)), direction)
        )

    def _read(
        self, template: str, values: Mapping[str, object], read: Callable[[Page], Read]
    ) -> Read:
        return self._use(template, lambda found: read(self._page(found, values)))

    def _part(self, template: str, values: Mapping[str, object]) -> Page:
        def joined(found: Template) -> Page:
            page = self._page(found, values)
            return replace(page, blocks=join_sections(page.blocks))

        return self._use(template, joined)

    def _page(self, template: Template, values: Mapping[str, object]) -> Page:
        parts = Parts(self.language.code, self.kept, self._part)
        html = template.render(values, part=parts)
        return parse_page(html, parts.taken, self.language.direction)

    def _use(self, template: str, use: Callable[[Template], Read]) -> Read:
        """Return the result of *use* with the template, or with the shipped one if that fails."""
        try:
            return use(self.environment.get_template(template))
        except Exception as error:
            shipped, overrides = self.environment.shipped, self.environment.overrides
            if shipped is None or overrides is None:
                raise
            # If this raises too, the error is not in the operator's template.
            result = use(shipped.get_template(template))
            overrides.failed(template, error)
            return result


@dataclass(frozen=True, slots=True)
class Renderers:
    """One renderer per language, made on first use; the first fields apply to all languages."""

    overrides: Overrides | None = None
    picture_proxy: PictureProxy | None = None
    translations: Mapping[str, Translation] = field(default_factory=shipped_translations)
    _made: dict[str, Renderer] = field(default_factory=dict, compare=False)
    _kept: dict[Hashable, Page] = field(default_factory=dict, compare=False, repr=False)

    def of(self, tag: str) -> Renderer:
        """Return the renderer for a language code or an IETF tag, English if it is unknown."""
        code = tag if tag in self.translations else language_for(tag)
        if code not in self.translations:
            code = ENGLISH.code
        if code not in self._made:
            environment = make_environment(self.translations[code], self.overrides)
            self._made[code] = Renderer(environment, self, self._kept, self.picture_proxy)
        return self._made[code]

    @property
    def offered(self) -> tuple[Language, ...]:
        return tuple(translation.language for translation in self.translations.values())
