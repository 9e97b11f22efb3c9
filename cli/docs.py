"""`python -m cli.docs`: pages generated from code, so that they cannot be wrong."""

from pathlib import Path

from cli.client_types import client_types
from decisions.policy_file.load import default_policy
from features.catalogue import CATALOGUE, features_page
from features.contract_page import contract_page
from features.settings_page import settings_page
from serving.app import create_app
from serving.settings import ServingSettings
from store.tables_page import tables_page
from wording.plots.surface_plot import surface_plot
from wording.policy_reference import policy_page

FOLDER = Path(__file__).parents[1] / "docs"


def pages() -> dict[str, str]:
    """Every made page by its file name."""
    return {
        "features.md": features_page(CATALOGUE),
        "contract.md": contract_page(),
        "portfolio.md": settings_page(),
        "store-tables.md": tables_page(),
        "policy.md": policy_page(),
        "../clients/python/forbear_client/answers.py": client_types(
            create_app(ServingSettings(home=Path())).openapi()
        ),
        "surface.svg": surface_plot(default_policy(), "en"),
    }


def main() -> None:
    """Write every page."""
    for name, page in pages().items():
        (FOLDER / name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
