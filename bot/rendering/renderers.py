"""One renderer for each language that is spoken, made when it is first asked for."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from bot.rendering.catalogues import Tongue, shipped_tongues
from bot.rendering.environment import make_environment
from bot.rendering.languages import ENGLISH, Language, language_for
from bot.rendering.overriding import Overrides
from bot.rendering.parts import Blocks
from bot.rendering.renderer import Renderer


@dataclass(frozen=True, slots=True)
class Renderers:
    """*overrides*: people's templates, in whatever language, stand for those of all."""

    overrides: Overrides | None = None
    tongues: Mapping[str, Tongue] = field(default_factory=shipped_tongues)
    _made: dict[str, Renderer] = field(default_factory=dict, compare=False)
    _kept: dict[Hashable, Blocks] = field(default_factory=dict, compare=False, repr=False)

    def of(self, tag: str) -> Renderer:
        """Return the renderer of a language of ours, or of the one that an IETF tag asks for.

        English where that is not spoken.
        """
        code = tag if tag in self.tongues else language_for(tag)
        if code not in self.tongues:
            code = ENGLISH.code
        if code not in self._made:
            environment = make_environment(self.tongues[code], self.overrides)
            self._made[code] = Renderer(environment, self, self._kept)
        return self._made[code]

    @property
    def offered(self) -> tuple[Language, ...]:
        return tuple(tongue.language for tongue in self.tongues.values())
