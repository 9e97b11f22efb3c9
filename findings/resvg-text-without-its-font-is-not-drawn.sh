#!/bin/sh
# resvg-py 0.5.0: text whose font is not found is left out of the picture, in silence.
#
# A good engineer who needs the same picture on every machine leaves the system's fonts
# out, gives a font file, and names it as `font_family`, "default (generic) font
# family". Every SVG renderer, and every browser, draws text in some font that it has
# when the one asked for is missing. Here that default only holds for text that names no
# font at all. Text that asks for Helvetica, as most tools that draw SVG write it, also
# with `sans-serif` behind it, is not drawn: the picture is, byte for byte, the one of an
# empty drawing, and no error or warning says so, although a font was given and loaded.
# A plot keeps its lines and loses its axes, and so it does with the system's fonts in a
# container that has none. What helps: name each generic family
# (`sans_serif_family=...`), and let each text end with a generic name.
#
# Seen with Python 3.11 on 2026-11-29:
#   no font asked for: drawn | Helvetica: nothing | Helvetica, sans-serif: nothing
#   | the same with sans_serif_family: drawn
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check resvg-py==0.5.0 matplotlib==3.11.2
cat > "$folder/ask.py" <<'PYTHON'
import pathlib
import warnings

import matplotlib
from resvg_py import svg_to_bytes

warnings.simplefilter("error")
FONT = pathlib.Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")


def picture(inside: str, **families: str) -> bytes:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="60">%s</svg>'
    return bytes(
        svg_to_bytes(
            svg % inside,
            skip_system_fonts=True,
            font_files=[str(FONT)],
            font_family="DejaVu Sans",
            **families,
        )
    )


def seen(asked_for: str, **families: str) -> str:
    text = f'<text x="5" y="40" font-size="30" {asked_for}>Overdue</text>'
    return "nothing" if picture(text, **families) == picture("") else "drawn"


alone = 'font-family="Helvetica"'
both = 'font-family="Helvetica, sans-serif"'
found = (
    f"no font asked for: {seen('')}",
    f"Helvetica: {seen(alone)}",
    f"Helvetica, sans-serif: {seen(both)}",
    f"the same with sans_serif_family: {seen(both, sans_serif_family='DejaVu Sans')}",
)
print(" | ".join(found))
raise SystemExit(
    found
    != (
        "no font asked for: drawn",
        "Helvetica: nothing",
        "Helvetica, sans-serif: nothing",
        "the same with sans_serif_family: drawn",
    )
)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
