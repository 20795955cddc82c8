"""OPML: lists of feeds in folders, as readers exchange them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files

from lxml import etree

_STARTER = "starter.opml"
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed; `folder` from the outermost inwards."""

    url: str
    title: str = ""
    site: str = ""
    folder: tuple[str, ...] = ()


class NotOpmlError(ValueError):
    """The sentence says why, for people."""


def starter_outlines() -> tuple[Outline, ...]:
    return read_opml((files("bot.sources") / _STARTER).read_bytes())


def read_opml(data: bytes) -> tuple[Outline, ...]:
    """Return every feed in *data*, each URL once; raise NotOpmlError where it is none."""
    body = _root(data).find("body")
    if body is None:
        raise NotOpmlError("This is no OPML: it has no body.")
    seen = {outline.url: outline for outline in reversed(list(_outlines(body, ())))}
    return tuple(reversed(seen.values()))


def write_opml(outlines: Iterable[Outline], title: str) -> bytes:
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = title
    body = etree.SubElement(root, "body")
    folders: dict[tuple[str, ...], etree._Element] = {(): body}
    for outline in outlines:
        parent = _folder(folders, outline.folder)
        names = {"type": "rss", "text": outline.title or outline.url, "xmlUrl": outline.url}
        if outline.title:
            names["title"] = outline.title
        if outline.site:
            names["htmlUrl"] = outline.site
        etree.SubElement(parent, "outline", names)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return written


def _root(data: bytes) -> etree._Element:
    # A fresh parser each time: they keep state. Nothing is loaded, expanded or unbounded.
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise NotOpmlError("This is no OPML: it is not even XML.") from None
    if root.tag.lower() != "opml":
        raise NotOpmlError("This is XML, but no OPML.")
    return root


def _outlines(parent: etree._Element, folder: tuple[str, ...]) -> Iterator[Outline]:
    for node in parent.iterchildren("outline"):
        names = {str(name).lower(): str(value).strip() for name, value in node.attrib.items()}
        title = names.get("title") or names.get("text", "")
        url = names.get("xmlurl", "")
        if url:
            yield Outline(url, "" if title == url else title, names.get("htmlurl", ""), folder)
        elif len(folder) < _DEEPEST:
            yield from _outlines(node, (*folder, title) if title else folder)


def _folder(
    folders: dict[tuple[str, ...], etree._Element], path: tuple[str, ...]
) -> etree._Element:
    if path not in folders:
        parent = _folder(folders, path[:-1])
        folders[path] = etree.SubElement(parent, "outline", {"text": path[-1]})
    return folders[path]
