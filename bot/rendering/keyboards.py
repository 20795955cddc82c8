"""Reading the rows of buttons that stand in a template's `<nav>`."""

from dataclasses import dataclass, field

from bot.rendering.markup import Attributes
from bot.rendering.messages import Button, Keyboard


@dataclass(slots=True)
class Rows:
    """The keyboard so far; `button` is being read."""

    rows: list[list[Button]] = field(default_factory=list)
    button: Button | None = None

    def begin_row(self) -> None:
        self.rows.append([])

    def begin_button(self, attributes: Attributes) -> None:
        self.button = Button("", attributes.get("data"), attributes.get("url"))

    def write(self, text: str) -> None:
        if self.button is not None:
            label = f"{self.button.text} {' '.join(text.split())}".strip()
            self.button = self.button._replace(text=label)

    def finish_button(self) -> None:
        if self.button is not None:
            self.rows[-1].append(self.button)
        self.button = None

    def keyboard(self) -> Keyboard:
        return tuple(tuple(row) for row in self.rows if row)
