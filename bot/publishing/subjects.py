"""Subjects of mails: what is new, in a line that no list of mails cuts off."""

from collections.abc import Callable, Sequence

from bot.subscribers.lines import one_line

LONGEST = 78  # characters; RFC 5322, 2.1.1 has the same for a line
_MOST_HEADS = 3
_LOOSE = " ,;:-\u2013\u2014\u3001\uff0c\uff1a\uff1b"  # no ellipsis stands behind these
_MARK = "x"  # stands for a title when room is measured: behind none a space would not count
_WORTH_CUTTING = 16  # characters that the beginning of a title needs to say anything


def subject_of(written: Callable[[Sequence[str]], str], titles: Sequence[str]) -> str:
    """Return *written* with as many of the *titles*, in their order, as there is room for.

    The last one may be cut, at a word where it has any.
    """
    heads: list[str] = []
    for title in [line for title in titles if (line := one_line(title))][:_MOST_HEADS]:
        room = LONGEST - len(written([*heads, _MARK])) + len(_MARK)
        if len(title) > room:
            cut = _beginning(title, room)
            heads += [cut] if cut and (len(cut) >= _WORTH_CUTTING or not heads) else []
            break
        heads.append(title)
    return one_line(written(heads))[:LONGEST]


def _beginning(title: str, room: int) -> str:
    """Return the first words of *title* that fit with an ellipsis; "" where not even one does."""
    cut = title[: max(room - 1, 0)]
    at_a_word = cut if title[len(cut) : len(cut) + 1] == " " else cut.rpartition(" ")[0]
    kept = (at_a_word or cut).rstrip(_LOOSE)
    return f"{kept}…" if kept else ""
