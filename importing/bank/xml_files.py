"""XML of banks, element by element, without document types and the entities in them."""

from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.parsers import expat

from importing.errors import UnreadableFileError

_BYTES_AT_ONCE = 1 << 16
_LEVELS = 2  # of every file: the document, and the message in it


class _RootSeenError(Exception):
    """Ends the look at a file's beginning."""


def message_of(file: Path) -> str:
    """The message that a file says it is, such as `camt.053.001.08`.

    A document type may only stand before the root element; it is refused, so that no
    entity is ever declared in what is read afterwards.

    Raises:
        UnreadableFileError: no XML, a document type, or no namespace of ISO 20022.
    """
    roots: list[str] = []

    def refuse(*_: object) -> None:
        raise UnreadableFileError(
            f"{file.name} has a DOCTYPE, which no bank writes; nothing was read"
        )

    def take(name: str, _: object) -> None:
        roots.append(name)
        raise _RootSeenError

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = take
    try:
        with file.open("rb") as stream:
            while part := stream.read(_BYTES_AT_ONCE):
                parser.Parse(part)
            parser.Parse(b"", True)
    except _RootSeenError:
        pass
    except expat.ExpatError as error:
        raise UnreadableFileError(f"{file.name} is no XML: {error}") from error
    namespace, _, _ = roots[0].rpartition(" ")
    _, _, message = namespace.rpartition(":")
    return message


def elements(
    file: Path, wanted: Collection[str], inside: Collection[str]
) -> Iterator[tuple[str, Element]]:
    """Elements at their end, with their name, which are then let go.

    So memory does not grow with the file. The parser builds the tree by itself, piece
    by piece; what is looked at here are only the elements that are looked into. Names
    are without the namespace, which differs with the version of a message.

    Args:
        file: without a document type (`message_of`), so it declares no entity.
        wanted: names of the elements.
        inside: names of those that wanted ones stand in, beside the message itself.

    Raises:
        UnreadableFileError: the XML breaks off or is not well-formed.
    """
    builder, is_read = TreeBuilder(), False
    top = builder.start("", {})  # what the document becomes a child of
    parser = XMLParser(target=builder)  # noqa: S314
    depth = _LEVELS  # the document and its message are always looked into
    ended = _ended(top, depth, wanted, inside, _Names(), lambda: is_read)
    try:
        with file.open("rb") as stream:
            for one in ended:
                if one is not None:
                    yield one
                elif part := stream.read(_BYTES_AT_ONCE):
                    parser.feed(part)
                else:
                    parser.close()
                    is_read = True
    except ParseError as error:
        raise UnreadableFileError(f"{file.name} is no XML: {error}") from error


def _ended(
    parent: Element,
    depth: int,
    wanted: Collection[str],
    inside: Collection[str],
    names: "_Names",
    has_ended: Callable[[], bool],
) -> Iterator[tuple[str, Element] | None]:
    """Wanted elements in a tree that grows; None: the file has to be read further.

    An element has ended when another one stands after it, or what it is in has ended.
    """
    place = 0

    def has_child_ended() -> bool:
        return place + 1 < len(parent) or has_ended()

    while True:
        if place == len(parent):
            if has_ended():
                return
            yield None
            continue
        element = parent[place]
        name = names[element.tag]
        if depth > 0 or name in inside:
            yield from _ended(
                element, depth - 1, wanted, inside, names, has_child_ended
            )
        if name not in wanted:
            place += 1
            continue
        while not has_child_ended():
            yield None
        for one in element.iter():
            one.tag = names[one.tag]
        yield name, element
        del parent[place]


class _Names(dict[str, str]):
    """The name of a tag, looked for once."""

    def __missing__(self, tag: str) -> str:
        self[tag] = tag.rpartition("}")[2]
        return self[tag]


def child(element: Element | None, path: str) -> Element | None:
    """The first element at a path of names, of an element that has ended."""
    if element is None or "/" not in path:  # most paths are one name
        return None if element is None else element.find(path)
    for name in path.split("/"):
        element = element.find(name)
        if element is None:
            return None
    return element


def text_at(element: Element | None, path: str) -> str | None:
    """Its text, stripped; None where it is missing or empty."""
    if element is not None and "/" not in path:
        return (element.findtext(path) or "").strip() or None
    at = child(element, path)
    return (at.text or "").strip() or None if at is not None else None


def texts_at(element: Element | None, path: str) -> list[str]:
    """The texts of all elements at a path."""
    ends = [element] if element is not None else []
    for name in path.split("/"):
        ends = [e for end in ends for e in end.findall(name)]
    return [text for end in ends if (text := (end.text or "").strip())]


def code_at(element: Element | None, path: str) -> str | None:
    """A code, of the public list or of the bank's own."""
    return text_at(element, f"{path}/Cd") or text_at(element, f"{path}/Prtry")


def amount_at(element: Element | None, path: str) -> tuple[Decimal, str] | None:
    """A number not below 0 and its currency; None where there is none.

    Raises:
        ValueError: it is no such number.
    """
    at = child(element, path)
    if at is None:
        return None
    try:
        number = Decimal((at.text or "").strip())
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or number < 0:
        raise ValueError(f"{at.text!r} is no amount")
    return number, at.get("Ccy", "")


def day_of(text: str | None) -> date | None:
    """The day of a date or a moment, as the bank writes it; None: there is none."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def moment_of(text: str | None) -> datetime | None:
    """A moment with an offset in UTC; None without one, for nobody says the zone."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
