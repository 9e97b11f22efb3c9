"""Pages from templates (Jinja2): whatever is filled in is escaped for its format.

A room keeps its templates in its folder `templates/` and may build on those here. In
`.html` values are escaped as HTML, in `.md` as Markdown, so that no text of a policy or
a portfolio can bring markup, scripts or links of its own.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import cycle
from pathlib import PurePath
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from jinja2 import Environment

_SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\`*_[]<>#|&~"})
_LINE_END = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
# what begins a list or underlines a heading where it is the first of a line
_MARKER = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=[-+](?:\s|$)|-{2,}|={1,}))")
PLACE = "\N{OBJECT REPLACEMENT CHARACTER}"  # where `filled` puts a text
_END = "\x1f"
_UNIT = re.compile(r"(?<=\d) (?=\w)")  # a number stays with what it counts
_CODE = re.compile(r"`([^`]+)`")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")  # e-mail, as people write it


def render(template: str, room: str = "wording", /, **values: object) -> str:
    """A page from a template of a room, in the format its name ends with.

    Raises:
        jinja2.UndefinedError: when the template names a value that is not given.
    """
    environment = _environment(room, PurePath(template).suffix)
    return environment.get_template(template).render(values)


def markdown_text(text: object) -> Markup:
    r"""A value as Markdown shows it: on one line, and never as markup.

    >>> print(markdown_text("[<b>](javascript:x)"))
    \[\<b\>\](javascript:x)
    """
    if isinstance(text, Markup):
        return text
    line = _LINE_END.sub(" ", str(text)).strip(" \t")
    return Markup(line.translate(_SPECIAL))  # noqa: S704 - escaped here


def markdown_line(text: str) -> Markup:
    r"""Text that begins a line: neither a list nor the underline of a heading.

    >>> print(markdown_line("1. January"))
    1\. January
    """
    line = _MARKER.sub(r"\1\\", markdown_text(text))
    return Markup(line)  # noqa: S704 - escaped above


def markdown_code(name: str) -> Markup:
    """A name as code in Markdown; a backtick in it becomes an apostrophe."""
    line = _LINE_END.sub(" ", name).replace("`", "'").replace("|", "\\|")
    return Markup("`{}`").format(Markup(line))  # noqa: S704 - nothing ends the code


def plain_line(text: object) -> str:
    r"""A value in plain text: on one line, without what would steer a terminal.

    >>> plain_line("a\r\nb\x1b[2J")
    'a b[2J'
    """
    line = _LINE_END.sub(" ", str(text))
    return "".join(c for c in line if c.isprintable() or c.isspace())


def filled(piece: Markup, rows: Sequence[Sequence[str]]) -> Markup:
    """A piece of HTML once for each row, its places filled with the escaped texts.

    Args:
        piece: with as many `PLACE`s as each row has texts.
        rows: not escaped.

    Raises:
        ValueError: there are texts, and the piece has no `PLACE` for any.

    >>> print(filled(Markup(f"<i>{PLACE}</i>"), [["a<b"], ["c"]]))
    <i>a&lt;b</i><i>c</i>
    """
    texts = [text for row in rows for text in row]
    # escaped as one: a call for each is what makes a long table slow
    escaped = str(escape(_END.join(texts))).split(_END)
    if len(escaped) != max(1, len(texts)):  # somebody's text holds the mark
        escaped = [str(escape(text)) for text in texts]
    pattern = str(piece).replace("%", "%%").replace(PLACE, "%s")
    n = piece.count(PLACE)
    lines = (pattern % (*escaped[i : i + n],) for i in range(0, len(texts), n))
    return Markup("".join(lines))  # noqa: S704 - escaped above


def html_text(text: str) -> Markup:
    """Escaped; what stands between backticks is code, which is left as it is.

    Elsewhere a number keeps its unit, and e-mail addresses can be followed.

    >>> print(html_text("run `forbear score <FOLDER>`"))
    run <code>forbear score &lt;FOLDER&gt;</code>
    """
    parts = _CODE.split(str(escape(text)))  # every second one is code
    told = (
        f"<code>{part}</code>" if is_code else _prose(part)
        for part, is_code in zip(parts, cycle((False, True)), strict=False)
    )
    return Markup("".join(told))  # noqa: S704 - escaped above


def _prose(escaped: str) -> str:
    kept = _UNIT.sub("\N{NO-BREAK SPACE}", escaped)
    return _ADDRESS.sub(r'<a href="mailto:\g<0>">\g<0></a>', kept)


@cache
def _environment(room: str, suffix: str) -> "Environment":
    """In Markdown every value is escaped before Jinja, which knows HTML only, asks."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    rooms = dict.fromkeys((room, "wording"))
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in rooms]),
        autoescape=suffix != ".txt",  # noqa: S701 - plain text is shown as it is
        finalize={".md": markdown_text, ".txt": plain_line}.get(suffix),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,  # what is installed stays as it is
    )
    environment.globals["place"] = PLACE
    filters = {
        "filled": filled,
        "text": html_text,
        "code": markdown_code,
        "line": markdown_line,
    }
    environment.filters.update(filters)
    return environment
