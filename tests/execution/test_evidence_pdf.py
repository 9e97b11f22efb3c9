"""The PDF of an evidence pack: the same bytes, all pages, nothing lost or executed."""

from dataclasses import replace
from io import BytesIO

from pypdf import PdfReader
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth

from execution.evidence_pdf import _widths, pdf_of
from wording.publication.page import Items, Page, Paragraph, Section, Table

HASH = "d91cd6ae" * 8
PAGE = Page(
    lang="en",
    title="Evidence for decision d0198",
    lead="Recommended for customer Łódź <b>& Söhne</b>: suspend.",
    facts=(("policy", "reseller-default@1"), ("probability of fraud", "0.412")),
    sections=(
        Section("why", "Why", (Items(("A first reason.", "A second one.")),)),
        Section(
            "owed",
            "What was owed",
            (
                Table(
                    "Open invoices",
                    ("invoice", "due", "amount"),
                    tuple((f"i-{n}", "2026-05-01", "1,200.00") for n in range(120)),
                ),
            ),
        ),
        Section("checks", "How it can be checked", (Paragraph(f"Entry 7: {HASH}."),)),
    ),
    contents="Contents",
    footer="Written from what was recorded.",
    author="Forbear 1.2.3",
)


def told(pdf: bytes) -> list[str]:
    """What each page says."""
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


def test_the_same_page_is_the_same_bytes() -> None:
    assert pdf_of(PAGE) == pdf_of(replace(PAGE))
    assert pdf_of(PAGE) != pdf_of(replace(PAGE, lead="Another."))


def test_nothing_is_lost_and_every_page_has_its_number() -> None:
    pages = told(pdf_of(PAGE))
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        assert f"{number} / {len(pages)}" in page
        assert PAGE.title in page
    whole = "\n".join(pages)
    for n in range(120):
        assert f"i-{n}\n" in whole
    # the head of a table stands on each page that it reaches
    reached = [page for page in pages if "1,200.00" in page]
    assert len(reached) > 1
    assert all("amount" in page for page in reached)
    for text in ("A second one.", HASH, PAGE.footer, "reseller-default@1"):
        assert text in whole.replace("\n", "") or text in whole


def test_markup_is_text_and_what_the_font_lacks_is_named() -> None:
    [first, *_] = told(pdf_of(replace(PAGE, lead="<b>Łódé</b> & 中文")))
    assert "<b>Łódé</b> & [U+4E2D][U+6587]" in first


def test_the_file_names_its_title_and_its_author() -> None:
    stated = PdfReader(BytesIO(pdf_of(PAGE))).metadata
    assert stated is not None
    assert (stated.title, stated.author) == (PAGE.title, "Forbear 1.2.3")
    assert "(" not in f"{stated.creator}{stated.subject}"


def test_a_table_has_its_caption_above_it() -> None:
    assert "Open invoices\n" in told(pdf_of(PAGE))[0]
    section = Section("x", "X", (Paragraph("Alerts"), Table("alerts", ("a",), ())))
    [page] = told(pdf_of(replace(PAGE, sections=(section,))))
    assert "alerts" not in page


def test_a_row_longer_than_a_page_is_told_to_its_end() -> None:
    words = " ".join(f"w{n}" for n in range(1_500))
    rows = (("i-1", "short"), ("i-2", words), ("i-3", "last"))
    long = Section("owed", "Owed", (Table("Rows", ("key", "note"), rows),))
    for page in (replace(PAGE, sections=(long,)), replace(PAGE, facts=rows)):
        whole = " ".join(told(pdf_of(page))).split()
        assert {*words.split(), "last"} <= set(whole)


def test_a_row_that_fits_on_a_page_is_not_split() -> None:
    """Wherever it lies on the page, its table has one head."""
    body = (("final_notice", "of a customer by mail, taken by a server " * 6),)
    table = Section("told", "Told", (Table("Letters", ("letter", "proof"), body),))
    for n in range(20, 34):
        facts = tuple((f"fact {i}", "x") for i in range(n))
        pages = told(pdf_of(replace(PAGE, sections=(table,), facts=facts)))
        assert sum("letter\nproof" in page for page in pages) == 1, n


def test_tables_stay_within_the_margins() -> None:
    wide = (("partner-center", *("a text that is long " * 9,) * 6),)
    texts = [("provider", *"abcdef"), *wide]
    widths = _widths(texts)
    assert round(sum(widths), 3) == round(A4[0] - 40 * mm - 12, 3)
    assert widths[0] >= stringWidth("partner-center", "VeraBd", 8)
