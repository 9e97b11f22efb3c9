"""`python -m cli.docs`: pages generated from code, so that they cannot be wrong."""

from collections.abc import Iterable
from pathlib import Path

from features.catalogue import CATALOGUE, FAMILIES
from features.contract import TABLES, ColumnSpec
from features.feature import Feature

FOLDER = Path(__file__).parents[1] / "docs"
_MADE = "<!-- made by `make docs`; change the code, not this page -->\n"


def features_page() -> str:
    """Every feature of the catalogue, by family."""
    parts = [
        "# Features\n",
        _MADE,
        (
            f"{len(CATALOGUE)} features. A portfolio gets those whose tables it has, and"
            " its own attributes declared in `portfolio.yaml`. All are as of a moment:"
            " only what was known then counts. A direction is stated where it is"
            " legitimate by rule.\n"
        ),
    ]
    for family in FAMILIES.values():
        members = [f for f in CATALOGUE if f.family == family.name]
        if members:
            parts.append(f"## {family.title}\n")
            parts.append(f"What customers read: “{family.customer_text}”\n")
            head = ("feature", "unit", "meaning", "why", "when missing", "direction")
            parts.append(_table(head, (_feature_row(f) for f in members)))
    return "\n".join(parts)


def contract_page() -> str:
    """The tables of the portfolio contract."""
    parts = [
        "# The tables of a portfolio\n",
        _MADE,
        (
            "Every row has `customer_id`, `event_at` (when it happened) and `known_at`"
            " (when we could know it; absent: `event_at`), and may have `retracted`."
            " Required columns in **bold**. The JSON of the API uses the same names.\n"
        ),
    ]
    for table in TABLES.values():
        parts.append(f"## `{table.name}`\n")
        parts.append(f"Row key: {' + '.join(f'`{name}`' for name in table.key)}\n")
        head = ("column", "kind", "values")
        parts.append(_table(head, (_column_row(c) for c in table.columns)))
    return "\n".join(parts)


def _feature_row(feature: Feature) -> tuple[str, ...]:
    return (
        f"`{feature.name}`",
        feature.unit,
        feature.staff_text.replace("{value}", "…"),
        feature.why,
        feature.missing,
        feature.monotone or "",
    )


def _column_row(column: ColumnSpec) -> tuple[str, ...]:
    name = f"**{column.name}**" if column.is_required else column.name
    values = " ".join(f"`{value}`" for value in column.choices)
    return name, column.kind, f"{values} (open list)" if column.is_open else values


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *(list(row) for row in rows)]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


PAGES = {"features.md": features_page, "contract.md": contract_page}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
