"""The report of a backtest: its lead, its facts, and the order of its sections."""

from collections.abc import Iterator

from backtest.outcome import Backtest
from backtest.report.comparison_sections import (
    assumptions_section,
    differences_section,
    guardrails_section,
    support_section,
    truth_section,
)
from backtest.report.numbers import money
from backtest.report.outcome_sections import (
    days_section,
    money_section,
    reviews_section,
    stops_section,
)
from wording.publication.page import Page


def report(backtest: Backtest) -> Page:
    """The whole report, in English."""
    sections = [
        money_section(backtest),
        days_section(backtest),
        reviews_section(backtest),
        stops_section(backtest),
        guardrails_section(backtest),
    ]
    if backtest.old is not None:
        sections.append(differences_section(backtest))
    if backtest.regrets:
        sections.append(truth_section(backtest))
    sections += [support_section(backtest), assumptions_section(backtest)]
    return Page(
        lang="en",
        title=f"Backtest of {backtest.new.label}",
        lead=lead(backtest),
        facts=tuple(_facts(backtest)),
        sections=tuple(sections),
        contents="Contents",
        footer="Expected values from calibrated probabilities and the policy's own"
        " costs; nothing was sent to anybody.",
    )


def period(backtest: Backtest) -> tuple[str, str]:
    """The first and the last day."""
    days = backtest.new.daily_report["on"].to_pylist()
    return str(days[0]), str(days[-1])


def lead(backtest: Backtest) -> str:
    """The outcome in one or two sentences."""
    first, last = period(backtest)
    saving, currency = backtest.new.total_saving(), backtest.currency
    sentence = (
        f"From {first} to {last} {backtest.new.label} would have saved an"
        f" expected {money(saving.value)} {currency} against doing nothing"
        f" (95 %: {money(saving.low)} to {money(saving.high)})"
    )
    against = backtest.saving_against_old()
    if against is None or backtest.old is None:
        return f"{sentence}."
    if against == (0.0, 0.0, 0.0):
        return f"{sentence}, as much as {backtest.old.label}."
    return (
        f"{sentence}, {_difference(against.value, currency)} than {backtest.old.label}"
        f" (95 %: from {_difference(against.low, currency)}"
        f" to {_difference(against.high, currency)})."
    )


def _difference(amount: float, currency: str) -> str:
    """A difference in words, for a sign would leave open which way it counts."""
    return f"{money(abs(amount))} {currency} {'more' if amount >= 0 else 'less'}"


def _facts(backtest: Backtest) -> Iterator[tuple[str, str]]:
    first, last = period(backtest)
    yield "Policy", backtest.new.label
    if backtest.old is not None:
        yield "Compared with", backtest.old.label
    yield "Days", f"{first} to {last}"
    yield "Customers", f"{backtest.n_customers:,}"
    yield "Priced with", f"{backtest.priced_with}, {backtest.currency}"
    trained = sorted(backtest.trained_on.items())
    yield "Models trained up to", ", ".join(f"{t} {day}" for t, day in trained)
