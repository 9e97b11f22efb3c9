"""A short public page: what was received, or why nothing is here."""

from collections.abc import Mapping, Sequence

from starlette.responses import HTMLResponse

from serving.public.page import html_page, message
from wording.templates import render

ROOM = "serving.public"


def note_page(
    lang: str,
    part: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    sentences: Sequence[str] = (),
    back: str = "",
) -> HTMLResponse:
    """A title and some sentences.

    Args:
        lang: one of `LANGUAGES`.
        part: of the messages of the form, such as `closed`.
        status: of the answer.
        headers: beside those of every page.
        sentences: instead of the part's own text.
        back: address that leads back to the form; empty: there is none.
    """
    said = sentences or [message(lang, f"form.{part}.text")]
    content = render(
        "note.html",
        ROOM,
        lang=lang,
        title=message(lang, f"form.{part}.title"),
        sentences=said,
        back=back,
        back_text=message(lang, "form.mistake.back"),
    )
    return html_page(content, status, headers)
