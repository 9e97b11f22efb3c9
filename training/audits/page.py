"""One page for an audit: sections with text, a table and plots."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.audits.figures import Plot
from wording.templates import render


@dataclass(frozen=True)
class Table:
    head: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    paragraphs: Sequence[str] = ()
    table: Table | None = None
    plots: Sequence[Plot] = ()


def audit_page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """HTML in one file, nothing loaded from elsewhere; every value escaped."""
    return render("audit.html", "training", title=title, lead=lead, sections=sections)
