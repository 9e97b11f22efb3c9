"""`python -m cli.docs`: pages generated from code, so that they cannot be wrong."""

from pathlib import Path

from features.catalogue import CATALOGUE, features_page
from features.contract_page import contract_page

FOLDER = Path(__file__).parents[1] / "docs"


def pages() -> dict[str, str]:
    """Every made page by its file name."""
    return {"features.md": features_page(CATALOGUE), "contract.md": contract_page()}


def main() -> None:
    """Write every page."""
    for name, page in pages().items():
        (FOLDER / name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
