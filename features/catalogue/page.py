"""The catalogue for readers: a page of documentation, and rows for a command."""

from collections.abc import Iterable
from dataclasses import dataclass

from features.catalogue.families import FAMILIES
from features.feature import Feature

HEAD = """# Features

{n} features in {families} families, from `features/catalogue/`. A portfolio gets those
whose tables it has; attributes declared in `portfolio.yaml` come on top. Every number
is of what was known at the moment asked for: `known_at <= as_of`.

What is computed from a table that was not looked at is missing, never 0. A window of
*n* days holds rows younger than *n* × 24 hours. Money is in major units of
the portfolio's currency. “rises” in the last column: a larger value never lowers the
probability, by rule.

Left out on purpose: names, gender, age, nationality, language, which country it is
(only whether two differ), and our own actions, but for the position in the reminder
timeline.
"""


@dataclass(frozen=True, slots=True)
class FeatureLine:
    """What `forbear features list` prints of a feature."""

    name: str
    unit: str
    meaning: str
    family: str
    missing: str
    direction: str


def feature_lines(features: Iterable[Feature]) -> tuple[FeatureLine, ...]:
    """One line per feature, in order; the meaning is the staff wording."""
    return tuple(
        FeatureLine(
            name=feature.name,
            unit=feature.unit,
            meaning=feature.staff_text.replace("{value}", "…"),
            family=feature.family,
            missing=feature.missing,
            direction=feature.monotone or "",
        )
        for feature in features
    )


def features_page(features: Iterable[Feature]) -> str:
    """`docs/features.md`: every feature by family, in Markdown."""
    chosen = tuple(features)
    parts = [HEAD.format(n=len(chosen), families=len(FAMILIES))]
    for family in FAMILIES.values():
        of_family = [f for f in chosen if f.family == family.name]
        if of_family:
            parts += [
                f"## {family.title}\n",
                f"Family `{family.name}`. Customers read: “{family.customer_text}”\n",
                "| feature | unit | staff read | why | missing means | direction |\n"
                "|---|---|---|---|---|---|\n" + "".join(map(_line, of_family)),
            ]
    return "\n".join(parts)


def _line(feature: Feature) -> str:
    words = feature.staff_text.replace("{value}", "…")
    directions = {"increasing": "rises", "decreasing": "falls", None: ""}
    return (
        f"| `{feature.name}` | {feature.unit} | {words} | {feature.why} "
        f"| {feature.missing} | {directions[feature.monotone]} |\n"
    )
