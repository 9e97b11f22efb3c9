"""The same plot as SVG or PNG; a PNG has its words whatever fonts the machine has."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from cli.plots import plot_writer

Run = Callable[..., Any]


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_surface_is_drawn_as_svg_or_png(
    forbear: Run, tmp_path: Path, lang: str
) -> None:
    drawn = {kind: tmp_path / "new" / f"surface.{kind}" for kind in ("svg", "png")}
    for file in drawn.values():
        ran = forbear("policy", "surface", "--out", file, "--lang", lang)
        assert (ran.code, ran.out) == (0, f"plot: {file}\n")
    assert drawn["svg"].read_text().startswith("<svg ")
    pixels = matplotlib.image.imread(drawn["png"])
    assert pixels.shape == (840, 1280, 4)
    title = pixels[20:60, 30:400, 0]
    assert 0.05 < np.mean(title < 0.5) < 0.5  # ink: letters, neither none nor a blot


def test_a_plot_under_another_name_is_refused_before_the_work(
    forbear: Run, tmp_path: Path
) -> None:
    ran = forbear("policy", "surface", "--out", tmp_path / "surface.pdf")
    assert ran.code == 2
    assert ".svg or .png [plot_format]" in ran.err
    ran = forbear("explain", tmp_path, "acme", "--plot", tmp_path / "why")
    assert "[plot_format]" in ran.err


def test_without_what_draws_a_png_it_says_what_to_install(
    forbear: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    ran = forbear("policy", "surface", "--out", tmp_path / "surface.png")
    assert ran.code == 2
    assert 'pip install ".[train]" in its folder) [extra_missing]' in ran.err
    plot_writer(tmp_path / "surface.svg")("<svg/>")
    assert (tmp_path / "surface.svg").read_text() == "<svg/>"
