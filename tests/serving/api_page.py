"""The code that docs/api.md shows."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def blocks(heading: str, language: str) -> list[str]:
    """Code of a language in the section below a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
