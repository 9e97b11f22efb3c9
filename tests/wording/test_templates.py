"""Whatever a template is given comes out as text: no markup, no links, no scripts."""

import html
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markdown_it import MarkdownIt

from wording.publication.page import Items, Page, Paragraph, Section, Table
from wording.templates import html_text, markdown_line, markdown_text, render

MARKS = st.text(st.sampled_from("\\`*_[]<>#|&~!()=+-.:;1a \n\t\r"), max_size=40)
TEXTS = st.one_of(MARKS, st.text(max_size=40))
OWN_TAGS = {"html", "head", "meta", "title", "style", "body", "header", "h1", "p", "dl"}
OWN_TAGS |= {"div", "dt", "dd", "nav", "h2", "ol", "li", "a", "main", "section", "ul"}
OWN_TAGS |= {
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "footer",
    "figure",
    "code",
}


class Reading(HTMLParser):
    """The tags and the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [str(value) for name, value in attrs if name == "href"]
        assert not [name for name, _ in attrs if name.startswith("on")]


def shown(markdown: str) -> str:
    return str(MarkdownIt("commonmark").enable("table").render(markdown))


@given(TEXTS)
def test_a_line_of_markdown_shows_its_text_and_nothing_else(text: str) -> None:
    line = markdown_line(text)
    assert "\n" not in line
    said = html.unescape(shown(line)).removeprefix("<p>").removesuffix("</p>\n")
    assert said.split() == text.replace("\x00", "\ufffd").split()


@given(TEXTS)
def test_a_cell_of_markdown_stays_one_cell(text: str) -> None:
    page = shown(f"| a | b |\n| --- | --- |\n| {markdown_text(text)} | x |\n")
    assert page.count("<td>") == page.count("<th>") == 2
    assert "<td>x</td>" in page


@given(TEXTS)
def test_html_shows_its_text_and_links_nothing_but_mail(text: str) -> None:
    reading = Reading()
    reading.feed(html_text(text))
    assert reading.tags <= {"a", "code"}
    assert all(link.startswith("mailto:") for link in reading.links)


def test_code_is_copied_as_it_stands() -> None:
    said = html_text("run `forbear act run --every 10 s` 10 s later, or a`b")
    assert said == (
        "run <code>forbear act run --every 10 s</code> 10\N{NO-BREAK SPACE}s later,"
        " or a`b"
    )


def page_of(text: str) -> Page:
    blocks = (
        Paragraph(text),
        Items((text,)),
        Table(text, (text, text), ((text, text),)),
    )
    section = Section("name", text, blocks)
    return Page("en", text, text, ((text, text),), (section,), text, text)


@given(TEXTS)
def test_a_whole_page_has_no_tags_but_its_own(text: str) -> None:
    reading = Reading()
    reading.feed(render("page.html", page=page_of(text)))
    assert reading.tags <= OWN_TAGS
    assert all(link.startswith(("#name", "mailto:")) for link in reading.links)


def test_a_value_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="page"):
        render("page.md")
