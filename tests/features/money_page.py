"""Makes docs/money.md from the worked examples; run this file to write it anew."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

PAGE = Path(__file__).parents[2] / "docs" / "money.md"
CASES = Path(__file__).with_name("account_cases.yaml")
INTRODUCTION = """\
# How money is allocated

<!-- made from tests/features/account_cases.yaml by tests/features/money_page.py -->

What a customer owes is worked out anew for every moment, from the rows known then.
Money is exact to four places, neither the order of rows nor what ids are called
matters (ids decide only between two of one moment), and every example below is a
test that runs through both compilers. This always holds:

> open − credit − unallocated = billed − credited − written off − paid + refunded
> − goodwill

1. **Documents.** A credit note or a write-off first lowers the invoice it names
   (`applies_to`). What is left of a credit note, and a note that names no invoice, is
   credit. What is left of a write-off lapses; one that names no invoice takes the
   oldest remainders.
2. **Payments** that succeeded count in the order in which they happened: the invoice
   named, then what was written off on it (a recovery), then the open invoices by due
   date. The rest is credit, which later invoices use. A payment or credit note that
   names an invoice nobody knows pays nothing: it is *unallocated*.
3. **Returned and refunded.** A returned payment never happened. A refund is met by
   credit: what credit notes or lost disputes released on the invoice; surplus of any
   payment that named it; notes that name no invoice; of a payment that named none,
   what itself left over. *The invoice* is the one that the refunded payment named, or
   else every invoice that it paid. Where that money has paid other invoices since, its
   last use opens again, overdue from the refund's day at the earliest. The rest is
   *goodwill* and opens nothing.
4. **Disputes.** An open dispute contests what it names, and contested money is not
   overdue. A dispute about a payment contests only what is open because that payment
   came back. `won` and `withdrawn` end it. A `billing` dispute that is `lost` (seen
   from the reseller) credits what it contested when it opened, whatever other disputes
   contested as well; a credit note for the same thing counts once.
5. **Cover** is laid on each overdue item, within what of it is uncontested: money on
   its way first, then promises. What was paid or set in flight since a promise is
   taken off it, and off no other, so no money counts twice. `actionable` is what
   nothing covers.
6. **Overdue** counts in local calendar days from the due date, less the days on which
   an invoice was wholly under dispute. Remainders that are together not above the
   portfolio's `materiality` (25 below) make nobody overdue. An invoice that was paid
   but for a twentieth at most, and for no more than the materiality, dates nothing
   while another is overdue; its money counts.
7. **Until the ordinary stop.** What still accrues is reckoned to the day on which the
   policy would stop in the end: so many days overdue, counted from the next due date
   for who is not late. What was used since the last invoice will be billed, too.
8. **Other currencies.** Each amount is converted by itself and rounded to four places.
   In a portfolio with `rates` a rest of at most 0.0005, of an invoice that something
   paid or of a credit, is that rounding: it counts as credited, above or below 0.
   Payments on their way that leave no more of an invoice cover it wholly.

## Worked examples

Plain dates are whole days in Europe/Brussels.
"""
_ORDER = (
    "Documents",
    "Payments",
    "Refunds",
    "Disputes",
    "Cover",
    "Ageing reports",
    "Until the ordinary stop",
    "Not looked at",
)
_TABLES = (
    "ageing",
    "subscriptions",
    "invoices",
    "payments",
    "disputes",
    "contacts",
)
_HIDDEN = {"promise_id", "refund_id"}


def money_page() -> str:
    """The page with every example that has a topic."""
    text = CASES.read_text(encoding="utf-8")
    cases = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - texts only
    parts = [INTRODUCTION]
    for topic in _ORDER:
        parts.append(f"### {topic}\n")
        parts += [_example(case) for case in cases if case.get("topic") == topic]
    return "\n".join(parts)


def _example(case: dict[str, Any]) -> str:
    rows = "\n".join(f"- {line}" for line in _rows(case))
    title = f"**{case['name'][0].upper()}{case['name'][1:]}.** {case['why']}"
    return f"{title}\n\n{rows}\n\n→ {_outcome(case)}\n"


def _rows(case: dict[str, Any]) -> Iterator[str]:
    for table in _TABLES:
        for row in case.get(table, ()):
            cells = (f"{k} {v}" for k, v in row.items() if k not in _HIDDEN)
            yield f"{table}: {', '.join(cells)}"
    if "daily_usage" in case:
        use = case["daily_usage"]
        yield f"usage: {use['cost']} a day, {use['days']} days until {use['until']}"


def _outcome(case: dict[str, Any]) -> str:
    day = case["at"][:10]
    stated = {**case["expect"], **case.get("facts", {})}
    if "days_until_due" in case:
        stated["days_until_due"] = case["days_until_due"]
    told = [f"{name} {value}" for name, value in stated.items()]
    for invoice_id, parts in case.get("items", {}).items():
        told += [f"{name} of {invoice_id} {value}" for name, value in parts.items()]
    told += [f"{name} unknown" for name in case.get("never", ())]
    return f"on {day}: {', '.join(told)}"


if __name__ == "__main__":
    PAGE.write_text(money_page(), encoding="utf-8")
