"""The text of a first `portfolio.yaml`: what matters is said, the rest is commented."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import yaml

from features.draft.recognise import RecognisedTable

_TEXT = """\
# What every computation on these data depends on. `forbear validate` checks it.
name: {name}
currency: EUR            # ISO 4217; the tables may name another per row, with a rate
# rates: {{USD: 0.92}}     # to the currency above
timezone: UTC            # where a day begins and ends, such as Europe/Brussels

# Until when anybody looked, where nothing happened since the last row.
# observed_until: {day}

# Money. Up to `materiality` in all never makes anyone overdue; a pending payment
# counts as under way for its settlement days; `defaults` stand in where `customers`
# give no monthly_margin and no expected_lifetime_months; what you state is no longer
# assumed, so state what is true of yours.
# materiality: 25
# settlement_days: {{direct_debit: 5, bank_transfer: 3, cheque: 10}}
# defaults: {{margin_share: 0.18, lifetime_months: 24}}

# Only where it is true on that day: "we have none". It takes a protection away, for
# whoever disputes an invoice or is exempt where your data do not show it can then be
# suspended. It lapses after 180 days. A table with its header alone says the same.
# Instead of 2026-01-31 write the last day that your data show.
# none: {{disputes: 2026-01-31}}
# none: {{disputes: 2026-01-31, holds: 2026-01-31}}

# Your own columns of `customers` that may become features of the model. Leave out what
# must not decide about people: names, gender, age, nationality.
# attributes: {{plan: {{type: category, text: price plan}}}}

# What training learns: an invoice that becomes so many days overdue, in so many days.
# labels: {{nonpayment: {{from: events, days_past_due: 60, horizon_days: 90}}}}
"""
_COLUMNS = """
# Your own names and spellings, as far as they look like the contract's. Check each
# line, then take its `#` away.
"""


class _OneLine(yaml.SafeDumper):
    """Writes a text with line breaks as one line: in double quotes, as an escape."""


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if len(text.splitlines()) > 1 or text[-1:].isspace() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_OneLine.add_representer(str, _quoted)


def settings_text(name: str, tables: Sequence[RecognisedTable], day: date) -> str:
    """A commented portfolio.yaml; `day`: an example, the last that the data show."""
    head = _TEXT.format(name=_yaml(name), day=day.isoformat())
    lines = list(_mappings(tables))
    return head + (_COLUMNS + "\n".join(lines) + "\n" if lines else "")


def _mappings(tables: Sequence[RecognisedTable]) -> Iterator[str]:
    mapped = [table for table in tables if table.mapping]
    if mapped:
        yield "# columns:"
    for table in mapped:
        yield f"#   {table.table}:"
        for column, declared in table.mapping.items():
            asked = table.questions.get(column)
            question = f"  # {' '.join(asked.splitlines())}" if asked else ""
            yield f"#     {column}: {_yaml(declared)}{question}"


def _yaml(value: Any) -> str:  # noqa: ANN401  YAML
    """One line of YAML."""
    text = yaml.dump(
        value,
        Dumper=_OneLine,
        default_flow_style=True,
        width=1_000_000,
        allow_unicode=True,
        sort_keys=False,
    )
    return text.removesuffix("...\n").strip()
