"""What people send, as one line that cannot disturb the text around it."""

from unicodedata import category

# Joiners belong to words of Persian and of Indian scripts, and to emoji.
_JOINERS = frozenset("\u200c\u200d")


def one_line(text: str) -> str:
    """Collapse white space; leave out controls, surrogates and what turns the direction of text."""
    shown = "".join(character for character in text if character.isspace() or _is_shown(character))
    return " ".join(shown.split())


def _is_shown(character: str) -> bool:
    return category(character) not in {"Cc", "Cf", "Cs"} or character in _JOINERS
