"""Where plots go: SVG as drawn, or PNG for whoever cannot show one."""

from collections.abc import Callable
from pathlib import Path

_PIXELS_PER_POINT = 2  # sharp on paper and on dense screens


class PlotFormatError(Exception):
    """Neither of the formats there are."""

    code = "plot_format"

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file}: the name of a plot ends in .svg or .png")


def plot_writer(file: Path) -> Callable[[str], None]:
    """A function that writes an SVG into `file`, in the format its name says.

    Raises:
        PlotFormatError, ModuleNotFoundError: before the work, not after it.
    """
    if file.suffix == ".svg":
        return lambda svg: _write(file, svg.encode())
    if file.suffix == ".png":
        to_png = _to_png()
        return lambda svg: _write(file, to_png(svg))
    raise PlotFormatError(file)


def _to_png() -> Callable[[str], bytes]:
    import matplotlib as mpl  # for its fonts: the same picture on every machine
    from resvg_py import svg_to_bytes

    family, fonts = "DejaVu Sans", Path(mpl.get_data_path()) / "fonts" / "ttf"
    files = [str(fonts / f"DejaVuSans{style}.ttf") for style in ("", "-Bold")]
    return lambda svg: svg_to_bytes(
        svg,
        zoom=_PIXELS_PER_POINT,
        font_files=files,
        font_family=family,
        sans_serif_family=family,
        skip_system_fonts=True,
    )


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
