"""docs/money.md shows the examples that are tested, as they are tested."""

import runpy
from pathlib import Path

MADE = runpy.run_path(str(Path(__file__).with_name("money_page.py")))


def test_the_page_is_made_from_the_worked_examples() -> None:
    page = MADE["PAGE"].read_text(encoding="utf-8")
    assert page == MADE["money_page"](), "run `python tests/features/money_page.py`"
    assert page.count("→ on ") > 60
