"""What the operator says to many: as it was typed, with a line under it that says whose it is."""

from bot.rendering.messages import MAX_ENTITIES, MAX_UNITS, Message, units
from bot.rendering.renderer import Renderer

_GAP = "\n\n"


def signed(message: Message, renderer: Renderer) -> Message:
    """Return *message* as it goes out; ValueError where it is empty, or too long for one."""
    line = renderer.message("broadcast/footer.html")
    if not message.text.strip():
        raise ValueError("nothing is said")
    start = units(message.text + _GAP)
    below = tuple(entity._replace(offset=entity.offset + start) for entity in line.entities)
    entities = message.entities + below
    if start + units(line.text) > MAX_UNITS or len(entities) > MAX_ENTITIES:
        raise ValueError("too much is said")
    return Message(message.text + _GAP + line.text, entities)


def signed_in(renderer: Renderer, tag: str, message: Message) -> Message:
    """Return it with the line in the language of an IETF *tag*, if that leaves room for it."""
    try:
        return signed(message, renderer.of(tag))
    except ValueError:
        return signed(message, renderer)
